"""The audit trail: what the host and its signals did, and what was taken out or tried."""

import getpass
import json

import pytest

from receivers import Answer, always
from remote import token


@pytest.fixture
def host(daemon, config, receiver):
    config.connection("Orders", url=receiver.url)
    config.connection("Invoices", project="billing", url=receiver.url)
    return daemon()


def rows(host, action):
    """Rows of that kind, the oldest first."""
    items = host.api.get("audit", limit=1000).json["items"]
    assert host.api.get("audit/verify").json["whole"]
    return [row for row in reversed(items) if row["action"] == action]


ME = f"local:{getpass.getuser()}"


def test_a_reload_tells_who_and_what_came_of_it(host, config, receiver):
    config.connection("Later", url=receiver.url)
    host.reload()
    (row,) = rows(host, "host.reload")
    assert row["actor"] == ME and row["project"] is None and row["subject"] is None
    assert row["detail"] == {"ok": True, "opened": 1, "changed": 0, "closed": 0, "unchanged": 2,
                             "certificate_renewed": False}


def test_a_reload_that_failed_is_told_of_too(host, config):
    config.write("connections/Broken.conf", "connection: { name = ")
    host.reload()
    (row,) = rows(host, "host.reload")
    assert row["actor"] == ME and row["detail"]["ok"] is False
    assert "Broken.conf" in row["detail"]["problem"]


def test_a_pause_by_the_host_is_its_own_word(host, receiver):
    receiver.script = always(Answer(410))
    events = host.events()
    host.api.accept("Invoices", project="billing")
    events.find("link_paused")
    # The pause is kept after the event has told of it; what is asked next comes behind it.
    host.api.accept("Orders")
    (row,) = rows(host, "connection.pause")
    assert (row["actor"], row["project"], row["subject"]) == ("host", "billing", "Invoices")
    link = host.api.link("Invoices", project="billing")
    assert row["detail"] == {"environment": "Development", "reason": link["paused_reason"]}


def test_an_export_is_told_of_for_each_connection(host):
    reader = {"Authorization": f"Bearer {token(host, 'reader', 'viewer')}"}
    reply = host.api.call("GET", "projects/billing/connections/Invoices/export", headers=reader)
    assert reply.status == 200
    wish = {"connections": [{"name": "Orders"}, {"project": "billing", "name": "Invoices"}],
            "passphrase": "a long passphrase", "dependencies": False}
    assert host.api.call("POST", "exports", wish,
                         {"Content-Type": "application/json"}).status == 200
    first, *both = rows(host, "connection.export")
    assert (first["actor"], first["project"], first["subject"]) == (
        "token:reader", "billing", "Invoices")
    assert first["detail"].pop("file").endswith("-connection-Invoices-export.zip")
    assert first["detail"] == {"sealed": False, "dependencies": True, "private_keys": 0}
    assert [(row["actor"], row["project"], row["subject"]) for row in both] == [
        (ME, "global", "Orders"), (ME, "billing", "Invoices")]
    for row in both:
        assert row["detail"]["sealed"] and not row["detail"]["dependencies"]
        assert "long passphrase" not in json.dumps(row)


def test_an_export_that_was_refused_is_not(host):
    assert host.api.call("GET", "projects/global/connections/Nobody/export").status == 404
    assert rows(host, "connection.export") == []


def test_a_key_that_goes_along_is_counted(daemon, config, receiver, authority):
    certificate, key = authority.certificate("partner")
    config.connection("Partner", url=receiver.url, tls={
        "client_certificate": str(certificate), "client_key": str(key)})
    host = daemon()
    wish = {"connections": [{"name": "Partner"}], "passphrase": "a long passphrase"}
    assert host.api.call("POST", "exports", wish,
                         {"Content-Type": "application/json"}).status == 200
    (row,) = rows(host, "connection.export")
    assert row["detail"]["private_keys"] == 1


@pytest.mark.parametrize("status", [200, 503])
def test_a_test_is_told_of_whatever_it_finds(host, receiver, status):
    receiver.script = always(Answer(status))
    reply = host.api.call("POST", "projects/billing/connections/Invoices:test",
                          {"environment": "Development"}, {"Content-Type": "application/json"})
    assert reply.json["ok"] is (status == 200)
    (row,) = rows(host, "connection.test")
    assert (row["actor"], row["project"], row["subject"]) == (ME, "billing", "Invoices")
    assert row["detail"] == {"environment": "Development", "draft": False}


def test_a_test_of_a_draft_is_told_of_and_a_faulty_one_is_not(host, receiver):
    def test(url):
        definition = {"name": "Draft", "type": "webhook",
                      "settings": {"method": "POST", "url": url},
                      "environments": {"Development": {}}}
        return host.api.call("POST", "projects/global/connections:test",
                             {"environment": "Development", "definition": definition},
                             {"Content-Type": "application/json"})

    assert test("ftp://example.invalid/").status == 422
    assert rows(host, "connection.test") == []
    assert test(receiver.url).status == 200
    (row,) = rows(host, "connection.test")
    assert row["subject"] == "Draft" and row["detail"]["draft"] is True
