"""Every command in every format that it has: the form changes, the exit status never does."""

import itertools
import json
import os
import pty
import re
import subprocess

import pytest

from played import Answer, PlayedDaemon, problem
from played_client import (CHANGE, DEPLOYED, DONE, ID, PAST, STATUS, USER, accept_lines, document,
                           link, listed)

ESCAPE = "\x1b["

LINK = link(enabled=True, breaker="closed", concurrency_limit=4)
ACCEPTED = {"id": ID, "state": "ready", "repeated": False}
ANSWER = {"id": ID, "ok": True, "result": "delivered", "reason": "ok", "detail": None,
          "status": 200, "attempts": 1, "duration_ms": 3, "phases": {"total_ms": 3},
          "headers": [], "body": "fine", "body_bytes": 4}
EVENT = {"number": 1, "kind": "dead", "at": "2026-11-24T22:00:00.000Z", "project": "global",
         "connection": "Orders", "environment": "Development", "delivery": ID, "attempt": 1,
         "status": 404, "reason": "http_404", "detail": None, "next_attempt": None}


TOKEN = {"id": "tok_1", "name": "ci", "role": "sender", "projects": [], "connections": [],
         "created": "2026-11-24T22:00:00.000Z", "created_by": "root", "expired": False,
         "expires": "2027-11-24T22:00:00.000Z", "used": None}
ROW = {"number": 1, "at": "2026-11-24T22:00:00.000Z", "actor": "root", "action": "pause",
       "project": "global", "subject": "Orders", "count": 1, "detail": {"reason": "why"}}
SECRET = {"name": "local/token", "provider": "local", "changed": "2026-11-24T22:00:00.000Z",
          "used_by": [{"project": "global", "name": "Orders"}]}
WHOLE = {"whole": True, "count": 1, "broken": None, "how": None, "newest": 1, "hash": "00ff"}


def reply_of_access(request):
    if request.path == "/api/v1/tokens":
        return Answer(201, {**TOKEN, "token": "lkt_of_the_test"}) if request.method == "POST" \
            else Answer(200, {"items": [TOKEN], "next": None})
    if request.method == "DELETE":
        return Answer(200, TOKEN)
    return Answer(200, WHOLE if request.path.endswith("/verify")
                  else {"items": [ROW], "next": None})


def reply_of_secrets(request):
    if request.path.endswith("secrets:check"):
        reference = json.loads(request.body)["reference"]
        verdict = {"ok": reference == "local/token",
                   "reason": None if reference == "local/token" else "none such"}
        return Answer(200, {**verdict, "items": [{"reference": reference, **verdict}]})
    if request.method == "GET":
        return Answer(200, {"items": [SECRET], "next": None})
    return problem(404, "not_found", "none such") if "None" in request.path else Answer(204)


CHECK = {"code": "current", "ok": False, "text": "what is saved does not run", "mend": "deploy it"}
PLAN = {"items": [{"project": "global", "name": "Orders", "action": "update", "revision": "00ff",
                   "changes": [CHANGE], "deployed": [], "held": []}]}
IMPORT = {"format_ok": True, "ok": True, "applied": True, "done": [], "files": [],
          "items": [{"project": "global", "name": "Orders", "to_name": "Orders", "action": "create",
                     "revision": "00ff", "reason": None, "missing": [], "faults": []}]}
TESTED = {"ok": True, "project": "global", "name": "Orders", "environment": "Development",
          "status": 204, "reason": "ok", "detail": None, "failed_phase": None, "evidence": [],
          "phases": [{"name": "connect", "ms": 1.5, "done": True}], "hint": None, "guide": None,
          "peer": "192.0.2.1:443", "tls": None, "duration_ms": 3, "request": None,
          "response": {"headers": {}, "body": "", "truncated": False}}
# What the daemon answers about a connection, by how the path goes on behind its name.
ABOUT = {
    "": document(), "/usage": {"items": []}, "/revisions": {"items": [PAST], "next": None},
    "/diff": {"environment": "Development", "deployed": 4, "same": True, "changes": []},
    "/status": {"items": [{**LINK, "checks": [CHECK]}]}, ":pause": {"items": [LINK]},
    ":resume": {"items": [LINK]}, ":deploy": DEPLOYED, ":undeploy": DEPLOYED,
    ":rollback": DEPLOYED, ":enable": document(), ":disable": document(), ":move": document(),
    ":rename": document(), ":duplicate": document(), ":test": TESTED,
}


