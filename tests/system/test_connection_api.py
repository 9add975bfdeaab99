"""Connections over the API: saved, edited, moved and deleted, and what is refused."""

import threading
import urllib.parse

import pytest

from connecting import (ENV, Connections, audited, connections, definition, faults, files,
                        saved)
from daemon import Api

# Creating


def test_a_new_one_is_saved_and_not_deployed(connections, saved):
    host = connections()
    wanted = {**definition("New One"), "description": "why it is there"}
    made = host.create(wanted)
    assert made.headers["location"] == "/api/v1/projects/global/connections/New%20One"
    assert made.headers["etag"] == f'"{made.revision}"' and len(made.revision) == 64
    came = made.json["change"]
    assert (came["action"], came["deployed"], came["held"], came["secrets"]) == \
        ("create", [], [], [])
    assert {"path": "settings.method", "before": None, "after": "POST"} in came["changes"]
    shown = host.get("new one")
    assert shown.json == {key: value for key, value in made.json.items() if key != "change"}
    assert {key: shown.json[key] for key in wanted} == wanted
    assert (shown.project, shown.enabled, shown.deployments) == ("global", True, [])
    assert "why it is there" in (saved.folder / "connections/New One.conf").read_text()
    assert host.api.send("New%20One").status == 404
    row = audited(host)[0]
    assert (row["action"], row["project"], row["subject"]) == \
        ("connection.create", "global", "New One")


def test_where_it_may_be_deployed_by_itself_it_is(config, daemon, receiver):
    config.environment(ENV)
    host = Connections(daemon())
    made = host.create(definition(url=receiver.url))
    assert made.json["change"]["deployed"] == [{"environment": ENV, "number": 1}]
    (deployed,) = made.deployments
    assert deployed["current"] and deployed["revision"] == made.revision
    receiver.wait_for_ids([host.api.accept("Orders")])


def test_a_project_is_where_it_is_asked_for(connections, saved):
    host = connections()
    host.create(definition("Own"), "shop")
    assert (saved.folder / "projects/shop/connections/Own.conf").exists()
    # The case of letters makes no other project.
    assert host.create(definition("Other"), "Shop").project == "shop"
    host.get("Own", status=404)
    assert host.names("shop") == ["shop/Other", "shop/Own"]


@pytest.mark.parametrize("change, expected", [
    ({"settings": {"method": "PUTT", "url": "http://a.example/"}},
     {"/settings/method": "unknown_choice"}),
    ({"settings": {"method": "PUT", "url": "http://a.example/", "headers": [
        {"name": "X-A", "value": "1"}, {"name": "a b", "value": "1"}], "nonsense": 1}},
     {"/settings/headers/1/name": "not_allowed", "/settings/nonsense": "unknown_key"}),
    ({"environments": {ENV: {"request_timeout_ms": -1}}},
     {f"/environments/{ENV}/request_timeout_ms": "out_of_range"}),
    ({"environments": {"Nowhere": {}}}, {"/environments/Nowhere": "unknown_environment"}),
    ({"odd": 1, "colour": "red"}, {"/odd": "unknown_key", "/colour": "unknown_key"}),
    ({"settings": 5}, {"/settings": "wrong_type"}),
])
def test_every_fault_is_told_with_its_place(connections, saved, change, expected):
    host = connections()
    refused = host.create({**definition(), **change}, status=422)
    assert refused.code == "invalid_definition"
    assert faults(refused) == expected
    assert all(fault["detail"] for fault in refused.json["errors"])
    assert host.names() == [] and files(saved) == {}


def test_names_that_cannot_be_had(connections, saved):
    saved.connection("Orders", url="http://127.0.0.1:9/")
    saved.connection("Own", project="shop", url="http://127.0.0.1:9/")
    host = connections()
    for project, name in (("global", "orders"), ("shop", "Orders"), ("global", "Own")):
        assert host.create(definition(name), project, 409).code == "name_taken", name
    for name in ("", "../x", "a/b", " a", "a" * 101):
        assert host.create(definition(name), status=422).code == "invalid_name", name
    for wrong in ({}, {"name": 5}, {"name": None}):
        assert faults(host.create(wrong, status=400)) == {"/name": "missing_parameter"}
    assert host.create("[]", status=400).code == "invalid_json"
    assert host.create(definition("x"), "no.project!", 422).code == "invalid_name"


