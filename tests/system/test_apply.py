"""linkspan apply: what files say becomes what the host has, whole or not at all.

The first part plays the daemon; the second has a real one.
"""

import json

import pytest

from played import Answer, problem
from played_client import CHANGE, play  # noqa: F401

APPLY = "/api/v1/definitions:apply"


def item(name="Orders", action="create", project="global", **members):
    return {"project": project, "name": name, "action": action, "revision": 64 * "a",
            "changes": [], "deployed": [], "held": [], **members}


def definition(name, **settings):
    rows = "".join(f' {key} = "{value}";\n' for key, value in settings.items())
    return (f'connection: {{ name = "{name}"; type = "webhook";\n settings: {{\n'
            f'{rows} }}; environments: {{ Development: {{ }}; }}; }};\n')


@pytest.fixture
def host(play):
    """host(items, answer) plays a daemon whose plan is the items; answer: to what is not a dry run."""
    def start(*items, answer=None):
        return play(lambda request: answer if answer and "dry_run" not in request.query
                    else Answer(200, {"items": list(items)}))

    return start


@pytest.fixture
def files(config):
    folder = config.folder / "wanted"
    config.write("wanted/connections/Orders.conf", definition("Orders", url="https://a.example/"))
    config.write("wanted/projects/shop/connections/Own.conf",
                 definition("Own", url="https://b.example/"))
    config.write("wanted/environments/Development.conf", 'environment: { name = "Development"; };')
    return folder


def test_a_folder_is_planned_and_applied(call, host, files):
    daemon = host(item(changes=[]), item("Own", "update", "shop", changes=[CHANGE]),
                  item("Same", "none"))
    done = call("apply", "-f", files, "--yes")
    assert done.returncode == 0, done.stderr
    planned, applied = daemon.requests
    assert (planned.target, applied.target) == (f"{APPLY}?dry_run=true", APPLY)
    assert planned.json() == applied.json()
    body = applied.json()
    assert [(i["project"], i["definition"]["name"]) for i in body["items"]] == \
        [("global", "Orders"), ("shop", "Own")]
    assert body["items"][1]["definition"]["settings"]["url"] == "https://b.example/"
    assert (body["prune"], body["deploy"]) == (False, False)
    assert done.stdout.splitlines() == [
        "+ Orders of global: created", "~ Own of shop: changed",
        '    - settings.url = "https://old.example/"', '    + settings.url = "https://new.example/"',
        "= 1 stays as it is"]


