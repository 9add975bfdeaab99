"""Saving and deploying over the API: what runs is what was deployed, whatever is saved."""

import pytest

from daemon import Load
from receivers import Receiver

ENV = "Development"
ORDERS = "projects/global/connections/Orders"
DEPLOYMENTS = 200
PER_SECOND = 300


@pytest.fixture
def saved(config, receiver):
    """saved(path) writes Orders; nothing is deployed by itself."""
    config.environment(ENV, auto_deploy=False)

    def save(path="", url=None, **settings):
        config.connection("Orders", url=f"{url or receiver.url}/{path}", **settings)

    save("0")
    return save


@pytest.fixture
def host(daemon, saved):
    one = daemon()
    one.edit = lambda *args, **settings: (saved(*args, **settings), one.reload())
    return one


def verb(host, name, environment=ENV, status=200, connection=ORDERS, query=None, **wish):
    reply = host.api.call("POST", f"{connection}:{name}", {"environment": environment, **wish},
                          **(query or {}))
    assert reply.status == status, reply
    return reply


def deploy(host, *args, **options):
    return verb(host, "deploy", *args, **options)


def apply(host, *definitions, status=200, query=None, **options):
    items = [{"project": "global", "definition": each} for each in definitions]
    reply = host.api.call("POST", "definitions:apply", {"items": items, **options},
                          **(query or {}))
    assert reply.status == status, reply
    return reply


def definition(name, url, environments=(ENV,), **settings):
    return {"name": name, "type": "webhook", "settings": {"method": "POST", "url": url, **settings},
            "environments": {each: {} for each in environments}}


def went_to(host, receiver, name="Orders"):
    """The path that a message goes to now."""
    id = host.api.accept(name)
    receiver.wait_for_ids([id])
    return receiver.arrivals[-1].path


def revisions(host, **query):
    return host.api.get(f"{ORDERS}/revisions", **query).items


# What runs


def test_only_what_was_deployed_runs(host, receiver):
    assert host.api.send("Orders").code == "not_deployed"
    first = deploy(host, note="the first")
    assert (first.number, first.changed, first.environment) == (1, True, ENV)
    assert went_to(host, receiver) == "/0"

    host.edit("1")
    assert went_to(host, receiver) == "/0"
    diff = host.api.get(f"{ORDERS}/diff", env=ENV)
    assert (diff.deployed, diff.same) == (1, False)
    url = {"path": "settings.url", "before": f"{receiver.url}/0", "after": f"{receiver.url}/1"}
    assert diff.changes == [url]

    second = deploy(host)
    assert (second.number, second.changes) == (2, [url])
    assert went_to(host, receiver) == "/1"
    assert host.api.get(f"{ORDERS}/diff", env=ENV).same is True


def test_a_deployment_like_the_present_one_changes_nothing(host):
    deploy(host)
    again = deploy(host)
    assert (again.number, again.changed, again.changes) == (1, False, [])
    assert [each["number"] for each in revisions(host)] == [1]


def test_a_dry_run_changes_nothing(host, receiver):
    reply = deploy(host, query={"dry_run": "true"})
    assert (reply.number, reply.changed) == (None, True)
    assert revisions(host) == []
    assert host.api.send("Orders").code == "not_deployed"


def test_a_restart_runs_what_was_deployed(daemon, host, saved, receiver):
    deploy(host)
    assert host.stop() == 0
    saved("edited")
    again = daemon()
    assert went_to(again, receiver) == "/0"
    assert [(each["number"], each["active"]) for each in revisions(again)] == [(1, True)]


def test_what_was_undeployed_waits(host, receiver):
    deploy(host)
    events = host.events()
    receiver.down()
    id = host.api.accept("Orders")
    events.find("failed", delivery=id)
    reply = verb(host, "undeploy")
    assert (reply.number, reply.deployed) == (1, False)
    assert host.api.send("Orders").code == "not_deployed"
    assert host.api.delivery(id)["held"] == "undeployed"
    assert verb(host, "undeploy", status=404).code == "not_deployed"
    receiver.up()
    assert deploy(host).number == 2
    assert host.api.ended(id)["state"] == "done"


