"""Fixtures of the system tests.

The programs come from the prefix that LINKSPAN_PREFIX names (`./dev test` sets it).  Every server
is on loopback, on a free port, and is stopped by its own PID when the test ends.
"""

import json
import os
import pathlib
import random
import secrets
import shutil
import subprocess

import pytest

from configuration import Config
from daemon import Daemon
from receivers import OK, Receiver
from servers import DEADLINE_S, Authority, Httpbin, Listener, Nginx


@pytest.fixture(scope="session")
def prefix():
    """The folder that the programs are installed below."""
    path = pathlib.Path(os.environ["LINKSPAN_PREFIX"])
    assert (path / "bin/linkspan").exists(), f"nothing is installed below {path}"
    return path


@pytest.fixture(scope="session")
def plugins(prefix):
    return prefix / "lib/linkspan/plugins"


class Runner:
    """Calls linkspan and remembers everything that it printed."""

    def __init__(self, program, config_home="/nowhere"):
        self.program = program
        self.printed = []
        self.config_home = config_home  # where contexts are kept: nothing of the user's own
        self.env = {**os.environ, "XDG_CONFIG_HOME": str(config_home)}

    def __call__(self, *args, input=None, env=None, cwd=None, within=(), timeout=DEADLINE_S):
        """Runs it to the end, by the command `within` if given; text output."""
        done = subprocess.run(
            [*map(str, within), str(self.program), *map(str, args)],
            input="" if input is None else input, capture_output=True, text=True,
            errors="replace", timeout=timeout, cwd=cwd, env={**self.env, **(env or {})})
        self.printed += [done.stdout, done.stderr]
        return done


@pytest.fixture
def linkspan(prefix, tmp_path):
    return Runner(prefix / "bin/linkspan", tmp_path / "config-home")


@pytest.fixture
def call(linkspan, config):
    """call("send", "Name", …) runs linkspan with the configuration of the test."""
    return lambda *args, **options: linkspan("--config", config.file, *args, **options)


@pytest.fixture
def config(tmp_path, plugins):
    """A configuration with the environment Development, which may reach loopback."""
    return Config(tmp_path / "conf", plugins)


class Sent:
    """How one `send -o json` ended: its exit status and the members of its answer."""

    def __init__(self, done):
        self.exit_status = done.returncode
        self.messages = done.stderr
        self.answer = json.loads(done.stdout) if done.stdout else {}

    def __getattr__(self, member):
        try:
            return self.answer[member]
        except KeyError:
            raise AttributeError(f"no {member} in {self!r}") from None

    def __repr__(self):
        return f"exit status {self.exit_status}, {self.answer}, {self.messages}"


@pytest.fixture
def send(linkspan, config):
    """send("Name", "-d", …) sends one message in Development."""
    def send_one(name, *args, **options):
        return Sent(linkspan("--config", config.file, "--standalone", "send", name,
                             "--env", "Development", "-o", "json", *args, **options))

    return send_one


@pytest.fixture
def start():
    """start(Class, …) makes a server that ends with the test."""
    servers = []

    def start_server(kind, *args, **options):
        server = kind(*args, **options)
        servers.append(server)
        return server

    yield start_server
    for server in reversed(servers):
        server.stop()


@pytest.fixture
def receiver(start):
    """A scripted receiver that answers 200 until it is told otherwise."""
    return start(Receiver)


@pytest.fixture
def daemon(prefix, config, receiver):
    """daemon() starts linkspand on the configuration as it is now, and waits until it is ready.

    One that still runs at the end of the test must stop in order, and with nothing leaked.
    """
    daemons = []

    def start_daemon(*args, **options):
        daemons.append(Daemon(prefix / "sbin/linkspand", config, *args, **options))
        return daemons[-1]

    yield start_daemon
    receiver.script = lambda arrival: OK
    receiver.release()
    for one in daemons:
        if one.process.poll() is None:
            assert one.stop() == 0, "\n".join(one.err.rest())


@pytest.fixture(scope="session")
def test_plugins():
    """The folder with the plugins that only tests load."""
    folder = pathlib.Path(os.environ.get("LINKSPAN_TEST_PLUGINS", "none"))
    if not folder.is_dir():
        pytest.skip("LINKSPAN_TEST_PLUGINS names no folder")
    return folder


@pytest.fixture(scope="session")
def strace():
    """Skips where nothing can be traced."""
    if not shutil.which("strace"):
        pytest.skip("there is no program strace")
    done = subprocess.run(["strace", "-D", "-f", "-qq", "-e", "trace=none", "true"],
                          capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"nothing can be traced here: {done.stderr.strip()}")


@pytest.fixture(scope="session")
def long_form():
    """True for the long form of the tests that have one (./dev soak)."""
    return os.environ.get("LINKSPAN_SOAK", "") not in ("", "0")


@pytest.fixture
def tell(capsys):
    """Prints a measurement that is to be seen although the test has passed."""
    def print_it(text):
        with capsys.disabled():
            print(f"\n{text}")

    return print_it


@pytest.fixture
def chance():
    """A random generator; its seed is in what a failed test prints, and LINKSPAN_SEED sets it."""
    seed = int(os.environ.get("LINKSPAN_SEED") or secrets.randbits(32))
    print(f"LINKSPAN_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def listen(start, linkspan):
    """listen("--respond", "503x2,200") starts a receiver."""
    return lambda *args: start(Listener, linkspan.program, *args)


@pytest.fixture
def listener(listen):
    """A receiver that answers 200."""
    return listen()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def nginx(start, tmp_path, authority):
    folder = tmp_path / "nginx"
    folder.mkdir()
    return start(Nginx, folder, authority)


@pytest.fixture(scope="session")
def httpbin():
    server = Httpbin()
    yield server
    server.stop()


@pytest.fixture
def canary(linkspan):
    """A secret in the variable LINKSPAN_CANARY; the test fails when linkspan prints it anywhere."""
    text = "canary-" + secrets.token_hex(16)
    linkspan.env["LINKSPAN_CANARY"] = text
    yield text
    assert not any(text in printed for printed in linkspan.printed), "the canary was printed"