def test_what_goes_into_the_request(call, host, files, config):
    daemon = host(item())
    loose = config.write("Loose.conf", definition("Loose"))
    done = call("apply", "-f", files, "-f", loose, "--prune", "--deploy", "--env", "Test", "--env",
                "Production", "-p", "office", "--confirm", "Production", "--note", "why",
                "--confirm-secrets", "--discard-comments", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert daemon.requests[0].query == {"dry_run": "true", "comments": "discard"}
    body = daemon.requests[0].json()
    assert body["prune"] and body["deploy"]
    assert body["projects"] == ["global", "shop", "office"]
    assert body["environments"] == ["Test", "Production"]
    assert (body["confirm"], body["note"], body["confirm_secrets"]) == (["Production"], "why", True)
    assert body["items"][2]["project"] == "office"
    assert len(daemon.requests) == 1
    assert "+ Orders of global: would be created" in done.stdout


def test_json_on_standard_input(call, host):
    daemon = host(item())
    text = json.dumps({"items": [{"project": "shop", "definition": {"name": "A"}}]})
    assert call("apply", "-f", "-", "--dry-run", input=text).returncode == 0
    assert daemon.requests[0].json()["items"] == [{"project": "shop", "definition": {"name": "A"}}]


def test_it_asks_after_it_has_shown_the_plan(call, host, files):
    daemon = host(item())
    done = call("apply", "-f", files)
    assert done.returncode == 2
    assert "+ Orders of global: would be created" in done.stderr
    assert "Do this to 1 connection?" in done.stderr
    assert len(daemon.requests) == 1


def test_nothing_to_do_asks_nothing(call, host, files):
    daemon = host(item(action="none"))
    done = call("apply", "-f", files)
    assert (done.returncode, done.stdout) == (0, "= 1 stays as it is\n")
    assert len(daemon.requests) == 1


def test_every_fault_of_the_files_and_nothing_is_asked(call, host, config):
    daemon = host()
    config.write("bad/A.conf", "connection: { name = ")
    config.write("bad/B.conf", "connection: { name = \"B\"; ]")
    done = call("apply", "-f", config.folder / "bad", "--yes")
    assert done.returncode == 7
    assert "A.conf:1" in done.stderr and "B.conf:1" in done.stderr
    assert daemon.requests == []


def test_faults_that_the_host_finds_have_their_lines(call, play, files):
    answer = problem(422, "invalid_definition", "faults")
    answer.body = json.dumps({**json.loads(answer.body), "errors": [
        {"pointer": "/items/1/definition/settings/url", "detail": "is no URL"}]}).encode()
    play(lambda request: answer)
    done = call("apply", "-f", files, "--yes")
    assert done.returncode == 7
    assert f"{files}/projects/shop/connections/Own.conf:3: error: settings.url: is no URL\n" \
        in done.stderr


def test_a_state_that_does_not_permit_it(call, host, files):
    host(item(), answer=problem(409, "stale", "something was changed meanwhile"))
    assert call("apply", "-f", files, "--yes").returncode == 5


def test_what_was_held_back(call, host, files):
    held = item(deployed=[{"environment": "Development", "number": 3}],
                held=[{"environment": "Production", "reason": "it is protected"}])
    host(held)
    done = call("apply", "-f", files, "--yes", "--deploy")
    assert done.returncode == 8
    assert "    deployed in Development, number 3\n" in done.stdout
    assert "    not deployed in Production: it is protected\n" in done.stdout
    assert "1 deployment was held back" in done.stderr


@pytest.mark.parametrize("arguments, exit_status", [
    ([], 2), (["-f", "none"], 3), (["-f", "empty"], 3)])
def test_what_apply_needs(call, host, config, arguments, exit_status):
    host()
    (config.folder / "empty").mkdir()
    assert call("apply", *arguments, cwd=config.folder).returncode == exit_status


# With a real daemon


@pytest.fixture
def real(config, daemon):
    """A daemon that serves Development, and Production, which is protected; nothing is deployed by itself."""
    config.environment("Development", auto_deploy=False)
    config.environment("Production", protected=True, auto_deploy=False)
    return daemon()


def wanted(config, path, name, url, environments=("Development",), rows=""):
    parts = " ".join(f"{one}: {{ }};" for one in environments)
    return config.write(f"wanted/{path}/{name}.conf", f"""connection: {{
  name = "{name}"; type = "webhook";
  settings: {{ method = "POST"; url = "{url}"; {rows} }};
  environments: {{ {parts} }};
}};
""")


def names(call, *args):
    return call("connection", "list", "-o", "name", *args).stdout.split()


def test_the_whole_of_a_folder(call, real, config, receiver):
    folder = config.folder / "wanted"
    wanted(config, "connections", "Orders", f"{receiver.url}/one")
    wanted(config, "projects/shop/connections", "Own", f"{receiver.url}/own")
    done = call("apply", "-f", folder, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "+ Orders of global: would be created" in done.stdout
    assert names(call) == []
    done = call("apply", "-f", folder, "--deploy", "--yes")
    assert done.returncode == 0, done.stderr
    assert "+ Orders of global: created" in done.stdout
    assert "    deployed in Development, number 1" in done.stdout
    assert call("send", "Own", "-p", "shop", "--env", "Development", "-d", "{}").returncode == 0
    assert receiver.arrivals[-1].path == "/own"

    done = call("apply", "-f", folder, "--deploy")
    assert (done.returncode, done.stdout) == (0, "= 2 stay as they are\n")

    wanted(config, "connections", "Orders", f"{receiver.url}/two")
    done = call("apply", "-f", folder, "--deploy", "--yes")
    assert done.returncode == 0, done.stderr
    assert f'    + settings.url = "{receiver.url}/two"' in done.stdout
    assert "= 1 stays as it is" in done.stdout
    assert call("send", "Orders", "--env", "Development", "-d", "{}").returncode == 0
    assert receiver.arrivals[-1].path == "/two"


def test_one_fault_and_nothing_is_changed(call, real, config, receiver):
    wanted(config, "connections", "Good", f"{receiver.url}/")
    bad = wanted(config, "connections", "Bad", f"{receiver.url}/", rows="pool_size = 5000;")
    done = call("apply", "-f", config.folder / "wanted", "--yes")
    assert done.returncode == 7
    assert f"{bad}:3: error: " in done.stderr
    assert "pool_size: 5000 is out of range" in done.stderr
    assert names(call) == []


def test_prune_deletes_what_no_file_has(call, real, config, receiver):
    for name in ("Old", "Kept"):
        assert call("connection", "create", name, "--type", "webhook", "--set", "method=POST",
                    "--set", f"url={receiver.url}/").returncode == 0
    assert call("connection", "create", "Alien", "--type", "webhook", "--set", "method=POST",
                "--set", f"url={receiver.url}/", "-p", "office").returncode == 0
    wanted(config, "connections", "Kept", f"{receiver.url}/kept")
    done = call("apply", "-f", config.folder / "wanted", "--prune", "--dry-run")
    assert "- Old of global: would be deleted" in done.stdout
    assert call("apply", "-f", config.folder / "wanted", "--prune", "--yes").returncode == 0
    assert names(call) == ["Kept", "Alien"]


def test_prune_refuses_what_is_used(call, real, config, receiver):
    for name, *more in (("Alerts",), ("User", "--set", "alert_connection=Alerts")):
        done = call("connection", "create", name, "--type", "webhook", "--set", "method=POST",
                    "--set", f"url={receiver.url}/", *more)
        assert done.returncode == 0, done.stderr
    wanted(config, "connections", "User", f"{receiver.url}/", rows='alert_connection = "Alerts";')
    done = call("apply", "-f", config.folder / "wanted", "--prune", "--yes")
    assert done.returncode == 5, done.stderr
    assert names(call) == ["Alerts", "User"]


def test_a_protected_environment_holds_back(call, real, config, receiver):
    wanted(config, "connections", "Orders", f"{receiver.url}/", ("Development", "Production"))
    folder = config.folder / "wanted"
    done = call("apply", "-f", folder, "--deploy", "--env", "Development", "--env", "Production",
                "--yes")
    assert done.returncode == 8, done.stderr
    assert "    deployed in Development, number 1" in done.stdout
    assert "    not deployed in Production: " in done.stdout
    done = call("apply", "-f", folder, "--deploy", "--env", "Production", "--confirm", "Production",
                "--note", "ticket 7", "--yes")
    assert done.returncode == 0, done.stderr + done.stdout
    history = json.loads(call("connection", "history", "Orders", "-o", "json").stdout)["items"]
    assert [i["note"] for i in history if i["environment"] == "Production"] == ["ticket 7"]
    done = call("apply", "-f", folder, "--deploy")
    assert (done.returncode, done.stdout) == (0, "= 1 stays as it is\n")
