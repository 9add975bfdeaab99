"""Contexts: which host a command talks to when the command line does not say."""

import json
import socket
import stat

import pytest

from configuration import Config
from played import Answer, PlayedDaemon
from played_client import STATUS, listed


@pytest.fixture
def hosts(tmp_path, plugins):
    """host("name") plays a daemon with a configuration of its own; its status names it."""
    daemons = []

    def make(name, **members):
        config = Config(tmp_path / name, plugins)
        config.connection("Orders", url=f"https://{name}.example/")

        def reply(request):
            if request.path.endswith("/connections"):
                return Answer(200, {"items": [listed()], "next": None})
            if request.path.endswith("/environments"):
                return Answer(200, {"items": [{"name": one, "project": "global"}
                                              for one in members["environments"]]})
            return Answer(200, {**STATUS, "name": name, **members})

        daemon = PlayedDaemon(config.folder / "run/linkspand.sock", reply)
        daemons.append(daemon)
        config.requests = daemon.requests
        return config

    yield make
    for daemon in daemons:
        daemon.stop()


@pytest.fixture
def home(linkspan):
    """The folder of the contexts; nothing of the test's environment names a host."""
    for name in ("LINKSPAN_CONFIG", "LINKSPAN_CONTEXT"):
        linkspan.env.pop(name, None)
    return linkspan.config_home / "linkspan"


def host_of(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["name"]


def test_a_context_says_where_the_host_is(linkspan, home, hosts):
    one, two = hosts("one"), hosts("two")
    assert linkspan("context", "set", "one", "--config", one.file).returncode == 0
    assert linkspan("context", "set", "two", "--config", two.file, "--use").returncode == 0
    status = ["status", "-o", "json"]
    assert host_of(linkspan(*status)) == "two"
    assert host_of(linkspan(*status, "--context", "one")) == "one"
    assert host_of(linkspan(*status, env={"LINKSPAN_CONTEXT": "one"})) == "one"
    assert linkspan("context", "use", "one").returncode == 0
    assert host_of(linkspan(*status)) == "one"


def test_what_is_said_nearer_wins(linkspan, home, hosts):
    one, two = hosts("one"), hosts("two")
    linkspan("context", "set", "one", "--config", one.file, "--use")
    linkspan("context", "set", "two", "--config", two.file)
    status = ["status", "-o", "json"]
    assert host_of(linkspan(*status, env={"LINKSPAN_CONFIG": str(two.file)})) == "two"
    assert host_of(linkspan(*status, env={"LINKSPAN_CONFIG": str(two.file),
                                          "LINKSPAN_CONTEXT": "one"})) == "one"
    assert host_of(linkspan("--config", two.file, *status,
                            env={"LINKSPAN_CONTEXT": "one"})) == "two"
    assert host_of(linkspan("--config", two.file, "--context", "one", *status)) == "two"


def test_a_socket_is_enough(linkspan, home, hosts):
    one = hosts("one", environments=["Development", "Test"])
    linkspan("context", "set", "one", "--socket", one.folder / "run/linkspand.sock", "--use")
    assert host_of(linkspan("status", "-o", "json")) == "one"
    assert linkspan("env", "list", "-o", "name").stdout.split() == ["Development", "Test"]
    assert linkspan("connection", "list", "-o", "name").stdout == "Orders\n"
    done = linkspan("validate")
    assert done.returncode == 2
    assert "--config" in done.stderr


def test_a_url_with_its_token(linkspan, home, daemon, config, receiver):
    config.connection("Orders", url=f"{receiver.url}/")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config.set_host(listen=f"127.0.0.1:{port}")
    daemon()
    token = linkspan("--config", config.file, "token", "create", "ci", "--role", "viewer",
                     "-o", "name").stdout
    (config.folder / "token").write_text(token)
    linkspan("context", "set", "far", "--url", f"http://127.0.0.1:{port}", "--token-file",
             config.folder / "token", "--use")
    assert host_of(linkspan("status", "-o", "json")) == "test"
    assert linkspan("connection", "list", "-o", "name").stdout == "Orders\n"
    done = linkspan("connection", "pause", "Orders")
    assert done.returncode == 4, done.stderr
    assert token.strip() not in (home / "contexts.json").read_text() + done.stderr
    (config.folder / "token").unlink()
    done = linkspan("status")
    assert done.returncode == 3
    assert "linkspan context set far --token-file FILE" in done.stderr


def test_environment_and_project_of_a_context(linkspan, home, hosts):
    one = hosts("one")
    linkspan("context", "set", "one", "--config", one.file, "--env", "Development",
             "--project", "shop", "--use")
    linkspan("connection", "status", "Orders")
    assert one.requests[-1].target == \
        "/api/v1/projects/shop/connections/Orders/status?env=Development"
    linkspan("connection", "status", "Orders", "--env", "Test", "--project", "office")
    assert one.requests[-1].target == "/api/v1/projects/office/connections/Orders/status?env=Test"
    linkspan("connection", "status", "Orders", "--env=", "--project=")
    assert one.requests[-1].target == "/api/v1/projects/global/connections/Orders/status"


def test_the_file(linkspan, home, tmp_path):
    done = linkspan("context", "set", "far", "--url", "https://linkspan.internal:8686",
                    "--token-file", "token", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    file = home / "contexts.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert json.loads(file.read_text()) == {"current": None, "contexts": {"far": {
        "url": "https://linkspan.internal:8686", "token_file": str(tmp_path / "token")}}}
    assert [path.name for path in home.iterdir()] == ["contexts.json"]


