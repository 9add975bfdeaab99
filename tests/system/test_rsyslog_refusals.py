"""`linkspan pipe --ack` as the program of a real rsyslog's omprog, with confirmMessages="on"."""

import json
import queue
import shutil
import socket
import time

import pytest

from played import Answer, PlayedDaemon, problem
from servers import DEADLINE_S, Server

CONF = """
global(workDirectory="{folder}")
module(load="imuxsock" SysSock.Use="off")
module(load="omprog")
input(type="imuxsock" Socket="{folder}/log" RateLimit.Interval="0")
template(name="linkspan" type="list" option.jsonf="on") {{
    property(outname="host" name="hostname" format="jsonf")
    property(outname="program" name="programname" format="jsonf")
    property(outname="message" name="msg" format="jsonf")
}}
action(type="omprog" name="linkspan" template="linkspan"
    binary="{program} --config {config} pipe Orders --env Development --ack"
    confirmMessages="on" reportFailures="on"
    action.resumeRetryCount="-1" action.resumeInterval="1" queue.type="LinkedList")
"""


class Rsyslog(Server):
    def __init__(self, folder, program, config):
        folder.mkdir()
        conf = folder / "rsyslog.conf"
        conf.write_text(CONF.format(folder=folder, program=program, config=config))
        super().__init__([shutil.which("rsyslogd", path="/usr/sbin"), "-n", "-f", conf, "-i",
                          folder / "pid"])
        self._log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._path = str(folder / "log")

    def say(self, text):
        """Logs a line, as soon as there is a socket to log to."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            try:
                self._log.sendto(f"<13>Nov 24 22:00:00 test: {text}".encode(), self._path)
                return
            except (FileNotFoundError, ConnectionRefusedError):
                assert self.process.poll() is None, "\n".join(self.err.rest())
                assert time.monotonic() < deadline, "rsyslog opens no socket"
                time.sleep(0.02)

    def stop(self):
        self._log.close()
        return super().stop()


class Store:
    """A daemon that takes one line after the other, and has a bad day when it is told to."""

    def __init__(self):
        self.taken = queue.Queue()
        self.refusal = None

    def __call__(self, request):
        if not request.body:
            return Answer(200, {"items": []})
        if self.refusal:
            self.taken.put(self.refusal)
            return problem(429, self.refusal, "no room")
        for line in request.lines:
            self.taken.put(json.loads(line)["message"].strip())
        return Answer(200, {"items": [{"id": "msg_1"} for _ in request.lines]})

    def next(self):
        return self.taken.get(timeout=DEADLINE_S)


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def socket_path(config):
    return config.folder / "run/linkspand.sock"


def test_every_line_arrives_once_whatever_the_daemon_does(start, linkspan, config, tmp_path, store,
                                                          socket_path):
    daemon = start(PlayedDaemon, socket_path, store)
    rsyslog = start(Rsyslog, tmp_path / "rsyslog", linkspan.program, config.file)
    rsyslog.say('first "quoted" \\ ünï')
    assert store.next() == 'first "quoted" \\ ünï'

    # No room: rsyslog keeps the line and comes again.
    store.refusal = "queue_full"
    rsyslog.say("second")
    assert store.next() == "queue_full"
    store.refusal = None
    line = store.next()
    while line == "queue_full":
        line = store.next()
    assert line == "second"

    # No daemon: the same.
    daemon.stop()
    rsyslog.say("third")
    rsyslog.say("fourth")
    start(PlayedDaemon, socket_path, store)
    assert [store.next(), store.next()] == ["third", "fourth"]
    assert rsyslog.stop() == 0
    assert store.taken.empty()


def test_with_the_real_daemon(start, linkspan, config, tmp_path, daemon, listener):
    config.connection("Orders", url=listener.url)
    daemon()
    rsyslog = start(Rsyslog, tmp_path / "rsyslog", linkspan.program, config.file)
    lines = [f'line {n} "{n}"' for n in range(200)]
    for line in lines:
        rsyslog.say(line)
    received = [json.loads(listener.next()["body"]) for _ in lines]
    assert sorted(r["message"].strip() for r in received) == sorted(lines)
    assert {r["program"] for r in received} == {"test"}
    assert rsyslog.stop() == 0
    assert listener.received() == len(lines)