def reply_of_connections(request):
    if request.path.endswith("/connections"):
        names = {"Alerts": listed(name="Alerts", state=None, states={}), "Orders": listed()}
        return Answer(200, {"items": list(names.values()), "next": None}) \
            if request.method == "GET" else Answer(201, document())
    rest = request.path.partition("/connections/")[2]
    name = re.split("[:/]", rest)[0]
    if name == "None":
        return problem(404, "not_found", "no connection None")
    if name == "Other" and rest == "Other/diff":
        return Answer(200, {"environment": "Development", "deployed": None, "same": False,
                            "changes": [CHANGE]})
    if rest == "Alerts/usage":
        return Answer(200, {"items": [USER]})
    if request.method == "DELETE":
        return Answer(204)
    return Answer(200, ABOUT[rest[len(name):]])


ENVIRONMENT = {"name": "Development", "project": "global", "served": True, "protected": False,
               "auto_deploy": True, "variables": [{"name": "host", "value": None}],
               "network_allow": None, "connections": 2, "file": "/e/Development.conf"}


def reply(request):
    """What a daemon with one link and one message answers."""
    if request.path.startswith(("/api/v1/tokens", "/api/v1/audit")):
        return reply_of_access(request)
    if request.path.startswith("/api/v1/secrets"):
        return reply_of_secrets(request)
    if request.path.endswith("/send"):
        if request.query.get("framing") == "ndjson":
            return accept_lines(request)
        return Answer(202, ACCEPTED) if request.query.get("mode") == "durable" \
            else Answer(200, ANSWER)
    if request.path.endswith("/events"):
        return Answer(200, {"items": [EVENT], "next": 2, "lost": 0})
    if request.path.endswith(":replay"):
        return Answer(200, {"count": 1} if "dry_run" in request.query
                      else {"replayed": 1, "next": None})
    if request.path == "/api/v1/deliveries":
        return Answer(200, {"items": [DONE], "next": None})
    if request.path.startswith("/api/v1/deliveries/"):
        return Answer(200, DONE) if ID in request.path else problem(404, "not_found", "none such")
    if "/connections" in request.path:
        return reply_of_connections(request)
    if request.path.endswith("/exports"):
        return Answer(200, b"PK", "application/zip",
                      [("Content-Disposition", 'attachment; filename="x.zip"')])
    if request.path.endswith("/imports"):
        return Answer(200, IMPORT)
    if request.path.endswith("/definitions:apply"):
        return Answer(200, PLAN)
    if request.path.endswith("/environments"):
        return Answer(200, {"items": [ENVIRONMENT]})
    return Answer(200, {**STATUS, "links": [LINK], "environments": ["Development"],
                        "started": "2026-11-24T22:00:00.000Z"})


