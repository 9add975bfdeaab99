"""`linkspan delivery` in front of a played daemon."""

import json
import os
import pty
import select
import signal
import subprocess
import threading

import pytest

from played import Answer, problem
from played_client import DEAD, DONE, ID, delivery, play  # noqa: F401
from servers import DEADLINE_S, Running


def test_listing(call, play):
    held = delivery(id="msg_2", held="paused")
    daemon = play(lambda request: Answer(200, {"items": [delivery(), DONE, held], "next": None}))
    done = call("delivery", "list", "--state", "dead,ready", "--connection", "Orders",
                "--env", "Development", "--since", "2026-11-24T23:00:00+01:00", "-n", "3")
    assert done.returncode == 0, done.stderr
    assert daemon.requests[0].target == (
        "/api/v1/deliveries?state=dead%2Cready&connection=Orders&environment=Development"
        "&since=2026-11-24T22%3A00%3A00.000Z&limit=3")
    heading, first, second, third = done.stdout.splitlines()
    assert heading.split()[:4] == ["ID", "CONNECTION", "ENVIRONMENT", "STATE"]
    assert ID in first and "next in" in first and "http_503" in first
    assert "ago" in second
    assert "held: paused" in third


def test_listing_in_other_forms(call, play):
    play(lambda request: Answer(200, {"items": [DONE, DEAD], "next": "C"}))
    assert json.loads(call("delivery", "list", "-n", "2", "-o", "json").stdout) == {
        "items": [DONE, DEAD], "next": "C"}
    lines = call("delivery", "list", "-n", "2", "-o", "ndjson").stdout.splitlines()
    assert [json.loads(line) for line in lines] == [DONE, DEAD]
    assert call("delivery", "list", "-n", "2", "-o", "name").stdout == f"{ID}\n{ID}\n"
    assert "ORDERING KEY" in call("delivery", "list", "-n", "2", "-o", "wide").stdout
    assert "CONNECTION" not in call("delivery", "list", "-n", "2", "--no-headers").stdout
    assert call("delivery", "list", "-o", "man").returncode == 2


def test_listing_goes_on_from_page_to_page(call, play):
    pages = {None: (1000, "A&B"), "A%26B": (1000, "C"), "C": (7, None)}

    def reply(request):
        count, following = pages[request.query.get("cursor")]
        return Answer(200, {"items": [DONE] * count, "next": following})

    daemon = play(reply)
    done = call("delivery", "list", "-n", "0", "-o", "name")
    assert len(done.stdout.splitlines()) == 2007
    assert len(daemon.requests) == 3


@pytest.mark.parametrize("value", ["soon", "-1h", "2026-02-30"])
def test_a_bad_time(call, value):
    done = call("delivery", "list", f"--since={value}")
    assert done.returncode == 2
    assert f'--since "{value}"' in done.stderr


def test_showing_one(call, play):
    whole = {**DEAD, "content_type": "text/plain", "attributes": {"header.X-A": ["***"]},
             "body": "the body", "log": [
                 {"replay": 0, "number": 1, "at": "2026-11-24T22:00:00.000Z", "duration_ms": 5,
                  "outcome": "retry", "status": 503, "reason": "http_503", "detail": "busy",
                  "excerpt": "try later"}]}
    daemon = play(lambda request: Answer(200, whole))
    done = call("delivery", "get", ID)
    assert done.returncode == 0
    assert daemon.requests[0].target == f"/api/v1/deliveries/{ID}"
    assert ("2026-11-24T22:00:00.000Z  attempt 1: retry, status 503, 5 ms, http_503: busy"
            in done.stdout)
    for text in ("given up, 3 attempts", "header.X-A", "try later", "the body"):
        assert text in done.stdout
    assert json.loads(call("delivery", "get", ID, "-o", "json").stdout) == whole


@pytest.mark.parametrize("verb", ["retry", "cancel"])
def test_changing_several(call, play, verb):
    def reply(request):
        if "ended" in request.path:
            return problem(409, "ended", "it has ended")
        return Answer(200, delivery())

    daemon = play(reply)
    done = call("delivery", verb, ID, "msg_ended", "msg_3")
    assert done.returncode == 8
    assert "msg_ended: it has ended (ended)" in done.stderr
    assert len(done.stdout.splitlines()) == 2
    assert [r.target for r in daemon.requests] == [
        f"/api/v1/deliveries/{name}:{verb}" for name in (ID, "msg_ended", "msg_3")]
    assert call("delivery", verb, "msg_ended").returncode == 5


def replaying(fail_at=None):
    steps = []

    def reply(request):
        if "dry_run" in request.target:
            return Answer(200, {"count": 2500})
        steps.append(request.json())
        if len(steps) == fail_at:
            return problem(503, "stopping", "the host stops")
        return Answer(200, {"replayed": 1000 if len(steps) < 3 else 500,
                            "next": f"C{len(steps)}" if len(steps) < 3 else None})

    return reply