# Editing


def test_what_was_read_can_be_sent_back(connections, saved):
    saved.connection("Orders", url="http://127.0.0.1:9/", request_timeout_ms=2000)
    host = connections()
    before = files(saved)
    shown = host.get("Orders")
    again = host.edit("PUT", "Orders", shown.json)
    assert again.json["change"]["action"] == "none"
    assert again.revision == shown.revision
    assert files(saved) == before and audited(host) == []


def test_a_put_replaces_and_a_patch_changes(connections, saved):
    host = connections()
    first = host.create({**definition(request_timeout_ms=2000), "description": "old"})
    put = host.edit("PUT", "Orders", definition(url="http://127.0.0.1:9/b"))
    assert (put.description, put.settings) == \
        ("", {"method": "POST", "url": "http://127.0.0.1:9/b"})
    assert put.json["change"]["action"] == "update" and put.uid == first.uid
    patched = host.edit("PATCH", "Orders", {"settings": {"request_timeout_ms": 3000},
                                            "description": "new"})
    assert patched.settings == {**put.settings, "request_timeout_ms": 3000}
    assert (patched.description, patched.environments) == ("new", {ENV: {}})
    removed = host.edit("PATCH", "Orders", {"settings": {"request_timeout_ms": None}})
    assert removed.settings == put.settings
    assert removed.headers["etag"] == host.get("Orders").headers["etag"]
    text = (saved.folder / "connections/Orders.conf").read_text()
    assert "request_timeout_ms" not in text and "new" in text
    # Nothing runs of all that.
    assert removed.deployments == []


def test_the_type_of_a_patch(connections):
    host = connections()
    host.create(definition())
    for kind, status in (("application/merge-patch+json", 200), ("application/json", 200),
                         ("application/merge-patch+json; charset=utf-8", 200),
                         ("application/json-patch+json", 415), ("text/plain", 415)):
        reply = host.ask("PATCH", "global/connections/Orders", {"description": kind},
                         {"If-Match": "*", "Content-Type": kind})
        assert reply.status == status, kind
    assert host.get("Orders").description == "application/merge-patch+json; charset=utf-8"


def test_an_edit_says_what_it_edits(connections, saved):
    host = connections()
    revision = host.create(definition()).revision
    before = files(saved)
    calls = [("PUT", definition(url="http://127.0.0.1:9/x")), ("PATCH", {"description": "x"}),
             ("DELETE", None)]
    for method, body in calls:
        missing = host.ask(method, "global/connections/Orders", body)
        assert (missing.status, missing.code) == (428, "if_match_needed")
        for odd in (revision, f'"{revision}", "{revision}"', "x", '"x'):
            assert host.edit(method, "Orders", body, odd, status=400).code == "invalid_parameter"
        for other in (f'"{64 * "0"}"', f'W/"{revision}"', '""', '"x"', f'"{revision}x"'):
            stale = host.edit(method, "Orders", body, other, status=412)
            assert (stale.code, stale.revision) == ("stale", revision)
        host.ask(method, "global/connections/Nobody", body, {"If-Match": "*"})
    for verb, body in (("rename", {"name": "x"}), ("duplicate", {"name": "x"}),
                       ("move", {"project": "x"}), ("disable", None)):
        stale = host.verb("Orders", verb, body, status=412, headers={"If-Match": f'"{64 * "0"}"'})
        assert stale.code == "stale"
    assert files(saved) == before
    host.edit("PATCH", "Orders", {"description": "x"}, "*")