def test_a_deployment_is_disabled_on_its_own(host, config, receiver):
    deploy(host)
    reply = host.api.call("POST", f"{ORDERS}:disable", env=ENV)
    assert reply.status == 200, reply
    refusal = host.api.send("Orders", mode="direct")
    assert (refusal.status, refusal.code) == (409, "disabled")
    assert "connection enable Orders --env Development" in refusal.title
    assert refusal.resolved == {"project": "global", "name": "Orders", "deployment": 1}
    held = host.api.send("Orders")
    assert (held.status, held.reason) == (202, "disabled")
    assert revisions(host)[0]["enabled"] is False
    assert host.api.call("POST", f"{ORDERS}:enable", env=ENV).status == 200
    assert host.api.ended(held.id)["state"] == "done"


# History


def test_what_was_deployed_is_told_page_by_page(host):
    for number in range(1, 4):
        host.edit(str(number))
        deploy(host, note=f"number {number}")
    pages, cursor = [], None
    while True:
        page = host.api.get(f"{ORDERS}/revisions", limit=2, cursor=cursor)
        pages.append([(each["number"], each["note"], each["active"]) for each in page.items])
        cursor = page.next
        if not cursor:
            break
    assert pages == [[(3, "number 3", True), (2, "number 2", False)], [(1, "number 1", False)]]
    assert revisions(host, env="Elsewhere") == []
    assert host.api.call("GET", f"{ORDERS}/revisions", cursor="x").status == 400
    assert all(each["actor"].startswith("local:") for each in revisions(host))


def test_one_revision_has_its_definition(host, receiver, config):
    host.edit("0", headers=[{"name": "Authorization", "value": "Bearer literal-secret"},
                            {"name": "X-A", "value": "b"}])
    deploy(host)
    host.edit("later")
    reply = host.api.get(f"{ORDERS}/revisions/1", env=ENV)
    assert reply.definition["type"] == "webhook"
    assert reply.definition["settings"]["url"] == f"{receiver.url}/0"
    assert reply.definition["settings"]["headers"][1] == {"name": "X-A", "value": "b"}
    assert list(reply.definition["environments"]) == [ENV]
    assert "literal-secret" not in reply.text
    assert host.api.call("GET", f"{ORDERS}/revisions/2", env=ENV).status == 404
    assert host.api.call("GET", f"{ORDERS}/revisions/1").code == "missing_parameter"


def test_rollback(host, receiver):
    assert verb(host, "rollback", status=404).code == "not_found"
    for number in range(1, 4):
        host.edit(str(number))
        deploy(host)
    assert verb(host, "rollback").number == 4
    assert went_to(host, receiver) == "/2"
    assert verb(host, "rollback", number=1, note="back").number == 5
    assert went_to(host, receiver) == "/1"
    assert verb(host, "rollback", number=9, status=404).code == "not_found"
    assert [each["note"] for each in revisions(host) if each["active"]] == ["back"]
    # What is saved stays what it is.
    assert host.api.get(f"{ORDERS}/diff", env=ENV).same is False


def test_after_undeploying_the_newest_one_comes_back(host, receiver):
    deploy(host)
    verb(host, "undeploy")
    assert verb(host, "rollback").number == 2
    assert went_to(host, receiver) == "/0"


# What stands against it


def test_a_protected_environment_asks_for_its_name(daemon, config, saved, receiver):
    config.environment(ENV, auto_deploy=False, protected=True)
    saved("0")
    one = daemon()
    assert deploy(one, status=409).code == "protected"
    assert deploy(one, status=409, confirm="development").code == "protected"
    assert revisions(one) == []
    deploy(one, confirm=ENV)
    assert went_to(one, receiver) == "/0"
    assert verb(one, "undeploy", status=409).code == "protected"
    assert verb(one, "rollback", status=409, number=1).code == "protected"
    verb(one, "undeploy", confirm=ENV)


