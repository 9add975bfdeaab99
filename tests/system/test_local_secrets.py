"""Secrets that the host keeps itself: set, used, listed, checked, removed, and never shown."""

import base64
import json
import os
import pathlib
import stat

import pytest

API = "secrets/local/"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def host(daemon, config, receiver):
    receiver.keep = True
    config.connection("Token", url=receiver.url,
                      headers=[{"name": "Authorization", "value": "Bearer ${secret:local/token}"}])
    config.connection("Plain", url=receiver.url)
    return daemon()


@pytest.fixture
def run(linkspan, config, host):
    def run_one(*args, **options):
        return linkspan("--config", config.file, *args, **options)

    return run_one


def state(config):
    return config.folder / "state"


def put(host, name, text, **query):
    return host.api.call("PUT", API + name, text, {"Content-Type": "application/octet-stream"},
                         **query)


def authorization(host, receiver):
    """What a send through the connection carried; it is deployed once its secret is there."""
    host.reload()
    reply = host.api.send("Token", mode="direct")
    assert reply.json.get("ok"), reply.text
    return receiver.arrivals[-1].headers["authorization"]


def test_a_secret_is_sent_and_shown_nowhere(run, host, config, receiver, canary):
    done = run("secret", "set", "token", input=canary + "\n")
    assert (done.returncode, done.stdout) == (0, "local/token: set\n"), done.stderr
    assert authorization(host, receiver) == f"Bearer {canary}"

    for path in ("secrets", "status", "audit"):
        assert canary not in host.api.get(path).text
    for file in [f for f in config.folder.rglob("*") if f.is_file()]:
        found = file.read_bytes()
        assert canary.encode() not in found, file
        assert base64.b64encode(canary.encode()) not in found, file
    host.stop()
    assert canary not in "\n".join(host.err.rest())


def test_the_files_are_the_hosts_own(run, config):
    assert run("secret", "set", "token", input="x").returncode == 0
    folder = state(config)
    assert stat.S_IMODE((folder / "secrets").stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "secrets/token").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "secrets.key").stat().st_mode) == 0o600


def test_the_verbs(run, host, config, tmp_path, canary):
    file = tmp_path / "secret"
    file.write_text(canary)
    assert run("secret", "list").stdout.splitlines()[1:] == []
    assert run("secret", "set", "local/token", "--file", file).returncode == 0
    assert run("secret", "set", "other", "--dry-run", input="x").stdout == \
        "local/other: can be set\n"
    assert run("secret", "set", "other", input="x").returncode == 0

    listed = json.loads(run("secret", "list", "-o", "json").stdout)["items"]
    assert [(s["name"], s["provider"]) for s in listed] == \
        [("local/other", "local"), ("local/token", "local")]
    assert [s["used_by"] for s in listed] == [[], [{"project": "global", "name": "Token"}]]
    assert run("secret", "list", "-o", "name").stdout == "local/other\nlocal/token\n"
    assert "Token" in run("secret", "list").stdout

    assert run("secret", "check", "local/token", "${secret:local/other}").returncode == 0
    assert run("secret", "check").returncode == 0
    assert run("secret", "delete", "token", "--dry-run").returncode == 0
    assert run("secret", "delete", "token").returncode == 2
    assert run("secret", "delete", "token", "local/other", "--yes").stdout == \
        "local/token: deleted\nlocal/other: deleted\n"
    assert not [*(state(config) / "secrets").iterdir()]

    done = run("secret", "check", "-o", "json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["items"] == [
        {"reference": "local/token", "ok": False,
         "reason": "${secret:local/token}: there is no secret local/token; make it with: "
                   "linkspan secret set token"}]
    assert run("secret", "delete", "token", "--yes").returncode == 3


@pytest.mark.parametrize("reference, ok", [
    ("env/HOME", True),
    ("env/LINKSPAN_NO_SUCH_VARIABLE", False),
    ("file/none", False),
    ("local/none", False),
    ("local/../secrets.key", False),
    ("vault/x", False),
    ("nothing", False),
])
def test_a_check_says_no_more_than_whether(host, reference, ok):
    reply = host.api.call("POST", "secrets:check", {"reference": reference})
    assert (reply.status, reply.json["ok"]) == (200, ok)
    assert (reply.json["reason"] is None) == ok
    if ok:
        assert os.environ["HOME"] not in reply.text


USABLE = b"x" * (64 * 1024)