def test_one_place_replaces_another(linkspan, home, tmp_path):
    linkspan("context", "set", "a", "--config", "/etc/a.conf", "--env", "Test")
    linkspan("context", "set", "a", "--url", "http://127.0.0.1:8686")
    linkspan("context", "set", "a", "--env=")
    done = linkspan("context", "list", "-o", "json")
    item = json.loads(done.stdout)["items"][0]
    assert {k: v for k, v in item.items() if v} == {"name": "a", "url": "http://127.0.0.1:8686"}


def test_listing(linkspan, home):
    linkspan("context", "set", "b", "--config", "/etc/b.conf")
    linkspan("context", "set", "a", "--config", "/etc/a.conf", "--use")
    rows = linkspan("context", "list", "--no-headers").stdout.splitlines()
    assert [row.split()[:3] for row in rows] == [["a", "yes", "/etc/a.conf"],
                                                 ["b", "no", "/etc/b.conf"]]
    linkspan("context", "delete", "a")
    document = json.loads(linkspan("context", "list", "-o", "json").stdout)
    assert [(item["name"], item["current"]) for item in document["items"]] == [("b", False)]
    assert linkspan("context", "use", "--none").returncode == 0


@pytest.mark.parametrize("arguments, exit_status, message", [
    (["--context", "pord", "status"], 3, 'did you mean "prod"?'),
    (["--context", "elsewhere", "status"], 3, "linkspan context set"),
    (["context", "use", "elsewhere"], 3, "no context"),
    (["context", "delete", "elsewhere"], 3, "no context"),
    (["context", "use"], 2, "--none"),
    (["context", "set", "not a name"], 2, "allowed: a letter"),
    (["context", "set", "x", "--url", "linkspan.internal"], 2, "https://"),
    (["context", "set", "x", "--url", "https://me:secret@linkspan.internal"], 2, "https://"),
    (["context", "set", "x", "--url", "https://a", "--config", "b"], 2, "only one"),
    (["--context", "prod", "status"], 3, "linkspan context set prod --config FILE"),
    (["--context", "far", "status"], 3, "linkspan context set far --token-file FILE"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else None)
def test_what_is_missing_is_named(linkspan, home, tmp_path, arguments, exit_status, message):
    linkspan("context", "set", "prod", "--config", tmp_path / "none.conf")
    linkspan("context", "set", "far", "--url", "http://127.0.0.1:9", "--token-file",
             tmp_path / "none")
    done = linkspan(*arguments)
    assert done.returncode == exit_status, done.stderr
    assert message in done.stderr


@pytest.mark.parametrize("text, message", [
    ("{", "contexts.json: "),
    ("[]", '"contexts": must be an object'),
    ('{"contexts": {"a": 1}}', "a: must be an object"),
    ('{"contexts": {"a": {"config": "b.conf"}}}', "config: must be an absolute path"),
    ('{"contexts": {"a": {"project": 7}}}', "project: must be a text"),
    ('{"contexts": {"a": {"token": "t0p"}}}', "token_file"),
    ('{"contexts": {"a b": {}}}', "is no name"),
], ids=lambda value: None)
def test_a_faulty_file(linkspan, home, text, message):
    home.mkdir(parents=True)
    (home / "contexts.json").write_text(text)
    (home / "contexts.json").chmod(0o600)
    for command in (["context", "list"], ["status"]):
        done = linkspan(*command)
        assert done.returncode == 7, done.stderr
        assert message.replace('"contexts"', "contexts") in done.stderr
        assert "t0p" not in done.stderr


def test_a_file_that_others_may_change(linkspan, home):
    linkspan("context", "set", "a", "--config", "/etc/a.conf", "--use")
    (home / "contexts.json").chmod(0o620)
    done = linkspan("status")
    assert done.returncode == 4
    assert "chmod 600" in done.stderr


def test_a_current_context_that_was_taken_away(linkspan, home):
    home.mkdir(parents=True)
    (home / "contexts.json").write_text('{"current": "gone", "contexts": {}}')
    (home / "contexts.json").chmod(0o600)
    assert linkspan("status").returncode == 3
    assert linkspan("help").returncode == 0
    assert linkspan("context", "use", "--none").returncode == 0


def test_nowhere_to_keep_contexts(linkspan, home, hosts):
    one = hosts("one")
    bare = {"XDG_CONFIG_HOME": "", "HOME": "", "LINKSPAN_CONFIG": str(one.file)}
    assert linkspan("status", env=bare).returncode == 0
    done = linkspan("context", "list", env=bare)
    assert done.returncode == 3
    assert "XDG_CONFIG_HOME" in done.stderr
