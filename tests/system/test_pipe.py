"""pipe and the other commands with the real daemon: what was read is stored, once."""

import json
import threading

import pytest

from servers import DEADLINE_S, Running


@pytest.fixture
def orders(config, listener):
    config.connection("Orders", url=listener.url + "/in")
    return listener


def waiting(call):
    """How many messages the daemon has stored and not delivered."""
    status = call("status", "-o", "json")
    assert status.returncode == 0, status.stderr
    return sum(link["waiting"] for link in json.loads(status.stdout)["links"])


class Writer:
    """Writes numbered lines without end, until it is told to stop."""

    def __init__(self, running):
        self.count = 0
        self._running = running
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def _write(self):
        while not self._stopped.is_set():
            self._running.say("".join(f'{{"n": {self.count + n}}}\n' for n in range(100)))
            self.count += 100

    def stop(self):
        self._stopped.set()
        self._thread.join(DEADLINE_S)


def test_a_killed_daemon_costs_no_line_and_doubles_none(start, linkspan, config, call, daemon,
                                                        orders):
    host = daemon()
    # Held back, so that what is stored can be counted in peace.
    assert call("connection", "pause", "Orders").returncode == 0
    running = start(Running, linkspan.program, "--config", config.file, "pipe", "Orders")
    writer = start(Writer, running)
    while not waiting(call):
        pass
    host.kill()
    running.err.find("waiting to send again")
    daemon()
    writer.stop()
    assert running.end() == 0
    assert running.err.rest()[-1] == f"linkspan: {writer.count} lines stored"
    assert waiting(call) == writer.count


def test_lines_are_delivered_as_they_were(call, daemon, orders):
    daemon()
    lines = ['{"n":  1}', '"ü"', "[1, 2]"]
    done = call("pipe", "Orders", "-H", "X-A: b", input="\n".join(lines))
    assert (done.returncode, done.stderr) == (0, "linkspan: 3 lines stored\n")
    received = [orders.next() for _ in lines]
    assert sorted(r["body"] for r in received) == sorted(lines)
    assert {r["header"]["x-a"] for r in received} == {"b"}
    assert {r["header"]["content-type"] for r in received} == {"application/json"}


def test_a_wrong_line_is_named_by_its_place_in_the_input(call, daemon, orders):
    daemon()
    done = call("pipe", "Orders", input="1\n" * 1500 + "no\n")
    assert done.returncode == 8
    assert done.stderr == ("linkspan: line 1501: invalid_json: is not one JSON value\n"
                           "linkspan: 1500 lines stored, 1 refused\n")


def test_raw_lines_are_delivered_as_they_were(call, daemon, orders):
    daemon()
    done = call("pipe", "Orders", "--raw", input='<13>app: {"half\n\n')
    assert done.returncode == 0, done.stderr
    received = orders.next()
    assert received["body"] == '<13>app: {"half'
    assert received["header"]["content-type"] == "text/plain; charset=utf-8"


def test_the_life_of_a_message(start, linkspan, call, daemon, config, listen):
    receiver = listen("--respond", "404,200")
    config.connection("Orders", url=receiver.url + "/in")
    daemon()
    tail = start(Running, linkspan.program, "--config", config.file, "delivery", "tail", "--all")
    tail.out.find("deployed")
    done = call("send", "Orders", "-d", "{}", "--durable", "--wait")
    assert done.returncode == 1
    name = call("delivery", "list", "--state", "dead", "-o", "name").stdout.strip()
    assert name in done.stdout and "given up, status 404, 1 attempt" in done.stdout
    assert "attempt 1: dead, status 404" in call("delivery", "get", name).stdout
    assert call("delivery", "cancel", name).returncode == 5

    receiver.next()
    assert call("delivery", "replay", "--dry-run").stdout == "1 message\n"
    assert call("delivery", "replay", "--yes").stdout == "1 message replayed\n"
    assert receiver.next()["header"]["webhook-id"] == name
    tail.out.find(f"dead +Orders/Development {name} attempt 1 status 404 http_4xx")
    tail.out.find(f"delivered +Orders/Development {name} attempt 1 status 200")


def test_a_message_of_a_paused_connection_can_be_cancelled(call, daemon, orders):
    daemon()
    call("connection", "pause", "Orders", "--reason", "night")
    assert call("send", "Orders", "-d", "{}").returncode == 5
    sent = call("send", "Orders", "-d", "{}", "--durable")
    assert sent.returncode == 0 and "held" in sent.stderr
    assert "held: paused" in call("delivery", "list").stdout
    assert call("delivery", "cancel", sent.stdout.strip()).returncode == 0
    again = call("send", "Orders", "-d", "{}", "--durable")
    assert "night" in call("connection", "status", "Orders").stdout
    call("connection", "resume", "Orders")
    assert orders.next()["header"]["webhook-id"] == again.stdout.strip()


def test_a_key_holds_over_calls(call, daemon, orders):
    daemon()
    first = call("send", "Orders", "-d", "1", "--durable", "--idempotency-key", "k")
    again = call("send", "Orders", "-d", "1", "--durable", "--idempotency-key", "k")
    other = call("send", "Orders", "-d", "2", "--durable", "--idempotency-key", "k")
    assert first.stdout == again.stdout != ""
    assert (other.returncode, other.stdout) == (5, "")
    assert "idempotency_conflict" in other.stderr
