"""What the tests of the client share: answers of a played daemon, and the client in front of it."""

import pytest

from played import Answer, PlayedDaemon, problem
from servers import Running

ID = "msg_0b5k2m9u7q0v3s1d8f4g6h2j1k"
BASE = "/api/v1/projects/global/connections/Orders"


def delivery(**members):
    return {"id": ID, "project": "global", "connection": "Orders", "environment": "Development",
            "state": "ready", "held": None, "attempts": 3, "replay": 0, "suspect": 0,
            "ordering_key": None, "accepted": "2026-11-24T22:00:00.000Z",
            "due": "2999-01-01T00:00:00.000Z", "ended": None, "status": 503,
            "reason": "http_503", "duration_ms": 12, **members}


DONE = delivery(state="done", status=200, reason="ok", ended="2026-11-24T22:00:01.000Z")
DEAD = delivery(state="dead", status=404, reason="http_404", ended="2026-11-24T22:00:01.000Z")


def link(**members):
    return {"project": "global", "connection": "Orders", "environment": "Development",
            "state": "idle", "detail": None, "waiting": 0, "dead": 0, "in_flight": 0,
            "delivered": 7, "last_error": None, **members}


STATUS = {"name": "host-1", "version": "0.1.0", "uptime_s": 3700, "pid": 4711, "ready": True,
          "active": 2, "store": {"size_bytes": 1048576, "queued": 5, "full": False},
          "configuration": {"problem": None}, "links": [link()]}


REVISION = "1a2b3c4d5e6f" + 52 * "0"


def document(**members):
    """A connection, as the API describes it."""
    return {"name": "Orders", "project": "global", "type": "webhook", "description": "",
            "enabled": True, "settings": {"method": "POST", "url": "https://receiver.example/"},
            "environments": {"Development": {}}, "revision": REVISION, "uid": "u1",
            "file": "/conf/connections/Orders.conf", "secrets": [], "deployments": [], **members}


def listed(**members):
    """A connection in a list of the API."""
    return {"name": "Orders", "project": "global", "type": "webhook", "description": "",
            "enabled": True, "environments": ["Development"], "url_host": "receiver.example",
            "revision": REVISION, "uid": "u1", "file": "/conf/connections/Orders.conf",
            "state": "idle", "states": {"Development": "idle"}, "deployments": [], **members}


DEPLOYED = {"project": "global", "name": "Orders", "environment": "Development", "number": 4,
            "revision": REVISION, "changed": True, "changes": []}
PAST = {"environment": "Development", "number": 4, "revision": REVISION, "active": True,
        "at": "2026-11-24T22:00:00.000Z", "actor": "root", "note": "why", "enabled": True}
CHANGE = {"path": "settings.url", "before": "https://old.example/", "after": "https://new.example/"}
USER = {"kind": "connection", "project": "global", "name": "Invoices", "environment": None,
        "as": "alert_connection"}


def accept_lines(request):
    """What a daemon that takes everything answers to pipe."""
    if request.path.endswith("/status"):
        return Answer(200, {"items": [link()]})
    return Answer(200, {"accepted": len(request.lines),
                        "items": [{"id": f"msg_{line}"} for line in request.lines]})


@pytest.fixture
def play(config):
    """play(reply) starts a daemon whose answers are what reply(request) returns."""
    daemons = []

    def play_daemon(reply):
        daemons.append(PlayedDaemon(config.folder / "run/linkspand.sock", reply))
        return daemons[-1]

    yield play_daemon
    for daemon in daemons:
        daemon.stop()


@pytest.fixture
def pipe(start, linkspan, config):
    return lambda *args: start(Running, linkspan.program, "--config", config.file, "pipe", "Orders",
                               *args)


# Finding the daemon
