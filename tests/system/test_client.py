"""The command line and the daemon: what it asks, and what it makes of every kind of answer.

The daemon is played by the test, so that each answer can be had at will.
"""

import json
import socket
import threading

import pytest

from played import LOST, Answer, problem
from played_client import BASE, DEAD, DONE, ID, STATUS, delivery, link, pipe, play  # noqa: F401
from servers import DEADLINE_S, Running


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
