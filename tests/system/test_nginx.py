"""Against nginx: TLS, methods, bodies, headers, URL variables."""

import pytest

METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE")
WITHOUT_BODY = ("HEAD", "TRACE")
KIB = 1024


def test_http(send, config, nginx):
    config.connection("Plain", url=f"{nginx.url}/body")
    sent = send("Plain", "-d", '{"n": 1}')
    assert (sent.exit_status, sent.ok, sent.status) == (0, True, 200)
    assert sent.detail is None
    arrived = nginx.next()
    assert (arrived["method"], arrived["uri"]) == ("POST", "/body")
    assert arrived["body"] == '{"n": 1}'
    assert arrived["content_type"] == "application/json"
    assert arrived["host"] == f"127.0.0.1:{nginx.port}"


def test_https_with_our_own_authority(send, config, nginx):
    config.connection("Secure", url=f"{nginx.https_url}/body", tls={"ca_file": nginx.ca_file})
    sent = send("Secure", "-d", "secure")
    assert (sent.exit_status, sent.status) == (0, 200)
    assert 0 < sent.phases["connect_ms"] < sent.phases["tls_ms"] <= sent.phases["first_byte_ms"]
    arrived = nginx.next()
    assert arrived["body"] == "secure"
    assert arrived["tls"] in ("TLSv1.2", "TLSv1.3")


def test_the_environment_names_the_authority(send, config, nginx):
    config.environment(tls={"ca_file": nginx.ca_file})
    config.connection("Secure", url=f"{nginx.https_url}/")
    assert send("Secure").exit_status == 0


def test_an_unknown_authority_is_refused(send, config, nginx):
    config.connection("Secure", url=f"{nginx.https_url}/x")
    sent = send("Secure", "-d", "never seen")
    assert (sent.exit_status, sent.result, sent.reason) == (1, "blocked", "tls_verify")
    assert "unable to get local issuer certificate" in sent.detail
    assert sent.attempts == 1
    assert nginx.marker() == nginx.next()["uri"]


@pytest.mark.parametrize("alternatives, days, named", [
    ("DNS:other.example", 30, "no alternative certificate subject name matches"),
    ("DNS:localhost", -1, "certificate has expired"),
], ids=["other name", "expired"])
def test_a_wrong_certificate_is_refused(send, config, listen, authority, alternatives, days, named):
    certificate, key = authority.certificate(f"wrong{days}", alternatives, days)
    listener = listen("--tls-certificate", certificate, "--tls-key", key)
    config.connection("Secure", url=f"https://localhost:{listener.port}/",
                      tls={"ca_file": authority.ca_file})
    sent = send("Secure", "-d", "{}")
    assert (sent.exit_status, sent.result, sent.reason) == (1, "blocked", "tls_verify")
    assert named in sent.detail
    assert listener.received() == 0


def test_verification_off_is_possible_and_warned_of(send, linkspan, config, nginx):
    config.connection("Secure", url=f"{nginx.https_url}/", tls={"verify": False})
    assert send("Secure").exit_status == 0
    done = linkspan("--config", config.file, "validate")
    assert done.returncode == 0
    assert "warning: tls.verify: the receiver's certificate is not verified" in done.stderr


def test_mutual_tls(send, config, nginx, authority):
    certificate, key = authority.certificate("partner")
    config.connection("Mutual", url=f"{nginx.https_url}/mutual",
                      tls={"ca_file": nginx.ca_file, "client_certificate": certificate,
                           "client_key": key})
    sent = send("Mutual", "-d", "{}")
    assert (sent.exit_status, sent.status) == (0, 200)
    assert nginx.next()["client"] == "SUCCESS CN=partner"


def test_mutual_tls_without_a_certificate(send, config, nginx):
    config.connection("Mutual", url=f"{nginx.https_url}/mutual", tls={"ca_file": nginx.ca_file})
    sent = send("Mutual", "-d", "{}")
    assert (sent.exit_status, sent.status) == (1, 403)
    assert nginx.next()["client"].strip() == "NONE"


def test_a_key_of_another_certificate_is_refused(send, config, nginx, authority):
    certificate, _ = authority.certificate("partner")
    _, other_key = authority.certificate("other")
    config.connection("Mutual", url=f"{nginx.https_url}/mutual",
                      tls={"ca_file": nginx.ca_file, "client_certificate": certificate,
                           "client_key": other_key})
    sent = send("Mutual", "-d", "{}")
    assert (sent.exit_status, sent.result) == (1, "blocked")
    assert sent.reason == "tls_client_certificate"
    assert nginx.marker() == nginx.next()["uri"]


