"""The life of a connection, from its creation to its end, by the commands that people type."""

import json

import pytest

from daemon import Api
from receivers import OK, Receiver


@pytest.fixture
def receiver(start):
    """One that keeps what it got."""
    return start(Receiver, keep=True)


@pytest.fixture
def host(config, daemon):
    """A daemon that serves Development and Production, which is protected; nothing is deployed by itself, and there
    is no connection."""
    config.environment("Development", auto_deploy=False)
    config.environment("Production", protected=True, auto_deploy=False)
    return daemon()


@pytest.fixture
def connection(call):
    """connection("get", "Orders") runs a command that has to work; its standard output."""
    def run(*args, exit_status=0, **options):
        done = call("connection", *args, **options)
        assert done.returncode == exit_status, (args, done.stdout, done.stderr)
        run.messages = done.stderr
        return done.stdout

    run.messages = ""
    return run


@pytest.fixture
def document(connection):
    """document("Orders") is its document."""
    return lambda name, *args: json.loads(connection("get", name, *args, "-o", "json"))


@pytest.fixture
def orders(connection, host, receiver):
    """The connection Orders, made and deployed in Development."""
    connection("create", "Orders", "--type", "webhook", "--set", "method=POST",
               "--set", f"url={receiver.url}/one", "--set", "request_timeout_ms=3000")
    connection("deploy", "Orders", "--env", "Development")


def send(call, name="Orders", *args, exit_status=0):
    done = call("send", name, "--env", "Development", "-d", "{}", *args)
    assert done.returncode == exit_status, (done.stdout, done.stderr)
    return done


def last_path(receiver):
    return receiver.arrivals[-1].path


def test_from_nothing_to_a_delivery(call, connection, document, host, receiver):
    assert "free" in connection("create", "Orders", "--check-name")
    out = connection("create", "Orders", "--type", "webhook", "--set", "method=POST",
                     "--set", f"url={receiver.url}/one", "--header", "X-Trace: a",
                     "--description", "orders for the shop")
    assert out.startswith("Orders in global: created, revision ")
    assert "connection deploy 'Orders'" in connection.messages
    one = document("Orders")
    assert one["settings"]["headers"] == [{"name": "X-Trace", "value": "a"}]
    assert set(one["environments"]) == {"Development", "Production"}
    assert one["description"] == "orders for the shop"
    connection("validate", "Orders")
    assert "not free" in connection("create", "ORDERS", "--check-name", exit_status=5)
    connection("create", "ORDERS", "--type", "webhook", "--set", "method=POST",
               "--set", f"url={receiver.url}/", exit_status=5)
    assert "name_taken" in connection.messages
    # Saving makes nothing run.
    send(call, exit_status=3)
    assert "deploy" in connection("status", "Orders", "--env", "Development")
    connection("diff", "Orders", "--env", "Development", exit_status=1)
    assert "number 1" in connection("deploy", "Orders", "--env", "Development", "--note", "first")
    connection("diff", "Orders", "--env", "Development")
    send(call)
    assert last_path(receiver) == "/one"
    assert "messages go out at once" in connection("status", "Orders", "--env", "Development")
    assert [i["name"] for i in json.loads(connection("list", "-o", "json"))["items"]] == ["Orders"]


def test_what_is_wrong_is_not_saved(connection, host):
    connection("create", "Orders", "--type", "webhook", "--set", "method=POST",
               "--set", "urll=https://x.example/", exit_status=7)
    assert "urll" in connection.messages
    assert "url" in connection.messages
    assert connection("list", "-o", "name") == ""


def test_an_edit_runs_when_it_is_deployed(call, connection, document, config, orders, receiver):
    editor = config.write("editor", """#!/bin/sh
sed -i 's|/one"|/two"|' "$1"
""")
    editor.chmod(0o755)
    connection("edit", "Orders", env={"EDITOR": str(editor), "VISUAL": ""})
    assert document("Orders")["settings"]["url"].endswith("/two")
    send(call)
    assert last_path(receiver) == "/one"
    lines = connection("diff", "Orders", "--env", "Development", exit_status=1).splitlines()
    assert lines[2:] == [f'- settings.url = "{receiver.url}/one"',
                         f'+ settings.url = "{receiver.url}/two"']
    connection("deploy", "Orders", "--env", "Development", "--note", "second")
    send(call)
    assert last_path(receiver) == "/two"
    history = json.loads(connection("history", "Orders", "--env", "Development", "-o", "json"))
    assert [(i["number"], i["active"], i["note"] or "") for i in history["items"]] == \
        [(2, True, "second"), (1, False, "")]
    connection("rollback", "Orders", "--env", "Development")
    send(call)
    assert last_path(receiver) == "/one"
    connection("diff", "Orders", "--env", "Development", exit_status=1)