def test_of_two_who_edit_at_once_the_second_is_told(connections, saved):
    """Whichever is first: nothing of it is lost, and the second sees what it would have overwritten."""
    host = connections()
    host.create(definition(request_timeout_ms=1000))
    for round in range(10):
        match = host.get("Orders").headers["etag"]
        began = threading.Barrier(2)
        replies = [None, None]

        def put(which, timeout_ms):
            api = Api(host.daemon.socket)
            began.wait()
            replies[which] = api.call(
                "PUT", "projects/global/connections/Orders",
                definition(request_timeout_ms=timeout_ms), {"If-Match": match})
            api.close()

        wishes = [2000 + 2 * round, 2001 + 2 * round]
        threads = [threading.Thread(target=put, args=pair) for pair in enumerate(wishes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(reply.status for reply in replies) == [200, 412]
        won = next(i for i, reply in enumerate(replies) if reply.status == 200)
        lost = host.document.check_problem(replies[1 - won])
        assert (lost["code"], lost["revision"]) == ("stale", replies[won].revision)
        assert lost["definition"]["settings"]["request_timeout_ms"] == wishes[won]
        assert lost["changes"] == [{"path": "settings.request_timeout_ms",
                                    "before": wishes[won], "after": wishes[1 - won]}]
        assert host.get("Orders").settings["request_timeout_ms"] == wishes[won]
        # With what it was told, it can go on.
        host.edit("PUT", "Orders", definition(request_timeout_ms=wishes[1 - won]),
                  f'"{lost["revision"]}"')
        assert host.get("Orders").settings["request_timeout_ms"] == wishes[1 - won]


def test_comments_are_not_lost_unasked(connections, saved):
    file = saved.connection("Orders", url="http://127.0.0.1:9/")
    text = "# who to ask\n" + file.read_text().replace("settings", "/* careful */ settings")
    file.write_text(text)
    host = connections()
    for method, body in (("PUT", definition()), ("PATCH", {"description": "x"})):
        refused = host.edit(method, "Orders", body, status=409)
        assert refused.code == "comments_lost"
    # What is switched is changed in its place.
    assert host.verb("Orders", "disable").enabled is False
    assert file.read_text() == text.replace("enabled = true", "enabled = false")
    host.verb("Orders", "enable")
    assert file.read_text() == text
    host.edit("PATCH", "Orders", {"description": "x"}, comments="discard")
    assert "careful" not in file.read_text() and "# who to ask" in file.read_text()


def test_a_file_that_was_edited_by_hand_is_not_overwritten(connections, saved):
    file = saved.connection("Orders", url="http://127.0.0.1:9/")
    host = connections()
    text = file.read_text().replace("127.0.0.1:9", "127.0.0.1:10")
    file.write_text(text)
    for method, body in (("PUT", definition()), ("PATCH", {"description": "x"}),
                         ("DELETE", None)):
        refused = host.edit(method, "Orders", body, status=409)
        assert refused.code == "stale" and "by hand" in refused.title
    for verb, body in (("disable", None), ("rename", {"name": "x"}), ("move", {"project": "x"})):
        assert host.verb("Orders", verb, body, status=409).code == "stale"
    assert file.read_text() == text
    host.daemon.reload()
    patched = host.edit("PATCH", "Orders", {"description": "x"})
    assert patched.settings["url"] == "http://127.0.0.1:10/"


def test_a_file_that_nobody_has_read_is_not_overwritten(connections, saved):
    host = connections()
    file = saved.connection("Orders", url="http://127.0.0.1:9/")
    text = file.read_text()
    assert host.create(definition(), status=409).code == "name_taken"
    assert file.read_text() == text


# Names and places


def held_back(host, name, project="global"):
    """A message that waits."""
    host.api.call("POST", f"projects/{project}/connections/{urllib.parse.quote(name)}:pause")
    return host.api.accept(urllib.parse.quote(name), project=project)


@pytest.fixture
def running(config, daemon, receiver):
    """A daemon with Orders deployed, and a message of it that waits."""
    config.environment(ENV)
    config.connection("Orders", url=receiver.url)
    host = Connections(daemon())
    host.waiting = held_back(host, "Orders")
    return host


@pytest.mark.parametrize("how", ["rename", "put", "patch"])
def test_another_name_takes_everything_along(running, config, receiver, how):
    host, before = running, running.get("Orders")
    host.api.delivery(host.waiting)  # its name is known from here on
    if how == "rename":
        after = host.verb("Orders", "rename", {"name": "Newer Orders"})
    elif how == "put":
        after = host.edit("PUT", "Orders", {**before.json, "name": "Newer Orders"})
    else:
        after = host.edit("PATCH", "Orders", {"name": "Newer Orders"})
    assert (after.name, after.uid) == ("Newer Orders", before.uid)
    assert after.json["change"]["action"] == "rename"
    assert [d["current"] for d in after.deployments] == [True]
    host.get("Orders", status=404)
    assert not (config.folder / "connections/Orders.conf").exists()
    assert (config.folder / "connections/Newer Orders.conf").exists()
    assert host.api.delivery(host.waiting)["connection"] == "Newer Orders"
    assert [d["id"] for d in host.api.deliveries(connection="Newer Orders")] == [host.waiting]
    assert host.api.deliveries(connection="Orders") == []
    host.api.call("POST", "projects/global/connections/Newer%20Orders:resume")
    receiver.wait_for_ids([host.waiting])


def test_a_move_takes_everything_along(running, config, receiver):
    before = running.get("Orders")
    running.api.delivery(running.waiting)
    after = running.verb("Orders", "move", {"project": "shop"})
    assert (after.project, after.uid, after.revision) == ("shop", before.uid, before.revision)
    assert after.json["change"]["action"] == "move"
    assert running.names() == ["shop/Orders"]
    assert running.api.delivery(running.waiting)["project"] == "shop"
    assert [d["id"] for d in running.api.deliveries(project="shop")] == [running.waiting]
    back = running.verb("Orders", "move", {"project": "global", "name": "Again"}, project="shop")
    assert (back.project, back.name) == ("global", "Again")
    running.api.call("POST", "projects/global/connections/Again:resume")
    receiver.wait_for_ids([running.waiting])


def test_names_that_cannot_be_taken(connections, saved):
    host = connections()
    host.create(definition("A"))
    host.create(definition("B"))
    assert host.verb("A", "rename", {"name": "b"}, status=409).code == "name_taken"
    assert host.verb("A", "rename", {"name": "a/b"}, status=422).code == "invalid_name"
    assert host.verb("A", "rename", {}, status=400).code == "missing_parameter"
    assert host.verb("A", "move", {}, status=400).code == "missing_parameter"
    assert host.verb("A", "duplicate", {}, status=400).code == "missing_parameter"
    assert host.verb("A", "rename", {"name": "x", "odd": 1}, status=400).code == "unknown_parameter"
    assert host.edit("PATCH", "A", {"name": "B"}, status=409).code == "name_taken"
    assert host.edit("PATCH", "A", {"name": 5}, status=422).code == "invalid_name"
    assert host.edit("PUT", "A", {**definition("B")}, status=409).code == "name_taken"
    # Its own, in other letters.
    assert host.verb("A", "rename", {"name": "a"}).name == "a"
    assert host.names() == ["global/a", "global/B"]


def test_a_copy(running):
    first = running.get("Orders")
    made = running.verb("Orders", "duplicate", {"name": "Copy"}, status=201)
    assert made.headers["location"] == "/api/v1/projects/global/connections/Copy"
    assert made.uid != first.uid and made.settings == first.settings
    other = running.verb("Orders", "duplicate", {"name": "Own", "project": "shop"}, status=201)
    assert other.project == "shop"
    assert running.verb("Orders", "duplicate", {"name": "orders"}, status=409).code == "name_taken"
    assert running.api.deliveries(connection="Copy") == []


# Who uses it, and deleting


def test_what_is_used_is_not_deleted_unasked(connections, saved):
    saved.connection("Alerts", url="http://127.0.0.1:9/")
    saved.connection("Orders", url="http://127.0.0.1:9/", alert_connection="Alerts")
    saved.connection("Own", project="shop", url="http://127.0.0.1:9/",
                     environments={ENV: {"alert_connection": "Alerts"}})
    host = connections()
    users = [{"kind": "connection", "project": "global", "name": "Orders", "environment": None,
              "as": "alert_connection"},
             {"kind": "connection", "project": "shop", "name": "Own", "environment": ENV,
              "as": "alert_connection"}]
    assert host.ask("GET", "global/connections/Alerts/usage").items == users
    assert host.ask("GET", "global/connections/Orders/usage").items == []
    refused = host.edit("DELETE", "Alerts", status=409)
    assert (refused.code, refused.users) == ("in_use", users)
    assert host.verb("Alerts", "rename", {"name": "x"}, status=409).users == users
    assert host.edit("PATCH", "Alerts", {"name": "x"}, status=409).code == "in_use"
    assert host.verb("Alerts", "move", {"project": "shop"}, status=409).code == "loses_sight"
    assert host.get("Alerts").name == "Alerts"
    host.edit("DELETE", "Alerts", status=204, force="true")
    host.get("Alerts", status=404)


def test_what_is_deleted_is_gone_and_what_waited_is_cancelled(running, config):
    running.edit("DELETE", "Orders", status=204)
    running.get("Orders", status=404)
    assert running.names() == [] and files(config) == {}
    assert running.api.send("Orders").status == 404
    ended = running.api.ended(running.waiting)
    assert (ended["state"], ended["connection"]) == ("cancelled", "Orders")
    # One of the same name begins anew.
    made = running.create(definition())
    assert [d["number"] for d in made.deployments] == [1]


# Switching on and off


def test_a_definition_is_switched_everywhere_at_once(running, receiver):
    running.api.call("POST", "projects/global/connections/Orders:resume")
    receiver.wait_for_ids([running.waiting])
    off = running.verb("Orders", "disable")
    assert (off.enabled, off.json["change"]["action"]) == (False, "disable")
    assert off.revision == running.get("Orders").revision
    assert running.api.link("Orders")["state"] == "disabled"
    assert running.list()["items"][0]["state"] == "disabled"
    id = running.api.accept("Orders")
    assert running.verb("Orders", "disable").json["change"]["action"] == "none"
    assert running.verb("Orders", "enable").enabled
    receiver.wait_for_ids([id])


def test_a_deployment_is_switched_alone(config, daemon, receiver):
    config.environment(ENV)
    config.environment("Production", protected=True)
    config.connection("Orders", url=receiver.url)
    host = Connections(daemon())
    off = host.verb("Orders", "disable", env=ENV)
    assert off.json == {"project": "global", "name": "Orders", "environment": ENV, "number": 1,
                        "enabled": False}
    shown = host.get("Orders")
    assert shown.enabled
    assert {d["environment"]: d["enabled"] for d in shown.deployments}[ENV] is False
    assert host.list()["items"][0]["states"][ENV] == "disabled"
    host.verb("Orders", "enable", env=ENV)
    receiver.wait_for_ids([host.api.accept("Orders", env=ENV)])
    assert host.verb("Orders", "disable", env="Nowhere", status=404).code == "not_deployed"
    if any(d["environment"] == "Production" for d in shown.deployments):
        assert host.verb("Orders", "disable", env="Production", status=409).code == "protected"
        host.verb("Orders", "disable", {"confirm": "Production"}, env="Production")


# The list


def test_a_list_has_what_was_asked_for(connections, saved):
    saved.environment("Test", auto_deploy=False)
    saved.connection("Beta", url="https://${host}:8443/x?key=1", environments={"Test": {}})
    saved.connection("alpha", url="http://127.0.0.1:9/", enabled=False, environments={ENV: {}})
    saved.connection("Alpine", project="shop", url="http://127.0.0.1:9/")
    saved.environment("Test", auto_deploy=False, variables={"host": "a.example"})
    host = connections()
    assert host.names() == ["global/alpha", "global/Beta", "shop/Alpine"]
    assert host.names("global") == ["global/alpha", "global/Beta"]
    assert host.names("SHOP") == ["shop/Alpine"]
    assert host.names("nowhere") == []
    assert host.names(q="ALP") == ["global/alpha", "shop/Alpine"]
    assert host.names(env="Test") == ["global/Beta", "shop/Alpine"]
    assert host.names(env="Test", q="b") == ["global/Beta"]
    alpha, beta = host.list("global")["items"]
    assert (beta["url_host"], beta["environments"]) == ("${host}:8443", ["Test"])
    assert (beta["state"], beta["states"]) == ("undeployed", {"Test": "undeployed"})
    assert alpha["enabled"] is False and alpha["revision"] == host.get("alpha").revision


def test_pages_have_everything_once(connections, saved):
    for i in range(25):
        saved.connection(f"C{i}", project=("one", "two", None)[i % 3], url="http://127.0.0.1:9/")
    host = connections()
    everything = host.names()
    assert len(everything) == 25
    for limit in (1, 7, 25, 1000):
        cursor, seen = None, []
        while True:
            page = host.list(limit=limit, cursor=cursor)
            assert len(page["items"]) <= limit
            seen += [f"{item['project']}/{item['name']}" for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert seen == everything
    for cursor in ("x", "nothing", "///"):
        reply = host.ask("GET", "-/connections", cursor=cursor)
        assert reply.status == (200 if "/" in cursor else 400)
    for query in ({"limit": 0}, {"limit": 1001}, {"odd": 1}):
        assert host.ask("GET", "-/connections", **query).status == 400


def test_head_is_get_without_a_body(connections):
    host = connections()
    revision = host.create(definition()).revision
    reply = host.api.call("HEAD", "projects/global/connections/Orders")
    assert (reply.status, reply.text, reply.headers["etag"]) == (200, "", f'"{revision}"')
    assert host.api.call("HEAD", "projects/-/connections").status == 200


def test_one_that_is_not_there(connections, saved):
    saved.connection("Orders", url="http://127.0.0.1:9/")
    host = connections()
    reply = host.get("Order", status=404)
    assert reply.code == "not_found" and 'did you mean "Orders"?' in reply.title
    host.get("Orders", "shop", 404)
    for verb, body in (("enable", None), ("rename", {"name": "x"}), ("move", {"project": "x"}),
                       ("duplicate", {"name": "x"})):
        assert host.verb("Nobody", verb, body, status=404).code == "not_found"
    assert host.ask("GET", "global/connections/Nobody/usage").status == 404


# Dry runs


def test_a_dry_run_says_what_would_be_done_and_does_nothing(running, config):
    before, rows = files(config), audited(running)
    shown, page = running.get("Orders").json, running.list()
    dry = {"dry_run": "true"}
    assert running.create(definition("New"), status=200, **dry).action == "create"
    assert running.edit("PUT", "Orders", definition(), **dry).action == "update"
    assert running.edit("PUT", "Orders", shown, **dry).action == "none"
    assert running.edit("PATCH", "Orders", {"name": "x"}, **dry).action == "rename"
    assert running.edit("DELETE", "Orders", **dry).action == "delete"
    assert running.verb("Orders", "disable", **dry).action == "disable"
    assert running.verb("Orders", "disable", env=ENV, **dry).enabled is False
    renamed = running.verb("Orders", "rename", {"name": "x"}, **dry)
    assert (renamed.action, renamed.name) == ("rename", "x") and renamed.revision
    moved = running.verb("Orders", "move", {"project": "shop"}, **dry)
    assert (moved.action, moved.project) == ("move", "shop")
    assert running.verb("Orders", "duplicate", {"name": "x"}, **dry).action == "create"
    # What would be refused is.
    assert running.create(definition("Orders"), status=409, **dry).code == "name_taken"
    assert running.create({"name": "x"}, status=422, **dry).code == "invalid_definition"
    assert running.edit("PATCH", "Orders", {"odd": 1}, status=422, **dry).code == \
        "invalid_definition"
    assert (files(config), audited(running)) == (before, rows)
    assert (running.get("Orders").json, running.list()) == (shown, page)
