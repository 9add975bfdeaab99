"""The command line and the daemon: what it asks, and what it makes of every kind of answer.

The daemon is played by the test, so that each answer can be had at will.
"""

import json
import os
import pty
import queue
import select
import signal
import socket
import subprocess
import threading

import pytest

from played import LOST, Answer, PlayedDaemon, problem
from servers import DEADLINE_S, Running

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


def test_no_daemon(call, config):
    done = call("send", "Orders", "-d", "{}")
    assert done.returncode == 6
    assert f"there is no socket {config.folder}/run/linkspand.sock" in done.stderr
    assert f"linkspand --config {config.file}" in done.stderr


def test_a_socket_left_behind(call, config):
    (config.folder / "run").mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(config.folder / "run/linkspand.sock"))
    done = call("status")
    assert done.returncode == 6
    assert "nobody listens" in done.stderr


def test_no_configuration(linkspan, tmp_path):
    done = linkspan("--config", tmp_path / "none.conf", "status")
    assert done.returncode == 3
    assert "none.conf" in done.stderr


def test_faulty_host_is_told(call, config):
    config.write("linkspan.conf", 'host: { name = "x"; sokcet = "y"; };')
    done = call("status")
    assert done.returncode == 7
    assert "did you mean" in done.stderr


def test_a_faulty_connection_keeps_nobody_from_the_daemon(call, config, play):
    config.write("connections/Broken.conf", "connection: { name = ")
    play(lambda request: Answer(200, STATUS))
    assert call("status").returncode == 0


@pytest.mark.parametrize("status, code, exit_status", [
    (400, "missing_parameter", 2), (403, "denied", 4), (404, "not_deployed", 3),
    (409, "paused", 5), (422, "idempotency_conflict", 5), (429, "queue_full", 1),
    (500, "internal", 1), (503, "breaker_open", 1)])
def test_problems_have_exit_codes(call, play, status, code, exit_status):
    play(lambda request: problem(status, code, "so it is"))
    done = call("send", "Orders", "-d", "{}")
    assert done.returncode == exit_status
    assert f"so it is ({code})" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("answer, message", [
    (LOST, "ended the connection before it had answered"),
    (Answer(200, b"garbage"), "not the JSON that was expected"),
    (Answer(502, b"<html>", "text/html"), "status 502: <html>"),
], ids=["lost", "garbage", "html"])
def test_odd_answers(call, play, answer, message):
    play(lambda request: answer)
    done = call("send", "Orders", "-d", "{}")
    assert done.returncode == 1
    assert message in done.stderr


def test_silence(call, play):
    wait = threading.Event()
    play(lambda request: wait.wait(DEADLINE_S) and LOST)
    done = call("status", "--timeout", "1")
    wait.set()
    assert done.returncode == 1
    assert "did not answer within 1.0 s" in done.stderr


# Sending


def test_the_request_of_a_direct_send(call, play):
    answer = {"id": ID, "ok": True, "result": "delivered", "reason": "ok", "detail": None,
              "status": 200, "attempts": 1, "duration_ms": 3, "phases": {"total_ms": 3.25},
              "headers": [{"name": "X-Reply", "value": "yes"}], "body": "fine", "body_bytes": 4}
    daemon = play(lambda request: Answer(200, answer))
    done = call("send", "Orders", "--env", "Development", "-d", '{"n": 1}', "-H", "X-A: b c",
                "--uri", "id=7/8", "--uri", "tag.x=ä", "--content-type", "text/x")
    assert done.returncode == 0, done.stderr
    request, = daemon.requests
    assert request.method == "POST"
    assert request.target == (BASE + "/send?env=Development&mode=direct&uri.id=7%2F8"
                              "&uri.tag.x=%C3%A4")
    assert request.body == b'{"n": 1}'
    assert request.headers["linkspan-header-x-a"] == "b c"
    assert request.headers["content-type"] == "text/x"
    assert done.stdout.splitlines() == [
        f"delivered, status 200, 1 attempt, {ID}", "total 3.2 ms", "X-Reply: yes", "", "fine"]
    done = call("send", "Orders", "-o", "json", "-p", "My Project")
    assert json.loads(done.stdout) == answer
    assert daemon.requests[1].target == (
        "/api/v1/projects/My%20Project/connections/Orders/send?mode=direct")
    assert daemon.requests[1].body is None


