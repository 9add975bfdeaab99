"""The commands that make, change and deploy connections: what they ask of the daemon, and what they make of
its answers.  (Editing: test_client_edit.py)

The daemon is played by the test, so that each answer can be had at will.
"""

import contextlib
import json
import os
import pty
import subprocess

import pytest

from played import Answer, problem
from played_client import (BASE, CHANGE, DEPLOYED, PAST, REVISION, USER, document, link, listed,
                           play)  # noqa: F401
from played_connections import CONNECTIONS, host, refused, written  # noqa: F401
from servers import DEADLINE_S


# Creating


def test_create_from_options(call, host):
    daemon = host()
    done = call("connection", "create", "Orders", "--type", "webhook", "--set", "method=POST",
                "--set", "url=https://x.example/a?b=c", "--set", "request_timeout_ms=3000",
                "--set", "tls.verify=true", "--set", "required_uri=id,name",
                "--header", "X-Trace: a: b", "--description", "what it does", "--disabled",
                "--env", "Development", "--env", "Production",
                "--set", "url=https://p.example/", "--header", "X-Where: there")
    assert done.returncode == 0, done.stderr
    request = written(daemon)
    assert (request.method, request.target) == ("POST", CONNECTIONS)
    assert request.headers["content-type"] == "application/json"
    assert request.json() == {
        "name": "Orders", "type": "webhook", "description": "what it does", "enabled": False,
        "settings": {"method": "POST", "url": "https://x.example/a?b=c",
                     "request_timeout_ms": 3000, "tls": {"verify": True},
                     "required_uri": ["id", "name"],
                     "headers": [{"name": "X-Trace", "value": "a: b"}]},
        "environments": {"Development": {},
                         "Production": {"url": "https://p.example/", "headers": [
                             {"name": "X-Where", "value": "there"}]}}}
    assert done.stdout == "Orders in global: created, revision 1a2b3c4d5e6f\n"
    assert "linkspan connection deploy 'Orders' --env Development" in done.stderr


def test_create_for_every_environment_that_is_served(call, host):
    daemon = host()
    assert call("connection", "create", "Orders", "--type", "webhook").returncode == 0
    assert written(daemon).json()["environments"] == {"Development": {}, "Production": {}}


def test_create_in_a_project_as_a_dry_run(call, host):
    daemon = host()
    done = call("connection", "create", "Orders", "--type", "webhook", "-p", "my shop", "--dry-run")
    assert written(daemon).target == "/api/v1/projects/my%20shop/connections?dry_run=true"
    assert "could be created" in done.stdout


def test_what_an_environment_deployed_by_itself(call, host):
    change = {"deployed": [{"environment": "Development", "number": 1}],
              "held": [{"environment": "Production", "reason": "it is protected"}]}
    host({f"POST {CONNECTIONS}": Answer(201, document(change=change))})
    done = call("connection", "create", "Orders", "--type", "webhook")
    assert done.stdout.splitlines()[1:] == ["  deployed in Development, number 1",
                                            "  not deployed in Production: it is protected"]
    assert done.stderr == ""


def test_what_create_needs(call, host):
    host()
    assert "needs --type" in call("connection", "create", "Orders").stderr
    assert "needs NAME" in call("connection", "create", "--type", "webhook").stderr
    for wrong in (["--set", "url"], ["--header", "X"], ["--env", ""], ["--set", "headers=[{]"]):
        done = call("connection", "create", "Orders", "--type", "webhook", *wrong)
        assert done.returncode == 2, (wrong, done.stderr)


def test_create_from_a_file(call, host, config):
    daemon = host()
    file = config.write("New.conf", 'connection: { name = "New"; type = "webhook"; settings: '
                        '{ url = "https://x.example/"; headers = ( { name = "A"; value = "1"; },'
                        ' { name = "B"; value = "2"; } ); }; environments: { Test: { }; }; };')
    done = call("connection", "create", "-f", file, "--header", "b: 3")
    assert done.returncode == 0, done.stderr
    body = written(daemon).json()
    assert body["name"] == "New"
    assert body["environments"] == {"Test": {}}
    assert body["settings"]["headers"] == [{"name": "A", "value": "1"}, {"name": "b", "value": "3"}]