@pytest.mark.parametrize("method", METHODS)
def test_methods(send, config, nginx, method):
    config.connection("Method", url=f"{nginx.url}/path", method=method)
    sent = send("Method", *([] if method in WITHOUT_BODY else ["-d", "abc"]))
    # nginx has a rule of its own against TRACE; see test_trace.
    assert sent.status == (405 if method == "TRACE" else 200)
    assert sent.exit_status == (1 if method == "TRACE" else 0)
    arrived = nginx.next()
    assert (arrived["method"], arrived["uri"]) == (method, "/path")
    assert arrived["content_length"] == ("" if method in WITHOUT_BODY else "3")


def test_trace(send, config, listener):
    config.connection("Trace", url=f"{listener.url}/path", method="TRACE")
    sent = send("Trace", "-H", "X-Seen: yes")
    assert (sent.exit_status, sent.status) == (0, 200)
    assert sent.body.startswith("TRACE /path HTTP/1.1\r\n")
    assert "X-Seen: yes\r\n" in sent.body
    assert listener.next()["method"] == "TRACE"


@pytest.mark.parametrize("method", WITHOUT_BODY)
def test_a_body_that_the_method_cannot_have(send, config, nginx, method):
    config.connection("Method", url=f"{nginx.url}/path", method=method)
    sent = send("Method", "-d", "abc")
    assert (sent.exit_status, sent.result, sent.reason) == (1, "rejected", "body_not_allowed")
    assert method in sent.detail
    assert nginx.marker() == nginx.next()["uri"]


def test_a_large_body(send, config, nginx, tmp_path):
    body = "0123456789abcdef" * (100 * KIB // 16)
    (tmp_path / "body").write_text(body)
    config.connection("Large", url=f"{nginx.url}/body", method="PUT")
    sent = send("Large", "-d", f"@{tmp_path / 'body'}")
    assert (sent.exit_status, sent.body) == (0, f"{100 * KIB}\n")
    arrived = nginx.next()
    assert arrived["content_length"] == str(100 * KIB)
    assert arrived["body"] == body


def test_a_body_from_standard_input(send, config, nginx):
    config.connection("Piped", url=f"{nginx.url}/body")
    assert send("Piped", "-d", "@-", input="from a pipe").exit_status == 0
    assert nginx.next()["body"] == "from a pipe"


def test_two_hundred_headers(send, config, nginx, listener):
    headers = [{"name": f"X-Number-{i}", "value": f"value {i}"} for i in range(199)]
    headers.append({"name": "X-Test", "value": "the last one"})
    config.connection("Nginx", url=f"{nginx.url}/", headers=headers)
    config.connection("Listener", url=f"{listener.url}/", headers=headers)
    assert send("Nginx", "-d", "{}").exit_status == 0
    assert nginx.next()["x_test"] == "the last one"
    assert send("Listener", "-d", "{}").exit_status == 0
    arrived = listener.next()["header"]
    assert {h["name"]: h["value"] for h in headers}.items() <= \
        {h["name"]: arrived.get(h["name"].lower()) for h in headers}.items()


@pytest.mark.parametrize("template, arguments, arrives", [
    ("/items/{id}{?q}", ["id=7", "q=red"], "/items/7?q=red"),
    ("/items/{id}{?q}", ["id=7"], "/items/7"),
    ("/items/{id}{?q}", ["id=a b/c", "q=x&y=z"], "/items/a%20b%2Fc?q=x%26y%3Dz"),
    ("/items/{id}", ["id=grün"], "/items/gr%C3%BCn"),
    ("/files{/path*}", ["path=a", "path=b"], "/files/a/b"),
    ("/find?fixed=1{&q*}", ["q.a=1", "q.b=2"], "/find?fixed=1&a=1&b=2"),
    ("/all/{+path}", ["path=a/b"], "/all/a/b"),
])
def test_url_variables(send, config, nginx, template, arguments, arrives):
    config.connection("Template", url=nginx.url + template)
    sent = send("Template", *[part for a in arguments for part in ("--uri", a)], "-d", "{}")
    assert sent.exit_status == 0
    assert nginx.next()["uri"] == arrives


def test_a_required_url_variable(send, config, nginx):
    config.connection("Template", url=nginx.url + "/items/{id}", required_uri=["id"])
    sent = send("Template", "-d", "{}")
    assert (sent.exit_status, sent.result, sent.reason) == (1, "rejected", "uri_missing")
    assert sent.detail.startswith("id: ")
    assert nginx.marker() == nginx.next()["uri"]
