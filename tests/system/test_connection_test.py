"""Test connection: phases, certificates, and for each class of failures what shows and mends it."""

import json

import pytest

from receivers import HANG, RESET, Answer, always
from servers import listening_socket


@pytest.fixture(params=["daemon", "standalone"])
def tried(request, config, call, daemon):
    """tried("Name", …) tests a connection, by the daemon and without one."""
    running = []

    def try_it(name, *args):
        options = ["--env", "Development", *args]
        if request.param == "standalone":
            options.append("--standalone")
        elif not running:
            running.append(daemon())
        done = call("connection", "test", name, *options, "-o", "json")
        assert done.stdout, done.stderr
        answer = json.loads(done.stdout)
        assert done.returncode == (0 if answer["ok"] else 1)
        return answer

    return try_it


def phases(answer):
    return {phase["name"]: phase["done"] for phase in answer["phases"]}


def test_all_phases(tried, config, nginx, authority):
    config.connection("Orders", url=f"{nginx.https_url}/x", method="GET",
                      tls={"ca_file": str(authority.ca_file)})
    answer = tried("Orders")
    assert (answer["ok"], answer["status"], answer["reason"]) == (True, 200, "ok")
    assert phases(answer) == {"resolve": True, "connect": True, "tls": True, "first_byte": True,
                              "whole": True}
    assert all(phase["ms"] >= 0 for phase in answer["phases"])
    assert answer["failed_phase"] is None and answer["hint"] is None and answer["evidence"] == []
    own, *_ = answer["tls"]["chain"]
    assert answer["tls"]["version"].startswith("TLSv1.") and answer["tls"]["cipher"]
    assert own["issuer"] == "CN=Linkspan test CA" and own["days_left"] == 29
    assert own["san"] == ["localhost", "127.0.0.1"]
    assert answer["response"]["headers"]["X-Method"] == "***"
    assert answer["response"]["headers"]["Server"].startswith("nginx")
    assert answer["response"]["body"] == "GET /x\n" and not answer["response"]["truncated"]


def test_only_to_connect(tried, config, nginx, authority):
    config.connection("Orders", url=f"{nginx.https_url}/{{id}}", required_uri=["id"],
                      tls={"ca_file": str(authority.ca_file)}, test={"kind": "connect"})
    answer = tried("Orders")
    assert answer["ok"] and answer["status"] is None and answer["response"] is None
    assert phases(answer) == {"resolve": True, "connect": True, "tls": True}


def test_a_certificate_that_is_not_trusted(tried, config, nginx):
    config.connection("Orders", url=nginx.https_url)
    answer = tried("Orders")
    assert (answer["reason"], answer["failed_phase"]) == ("tls_verify", "tls")
    assert phases(answer) == {"resolve": True, "connect": True, "tls": False, "first_byte": False,
                              "whole": False}
    # What the peer offers is seen all the same.
    assert answer["tls"]["chain"][0]["issuer"] == "CN=Linkspan test CA"
    assert any("Linkspan test CA" in text for text in answer["evidence"])
    assert "tls.ca_file" in answer["hint"]
    assert answer["guide"] == "Test Connection Failed and Returns 5xx"


STATUSES = [
    (400, "http_4xx", "Webhook 4xx Error", "Content-Type"),
    (401, "auth", "Authentication Failed", "linkspan secret check Orders"),
    (403, "http_403", "Authentication Failed", "right"),
    (404, "http_4xx", "Webhook 4xx Error", "path"),
    (405, "http_4xx", "Webhook 4xx Error", "method"),
    (413, "http_4xx", "Webhook 4xx Error", "smaller"),
    (415, "http_4xx", "Webhook 4xx Error", "content_type"),
    (422, "http_4xx", "Webhook 4xx Error", "test"),
    (429, "http_429", "Test Connection Failed and Returns 5xx", "rate_per_s"),
    (500, "http_5xx", "Test Connection Failed and Returns 5xx", "log"),
    (503, "http_503", "Test Connection Failed and Returns 5xx", "Wait"),
]


@pytest.mark.parametrize("status,reason,guide,word", STATUSES)
def test_what_the_receiver_says(tried, config, receiver, status, reason, guide, word):
    config.connection("Orders", url=receiver.url)
    receiver.script = always(Answer(status, (("Retry-After", "7"), ("Set-Cookie", "s3cret")),
                                    b"no, thank you"))
    answer = tried("Orders")
    assert not answer["ok"] and answer["failed_phase"] == "status"
    assert (answer["status"], answer["reason"], answer["guide"]) == (status, reason, guide)
    assert word in answer["hint"]
    assert "It says Retry-After: 7." in answer["evidence"]
    assert answer["response"]["body"] == "no, thank you"
    assert "s3cret" not in json.dumps(answer)
    assert len(receiver.arrivals) == 1  # a test is tried once


def test_nobody_listens(tried, config):
    sock = listening_socket()
    port = sock.getsockname()[1]
    sock.close()
    config.connection("Orders", url=f"http://127.0.0.1:{port}/")
    answer = tried("Orders")
    assert (answer["reason"], answer["failed_phase"]) == ("refused", "connect")
    assert "connection edit Orders" in answer["hint"]


def test_no_such_name(tried, config):
    config.connection("Orders", url="http://nowhere.invalid/")
    answer = tried("Orders")
    assert (answer["reason"], answer["failed_phase"]) == ("dns", "resolve")
    assert answer["guide"] == "Connection Timeout"