def test_create_from_json_on_standard_input(call, host):
    daemon = host()
    text = json.dumps(document(project="shop", name="Other"))
    assert call("connection", "create", "Mine", "-f", "-", input=text).returncode == 0
    request = written(daemon)
    assert request.path == "/api/v1/projects/shop/connections"
    assert request.json()["name"] == "Mine"
    assert "revision" not in request.json()


def test_faults_of_a_file_are_told_with_their_lines(call, host, config):
    daemon = host()
    file = config.write("New.conf", "connection: {\n name = \n")
    done = call("connection", "create", "-f", file)
    assert done.returncode == 7
    assert f"{file}:" in done.stderr
    assert daemon.requests == []


def test_faults_that_the_daemon_finds(call, host):
    host({f"POST {CONNECTIONS}": refused(422, "invalid_definition", "the definition has faults",
                                         errors=[{"pointer": "/settings/url", "code": "missing",
                                                  "detail": "is missing"}])})
    done = call("connection", "create", "Orders", "--type", "webhook")
    assert done.returncode == 7
    assert "/settings/url: is missing\n" in done.stderr
    assert done.stdout == ""


def test_a_name_that_is_taken(call, host):
    host({f"POST {CONNECTIONS}": refused(409, "name_taken", "there is an Orders")})
    done = call("connection", "create", "Orders", "--type", "webhook")
    assert done.returncode == 5
    assert "there is an Orders (name_taken); " in done.stderr
    assert "--check-name" in done.stderr


@pytest.mark.parametrize("available, exit_status", [(True, 0), (False, 5)])
def test_asking_whether_a_name_is_free(call, host, available, exit_status):
    answer = {"name": "New", "project": "shop", "available": available,
              "reason": None if available else "a global connection has it"}
    daemon = host({"GET /api/v1/names/New": Answer(200, answer)})
    done = call("connection", "create", "New", "--check-name", "-p", "shop")
    assert done.returncode == exit_status
    assert ("not free, a global connection has it" in done.stdout) != available
    request, = daemon.requests
    assert request.target == "/api/v1/names/New?project=shop"


# Secrets


def test_secrets_come_from_files(call, host, config):
    daemon = host()
    (config.folder / "token").write_text("s3cret\n")
    done = call("connection", "create", "Orders", "--type", "webhook",
                "--secret", f"auth.token={config.folder}/token",
                "--secret", "headers.X-Api-Key=-", input="k3y\n")
    assert done.returncode == 0, done.stderr
    settings = written(daemon).json()["settings"]
    assert settings["auth"] == {"token": "s3cret"}
    assert settings["headers"] == [{"name": "X-Api-Key", "value": "k3y"}]


def test_a_secret_is_not_taken_from_the_command_line(call, host):
    daemon = host()
    done = call("connection", "create", "Orders", "--type", "webhook", "--set", "auth.token=s3cret")
    assert done.returncode == 2
    assert "--secret auth.token=FILE" in done.stderr
    assert not [r for r in daemon.requests if r.method == "POST"]
    done = call("connection", "create", "Orders", "--type", "webhook",
                "--set", "auth.token=${secret:file/token}")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("file, text, exit_status", [
    ("none", None, 3), ("empty", "", 7), ("lines", "a\0b", 7)])
def test_files_that_hold_no_secret(call, host, config, file, text, exit_status):
    host()
    if text is not None:
        (config.folder / file).write_text(text)
    done = call("connection", "create", "Orders", "--type", "webhook",
                "--secret", f"auth.token={config.folder}/{file}")
    assert done.returncode == exit_status, done.stderr


def test_a_header_that_the_host_sealed_is_warned_about(call, host):
    def seal(request):
        body = request.json()
        body["settings"]["headers"][0]["value"] = "Bearer ${secret:local/x}"
        return Answer(201, document(**body))

    host({f"POST {CONNECTIONS}": seal})
    done = call("connection", "create", "Orders", "--type", "webhook",
                "--header", "Authorization: Bearer s3cret", "--header", "X-A: b")
    assert done.returncode == 0
    assert "--secret headers.Authorization=FILE" in done.stderr
    assert "X-A" not in done.stderr
    assert "s3cret" not in done.stderr


# Other changes