def test_a_known_secret_goes_elsewhere_only_on_somebodys_word(host, config, receiver, start):
    config.set_host(secrets="secrets")
    config.write("secrets/token", "a-secret").chmod(0o600)
    (config.folder / "secrets").chmod(0o700)
    host.stop()
    host.__init__(host.process.args[0], config)
    headers = [{"name": "Authorization", "value": "Bearer ${secret:file/token}"}]
    host.edit("0", headers=headers)
    deploy(host)
    other = start(Receiver)
    host.edit("0", url=other.url, headers=headers)
    refusal = deploy(host, status=409)
    assert refusal.code == "secret_origin"
    assert refusal.pairs == [{"secret": "file/token", "origin": other.url}]
    assert deploy(host, status=409, query={"dry_run": "true"}).code == "secret_origin"
    assert went_to(host, receiver) == "/0"
    assert deploy(host, confirm_secrets=True).number == 2
    assert went_to(host, other) == "/0"
    # That word holds for later ones, and both ways are known now.
    assert verb(host, "rollback").number == 3
    assert deploy(host).number == 4


def faulty_secret(config, authority):
    return {"headers": [{"name": "X-Token", "value": "${secret:env/LINKSPAN_NO_SUCH}"}]}


def faulty_certificate(config, authority):
    cert, key = authority.certificate("expired", days=-1)
    return {"tls": {"client_certificate": str(cert), "client_key": str(key)}}


@pytest.mark.parametrize("fault, code, pointer", [
    (faulty_secret, "unresolved_secret", "/settings/headers/0/value"),
    (faulty_certificate, "certificate_expired", "/settings/tls/client_certificate")])
def test_a_faulty_revision_changes_nothing(host, config, authority, receiver, fault, code, pointer):
    deploy(host)
    host.edit("1", **fault(config, authority))
    reply = deploy(host, status=422)
    assert reply.code == "invalid_definition"
    assert [each["code"] for each in reply.errors] == [code]
    assert reply.errors[0]["pointer"] == pointer
    assert went_to(host, receiver) == "/0"
    assert [each["number"] for each in revisions(host)] == [1]


def test_where_it_cannot_be_deployed(host, config, receiver):
    config.environment("Test", auto_deploy=False)
    config.connection("Orders", url=receiver.url, environments={ENV: {}})
    host.reload()
    assert deploy(host, "Test", status=409).code == "not_in_environment"
    assert deploy(host, "Nowhere", status=404).code == "not_found"
    assert host.api.call("POST", f"{ORDERS}:deploy", {}).code == "missing_parameter"
    missing = deploy(host, status=404, connection="projects/shop/connections/Order")
    assert missing.code == "no_such_connection" and '"Orders"' in missing.title


def test_a_global_connection_is_deployed_by_who_may_do_so_there(host):
    token = host.api.call("POST", "tokens", {"name": "shop", "role": "operator",
                                             "projects": ["shop"]}).token
    reply = host.api.call("POST", "projects/shop/connections/Orders:deploy", {"environment": ENV},
                          {"Authorization": f"Bearer {token}"})
    assert (reply.status, reply.code) == (403, "denied")
    assert deploy(host, connection="projects/shop/connections/orders").project == "global"


# Load