def test_replaying(call, play):
    daemon = play(replaying())
    done = call("delivery", "replay", "--connection", "Orders", "--since", "2026-11-24", "--yes")
    assert (done.returncode, done.stdout) == (0, "2500 messages replayed\n"), done.stderr
    bodies = [r.json() for r in daemon.requests[1:]]
    wanted = {"state": "dead,quarantined", "connection": "Orders",
              "since": "2026-11-24T00:00:00.000Z", "limit": 1000}
    assert bodies == [wanted, {**wanted, "cursor": "C1"}, {**wanted, "cursor": "C2"}]


def test_replaying_needs_a_yes(call, play):
    daemon = play(replaying())
    done = call("delivery", "replay")
    assert done.returncode == 2
    assert "Replay 2500 messages? Nobody can be asked here: say --yes" in done.stderr
    assert len(daemon.requests) == 1
    done = call("delivery", "replay", "--dry-run")
    assert (done.returncode, done.stdout) == (0, "2500 messages\n")


class Terminal:
    """A command on a terminal of its own: what it shows there, and what a person types."""

    def __init__(self, *args):
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(list(map(str, args)), stdin=slave, stderr=slave,
                                        stdout=subprocess.PIPE, text=True)
        os.close(slave)
        self.shown = ""

    def see(self, text):
        """Reads until the text was shown; None: until the end."""
        while text is None or text not in self.shown:
            readable, _, _ = select.select([self._master], [], [], DEADLINE_S)
            assert readable, f"silence after {self.shown!r}"
            try:
                piece = os.read(self._master, 4096).decode()
            except OSError:  # the other side has gone
                piece = ""
            if not piece:
                assert text is None, self.shown
                return
            self.shown += piece

    def type(self, text):
        os.write(self._master, text.encode())

    def end(self):
        self.see(None)
        return self.process.wait(DEADLINE_S)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)


@pytest.mark.parametrize("typed, exit_status, printed", [
    ("y\n", 0, "2500 messages replayed\n"), ("n\n", 5, ""), ("\n", 5, ""), ("\x03", 130, "")],
    ids=["yes", "no", "nothing", "Ctrl-C"])
def test_replaying_asks_on_a_terminal(start, linkspan, config, play, typed, exit_status, printed):
    daemon = play(replaying())
    running = start(Terminal, linkspan.program, "--config", config.file, "delivery", "replay")
    running.see("Replay 2500 messages? [y/N] ")
    if typed == "\x03":
        running.process.send_signal(signal.SIGINT)
    else:
        running.type(typed)
    assert running.end() == exit_status
    assert running.process.stdout.read() == printed
    assert len(daemon.requests) == (4 if exit_status == 0 else 1)
    assert ("[" + "#" * 30 + "] 2500 of 2500 replayed" in running.shown) == (exit_status == 0)


def test_nobody_is_asked_who_does_not_want_it(start, linkspan, config, play):
    play(replaying())
    running = start(Terminal, linkspan.program, "--config", config.file, "delivery", "replay",
                    "--no-input")
    assert running.end() == 2
    assert "say --yes" in running.shown


def test_replaying_that_stops_half_way(call, play):
    play(replaying(fail_at=2))
    done = call("delivery", "replay", "--yes")
    assert done.returncode == 8
    assert "1000 of 2500 replayed" in done.stderr


def test_following_events(start, linkspan, config, play):
    events = [{"number": n, "kind": "failed", "at": "2026-11-24T22:00:00.000Z",
               "connection": name, "environment": "Development", "delivery": ID, "attempt": n,
               "status": 503, "reason": "http_503", "detail": "busy"}
              for n, name in ((1, "Orders"), (2, "Other"), (3, "Orders"))]
    answers = [{"items": events[:2], "next": 2, "lost": 0}, {"items": [], "next": 2, "lost": 0},
               {"items": events[2:], "next": 3, "lost": 4}]
    wait = threading.Event()

    def reply(request):
        if not answers:
            wait.wait(DEADLINE_S)
        return Answer(200, answers.pop(0) if answers else {"items": [], "next": 3})

    daemon = play(reply)
    running = start(Running, linkspan.program, "--config", config.file, "delivery", "tail",
                    "--connection", "Orders")
    line = "2026-11-24T22:00:00.000Z failed .* Orders/Development " + ID + " attempt "
    running.out.find(line + "1")
    running.out.find(line + "3 status 503 http_503: busy")
    running.err.find("4 events were dropped")
    assert all("Other" not in seen for seen in running.out.seen)
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(DEADLINE_S) == 130
    wait.set()
    assert [r.query["after"] for r in daemon.requests[:3]] == ["newest", "2", "2"]


# Host and links