def test_no_reply_in_time(tried, config, receiver):
    config.connection("Orders", url=receiver.url, request_timeout_ms=1000)
    receiver.script = always(HANG)
    answer = tried("Orders")
    assert (answer["reason"], answer["failed_phase"]) == ("timeout_reply", "first_byte")
    assert any("1000 ms" in text for text in answer["evidence"])
    assert "request_timeout_ms" in answer["hint"]


def test_no_handshake_in_time(tried, config):
    sock = listening_socket()
    config.connection("Orders", url=f"https://127.0.0.1:{sock.getsockname()[1]}/",
                      connection_timeout_ms=1000)
    answer = tried("Orders")
    sock.close()
    assert (answer["reason"], answer["failed_phase"]) == ("timeout_tls", "tls")
    assert phases(answer)["connect"] is True


def test_the_receiver_breaks_off(tried, config, receiver):
    config.connection("Orders", url=receiver.url)
    receiver.script = always(RESET)
    answer = tried("Orders")
    assert answer["failed_phase"] == "first_byte" and answer["hint"]


def test_the_network_policy(tried, config, receiver):
    config.environment(allow=())
    config.connection("Orders", url=receiver.url)
    answer = tried("Orders")
    assert (answer["reason"], answer["failed_phase"]) == ("denied_address", "connect")
    assert "network.allow" in answer["hint"]


def test_a_secret_that_is_not_there(tried, config, receiver):
    config.connection("Orders", url=receiver.url,
                      headers=[{"name": "Authorization", "value": "${secret:file/none}"}])
    answer = tried("Orders")
    assert (answer["reason"], answer["failed_phase"]) == ("secret", "prepare")
    assert "linkspan secret check Orders" in answer["hint"]
    assert receiver.arrivals == []


def test_a_draft_is_tested_in_place_of_what_is_saved(tried, config, receiver):
    config.connection("Orders", url="http://127.0.0.1:1/")
    draft = config.write("draft.conf", f"""connection: {{
        name = "Orders"; type = "webhook"; enabled = false;
        settings: {{ method = "POST"; url = "{receiver.url}/draft"; }};
        environments: {{ Development: {{}}; }}; }};""")
    assert tried("Orders", "-f", draft)["ok"]
    assert [arrival.path for arrival in receiver.arrivals] == ["/draft"]
    assert tried("Orders")["reason"] == "refused"


def test_a_draft_of_a_name_that_is_not_there(tried, config, receiver):
    draft = config.write("draft.conf", f"""connection: {{
        name = "New"; type = "webhook";
        settings: {{ method = "POST"; url = "{receiver.url}"; }};
        environments: {{ Development: {{}}; }}; }};""")
    assert tried("New", "-f", draft)["ok"]


def test_a_disabled_connection(tried, config, receiver):
    config.connection("Orders", url=receiver.url, enabled=False)
    assert tried("Orders")["ok"]


def test_by_the_api_without_a_name(config, daemon, receiver):
    host = daemon()
    definition = {"name": "New", "type": "webhook", "environments": {"Development": {}},
                  "settings": {"method": "POST", "url": receiver.url}}

    def post(body):
        return host.api.call("POST", "projects/global/connections:test", body,
                             {"Content-Type": "application/json"})

    reply = post({"environment": "Development", "definition": definition})
    assert reply.status == 200 and reply.json["ok"]

    definition["settings"]["url"] = "no url"
    reply = post({"definition": definition})
    assert (reply.status, reply.json["code"]) == (422, "invalid_definition")
    assert reply.json["errors"][0]["pointer"].endswith("/url")

    for body in ({}, {"definition": {}}, {"definition": []}, {"environment": 3}):
        assert post(body).status == 400
    assert len(receiver.arrivals) == 1


def test_what_people_read(call, config, nginx, authority):
    config.connection("Orders", url=f"{nginx.https_url}/status/404",
                      tls={"ca_file": str(authority.ca_file)})
    done = call("connection", "test", "Orders", "--standalone")
    assert done.returncode == 1
    assert "Orders in Development: failed, status 404" in done.stdout
    assert "  tls         ok" in done.stdout and "29 days left" in done.stdout
    assert "failed in phase status: http_4xx" in done.stdout


def test_when_certificates_end(config, daemon, nginx, authority, call):
    certificate, key = authority.certificate("soon", days=5)
    config.connection("Orders", url=f"{nginx.https_url}/status/204", tls={
        "ca_file": str(authority.ca_file), "client_certificate": str(certificate),
        "client_key": str(key)})
    host = daemon()
    assert host.api.send("Orders", mode="direct").json["ok"]
    ends = {c["source"]: c for c in host.api.link("Orders")["certificates"]}
    assert set(ends) == {"client", "ca", "peer"}
    assert (ends["client"]["subject"], ends["client"]["days_left"]) == ("CN=soon", 4)
    assert ends["peer"]["days_left"] == 29
    assert "certificate (client) CN=soon" in call("connection", "status", "Orders").stdout
    text = host.api.get("/metrics").text
    seconds = float(text.split('environment="Development",source="client"} ')[1].split()[0])
    assert 4 * 86400 < seconds <= 5 * 86400
    told = [e for e in host.api.get("events", after=0).items
            if e["kind"] == "certificate_expires"]
    assert {e["detail"].split(" (")[0] for e in told} >= {"our own certificate"}
    assert len({e["detail"] for e in told}) == len(told)