def test_an_edit_by_options(connection, document, orders):
    connection("edit", "Orders", "--set", "request_timeout_ms=4000", "--header", "X-A: b",
               "--env", "Production", "--set", "pool_size=3")
    one = document("Orders")
    assert one["settings"]["request_timeout_ms"] == 4000
    assert one["settings"]["headers"] == [{"name": "X-A", "value": "b"}]
    assert one["environments"]["Production"] == {"pool_size": 3}
    connection("edit", "Orders", "--unset", "request_timeout_ms", "--unset-header", "x-a")
    one = document("Orders")
    assert "request_timeout_ms" not in one["settings"]
    assert not one["settings"].get("headers")
    connection("edit", "Orders", "--set", "request_timeout_ms=7", exit_status=7)
    assert "request_timeout_ms" in connection.messages


def test_two_edits_at_once(connection, document, config, linkspan, orders):
    """While one is in the editor, another one is saved: the first is refused, and its text kept."""
    folder = config.folder / "texts"
    folder.mkdir()
    editor = config.write("editor", f"""#!/bin/sh
"{linkspan.program}" --config "{config.file}" connection edit Orders --set request_timeout_ms=5000
sed -i 's|/one"|/mine"|' "$1"
""")
    editor.chmod(0o755)
    connection("edit", "Orders", exit_status=5, env={
        "EDITOR": str(editor), "VISUAL": "", "TMPDIR": str(folder)})
    assert "request_timeout_ms" in connection.messages
    text, = [path for path in folder.rglob("*") if path.is_file()]
    assert str(text) in connection.messages
    assert "/mine" in text.read_text()
    one = document("Orders")
    assert one["settings"]["request_timeout_ms"] == 5000
    assert one["settings"]["url"].endswith("/one")


def test_comments_in_the_file(connection, config, orders, document):
    file = config.folder / "connections/Orders.conf"
    text = file.read_text()
    file.write_text("# Kept.\n" + text.replace("settings", "# Lost?\n  settings", 1))
    connection("edit", "Orders", "--set", "request_timeout_ms=5000", exit_status=2)
    assert "Lost?" in file.read_text()
    connection("edit", "Orders", "--set", "request_timeout_ms=5000", "--discard-comments")
    assert "Kept." in file.read_text() and "Lost?" not in file.read_text()
    assert document("Orders")["settings"]["request_timeout_ms"] == 5000


def test_disabled_sends_nothing_at_once(call, connection, orders, receiver):
    assert connection("disable", "Orders") == "Orders: disabled\n"
    done = send(call, exit_status=5)
    assert "disabled" in done.stderr
    assert "disabled" in connection("status", "Orders", "--env", "Development")
    connection("enable", "Orders")
    send(call)
    connection("disable", "Orders", "--env", "Development")
    send(call, exit_status=5)
    connection("enable", "Orders", "--env", "Development")
    send(call)


def test_a_protected_environment_wants_its_name(connection, orders):
    connection("deploy", "Orders", "--env", "Production", "--yes", exit_status=5)
    assert "--confirm" in connection.messages
    connection("deploy", "Orders", "--env", "Production", "--confirm", "Prod", exit_status=5)
    out = connection("deploy", "Orders", "--env", "Production", "--confirm", "Production")
    assert out.startswith("Orders in Production: number ")
    connection("undeploy", "Orders", "--env", "Production", exit_status=5)
    connection("undeploy", "Orders", "--env", "Production", "--confirm", "Production")


def test_the_queue_follows_a_new_name(call, connection, orders, receiver, host):
    connection("pause", "Orders")
    message = send(call, "Orders", "--durable", "-o", "name").stdout.strip()
    connection("rename", "Orders", "Bestellungen")
    connection("get", "Orders", exit_status=3)
    connection("resume", "Bestellungen")
    ended = Api(host.socket).ended(message)
    assert (ended["state"], ended["connection"]) == ("done", "Bestellungen")
    send(call, "Bestellungen")


def test_a_duplicate_is_not_deployed(call, connection, document, orders):
    assert connection("duplicate", "Orders", "Copy").startswith("Copy in global: created")
    assert document("Copy")["settings"] == document("Orders")["settings"]
    send(call, "Copy", exit_status=3)
    connection("deploy", "Copy", "Orders", "--env", "Development")
    send(call, "Copy")