@pytest.mark.parametrize("name, text, status", [
    ("token", b"", 422),
    ("token", b"a\0b", 422),
    ("token", USABLE, 204),
    ("token", USABLE + b"x", 422),
    (".hidden", USABLE, 422),
    ("a%20b", USABLE, 422),
    ("a%2fb", USABLE, 404),
    ("x" * 100, USABLE, 204),
    ("x" * 101, USABLE, 422),
    ("x" * 200, USABLE, 404),
], ids=lambda value: len(value) if isinstance(value, bytes) else None)
def test_what_is_refused(host, config, name, text, status):
    before = sorted(p.name for p in state(config).rglob("*"))
    assert put(host, name, text, dry_run="true").status == status
    assert sorted(p.name for p in state(config).rglob("*")) == before
    assert put(host, name, text).status == status
    assert host.api.call("DELETE", API + name).status == (404 if text is not USABLE else status)


def test_a_secret_of_any_bytes(host, receiver):
    """Byte for byte: a newline that the caller means stays, and so does what is not UTF-8."""
    assert put(host, "token", b"caf\xc3\xa9").status == 204
    assert authorization(host, receiver).encode("latin-1") == b"Bearer caf\xc3\xa9"


def test_pages_send_json(host, receiver):
    assert host.api.call("PUT", API + "token", {"text": "from-a-page"}, JSON).status == 204
    assert authorization(host, receiver) == "Bearer from-a-page"
    for body in ({}, {"text": 5}, {"text": ""}, {"text": "x", "more": 1}):
        assert host.api.call("PUT", API + "token", body, JSON).status == 400
    assert host.api.call("PUT", API + "token", {"text": "x" * (64 * 1024 + 1)}, JSON).status == 400


def test_the_trail_tells_of_it(run, host, canary):
    run("secret", "set", "token", input=canary)
    run("secret", "set", "token", "--dry-run", input=canary)
    run("secret", "delete", "token", "--yes")
    run("secret", "delete", "token", "--yes")
    rows = [(r["action"], r["subject"]) for r in host.api.get("audit").json["items"]
            if r["action"].startswith("secret.")]
    assert rows == [("secret.delete", "token"), ("secret.set", "token")]
    assert host.api.get("audit/verify").json["whole"]


def test_a_changed_file_is_no_secret(run, host, config):
    run("secret", "set", "a", input="one")
    run("secret", "set", "b", input="two")
    folder = state(config) / "secrets"
    (folder / "a").write_bytes((folder / "b").read_bytes())
    done = run("secret", "check", "local/a", "local/b", "-o", "json")
    verdicts = json.loads(done.stdout)["items"]
    assert [v["ok"] for v in verdicts] == [False, True]
    assert "is not what was sealed under this name" in verdicts[0]["reason"]
    # What somebody else put there is not lost, but kept beside.
    assert run("secret", "set", "a", input="three").returncode == 0
    assert run("secret", "check", "local/a").returncode == 0


def test_secrets_outlive_a_restart(run, host, daemon, receiver):
    run("secret", "set", "token", input="kept")
    host.stop()
    assert authorization(daemon(), receiver) == "Bearer kept"


def test_without_a_daemon_they_are_read_too(run, host, config, linkspan, receiver):
    run("secret", "set", "token", input="kept")
    host.stop()
    done = linkspan("--config", config.file, "--standalone", "send", "Token", "--env",
                    "Development", "-d", "{}")
    assert done.returncode == 0, done.stderr
    assert receiver.arrivals[-1].headers["authorization"] == "Bearer kept"


def test_a_terminal_is_asked_without_echo(host, config, prefix):
    import pty
    pid, terminal = pty.fork()
    if pid == 0:
        program = str(pathlib.Path(prefix) / "bin/linkspan")
        os.execv(program, [program, "--config", str(config.file), "secret", "set", "token"])
    shown = b""
    while b"Secret: " not in shown:
        shown += os.read(terminal, 1024)
    os.write(terminal, b"typed-in\n")
    try:
        while piece := os.read(terminal, 1024):
            shown += piece
    except OSError:  # the end of a terminal
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, shown
    assert b"typed-in" not in shown and b"local/token: set" in shown


def test_a_literal_secret_is_moved_when_it_is_saved(run, host, config, receiver, canary):
    done = run("connection", "create", "Typed", "--type", "webhook", "--set", "method=POST",
               "--set", f"url={receiver.url}", "--header", f"Authorization: Bearer {canary}",
               "--env", "Development")
    assert done.returncode == 0, done.stderr
    text = (config.folder / "connections/Typed.conf").read_text()
    assert "Bearer ${secret:local/Typed.Authorization." in text and canary not in text
    host.reload()
    assert host.api.send("Typed", mode="direct").json["ok"]
    assert receiver.arrivals[-1].headers["authorization"] == f"Bearer {canary}"
    listed = json.loads(run("secret", "list", "-o", "json").stdout)["items"]
    assert [s["used_by"] for s in listed] == [[{"project": "global", "name": "Typed"}]]
    assert canary not in run("audit", "list", "-o", "json").stdout
