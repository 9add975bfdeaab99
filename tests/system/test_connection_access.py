"""Connections over the API: who may do what, who sees what, and what is seen of secrets."""

import re
import secrets

import pytest

from connecting import ENV, Connections, connections, definition, files, saved
from remote import Remote, free_port, token

# Roles


@pytest.fixture
def remote(saved):
    """A host that listens, and a connection in each of two projects."""
    port = free_port()
    saved.set_host(listen=f"127.0.0.1:{port}")
    for project, name in ((None, "Global"), ("billing", "Invoices"), ("shipping", "Parcels")):
        saved.connection(name, project=project, url="http://127.0.0.1:9/")
    return Remote(port)


CALLS = [
    ("read", "GET", "", None, "", 200),
    ("read", "GET", "/Invoices", None, "", 200),
    ("read", "GET", "/Invoices/usage", None, "", 200),
    ("edit", "POST", "", definition("New"), "", 200),
    ("edit", "PUT", "/Invoices", definition("Invoices"), "", 200),
    ("edit", "PATCH", "/Invoices", {"description": "x"}, "", 200),
    ("edit", "DELETE", "/Invoices", None, "", 200),
    ("edit", "POST", "/Invoices:rename", {"name": "x"}, "", 200),
    ("edit", "POST", "/Invoices:duplicate", {"name": "x"}, "", 200),
    ("operate", "POST", "/Invoices:disable", {}, "", 200),
    ("operate", "POST", "/Invoices:enable", {}, "", 200),
]
MAY = {"viewer": {"read"}, "sender": set(), "operator": {"read", "operate"},
       "editor": {"read", "operate", "edit"}, "admin": {"read", "operate", "edit"}}


@pytest.mark.parametrize("role", MAY)
def test_who_may_do_what_in_which_project(daemon, remote, saved, role):
    host = daemon()
    own = token(host, "own", role, projects=["billing"])
    before = files(saved)
    for action, method, path, body, _, status in CALLS:
        query = "" if method == "GET" else "?dry_run=true"
        for project, name in (("billing", "Invoices"), ("shipping", "Parcels")):
            target = f"/projects/{project}/connections{path.replace('Invoices', name)}{query}"
            got = remote.ask(method, target, own, body, {"If-Match": "*"})
            allowed = action in MAY[role] and project == "billing"
            assert got.status == (status if allowed else 403), (target, got.json)
    assert files(saved) == before


@pytest.mark.parametrize("role", ["operator", "editor"])
def test_a_draft_is_tested_by_those_who_may_edit(daemon, remote, saved, receiver, role):
    """Whoever may not save where secrets go may not send one there as a draft either."""
    saved.connection("Saved", project="billing", url=receiver.url)
    host = daemon(env={"LINKSPAN_PLANTED": secrets.token_hex(8)})
    own = token(host, "own", role, projects=["billing"])
    draft = definition("Saved", url=receiver.url, headers=[
        {"name": "Authorization", "value": "Bearer ${secret:env/LINKSPAN_PLANTED}"}])
    where = {"environment": "Development"}
    for path, body in (("/Saved:test", where), ("/Saved:test", {**where, "definition": draft}),
                       (":test", {**where, "definition": draft})):
        got = remote.ask("POST", f"/projects/billing/connections{path}", own, body)
        allowed = role == "editor" or body == where
        assert got.status == (200 if allowed else 403), (path, got.json)
    assert len(receiver.arrivals) == (3 if role == "editor" else 1)


def test_both_projects_of_a_move_must_be_allowed(daemon, remote):
    host = daemon()
    one = token(host, "one", "editor", projects=["billing"])
    both = token(host, "both", "editor", projects=["billing", "shipping"])
    for verb, body in (("move", {"project": "shipping"}), ("move", {"project": "global"}),
                       ("duplicate", {"name": "x", "project": "shipping"})):
        target = f"/projects/billing/connections/Invoices:{verb}"
        got = remote.ask("POST", target, one, body)
        assert (got.status, got.json["code"]) == (403, "denied")
    moved = remote.ask("POST", "/projects/billing/connections/Invoices:move", both,
                       {"project": "shipping"})
    assert (moved.status, moved.json["project"]) == (200, "shipping")


def test_a_list_of_all_projects_has_those_that_may_be_seen(daemon, remote):
    host = daemon()
    own = token(host, "own", "viewer", projects=["billing", "global"])
    page = remote.ask("GET", "/projects/-/connections", own).json
    assert [item["name"] for item in page["items"]] == ["Global", "Invoices"]
    assert remote.ask("GET", "/projects/shipping/connections", own).status == 403
    sender = token(host, "s", "sender")
    assert remote.ask("GET", "/projects/-/connections", sender).status == 403


