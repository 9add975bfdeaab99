"""Against httpbin, a server that we did not write: headers, status codes, delays."""

import json

import pytest


def test_headers_are_echoed(send, config, httpbin):
    config.connection("Echo", url=f"{httpbin.url}/headers", method="GET",
                      headers=[{"name": "X-Fixed", "value": "from the definition"},
                               {"name": "X-Both", "value": "from the definition"}])
    sent = send("Echo", "-H", "X-Call: from the call", "-H", "X-Both: from the call")
    assert sent.exit_status == 0
    echoed = json.loads(sent.body)["headers"]
    assert echoed["X-Fixed"] == "from the definition"
    assert echoed["X-Call"] == "from the call"
    assert echoed["X-Both"] == "from the call"
    assert echoed["Host"] == f"127.0.0.1:{httpbin.port}"
    # libcurl's own additions would say what nobody has asked for.
    assert not {"Accept", "Expect", "Content-Type"} & set(echoed)


@pytest.mark.parametrize("body, arguments, arrives", [
    ('{"a": 1}', [], "application/json"),
    ("not JSON", [], None),
    ("<a/>", ["--content-type", "text/xml"], "text/xml"),
    ("<a/>", ["-H", "Content-Type: text/xml"], "text/xml"),
])
def test_content_type(send, config, httpbin, body, arguments, arrives):
    config.connection("Echo", url=f"{httpbin.url}/anything", method="PUT")
    sent = send("Echo", "-d", body, *arguments)
    echoed = json.loads(sent.body)
    assert (echoed["method"], echoed["data"]) == ("PUT", body)
    assert echoed["headers"].get("Content-Type") == arrives


@pytest.mark.parametrize("status, exit_status, result", [
    (200, 0, "delivered"),
    (201, 0, "delivered"),
    (204, 0, "delivered"),
    (302, 1, "rejected"),
    (400, 1, "rejected"),
    (401, 1, "blocked"),
    (403, 1, "rejected"),
    (404, 1, "rejected"),
    (409, 1, "rejected"),
    (422, 1, "rejected"),
    (429, 1, "failed"),
    (500, 1, "failed"),
    (503, 1, "failed"),
])
def test_status_codes(send, config, httpbin, status, exit_status, result):
    config.connection("Status", url=f"{httpbin.url}/status/{status}")
    sent = send("Status", "-d", "{}")
    assert (sent.exit_status, sent.status, sent.result) == (exit_status, status, result)
    assert sent.ok == (exit_status == 0)


def test_success_is_what_the_connection_calls_so(send, config, httpbin):
    config.connection("Gone", url=f"{httpbin.url}" + "/status/{code}",
                      success_status="200-204, 410")
    assert send("Gone", "--uri", "code=410").exit_status == 0
    assert send("Gone", "--uri", "code=206").exit_status == 1


def test_a_slow_answer(send, config, httpbin):
    config.connection("Slow", url=f"{httpbin.url}/delay/1", method="GET")
    sent = send("Slow")
    assert (sent.exit_status, sent.status) == (0, 200)
    assert sent.phases["first_byte_ms"] >= 1000


def test_an_answer_that_is_too_slow(send, config, httpbin):
    config.connection("Slow", url=f"{httpbin.url}/delay/3", method="GET", retry_inline=0,
                      request_timeout_ms=1000)
    sent = send("Slow")
    assert (sent.exit_status, sent.result, sent.reason) == (1, "failed", "timeout_reply")
    assert sent.duration_ms < 3000