def test_deployments_under_load_lose_and_double_nothing(host, receiver):
    deploy(host)
    load = Load(host.socket, "Orders", PER_SECOND)
    for n in range(1, DEPLOYMENTS + 1):
        item, = apply(host, definition("Orders", f"{receiver.url}/{n}", pool_size=n % 7 + 1),
                      deploy=True, environments=[ENV]).items
        assert item["action"] == "update"
        assert item["deployed"] == [{"environment": ENV, "number": n + 1}]
    load.wait_for_more(PER_SECOND // 10)
    ids = load.stop()
    receiver.wait_for_ids(ids)
    assert load.unknown == 0 and load.refused == []
    assert receiver.duplicates() == 0
    assert receiver.ids == ids
    paths = [int(each.path.strip("/")) for each in receiver.arrivals]
    assert paths[-1] == DEPLOYMENTS
    assert len(set(paths)) > DEPLOYMENTS // 4, "most deployments never sent anything"


# Applying


def test_applying_shows_a_plan_and_carries_it_out(host, config, receiver):
    url = receiver.url
    wish = [definition("Orders", f"{url}/0"), definition("New", f"{url}/new")]
    config.connection("Old", url=url)
    host.reload()
    plan = apply(host, *wish, prune=True, deploy=True, query={"dry_run": "true"}).items
    assert [(each["name"], each["action"]) for each in plan] == [
        ("Orders", "none"), ("New", "create"), ("Old", "delete")]
    assert [each["deployed"] for each in plan] == [
        [{"environment": ENV, "number": None}], [{"environment": ENV, "number": None}], []]
    assert {"path": "settings.url", "before": None, "after": f"{url}/new"} in [
        change for change in plan[1]["changes"] if change["path"] == "settings.url"] or \
        plan[1]["changes"]
    assert not (config.folder / "connections/New.conf").exists()
    assert (config.folder / "connections/Old.conf").exists()

    done = apply(host, *wish, prune=True, deploy=True).items
    assert [each["action"] for each in done] == ["none", "create", "delete"]
    assert [each["deployed"] for each in done] == [
        [{"environment": ENV, "number": 1}], [{"environment": ENV, "number": 1}], []]
    assert not (config.folder / "connections/Old.conf").exists()
    assert went_to(host, receiver, "New") == "/new"

    again = apply(host, *wish, prune=True, deploy=True).items
    assert [(each["action"], each["changes"], each["deployed"]) for each in again] == \
        2 * [("none", [], [])]


def test_a_fault_says_in_which_item_and_nothing_is_saved(host, config, receiver):
    bad = definition("Bad", "not a url")
    worse = {**definition("Worse", receiver.url, max_retry=1), "odd": 1}
    reply = apply(host, definition("Good", receiver.url), bad, worse, status=422)
    assert reply.code == "invalid_definition"
    pointers = [each["pointer"] for each in reply.errors]
    assert "/items/1/definition/settings/url" in pointers
    assert "/items/2/definition/odd" in pointers
    assert not (config.folder / "connections/Good.conf").exists()


@pytest.mark.parametrize("item, pointer", [
    ({"definition": {"type": "webhook"}}, "/items/0/definition/name"),
    ({"project": "global"}, "/items/0/definition"),
    ({"definition": "A"}, "/items/0/definition")])
def test_what_is_no_item(host, item, pointer):
    reply = host.api.call("POST", "definitions:apply", {"items": [item]})
    assert (reply.status, reply.errors[0]["pointer"]) == (400, pointer)


def test_a_name_stands_once_among_the_items(host, receiver):
    twice = [definition(name, receiver.url) for name in ("A", "a")]
    assert apply(host, *twice, status=400).errors[0]["pointer"] == "/items/1/definition/name"


def test_what_cannot_be_deployed_is_held(host, config, receiver):
    config.environment("Live", auto_deploy=False, protected=True)
    host.reload()
    wish = definition("Orders", receiver.url, environments=(ENV, "Live"))
    item, = apply(host, wish, deploy=True).items
    assert [each["environment"] for each in item["deployed"]] == [ENV]
    assert item["held"] == []
    item, = apply(host, wish, deploy=True, environments=["Live"]).items
    assert [(each["environment"], each["code"]) for each in item["held"]] == [("Live", "protected")]
    reply = apply(host, wish, deploy=True, environments=["Nowhere"], status=409)
    assert reply.code == "not_served"


def test_comments_are_lost_only_on_somebodys_word(host, config, receiver):
    file = config.folder / "connections/Orders.conf"
    file.write_text(file.read_text().replace("  type", "  # why\n  type"))
    host.reload()
    same, = apply(host, definition("Orders", f"{receiver.url}/0")).items
    assert same["action"] == "none"
    other = definition("Orders", f"{receiver.url}/1")
    assert apply(host, other, status=409).code == "comments_lost"
    assert apply(host, other, query={"comments": "discard"}).items[0]["action"] == "update"


def test_applying_needs_an_editor_in_every_project(host, receiver):
    token = host.api.call("POST", "tokens", {"name": "shop", "role": "editor",
                                             "projects": ["shop"]}).token
    allowed = {"Authorization": f"Bearer {token}"}
    item = {"project": "shop", "definition": definition("A", receiver.url)}
    call = host.api.call
    assert call("POST", "definitions:apply", {"items": [item]}, allowed).status == 200
    for body in ({"items": [item, {**item, "project": "other"}]},
                 {"items": [item], "prune": True, "projects": ["global"]}):
        reply = call("POST", "definitions:apply", body, allowed)
        assert (reply.status, reply.code) == (403, "denied")


# What a send is refused with


def test_a_refusal_says_what_to_do(host, config, receiver):
    config.environment("Test", auto_deploy=False)
    config.connection("Orders", url=receiver.url, environments={ENV: {}})
    config.connection("Bills", project="shop", url=receiver.url, enabled=False)
    host.reload()
    for mode in ("direct", "durable"):
        def refuse(name, env=ENV, project="global"):
            reply = host.api.send(name, project=project, mode=mode, env=env)
            return reply.status, reply.code, reply.title, reply.json.get("resolved")

        status, code, title, resolved = refuse("Ordres")
        assert (status, code, resolved) == (404, "no_such_connection", None)
        assert 'did you mean "Orders"?' in title
        assert refuse("Orders", "Test")[:2] == (409, "not_in_environment")
        assert refuse("Orders", "Nowhere")[:2] == (409, "not_served")
        status, code, title, resolved = refuse("orders", project="shop")
        assert (status, code) == (404, "not_deployed")
        assert "linkspan connection deploy Orders --env Development" in title
        assert resolved == {"project": "global", "name": "Orders", "deployment": None}
        assert "--project shop" in refuse("Bills", project="shop")[2]
    deploy(host, connection="projects/shop/connections/Bills")
    reply = host.api.send("Bills", project="shop", mode="direct", env=ENV)
    assert reply.code == "disabled"
    assert "linkspan connection enable Bills --project shop" in reply.title


def test_lines_are_refused_in_the_same_words(host):
    reply = host.api.send("Orders", b"1\n2\n", framing="ndjson")
    assert [each["code"] for each in reply.items] == ["not_deployed"] * 2
    assert "linkspan connection deploy Orders" in reply.items[1]["detail"]


def test_a_direct_answer_says_which_connection_was_meant(host):
    deploy(host)
    reply = host.api.send("ORDERS", project="shop", mode="direct")
    assert reply.ok is True
    assert reply.resolved == {"project": "global", "name": "Orders", "deployment": 1}


# Status


def failing(item):
    return {check["code"]: check["mend"] for check in item["checks"] if not check["ok"]}


def test_the_status_of_what_was_only_saved(host, config, receiver):
    config.environment("Test", auto_deploy=False)
    config.connection("Orders", url=receiver.url)
    host.reload()
    items = host.api.get(f"{ORDERS}/status").items
    assert [(each["environment"], each["state"], each["deployed"]) for each in items] == [
        (ENV, "undeployed", False), ("Test", "undeployed", False)]
    assert failing(items[0]) == {"deployed": "linkspan connection deploy Orders --env Development"}
    deploy(host)
    items = {each["environment"]: each for each in host.api.get(f"{ORDERS}/status").items}
    assert items[ENV]["deployed"] is True and failing(items[ENV]) == {}
    assert list(failing(items["Test"])) == ["deployed"]
    only, = host.api.get(f"{ORDERS}/status", env="Test").items
    assert only["environment"] == "Test"
    reply = host.api.call("GET", "projects/global/connections/Ordres/status")
    assert (reply.status, reply.code) == (404, "no_such_connection")
    assert '"Orders"' in reply.title


def test_the_status_says_when_an_older_one_runs(host):
    deploy(host)
    host.edit("1")
    only, = host.api.get(f"{ORDERS}/status").items
    assert list(failing(only)) == ["current"]


# Forms


def test_names(host):
    def name(text, project=None):
        return host.api.get(f"names/{text}", project=project)

    assert (name("Free").available, name("Free").reason) == (True, None)
    taken = name("orders", "shop")
    assert (taken.available, taken.project) == (False, "shop")
    assert "taken" in taken.reason
    assert name("odd!").available is False
    assert name("Free", "9odd").available is False


def test_environments_show_as_much_as_who_asks_may_know(host, config):
    config.environment("Test", variables={"base": "https://a.example"}, allow=["10.0.0.0/8"],
                       auto_deploy=False, protected=True)
    host.reload()
    roles = {}
    for role in ("viewer", "editor", "admin"):
        token = host.api.call("POST", "tokens", {"name": role, "role": role}).token
        reply = host.api.call("GET", "environments", headers={"Authorization": f"Bearer {token}"})
        roles[role] = next(each for each in reply.items if each["name"] == "Test")
    assert roles["viewer"]["variables"] == [{"name": "base", "value": None}]
    assert roles["viewer"]["network_allow"] is None
    assert roles["editor"]["variables"] == [{"name": "base", "value": "https://a.example"}]
    assert roles["editor"]["network_allow"] is None
    assert roles["admin"]["network_allow"] == ["10.0.0.0/8"]
    assert {key: roles["viewer"][key] for key in ("served", "protected", "auto_deploy")} == {
        "served": True, "protected": True, "auto_deploy": False}


def test_types_and_headers(host):
    webhook = next(each for each in host.api.get("connection-types").items
                   if each["id"] == "webhook")
    assert "url" in webhook["schema"]["properties"]
    names = [each["name"] for each in host.api.get("header-names").items]
    assert "Authorization" in names
    assert len({name.lower() for name in names}) == len(names)
    reserved = {"host", "content-length", "transfer-encoding", "connection", "expect", "te",
                "trailer", "upgrade", "keep-alive"}
    assert not reserved & {name.lower() for name in names}


def test_a_secret_that_stands_in_the_file_stays_where_it_goes(daemon, config, receiver, start):
    """Whoever edits without it neither sees it nor sends it elsewhere, as a test or a deployment."""
    elsewhere, secret = start(Receiver, keep=True), "written-by-hand-59a1"
    config.environment("Development", auto_deploy=False)
    config.connection("Literal", url=receiver.url,
                      headers=[{"name": "Authorization", "value": f"Bearer {secret}"}])
    api, base = daemon().api, "projects/global/connections/Literal"
    where = {"environment": "Development"}
    assert api.call("POST", f"{base}:deploy", where).status == 200
    document = api.get(base)
    assert secret not in document.text
    draft = document.json
    draft["settings"]["url"] = elsewhere.url
    tested = api.call("POST", f"{base}:test", {**where, "definition": draft})
    assert (tested.status, tested.code) == (409, "secret_origin"), tested
    saved = api.call("PUT", base, draft, {"If-Match": document.headers["etag"]})
    assert saved.status == 200 and secret not in saved.text, saved
    refused = api.call("POST", f"{base}:deploy", where)
    assert (refused.status, refused.code) == (409, "secret_origin"), refused
    assert elsewhere.arrivals == []
    assert api.call("POST", f"{base}:deploy", {**where, "confirm_secrets": True}).status == 200
    assert api.send("Literal", mode="direct").status == 200
    assert elsewhere.arrivals[0].headers["authorization"] == f"Bearer {secret}"