def test_users_in_projects_that_may_not_be_seen_are_not_named(daemon, remote, saved, receiver):
    for project in ("billing", "shipping"):
        saved.connection(f"Caller_{project}", project=project, url=receiver.url,
                         alert_connection="Global")
    own = token(daemon(), "own", "editor", projects=["billing", "global"])
    usage = remote.ask("GET", "/projects/global/connections/Global/usage", own).json["items"]
    assert [user["name"] for user in usage] == ["Caller_billing"]
    refused = remote.ask("DELETE", "/projects/global/connections/Global", own, None,
                         {"If-Match": "*"})
    assert (refused.status, refused.json["code"]) == (409, "in_use")
    assert [user["name"] for user in refused.json["users"]] == ["Caller_billing"]
    assert "shipping" not in refused.json["title"]


def test_the_audit_trail_names_who_did_it(daemon, remote):
    host = daemon()
    boss = token(host, "boss", "admin")
    remote.ask("PATCH", "/projects/billing/connections/Invoices", boss, {"description": "x"},
               {"If-Match": "*"})
    row = remote.ask("GET", "/audit", boss).json["items"][0]
    assert (row["actor"], row["action"], row["project"], row["subject"]) == \
        ("token:boss", "connection.update", "billing", "Invoices")
    assert row["detail"]["items"][0]["before"] != row["detail"]["items"][0]["after"]


# Secrets


def test_a_literal_secret_becomes_a_reference_and_is_seen_nowhere(saved, daemon, receiver):
    receiver.keep = True
    saved.environment(ENV)
    host = Connections(daemon())
    secret = secrets.token_hex(16)
    answers = []

    def header(value):
        return [{"name": "Authorization", "value": f"Bearer {value}"}]

    made = host.create(definition(url=receiver.url, headers=header(secret)))
    answers += [made.text]
    shown = host.get("Orders")
    value = shown.settings["headers"][0]["value"]
    assert re.fullmatch(r"Bearer \$\{secret:local/[\w.]+\}", value), value
    assert made.json["change"]["secrets"] == [value.partition("secret:")[2].rstrip("}")]
    receiver.wait_for_ids([host.api.accept("Orders")])
    assert receiver.arrivals[0].headers["authorization"] == f"Bearer {secret}"
    # Another one, by each way of saving; the references of old revisions are others.
    newer = secrets.token_hex(16)
    for method, body in (
            ("PUT", definition(url=receiver.url, headers=header(newer))),
            ("PATCH", {"settings": {"headers": header(newer)}})):
        answers += [host.edit(method, "Orders", body, dry_run="true").text,
                    host.edit(method, "Orders", body).text]
    again = host.get("Orders")
    assert again.settings["headers"][0]["value"] != value
    stale = host.edit("PUT", "Orders", definition(headers=header(newer)), f'"{64 * "0"}"',
                      status=412)
    wrong = host.edit("PATCH", "Orders",
                      {"settings": {"headers": header(newer), "nonsense": 1}}, "*", status=422)
    answers += [shown.text, again.text, stale.text, wrong.text,
                host.verb("Orders", "duplicate", {"name": "Copy"}, status=201).text,
                host.api.get("audit", limit=1000).text, host.api.get("events", after=0).text]
    id = host.api.accept("Orders")
    receiver.wait_for_ids([id])
    assert receiver.arrivals[-1].headers["authorization"] == f"Bearer {newer}"
    for text in (secret, newer):
        assert not any(text in answer for answer in answers)
        for file in saved.folder.rglob("*"):
            if file.is_file():
                assert text.encode() not in file.read_bytes(), file
    assert host.daemon.stop() == 0
    assert not any(text in "\n".join(host.daemon.err.rest() + host.daemon.err.seen)
                   for text in (secret, newer))


def test_a_literal_secret_of_a_file_is_not_shown_and_is_kept(connections, saved):
    secret = secrets.token_hex(16)
    saved.connection("Orders", url="http://127.0.0.1:9/",
                     headers=[{"name": "Authorization", "value": f"Bearer {secret}"}])
    host = connections()
    shown = host.get("Orders")
    assert secret not in shown.text
    assert shown.json["secrets"] == ["settings.headers[0].value"]
    # Sending back what was read, with a change, seals it, and loses nothing.
    put = host.edit("PUT", "Orders", {**shown.json, "description": "x"})
    (header,) = put.settings["headers"]
    assert header["name"] == "Authorization"
    assert header["value"].startswith("Bearer ${secret:local/")
    assert put.json["secrets"] == []
    assert secret not in (saved.folder / "connections/Orders.conf").read_text()
