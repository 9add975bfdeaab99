"""Hosts between which connections travel, each with a folder for the commands that are given to it."""

import json
import os

import pytest

from configuration import Config
from daemon import Daemon

NOON = 1763021731  # 13 Nov 2025, 08:15:31 UTC
NAME = "13 Nov 2025-connection-Production_Webhook-export.zip"
PASSPHRASE = "correct horse battery staple"
ZIP = {"Content-Type": "application/zip"}
BEARER = [{"name": "Authorization", "value": "Bearer ${secret:file/partner_token}"}]


class Host:
    """A host of its own, and the commands that are given to it in a folder of their own."""

    def __init__(self, name, tmp_path, plugins, linkspan, daemon_program):
        self.config = Config(tmp_path / name, plugins)
        self.config.set_host(name=name, secrets="secrets")
        (self.config.folder / "secrets").mkdir(mode=0o700)
        self.here = tmp_path / f"{name}-here"
        self.here.mkdir()
        self.messages = ""
        self.daemon = None
        self._linkspan = linkspan
        self._program = daemon_program

    def start(self, **options):
        self.daemon = Daemon(self._program, self.config, **options)
        return self

    def stop(self):
        if self.daemon:
            assert self.daemon.stop() == 0, "\n".join(self.daemon.err.rest())
        self.daemon = None

    def again(self, **options):
        self.stop()
        return self.start(**options)

    def run(self, *args, exit_status=0, **options):
        """A command; its standard output."""
        done = self._linkspan("--config", self.config.file, *args, cwd=self.here, **options)
        assert done.returncode == exit_status, (args, done.stdout, done.stderr)
        self.messages = done.stderr
        return done.stdout

    def refused(self, *args, exit_status, **options):
        """A command that is refused; what it says then."""
        self.run(*args, exit_status=exit_status, **options)
        return self.messages

    def document(self, *args, exit_status=0):
        return json.loads(self.run(*args, "-o", "json", exit_status=exit_status))

    def export(self, *args, file="b.zip"):
        self.run("connection", "export", *args, "-f", file, "--force")
        return self.here / file

    def plan(self, file, *args, exit_status=0):
        return self.document("import", file, "--plan", *args, exit_status=exit_status)

    def secret(self, name, text):
        self.config.write(f"secrets/{name}", text).chmod(0o600)

    def connection(self, name, **settings):
        """A definition whose file is as old as the example of the file name."""
        os.utime(self.config.connection(name, **settings), (NOON, NOON))

    def names(self):
        items = self.daemon.api.get("projects/-/connections").items
        return {(item["project"], item["name"]) for item in items}

    def world(self):
        """All that an import could change: the definitions and what is beside them, and the audit trail."""
        kept = {}
        for path in sorted(self.config.folder.rglob("*")):
            if path.relative_to(self.config.folder).parts[0] not in ("state", "run"):
                kept[str(path)] = path.read_bytes() if path.is_file() else None
        kept["secrets"] = sorted(p.name for p in self.config.folder.glob("state/secrets/**/*"))
        kept["audit"] = [row["action"] for row in self.daemon.api.get("audit").items]
        return kept


@pytest.fixture
def host(tmp_path, plugins, linkspan, prefix):
    """host("here") is a host that is not started yet."""
    hosts = []

    def make(name):
        hosts.append(Host(name, tmp_path, plugins, linkspan, prefix / "sbin/linkspand"))
        return hosts[-1]

    yield make
    for one in hosts:
        one.stop()


@pytest.fixture
def source(host):
    return host("source")


@pytest.fixture
def target(host):
    return host("target")