# One call that works and, where there is one, a call that does not.
CALLS = {
    "send": (["send", "Orders", "-d", "{}"], ["send", "Orders", "--uri", "x"]),
    "pipe": (["pipe", "Orders"], ["pipe", "Orders", "--uri", "x"]),
    "delivery list": (["delivery", "list"], ["delivery", "list", "--since", "x"]),
    "delivery get": (["delivery", "get", ID], ["delivery", "get", "msg_none"]),
    "delivery tail": (["delivery", "tail", "--count", "1"],
                      ["delivery", "tail", "--count", "x"]),
    "delivery retry": (["delivery", "retry", ID], ["delivery", "retry", "msg_none"]),
    "delivery cancel": (["delivery", "cancel", ID], ["delivery", "cancel", ID, "msg_none"]),
    "delivery replay": (["delivery", "replay", "--yes"], ["delivery", "replay"]),
    "connection list": (["connection", "list"], None),
    "connection get": (["connection", "get", "Orders"], ["connection", "get", "None"]),
    "connection usage": (["connection", "usage", "Alerts"], ["connection", "usage", "None"]),
    "connection create": (["connection", "create", "New", "--type", "webhook"],
                          ["connection", "create", "New"]),
    "connection edit": (["connection", "edit", "Orders", "--set", "url=https://x.example/"],
                        ["connection", "edit", "None", "--set", "url=x"]),
    "connection rename": (["connection", "rename", "Orders", "New"],
                          ["connection", "rename", "None", "New"]),
    "connection duplicate": (["connection", "duplicate", "Orders", "New"],
                             ["connection", "duplicate", "None", "New"]),
    "connection move": (["connection", "move", "Orders", "--to", "shop"],
                        ["connection", "move", "Orders"]),
    "connection enable": (["connection", "enable", "Orders"], ["connection", "enable", "None"]),
    "connection disable": (["connection", "disable", "Orders"], ["connection", "disable", "None"]),
    "connection delete": (["connection", "delete", "Orders", "--yes"],
                          ["connection", "delete", "Orders"]),
    "connection validate": (["connection", "validate", "Orders"],
                            ["connection", "validate", "None"]),
    "connection diff": (["connection", "diff", "Orders", "--env", "Development"],
                        ["connection", "diff", "Other", "--env", "Development"]),
    "connection deploy": (["connection", "deploy", "Orders", "--env", "Development"],
                          ["connection", "deploy", "None", "--env", "Development"]),
    "connection undeploy": (["connection", "undeploy", "Orders", "--env", "Development"],
                            ["connection", "undeploy", "None", "--env", "Development"]),
    "connection history": (["connection", "history", "Orders"],
                           ["connection", "history", "Orders", "-n", "x"]),
    "connection rollback": (["connection", "rollback", "Orders", "--env", "Development"],
                            ["connection", "rollback", "Orders", "--to", "x"]),
    "connection test": (["connection", "test", "Orders", "--env", "Development"],
                        ["connection", "test", "None", "--env", "Development"]),
    "connection status": (["connection", "status", "Orders"], None),
    "connection pause": (["connection", "pause", "Orders"], None),
    "connection resume": (["connection", "resume", "Orders"], None),
    "connection export": (["connection", "export", "Orders", "-f", "a.zip", "--force"],
                          ["connection", "export", "Orders", "-f", "none/a.zip"]),
    "import": (["import", "bundle.zip", "--yes"], ["import", "none.zip"]),
    "apply": (["apply", "-f", "connections", "--yes"], ["apply", "-f", "connections"]),
    "env list": (["env", "list"], None),
    "env get": (["env", "get", "Development"], ["env", "get", "None"]),
    "status": (["status"], ["status", "--wait", "x"]),
    "token create": (["token", "create", "ci", "--role", "sender"], ["token", "create", "ci"]),
    "token list": (["token", "list"], None),
    "token revoke": (["token", "revoke", "ci"], ["token", "revoke", "None"]),
    "secret set": (["secret", "set", "token"], ["secret", "set", "token", "--file", "none"]),
    "secret list": (["secret", "list"], None),
    "secret check": (["secret", "check", "local/token"], ["secret", "check", "local/none"]),
    "secret delete": (["secret", "delete", "token", "--yes"], ["secret", "delete", "token"]),
    "audit list": (["audit", "list"], ["audit", "list", "-n", "x"]),
    "audit verify": (["audit", "verify"], None),
    "doctor": (["doctor", "--queue-age", "1h"], ["doctor", "--expiry", "x"]),
    "context list": (["context", "list"], None),
    "context use": (["context", "use", "here"], ["context", "use", "None"]),
    "context set": (["context", "set", "here", "--project", "shop"],
                    ["context", "set", "no name"]),
    "context delete": (["context", "delete", "here"], ["context", "delete", "None"]),
    "listen": (None, ["listen", "--port", "x"]),
    "validate": (["validate"], ["validate", "faulty/Faulty.conf"]),
    "schema": (["schema", "webhook"], ["schema", "None"]),
    "plugin list": (["plugin", "list"], None),
    "plugin lint": (["plugin", "lint", "PLUGIN"], ["plugin", "lint", "none.so"]),
    "completion": (["completion", "bash"], ["completion", "None"]),
    "help": (["help"], ["help", "None"]),
}

# Those whose formats are not of one kind: what they print is a protocol, a stream or a reference.
NOT_DATA = {"connection delete", "token revoke", "secret set", "secret delete", "completion", "help",
            "pipe", "schema", "listen", "delivery tail"}


