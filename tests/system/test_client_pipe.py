"""`linkspan pipe` in front of a played daemon, which has every kind of bad day."""

import json
import queue
import signal
import threading

import pytest

from played import LOST, Answer, problem
from played_client import BASE, ID, accept_lines, pipe, play  # noqa: F401
from servers import DEADLINE_S


def test_lines_become_messages(call, play):
    daemon = play(accept_lines)
    lines = [json.dumps({"n": n}) for n in range(2500)]
    done = call("pipe", "Orders", "--env", "Development", input="\n".join(lines) + "\n")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "linkspan: 2500 lines stored\n"
    batches = daemon.requests[1:]
    assert [line for request in batches for line in request.lines] == lines
    assert all(len(request.lines) <= 1000 for request in batches)
    assert {request.target for request in batches} == {
        BASE + "/send?env=Development&mode=durable&framing=ndjson"}
    assert daemon.connections == 1


def test_quiet_pipe(call, play):
    play(accept_lines)
    done = call("pipe", "Orders", "-q", input="1\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_line_goes_out_when_input_pauses(pipe, play):
    arrived = queue.Queue()

    def reply(request):
        if request.body:
            arrived.put(request.lines)
        return accept_lines(request)

    play(reply)
    running = pipe()
    running.say("1\n")
    assert arrived.get(timeout=DEADLINE_S) == ["1"]
    running.say("2\n3")
    assert arrived.get(timeout=DEADLINE_S) == ["2"]
    assert running.end() == 0
    assert arrived.get(timeout=DEADLINE_S) == ["3"]


def test_input_is_read_while_a_batch_is_on_its_way(pipe, play):
    go_on = threading.Event()

    def reply(request):
        if request.body and request.lines == ["first"]:
            assert go_on.wait(DEADLINE_S)
        return accept_lines(request)

    daemon = play(reply)
    running = pipe()
    running.say("first\n")
    # More than a pipe of the kernel holds: it can only be written while somebody reads.
    running.say("".join(f'"{n:0100}"\n' for n in range(3000)))
    go_on.set()
    assert running.end() == 0
    assert sum(len(r.lines) for r in daemon.requests if r.body) == 3001


def test_a_wrong_line_is_named_and_the_others_go(call, play):
    def reply(request):
        answer = accept_lines(request)
        if request.body:
            items = [{"code": "invalid_json", "detail": "no JSON"} if line == "bad"
                     else {"id": "msg_1"} for line in request.lines]
            answer = Answer(200, {"items": items})
        return answer

    play(reply)
    done = call("pipe", "Orders", input="1\n\nbad\n2\n")
    assert done.returncode == 8
    assert done.stderr.splitlines() == ["linkspan: line 3: invalid_json: no JSON",
                                        "linkspan: 2 lines stored, 1 refused"]


@pytest.mark.parametrize("trouble", [
    problem(429, "queue_full", "no room", [("Retry-After", "1")]),
    problem(503, "disk_full", "no disk"),
    problem(503, "store", "who knows"),
    Answer(200, {"items": []}),
    LOST,
], ids=["full", "disk", "store", "misfit", "lost"])
def test_trouble_that_passes_loses_nothing(call, play, trouble):
    troubles = [trouble]

    def reply(request):
        return troubles.pop() if request.body and troubles else accept_lines(request)

    daemon = play(reply)
    done = call("pipe", "Orders", input="1\n2\n")
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith("linkspan: 2 lines stored\n")
    assert "waiting to send again" in done.stderr
    first, second = [r for r in daemon.requests if r.body]
    assert first.lines == second.lines == ["1", "2"]
    # Where the first may have been accepted, the key tells the daemon that it is the same.
    unknown = trouble is LOST or trouble.status == 200 or b"store" in trouble.body
    same = first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert same == unknown


def test_a_lost_batch_keeps_its_key_until_its_fate_is_known(call, play):
    troubles = [LOST, problem(503, "stopping", "the host stops"), LOST]

    def reply(request):
        return troubles.pop(0) if request.body and troubles else accept_lines(request)

    daemon = play(reply)
    done = call("pipe", "Orders", input="1\n")
    assert done.returncode == 0, done.stderr
    keys = [r.headers["idempotency-key"] for r in daemon.requests if r.body]
    assert len(keys) == 4 and len(set(keys)) == 1


def test_lines_without_room_are_sent_again_alone(call, play):
    full = [True]

    def reply(request):
        if request.body and full.pop() if full else False:
            return Answer(200, {"items": [{"id": "msg_1"}, {"code": "queue_full"},
                                          {"code": "state_full"}]})
        return accept_lines(request)

    daemon = play(lambda r: accept_lines(r) if not r.body else reply(r))
    done = call("pipe", "Orders", input="1\n2\n3\n")
    assert done.returncode == 0, done.stderr
    assert [r.lines for r in daemon.requests if r.body] == [["1", "2", "3"], ["2", "3"]]


def test_a_daemon_that_comes_back(pipe, play, config):
    daemon = play(accept_lines)
    running = pipe("--ack")
    running.out.find("^OK$")
    daemon.stop()
    running.say("1\n")
    assert "no socket" in running.out.next()
    again = play(accept_lines)
    running.say("1\n")
    assert running.out.next() == "OK"
    assert running.end() == 0
    assert [r.lines for r in again.requests] == [["1"]]


def test_no_line_is_read_for_nothing(call, play):
    play(lambda request: problem(404, "not_deployed", "no such connection"))
    done = call("pipe", "Orders", "--ack", input="1\n")
    assert (done.returncode, done.stdout) == (3, "")
    assert "no such connection" in done.stderr


def test_a_connection_that_goes_away(call, play):
    play(lambda request: problem(404, "not_deployed", "gone") if request.body
         else accept_lines(request))
    done = call("pipe", "Orders", input="1\n2\n")
    assert done.returncode == 3
    assert done.stderr.splitlines() == ["linkspan: 0 lines stored, 2 read and not stored",
                                        "linkspan: gone (not_deployed)"]


def test_acknowledging_as_rsyslog_wants_it(pipe, play):
    def reply(request):
        if not request.body:
            return accept_lines(request)
        return {"1": accept_lines(request), "2": problem(429, "queue_full", "no\nroom"),
                "3": Answer(200, {"items": [{"code": "invalid_json", "detail": "no"}]}),
                "4": LOST, "5": Answer(200, {"items": [{}]})}[request.lines[0]]

    daemon = play(reply)
    running = pipe("--ack")
    assert running.out.next() == "OK"  # ready
    answers = []
    for line in "12345":
        running.say(line + "\n")
        answers.append(running.out.next())
    assert answers[0] == "OK"
    assert answers[1].startswith("queue_full: no room")
    assert answers[2] == "invalid_json: no"
    assert answers[3].startswith("io: linkspand ended the connection")
    assert answers[4] == "refused"
    running.say("\n")
    assert running.out.next() == "OK"  # a blank line is no message
    assert running.end() == 0
    # Whoever gets an answer sends again itself, if it wants to.
    assert [r.lines[0] for r in daemon.requests if r.body] == list("12345")
    assert all("idempotency-key" not in r.headers for r in daemon.requests)


def test_raw_lines_are_messages_as_they_are(pipe, play):
    daemon = play(lambda request: Answer(202, {"id": ID}) if request.body
                  else accept_lines(request))
    running = pipe("--ack", "--raw")
    assert running.out.next() == "OK"
    running.say('<13>Nov 24 host app: {"half\n')
    assert running.out.next() == "OK"
    assert running.end() == 0
    request = daemon.requests[-1]
    assert request.body == b'<13>Nov 24 host app: {"half'
    assert request.headers["content-type"] == "text/plain; charset=utf-8"
    assert request.target == BASE + "/send?mode=durable"


def test_a_raw_line_that_is_too_large_stops_no_other(call, play):
    def reply(request):
        if not request.body:
            return accept_lines(request)
        if request.body == b"large":
            return problem(413, "too_large", "too much")
        return Answer(202, {"id": ID})

    play(reply)
    done = call("pipe", "Orders", "--raw", input="a\nlarge\nb\n")
    assert done.returncode == 8
    assert done.stderr.splitlines()[-1] == "linkspan: 2 lines stored, 1 refused"


def test_ctrl_c_ends_a_pipe_with_a_summary(pipe, play):
    arrived = threading.Event()

    def reply(request):
        if request.body:
            arrived.set()
        return accept_lines(request)

    play(reply)
    running = pipe()
    running.say("1\n")
    assert arrived.wait(DEADLINE_S)
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(DEADLINE_S) == 130
    assert "1 line stored" in "\n".join(running.err.rest())


def test_ctrl_c_while_the_daemon_has_no_room(pipe, play):
    play(lambda request: problem(429, "queue_full", "no room", [("Retry-After", "3600")])
         if request.body else accept_lines(request))
    running = pipe()
    running.say("1\n2\n")
    running.err.find("waiting to send again")
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(DEADLINE_S) == 130
    running.err.find("0 lines stored, 2 read and not stored")


# Deliveries