@pytest.mark.parametrize("arguments, target, body, said", [
    (["rename", "Orders", "New"], ":rename", {"name": "New"}, "renamed"),
    (["duplicate", "Orders", "New"], ":duplicate", {"name": "New"}, "created"),
    (["duplicate", "Orders", "New", "--to", "shop"], ":duplicate",
     {"name": "New", "project": "shop"}, "created"),
    (["move", "Orders", "--to", "shop"], ":move", {"project": "shop"}, "moved"),
    (["enable", "Orders"], ":enable", None, "Orders: enabled"),
    (["disable", "Orders", "--env", "Test"], ":disable?env=Test", None,
     "Orders in Test: disabled"),
    (["enable", "Orders", "--env", "Test", "--confirm", "Test"], ":enable?env=Test",
     {"confirm": "Test"}, "Orders in Test: enabled"),
    (["rename", "Orders", "New", "--dry-run"], ":rename?dry_run=true", {"name": "New"}, "could"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else None)
def test_changes(call, host, arguments, target, body, said):
    daemon = host()
    done = call("connection", *arguments)
    assert done.returncode == 0, done.stderr
    request = written(daemon)
    assert (request.method, request.target) == ("POST", BASE + target)
    assert (request.json() if request.body else None) == body
    assert said in done.stdout


def test_delete_asks(call, host):
    daemon = host()
    done = call("connection", "delete", "Orders")
    assert done.returncode == 2
    assert "linkspan connection disable 'Orders'" in done.stderr
    assert not [r for r in daemon.requests if r.method == "DELETE"]
    done = call("connection", "delete", "Orders", "--yes")
    assert (done.returncode, done.stdout) == (0, "Orders in global: deleted\n")
    request = written(daemon)
    assert (request.method, request.target) == ("DELETE", BASE)
    assert request.headers["if-match"] == f'"{REVISION}"'


def test_delete_shows_users(call, host):
    daemon = host({f"GET {BASE}/usage": Answer(200, {"items": [USER]})})
    done = call("connection", "delete", "Orders", "--yes")
    assert done.returncode == 5
    assert "connection Invoices of global (alert_connection)" in done.stderr
    assert "--force" in done.stderr
    done = call("connection", "delete", "Orders", "--yes", "--force")
    assert done.returncode == 0
    assert written(daemon).target == f"{BASE}?force=true"


# Checking and comparing


def test_validate_a_saved_one(call, host):
    daemon = host()
    done = call("connection", "validate", "Orders")
    assert (done.returncode, done.stdout) == (0, "")
    assert "1 connection checked, no error" in done.stderr
    request = written(daemon)
    assert request.method == "PUT"
    assert request.query["dry_run"] == "true"
    assert request.headers["if-match"] == f'"{REVISION}"'


def test_validate_a_file(call, host, config):
    daemon = host({f"GET {CONNECTIONS}/New": problem(404, "not_found", "no"),
                   f"POST {CONNECTIONS}": refused(
                       422, "invalid_definition", "faults",
                       errors=[{"pointer": "/settings/url", "code": "bad_url",
                                "detail": "is no URL"}])})
    file = config.write("New.conf", 'connection: { name = "New";\n settings: {\n'
                        '  url = "x"; }; };')
    done = call("connection", "validate", "-f", file)
    assert done.returncode == 7
    assert f"{file}:3: error: settings.url: is no URL" in done.stderr
    done = call("connection", "validate", "-f", file, "-o", "json")
    assert done.returncode == 7
    assert json.loads(done.stdout)["items"][0]["code"] == "bad_url"
    assert daemon.requests[-1].query == {"dry_run": "true"}


@pytest.mark.parametrize("same, deployed, exit_status", [(True, 4, 0), (False, 4, 1),
                                                         (False, None, 1)])
def test_diff(call, host, same, deployed, exit_status):
    changes = [] if same else [CHANGE, {"path": "settings.new", "before": None, "after": [1]}]
    daemon = host({f"GET {BASE}/diff": Answer(200, {
        "environment": "Production", "deployed": deployed, "same": same, "changes": changes})})
    done = call("connection", "diff", "Orders", "--env", "Production")
    assert done.returncode == exit_status
    assert daemon.requests[0].query == {"env": "Production"}
    lines = done.stdout.splitlines()
    if same:
        assert lines == []
    else:
        assert "number 4" in lines[0] if deployed else "not deployed" in lines[0]
        assert lines[2:] == ['- settings.url = "https://old.example/"',
                             '+ settings.url = "https://new.example/"', '+ settings.new = [1]']


# Deploying


def test_deploy(call, host):
    daemon = host({f"POST {BASE}:deploy": Answer(200, {**DEPLOYED, "changes": [CHANGE]})})
    done = call("connection", "deploy", "Orders", "--env", "Development", "--note", "for you",
                "--confirm", "Development", "--confirm-secrets")
    assert done.returncode == 0, done.stderr
    assert written(daemon).json() == {"environment": "Development", "note": "for you",
                                      "confirm": "Development", "confirm_secrets": True}
    assert done.stdout.splitlines()[0] == "Orders in Development: number 4, revision 1a2b3c4d5e6f"
    done = call("connection", "deploy", "Orders", "--env", "Development", "-o", "json")
    assert json.loads(done.stdout)["number"] == 4


def test_deploy_says_when_nothing_changes(call, host):
    host({f"POST {BASE}:deploy": Answer(200, {**DEPLOYED, "changed": False})})
    assert "ran already" in call("connection", "deploy", "Orders", "--env", "Development").stdout


def test_deploy_needs_an_environment_where_there_are_several(call, host):
    host()
    done = call("connection", "deploy", "Orders")
    assert done.returncode == 2
    assert "Development, Production" in done.stderr


def test_the_only_environment_need_not_be_named(call, host):
    daemon = host({"GET /api/v1/status": Answer(200, {"environments": ["Test"]}),
                   f"POST {BASE}:deploy": Answer(200, {**DEPLOYED, "environment": "Test"})})
    assert call("connection", "deploy", "Orders").returncode == 0
    assert written(daemon).json() == {"environment": "Test"}


def test_deploy_several_and_one_fails(call, host):
    host({f"POST {BASE}:deploy": Answer(200, DEPLOYED),
          f"POST {CONNECTIONS}/None:deploy": problem(404, "not_found", "no connection None")})
    done = call("connection", "deploy", "Orders", "None", "Later", "--env", "Development")
    assert done.returncode == 8
    assert done.stdout.startswith("Orders in Development: number 4")
    assert "None: no connection None" in done.stderr
    assert "1 of 3 done" in done.stderr
    done = call("connection", "deploy", "None", "Orders", "--env", "Development")
    assert (done.returncode, done.stdout) == (3, "")


def test_a_protected_environment_without_a_terminal(call, host):
    host({f"POST {BASE}:deploy": refused(409, "protected", "Production is protected; say --confirm")})
    done = call("connection", "deploy", "Orders", "--env", "Production", "--yes")
    assert done.returncode == 5
    assert "--confirm" in done.stderr


def whole(leader):
    """All that a terminal was told whose other side is closed."""
    told = b""
    with contextlib.suppress(OSError):
        while piece := os.read(leader, 65536):
            told += piece
    return told


@pytest.mark.parametrize("typed, exit_status", [("Production", 0), ("production", 5), ("", 5)])
def test_a_protected_environment_is_typed_on_a_terminal(linkspan, host, config, typed, exit_status):
    def judge(request):
        return Answer(200, DEPLOYED) if request.json().get("confirm") == "Production" \
            else refused(409, "protected", "Production is protected")

    host({f"POST {BASE}:deploy": judge})
    leader, follower = pty.openpty()
    os.write(leader, f"{typed}\n".encode())
    with subprocess.Popen([linkspan.program, "--config", config.file, "connection", "deploy",
                           "Orders", "--env", "Production"], stdin=follower, stderr=follower,
                          stdout=subprocess.DEVNULL, env=linkspan.env) as process:
        os.close(follower)
        assert process.wait(DEADLINE_S) == exit_status
    assert b"Type its name" in whole(leader)
    os.close(leader)


def test_secrets_that_would_go_elsewhere(call, host):
    host({f"POST {BASE}:deploy": refused(409, "secret_origin", "confirm that (--confirm-secrets)", pairs=[
        {"secret": "file/token", "origin": "https://evil.example:443"}])})
    done = call("connection", "deploy", "Orders", "--env", "Development")
    assert done.returncode == 5
    assert "file/token would be sent to https://evil.example:443 for the first time" in done.stderr
    assert "--confirm-secrets" in done.stderr


def test_undeploy_and_rollback(call, host):
    daemon = host({f"POST {BASE}:undeploy": Answer(200, {"environment": "Development"}),
                   f"POST {BASE}:rollback": Answer(200, DEPLOYED)})
    done = call("connection", "undeploy", "Orders", "--env", "Development")
    assert (done.returncode, done.stdout) == (0, "Orders in Development: undeployed\n")
    done = call("connection", "rollback", "Orders", "--env", "Development", "--to", "2")
    assert done.returncode == 0
    assert daemon.requests[-1].json() == {"environment": "Development", "number": 2}
    assert call("connection", "rollback", "Orders", "--env", "x", "--to", "0").returncode == 2


def test_history_goes_on_after_a_page(call, host):
    def page(request):
        first = "cursor" not in request.query
        return Answer(200, {"items": [{**PAST, "number": 2 if first else 1, "active": first}],
                            "next": "c 1" if first else None})

    daemon = host({f"GET {BASE}/revisions": page})
    done = call("connection", "history", "Orders", "--env", "Development", "-n", "0", "-o", "name")
    assert done.stdout.split() == ["2", "1"]
    assert daemon.requests[0].query["env"] == "Development"
    assert daemon.requests[1].query["cursor"] == "c%201"
    done = call("connection", "history", "Orders", "-n", "1", "-o", "name")
    assert done.stdout.split() == ["2"]


# Looking


def test_list_of_a_project(call, host):
    items = [listed(), listed(name="Own", project="shop"), listed(name="Alien", project="office")]
    daemon = host({"GET /api/v1/projects/-/connections": lambda request: Answer(
        200, {"items": items[:2], "next": "x"} if "cursor" not in request.query
        else {"items": items[2:], "next": None})})
    done = call("connection", "list", "--env", "Test", "-o", "name")
    assert done.stdout.split() == ["Orders", "Own", "Alien"]
    assert daemon.requests[0].query["env"] == "Test"
    assert call("connection", "list", "-p", "shop", "-o", "name").stdout.split() == ["Orders", "Own"]


def test_get(call, host):
    one = document(settings={"method": "POST", "tls": {"verify": False}, "headers": [
        {"name": "A", "value": "1"}, {"name": "Authorization"}]},
        environments={"Development": {}, "Production": {"method": "PUT"}},
        deployments=[{**PAST, "current": False}], secrets=["settings.headers[1].value"])
    host({f"GET {BASE}": Answer(200, one),
          f"GET {BASE}/status": Answer(200, {"items": [link()]})})
    lines = call("connection", "get", "Orders").stdout.splitlines()
    for line in ["name           Orders", "revision       1a2b3c4d5e6f", "  tls.verify = false",
                 "  headers A: 1", "  headers Authorization: (a secret)", '  method = "PUT"',
                 "Orders in Development: messages go out at once"]:
        assert line in lines
    assert any("number 4" in line and "not what is saved" in line for line in lines)
    assert json.loads(call("connection", "get", "Orders", "-o", "json").stdout) == one


def test_get_the_definition(call, host, config):
    host()
    done = call("connection", "get", "Orders", "--definition")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("connection: {")
    assert "revision" not in done.stdout
    file = config.write("connections/Orders.conf", done.stdout)
    assert call("validate", file).returncode == 0
    assert call("connection", "get", "Orders", "--definition", "-o", "json").returncode == 2


def test_status_says_what_is_wrong(call, host):
    checks = [{"code": "defined", "ok": True, "text": "it is defined", "mend": None},
              {"code": "current", "ok": False, "text": "what is saved does not run",
               "mend": "linkspan connection deploy Orders --env Development"}]
    host({f"GET {BASE}/status": Answer(200, {"items": [
        link(checks=checks), {"environment": "Test", "state": "undeployed", "deployed": False,
                              "checks": []}]})})
    done = call("connection", "status", "Orders")
    assert done.returncode == 0
    assert "it is defined" not in done.stdout
    assert "  not ok: what is saved does not run\n" in done.stdout
    assert "    mend: linkspan connection deploy Orders --env Development\n" in done.stdout
    assert "Orders in Test: nothing goes out: the connection is not deployed here" in done.stdout
    items = json.loads(call("connection", "status", "Orders", "-o", "json").stdout)["items"]
    assert items[0]["checks"] == checks