@pytest.fixture
def host(config, plugins):
    config.connection("Orders", url="https://receiver.example/", alert_connection="Alerts")
    config.connection("Alerts", url="https://alerts.example/")
    config.write("bundle.zip", "PK")
    config.write("faulty/Faulty.conf", "connection: { name = ")
    daemon = PlayedDaemon(config.folder / "run/linkspand.sock", reply)
    yield daemon
    daemon.stop()


@pytest.fixture
def run(call, config, plugins, host):
    """run(arguments, *options) in the folder of the configuration, with the context `here`."""
    def run_one(arguments, *options):
        arguments = [str(plugins / "webhook.so") if a == "PLUGIN" else a for a in arguments]
        call("context", "set", "here", "--config", config.file, cwd=config.folder)
        return call(*arguments, *options, input='{"n": 1}\n', cwd=config.folder)

    return run_one


@pytest.fixture
def table(linkspan):
    """The table of commands, as `help -o json` has it."""
    document = json.loads(linkspan("help", "-o", "json").stdout)
    return {item["name"]: item for item in document["items"]}


def test_the_test_knows_every_command(table):
    assert set(table) == set(CALLS)


def test_the_format_never_changes_the_exit_status(run, table):
    for name, calls in CALLS.items():
        for arguments, wanted in itertools.product(filter(None, calls), table[name]["outputs"]):
            plain = run(arguments)
            done = run(arguments, "-o", wanted)
            assert done.returncode == plain.returncode, (arguments, wanted, done.stderr)
            if arguments is calls[0]:
                assert done.stderr == plain.stderr, (arguments, wanted)
        if calls[0] and name != "doctor":
            assert plain.returncode != 0 or len(calls) == 1 or not calls[1] or \
                run(calls[0]).returncode == 0, name
        if calls[1]:
            assert run(calls[1]).returncode != 0, name


def test_whatever_shows_something_has_every_form(table):
    every = ["text", "table", "wide", "json", "ndjson", "name"]
    assert {name for name, item in table.items() if item["outputs"] != every} == NOT_DATA


def test_forms(run, table):
    for name, (arguments, _) in CALLS.items():
        if name in NOT_DATA:
            continue
        document = json.loads(run(arguments, "-o", "json").stdout)
        lines = run(arguments, "-o", "ndjson").stdout.splitlines()
        names = run(arguments, "-o", "name").stdout.splitlines()
        rows = run(arguments, "-o", "table", "--no-headers").stdout.splitlines()
        headed = run(arguments, "-o", "table").stdout.splitlines()
        wide = run(arguments, "-o", "wide").stdout.splitlines()
        assert len(lines) == len(names) == len(rows), name
        assert len(headed) == len(rows) + 1 or not rows, name
        assert not headed or headed[0] == headed[0].upper(), name
        assert len(wide) == len(headed), name
        assert wide == [] or len(wide[0]) >= len(headed[0]), name
        for line in lines:
            assert isinstance(json.loads(line), dict), name
        for key in keys_of(document):
            assert re.fullmatch(r"[a-z][a-z0-9_]*", key), (name, key)