def test_a_direct_send_that_failed(call, play):
    play(lambda request: Answer(200, {"id": ID, "ok": False, "result": "failed", "status": None,
                                      "reason": "refused", "detail": "nobody", "attempts": 2,
                                      "phases": {}, "headers": [], "body_bytes": 0}))
    done = call("send", "Orders", "-d", "")
    assert done.returncode == 1
    assert done.stdout == f"failed, 2 attempts, {ID}\nrefused: nobody\n"


@pytest.mark.parametrize("args, message", [
    (["--curl"], "--curl works with --standalone only"),
    (["--print-request", "--durable"], "--print-request works with --standalone only"),
    (["--wait"], "--wait needs --durable"),
    (["--idempotency-key", "k"], "--idempotency-key needs --durable"),
    (["--standalone", "--durable"], "--standalone stores nothing"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_options_that_do_not_go_together(call, args, message):
    done = call("send", "Orders", *args)
    assert done.returncode == 2
    assert message in done.stderr


def test_durable_prints_the_id(call, play):
    daemon = play(lambda request: Answer(202, {"id": ID, "state": "ready", "repeated": False}))
    done = call("send", "Orders", "-d", "{}", "--durable", "--ordering-key", "o",
                "--idempotency-key", "k")
    assert (done.returncode, done.stdout, done.stderr) == (0, ID + "\n", "")
    request, = daemon.requests
    assert request.target == BASE + "/send?mode=durable"
    assert request.headers["idempotency-key"] == "k"
    assert request.headers["linkspan-ordering-key"] == "o"


def test_durable_says_when_it_is_held(call, play):
    play(lambda request: Answer(202, {"id": ID, "state": "held", "reason": "paused"}))
    done = call("send", "Orders", "-d", "{}", "--durable")
    assert (done.returncode, done.stdout) == (0, ID + "\n")
    assert "the connection is paused" in done.stderr


@pytest.mark.parametrize("first", [LOST, problem(503, "store", "who knows")],
                         ids=["lost", "store"])
def test_an_unknown_answer_is_asked_for_again_with_the_same_key(call, play, first):
    answers = [first, Answer(202, {"id": ID, "state": "ready", "repeated": True})]
    daemon = play(lambda request: answers.pop(0))
    done = call("send", "Orders", "-d", "{}", "--durable")
    assert (done.returncode, done.stdout) == (0, ID + "\n")
    keys = [request.headers["idempotency-key"] for request in daemon.requests]
    assert len(keys) == 2 and keys[0] == keys[1] != ""


def test_an_unknown_answer_stays_unknown_while_the_daemon_restarts(call, play):
    answers = [LOST, problem(503, "stopping", "the host stops"), Answer(202, {"id": ID})]
    daemon = play(lambda request: answers.pop(0))
    done = call("send", "Orders", "-d", "{}", "--durable")
    assert (done.returncode, done.stdout) == (0, ID + "\n")
    assert len({request.headers["idempotency-key"] for request in daemon.requests}) == 1


def test_an_answer_that_never_becomes_known(call, play):
    daemon = play(lambda request: problem(503, "store", "who knows"))
    done = call("send", "Orders", "-d", "{}", "--durable", "--idempotency-key", "my-key")
    assert done.returncode == 1
    assert "it is not known whether the message was accepted" in done.stderr
    assert "--idempotency-key my-key" in done.stderr
    assert len(daemon.requests) > 1


def test_what_is_refused_for_sure_is_not_asked_again(call, play):
    daemon = play(lambda request: problem(429, "queue_full", "no room", [("Retry-After", "1")]))
    done = call("send", "Orders", "-d", "{}", "--durable")
    assert done.returncode == 1
    assert "queue_full" in done.stderr
    assert len(daemon.requests) == 1


@pytest.mark.parametrize("end, exit_status, line", [
    (DONE, 0, f"delivered, status 200, 3 attempts, {ID}"),
    (DEAD, 1, f"given up, status 404, 3 attempts, {ID}"),
    (delivery(state="cancelled"), 1, f"cancelled, status 503, 3 attempts, {ID}"),
], ids=["done", "dead", "cancelled"])
def test_waiting_for_the_end(call, play, end, exit_status, line):
    answers = [Answer(202, {"id": ID, "state": "ready"}), Answer(200, delivery()),
               Answer(200, end)]
    daemon = play(lambda request: answers.pop(0))
    done = call("send", "Orders", "-d", "{}", "--durable", "--wait")
    assert done.returncode == exit_status
    assert done.stdout.splitlines()[0] == line
    assert [r.target for r in daemon.requests[1:]] == [f"/api/v1/deliveries/{ID}?wait=30"] * 2
    assert done.stderr == ""


def test_waiting_has_a_limit(call, play):
    play(lambda request: Answer(202, {"id": ID, "state": "ready"}) if request.method == "POST"
         else Answer(200, delivery()))
    done = call("send", "Orders", "-d", "{}", "--durable", "--wait", "--timeout", "1")
    assert done.returncode == 1
    assert f"{ID} has not ended in time: waiting, 3 attempts, next in" in done.stderr


# pipe


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


def test_status(call, play):
    play(lambda request: Answer(200, STATUS))
    done = call("status")
    assert done.returncode == 0
    for text in ("host-1, linkspand 0.1.0, process 4711, up 1 h 1 m", "5 messages wait",
                 "CONNECTION", "Orders"):
        assert text in done.stdout
    assert json.loads(call("status", "-o", "json").stdout) == STATUS
    assert call("status", "-o", "name").stdout == "Orders\n"


def test_status_tells_a_failed_reload(call, play):
    play(lambda request: Answer(200, {**STATUS, "configuration": {"problem": "x.conf:3: no"}}))
    assert "the last reload failed, the old definitions stay: x.conf:3: no" in call("status").stdout


def test_waiting_until_ready(start, linkspan, config, play):
    running = start(Running, linkspan.program, "--config", config.file, "status", "--wait", "30s")
    answers = [Answer(503, b"the store opens", "text/plain"), Answer(200, b"ready", "text/plain")]
    play(lambda request: (answers.pop(0) if answers else Answer(200, b"ready"))
         if request.path == "/readyz" else Answer(200, STATUS))
    running.out.find("host-1")
    assert running.process.wait(DEADLINE_S) == 0
    assert answers == []


def test_waiting_in_vain(call, play):
    done = call("status", "--wait", "100ms")
    assert done.returncode == 6
    assert "not ready within 100ms: linkspand is not running" in done.stderr
    play(lambda request: Answer(503, b"the store opens\nmore", "text/plain"))
    done = call("status", "--wait", "100ms")
    assert done.returncode == 6
    assert done.stderr.endswith("the daemon is not ready: the store opens\n")


@pytest.mark.parametrize("members, sentence", [
    ({}, "Orders in Development: messages go out at once"),
    ({"state": "breaker_open", "detail": "5 faults in a row: refused; next try in 27 s"},
     "nothing goes out for now: the receiver failed too often "
     "(5 faults in a row: refused; next try in 27 s)"),
    ({"state": "paused"}, "nothing goes out: the connection is paused"),
    ({"state": "disabled"}, "nothing goes out: the connection is disabled"),
    ({"state": "something new"}, "Orders in Development: something new"),
], ids=["idle", "breaker", "paused", "disabled", "new"])
def test_status_of_a_connection(call, play, members, sentence):
    daemon = play(lambda request: Answer(200, {"items": [link(**members)]}))
    done = call("connection", "status", "Orders", "--env", "Development")
    assert done.returncode == 0
    assert sentence in done.stdout
    assert daemon.requests[0].target == BASE + "/status?env=Development"


def test_pausing_and_resuming(call, play):
    daemon = play(lambda request: Answer(200, {"items": [link(state="paused")]}))
    assert call("connection", "pause", "Orders", "--reason", "night").returncode == 0
    assert call("connection", "resume", "Orders", "-e", "Development").returncode == 0
    pause, resume = daemon.requests
    assert (pause.method, pause.target) == ("POST", BASE + ":pause")
    assert pause.json() == {"reason": "night"}
    assert (resume.method, resume.target) == ("POST", BASE + ":resume?env=Development")
    assert resume.body is None