def test_to_a_project_and_back(call, connection, document, orders, config):
    connection("move", "Orders", "--to", "shop")
    assert (config.folder / "projects/shop/connections/Orders.conf").exists()
    assert document("Orders", "-p", "shop")["project"] == "shop"
    connection("get", "Orders", exit_status=3)
    send(call, "Orders", "-p", "shop")
    # A name of a project's own is edited there, and a global one from the project too.
    connection("edit", "Orders", "-p", "shop", "--description", "of the shop")
    connection("move", "Orders", "-p", "shop", "--to", "global")
    assert document("Orders", "-p", "shop")["project"] == "global"
    assert document("Orders")["description"] == "of the shop"
    send(call)


def test_deleting_looks_who_uses_it(call, connection, orders, receiver, config):
    connection("create", "Shop", "--type", "webhook", "--set", "method=POST",
               "--set", f"url={receiver.url}/", "--set", "alert_connection=Orders")
    assert "Shop" in connection("usage", "Orders")
    connection("delete", "Orders", "--yes", exit_status=5)
    assert "connection Shop of global (alert_connection)" in connection.messages
    connection("edit", "Shop", "--unset", "alert_connection")
    connection("delete", "Orders", exit_status=2)
    assert connection("delete", "Orders", "--yes") == "Orders in global: deleted\n"
    connection("get", "Orders", exit_status=3)
    assert not (config.folder / "connections/Orders.conf").exists()
    send(call, exit_status=3)


def test_a_secret_is_sealed_and_kept(call, connection, document, orders, receiver, config, canary):
    (config.folder / "token").write_text(canary + "\n")
    connection("edit", "Orders", "--secret", f"headers.Authorization={config.folder}/token")
    header, = document("Orders")["settings"]["headers"]
    assert header["value"].startswith("${secret:local/")
    file = config.folder / "connections/Orders.conf"
    assert canary not in file.read_text()
    connection("deploy", "Orders", "--env", "Development")
    send(call)
    assert receiver.arrivals[-1].headers["authorization"] == canary
    # What `get --definition` prints can be given back.
    text = connection("get", "Orders", "--definition")
    connection("edit", "Orders", "-f", "-", input=text.replace("/one", "/two"))
    connection("deploy", "Orders", "--env", "Development")
    send(call)
    assert receiver.arrivals[-1].headers["authorization"] == canary
    assert last_path(receiver) == "/two"


def test_a_secret_goes_elsewhere_when_it_is_confirmed(call, connection, orders, start, config,
                                                      canary):
    elsewhere = start(Receiver, keep=True)
    (config.folder / "token").write_text(canary)
    connection("edit", "Orders", "--secret", f"headers.Authorization={config.folder}/token")
    connection("deploy", "Orders", "--env", "Development")
    connection("edit", "Orders", "--set", f"url={elsewhere.url}/")
    connection("deploy", "Orders", "--env", "Development", exit_status=5)
    assert f"would be sent to {elsewhere.url} for the first time" in connection.messages
    connection("deploy", "Orders", "--env", "Development", "--confirm-secrets")
    send(call)
    assert elsewhere.arrivals[-1].headers["authorization"] == canary


def test_a_secret_in_a_header_of_the_command_line(connection, document, orders):
    connection("edit", "Orders", "--header", "Authorization: Bearer s3cret-of-the-test")
    assert "--secret headers.Authorization=FILE" in connection.messages
    header, = document("Orders")["settings"]["headers"]
    assert header["value"].startswith("Bearer ${secret:local/")


def test_everything_is_in_the_audit_trail(call, connection, orders):
    connection("disable", "Orders")
    items = json.loads(call("audit", "list", "-o", "json").stdout)["items"]
    assert [i["action"] for i in items][:3] == \
        ["connection.disable", "connection.deploy", "connection.create"]
    assert call("audit", "verify").returncode == 0


def test_an_environment_that_deploys_by_itself(call, connection, config, daemon, receiver):
    config.environment("Development", auto_deploy=True)
    daemon()
    out = connection("create", "Orders", "--type", "webhook", "--set", "method=POST",
                     "--set", f"url={receiver.url}/one")
    assert "  deployed in Development, number 1\n" in out
    assert connection.messages == ""
    send(call)
    out = connection("edit", "Orders", "--set", f"url={receiver.url}/two")
    assert f'  + settings.url = "{receiver.url}/two"\n' in out
    assert "  deployed in Development, number 2\n" in out
    send(call)
    assert last_path(receiver) == "/two"


def test_after_a_restart_the_same_runs(call, connection, orders, host, daemon, receiver, config):
    connection("edit", "Orders", "--set", f"url={receiver.url}/two")
    host.stop()
    daemon()
    receiver.script = lambda arrival: OK
    send(call)
    assert last_path(receiver) == "/one"
    connection("diff", "Orders", "--env", "Development", exit_status=1)