def keys_of(value):
    """Every key of a document, but for those that are names of the user's."""
    if isinstance(value, list):
        for item in value:
            yield from keys_of(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            if key not in ("states", "variables", "attributes", "environments"):
                yield from keys_of(item)


def test_quiet_prints_nothing(run, table):
    for name, (arguments, _) in CALLS.items():
        if arguments and name not in ("completion", "help", "schema", "delivery tail"):
            for wanted in table[name]["outputs"]:
                done = run(arguments, "-q", "-o", wanted)
                assert (done.stdout, done.stderr) == ("", ""), (name, wanted)


def test_a_form_that_a_command_has_not(run):
    done = run(["pipe", "Orders"], "-o", "table")
    assert done.returncode == 2
    assert "allowed: text" in done.stderr


def test_names_are_what_the_commands_take(run):
    assert run(["delivery", "list"], "-o", "name").stdout == ID + "\n"
    assert run(["connection", "list"], "-o", "name").stdout.split() == ["Alerts", "Orders"]
    assert run(["env", "list"], "-o", "name").stdout == "Development\n"
    assert run(["plugin", "list"], "-o", "name").stdout == "webhook\n"
    assert run(["context", "list"], "-o", "name").stdout == "here\n"


def test_faults_as_data(run, config):
    done = run(["validate", "faulty/Faulty.conf"], "-o", "json")
    document = json.loads(done.stdout)
    assert done.returncode == 7
    assert document["errors"] == 1
    assert document["items"][0]["file"].endswith("Faulty.conf")
    assert document["items"][0]["line"] == 1


# Connections


def test_connections_of_the_daemon(run):
    items = {i["name"]: i for i in json.loads(run(["connection", "list"], "-o", "json").stdout)
             ["items"]}
    orders = items["Orders"]
    assert orders["type"] == "webhook"
    assert orders["url_host"] == "receiver.example"
    assert orders["environments"] == ["Development"]
    assert orders["state"] == "idle"
    assert orders["states"] == {"Development": "idle"}
    assert items["Alerts"]["state"] is None


def test_connections_without_a_daemon(call, config):
    config.connection("Orders", url="https://user:secret@receiver.example:8443/path?key=1")
    done = call("connection", "list", "-o", "json")
    assert done.returncode == 6
    done = call("--standalone", "connection", "list", "-o", "json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["items"][0]["url_host"] == "receiver.example:8443"
    assert "secret" not in done.stdout


def test_the_project_of_connections_in_files(call, config):
    config.connection("Orders", url="https://receiver.example/", alert_connection="Alerts")
    config.connection("Alerts", url="https://alerts.example/")
    config.connection("Own", project="shop", url="https://own.example/")
    config.connection("Other", project="office", url="https://other.example/")
    assert call("--standalone", "connection", "list", "--project", "shop", "-o",
                "name").stdout.split() == ["Alerts", "Orders", "Own"]
    assert "own.example" in call("--standalone", "connection", "get", "Own", "-p", "shop").stdout
    assert call("--standalone", "connection", "get", "Own").returncode == 3
    items = json.loads(call("--standalone", "connection", "usage", "Alerts", "-o",
                            "json").stdout)["items"]
    assert items == [{"kind": "connection", "project": "global", "name": "Orders",
                      "environment": None, "as": "alert_connection"}]
    assert json.loads(call("--standalone", "connection", "usage", "Orders", "-o",
                           "json").stdout)["items"] == []


# Colours


def on_a_terminal(linkspan, config, *arguments, env):
    """Standard output of a call whose standard output is a terminal."""
    leader, follower = pty.openpty()
    with subprocess.Popen([linkspan.program, "--config", config.file, *arguments],
                          stdin=subprocess.DEVNULL, stdout=follower, stderr=subprocess.PIPE,
                          env={**linkspan.env, **env}) as process:
        os.close(follower)
        text = b""
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:
                break
            if not piece:
                break
            text += piece
    os.close(leader)
    return text.decode()


@pytest.mark.parametrize("env, options, coloured", [
    ({"TERM": "xterm"}, [], True),
    ({"TERM": "xterm", "NO_COLOR": "1"}, [], False),
    ({"TERM": "xterm", "NO_COLOR": ""}, [], True),
    ({"TERM": "dumb"}, [], False),
    ({"TERM": "xterm"}, ["--color=never"], False),
    ({"TERM": "dumb", "NO_COLOR": "1"}, ["--color=always"], True),
], ids=lambda value: str(value))
@pytest.mark.parametrize("command", [["status"], ["doctor"]], ids=lambda value: value[0])
def test_colours_on_a_terminal(linkspan, config, host, env, options, coloured, command):
    linkspan.env.pop("NO_COLOR", None)
    text = on_a_terminal(linkspan, config, *command, *options, env=env)
    assert "idle" in text or "ok" in text
    assert (ESCAPE in text) == coloured


def test_no_colours_in_a_pipe(call, host):
    assert ESCAPE not in call("status").stdout
    assert ESCAPE in call("status", "--color=always").stdout
    for wanted in ("json", "ndjson", "name"):
        assert ESCAPE not in call("status", "--color=always", "-o", wanted).stdout


def test_when_must_be_known(call):
    done = call("status", "--color", "sometimes")
    assert done.returncode == 2
    assert "auto always never" in done.stderr
