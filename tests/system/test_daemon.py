"""linkspand: its start and end, its socket, reloads, and what its API says."""

import base64
import http.client
import json
import os
import signal
import socket
import stat
import threading

import pytest

from servers import DEADLINE_S, Scripted


@pytest.fixture
def orders(config, listener):
    """A connection to a receiver that answers 200."""
    config.connection("Orders", url=listener.url + "/in")
    return listener


# Start and end


def test_it_is_ready_and_says_with_what(daemon, config, orders):
    config.connection("Second", url=orders.url)
    line = daemon(ready=False).ready().string
    assert "connections=2" in line and "deployed=2" in line
    assert "environments=Development" in line
    assert f"socket={config.folder}/run/linkspand.sock" in line


def test_the_log_can_be_json(daemon, config, orders):
    host = daemon("--log-format", "json", ready=False)
    line = json.loads(host.err.next())
    assert line["message"] == "ready" and line["host"] == "test"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(daemon, number, orders):
    host = daemon()
    assert host.stop(number) == 0
    assert "message=stopped" in host.err.rest()[-1]
    assert not host.socket.exists()


def test_the_socket_is_for_user_and_group(daemon, orders):
    mode = stat.S_IMODE(daemon().socket.stat().st_mode)
    assert mode == 0o660


def test_the_state_is_for_the_user_alone(daemon, config, orders):
    daemon()
    assert stat.S_IMODE((config.folder / "state").stat().st_mode) == 0o700
    for file in (config.folder / "state").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_a_second_one_does_not_start(daemon, orders):
    first = daemon()
    second = daemon(ready=False)
    assert second.process.wait(DEADLINE_S) == 5
    assert "another linkspand uses" in "\n".join(second.err.rest())
    assert first.get("/status").status == 200


def test_a_socket_that_a_crash_left_is_replaced(daemon, orders):
    first = daemon()
    first.kill()
    assert first.socket.exists()
    assert daemon().get("/status").json["ready"]


def test_a_file_in_the_place_of_the_socket_is_not_touched(daemon, config, orders):
    file = config.write("run/linkspand.sock", "precious")
    host = daemon(ready=False)
    assert host.process.wait(DEADLINE_S) == 5
    assert "is no socket" in "\n".join(host.err.rest())
    assert file.read_text() == "precious"


def test_it_tells_the_service_manager(daemon, tmp_path, orders):
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.settimeout(DEADLINE_S)
    manager.bind(str(tmp_path / "notify"))
    host = daemon(env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"),
                       "WATCHDOG_USEC": "200000"})

    def heard(word):
        while True:
            text = manager.recv(4096).decode()
            if word in text.split("\n"):
                return text

    assert "STATUS=1 connections, 1 deployed" in heard("READY=1")
    heard("WATCHDOG=1")
    host.process.send_signal(signal.SIGHUP)
    assert "MONOTONIC_USEC=" in heard("RELOADING=1")
    heard("READY=1")
    host.stop()
    heard("STOPPING=1")
    manager.close()


def test_faulty_definitions_keep_it_from_starting(daemon, config, orders):
    config.connection("Bad", url="not a url")
    config.connection("Worse", url=orders.url, request_timeout_ms=-1)
    host = daemon(ready=False)
    assert host.process.wait(DEADLINE_S) == 7
    log = "\n".join(host.err.rest())
    assert f"at={config.folder}/connections/Bad.conf:" in log
    assert f"at={config.folder}/connections/Worse.conf:" in log
    assert not (config.folder / "run/linkspand.sock").exists()


# The command line


def run(linkspan, prefix, *args):
    return linkspan.__class__(prefix / "sbin/linkspand")(*args)


def test_check_only_checks(linkspan, prefix, config, orders):
    done = run(linkspan, prefix, "--config", config.file, "--check")
    assert (done.returncode, done.stderr) == (0, "1 connection checked, no error\n")
    config.connection("Bad", url="not a url")
    done = run(linkspan, prefix, "--config", config.file, "--check")
    assert done.returncode == 7
    assert done.stderr.startswith(f"{config.folder}/connections/Bad.conf:")
    assert not (config.folder / "state").exists()


def test_a_wrong_command_line_is_explained(linkspan, prefix):
    done = run(linkspan, prefix, "--chekc")
    assert (done.returncode, done.stderr) == (
        2, "linkspand: there is no option --chekc; see --help\n")


def test_a_configuration_that_is_not_there(linkspan, prefix, tmp_path):
    done = run(linkspan, prefix, "--config", tmp_path / "none.conf")
    assert done.returncode == 3
    assert "none.conf" in done.stderr


def test_a_damaged_store_is_refused_and_can_be_set_aside(daemon, linkspan, prefix, config, orders):
    first = daemon()
    first.send("Orders")
    first.stop()
    store = config.folder / "state/outbox.db"
    store.write_bytes(b"This is not what it was." * 1000)
    host = daemon(ready=False)
    assert host.process.wait(DEADLINE_S) == 7
    assert "--set-aside" in "\n".join(host.err.rest())
    done = run(linkspan, prefix, "--config", config.file, "--set-aside")
    assert done.returncode == 0
    assert os.path.exists(os.path.join(done.stdout.strip(), "outbox.db"))
    assert daemon().get("/deliveries").json["items"] == []


# Sending


def test_a_durable_message_arrives(daemon, orders):
    host = daemon()
    answer = host.send("Orders", b'{"n": 1}')
    assert answer.status == 202
    assert answer.json == {"id": answer.json["id"], "state": "ready", "repeated": False}
    request = orders.next()
    assert request["body"] == '{"n": 1}'
    assert request["header"]["webhook-id"] == answer.json["id"]
    delivery = host.delivery(answer.json["id"])
    assert (delivery["state"], delivery["status"], delivery["attempts"]) == ("done", 200, 1)
    assert delivery["body"] == '{"n": 1}' and delivery["log"] == []


def test_a_direct_message_is_answered_by_the_receiver(daemon, orders):
    answer = daemon().send("Orders", mode="direct")
    assert answer.status == 200
    assert answer.json["ok"] and answer.json["status"] == 200


def test_arguments_and_headers_reach_the_receiver(daemon, config, listener):
    config.connection("Items", url=listener.url + "/items/{id}{?tag*}")
    host = daemon()
    answer = host.post(
        "/projects/global/connections/Items/send?uri.id=a%2Fb&uri.tag=x&uri.tag=y", b"hello",
        headers={"Content-Type": "text/plain", "Linkspan-Header-X-Api-Key": "k-1",
                 "Linkspan-Header-User-Agent": "me"})
    request = listener.next()
    assert request["target"] == "/items/a%2Fb?tag=x&tag=y"
    assert request["header"]["x-api-key"] == "k-1"
    assert request["header"]["content-type"] == "text/plain"
    delivery = host.delivery(answer.json["id"])
    [trace] = delivery["attributes"].pop("traceparent")
    assert request["header"]["traceparent"][:36] == trace[:36], "another trace"
    assert request["header"]["traceparent"] != trace, "the same span"
    assert delivery["attributes"] == {
        "uri.id": ["a/b"], "uri.tag": ["x", "y"], "header.X-Api-Key": ["***"],
        "header.User-Agent": ["me"]}


def test_a_body_that_is_no_text_is_kept_byte_for_byte(daemon, orders):
    host = daemon()
    answer = host.send("Orders", bytes(range(256)))
    assert "body" not in host.delivery(answer.json["id"])
    kept = base64.b64decode(host.delivery(answer.json["id"])["body_base64"])
    assert kept == bytes(range(256))


def test_many_messages_in_one_request(daemon, orders):
    host = daemon()
    lines = [json.dumps({"n": n}) for n in range(2500)]
    lines[7] = "{"
    answer = host.post("/projects/global/connections/Orders/send?framing=ndjson",
                       "\n".join(lines).encode(), headers={"Idempotency-Key": "batch"})
    assert answer.status == 200
    assert answer.json["accepted"] == 2499
    items = answer.json["items"]
    assert len(items) == 2500
    assert items[7] == {"code": "invalid_json", "detail": "line 8 is not one JSON value"}
    assert host.delivery(items[8]["id"])["body"] == lines[8]
    again = host.post("/projects/global/connections/Orders/send?framing=ndjson",
                      "\n".join(lines).encode(), headers={"Idempotency-Key": "batch"})
    assert [item.get("id") for item in again.json["items"]] == [
        item.get("id") for item in items]


def test_the_same_key_gives_the_same_id(daemon, orders):
    host = daemon()

    def send(body):
        return host.post("/projects/global/connections/Orders/send", body,
                         headers={"Idempotency-Key": "k"})

    first, second = send(b"1"), send(b"1")
    assert second.json == {**first.json, "repeated": True}
    conflict = send(b"2")
    assert (conflict.status, conflict.json["code"]) == (422, "idempotency_conflict")


def test_what_is_refused_says_why(daemon, config, orders):
    config.environment("Test")
    config.connection("Only", url=orders.url, environments={"Test": {}})
    host = daemon()
    for query, status, code, word in [
            ({"env": "Development"}, 409, "not_in_environment", "Only"),
            ({"env": "Production"}, 409, "not_served", "Development, Test"),
            ({}, 400, "missing_parameter", "Development, Test"),
            ({"env": "Test", "mode": "fast"}, 400, "invalid_parameter", "durable or direct"),
            ({"env": "Test", "mod": "direct"}, 400, "unknown_parameter", "mode")]:
        answer = host.send("Only", **query)
        assert (answer.status, answer.json["code"]) == (status, code), query
        assert word in answer.json["title"]
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_message_that_is_too_large_is_refused(daemon, orders):
    assert daemon().send("Orders", b"x" * (1024 * 1024 + 1)).status == 413


def test_accepted_messages_outlive_a_crash(daemon, config):
    config.connection("Orders", url="http://127.0.0.1:1/", retry_delay_s=3600)
    first = daemon()
    ids = {first.send("Orders", str(n)).json["id"] for n in range(20)}
    first.kill()
    items = daemon().get("/deliveries?state=ready,leased").json["items"]
    assert {item["id"] for item in items} == ids


# Waiting


def test_a_wait_ends_when_the_delivery_does(daemon, config, start):
    release = threading.Event()

    def reply(_, write):
        release.wait(DEADLINE_S)
        write(b"HTTP/1.1 204 No Content\r\n\r\n")

    config.connection("Slow", url=start(Scripted, reply).url)
    host = daemon()
    id = host.send("Slow").json["id"]
    assert host.delivery(id, wait_s=1)["state"] == "leased"
    waiting = host.connect()
    waiting.request("GET", f"/api/v1/deliveries/{id}?wait=25")
    release.set()
    assert json.loads(waiting.getresponse().read())["state"] == "done"
    waiting.close()


def test_whoever_waits_is_let_go_when_it_ends(daemon, config, orders):
    host = daemon()
    waiting = host.connect()
    waiting.request("GET", "/api/v1/events?after=newest&wait=60")
    host.get("/status")
    assert host.stop() == 0
    try:
        assert waiting.getresponse().status in (200, 503)
    except http.client.RemoteDisconnected:
        pass  # the request was not read any more
    waiting.close()


def test_events_tell_what_happens(daemon, config, orders):
    host = daemon()
    newest = host.get("/events?after=newest").json["next"]
    waiting = host.connect()
    waiting.request("GET", f"/api/v1/events?after={newest}&wait=25")
    host.post("/projects/global/connections/Orders:pause", b'{"reason": "lunch"}')
    items = json.loads(waiting.getresponse().read())["items"]
    waiting.close()
    assert items[0]["kind"] == "link_paused" and items[0]["detail"] == "lunch"
    assert host.get("/events?after=0").json["items"][0]["kind"] == "deployed"
    # Numbers begin anew with each start; one from before is like none.
    assert host.get("/events?after=999999&wait=25").json["items"]


# Links


def test_a_paused_connection_holds_back(daemon, orders):
    host = daemon()
    paused = host.post("/projects/global/connections/Orders:pause", b'{"reason": "lunch"}')
    assert paused.json["items"][0]["state"] == "paused"
    held = host.send("Orders")
    assert (held.status, held.json["state"], held.json["reason"]) == (202, "held", "paused")
    assert host.get("/deliveries/" + held.json["id"]).json["held"] == "paused"
    direct = host.send("Orders", mode="direct")
    assert (direct.status, direct.json["code"]) == (409, "paused")
    host.post("/projects/global/connections/Orders:resume")
    assert host.delivery(held.json["id"])["state"] == "done"


def test_a_pause_outlives_a_restart(daemon, orders):
    first = daemon()
    first.post("/projects/global/connections/Orders:pause")
    first.stop()
    host = daemon()
    assert host.get("/projects/global/connections/Orders/status").json["items"][0]["paused"]


def test_a_disabled_connection_holds_back(daemon, config, orders):
    config.connection("Orders", enabled=False, url=orders.url)
    host = daemon()
    assert host.send("Orders").json["reason"] == "disabled"
    assert host.send("Orders", mode="direct").json["code"] == "disabled"


def test_lists_go_on_where_they_ended(daemon, orders):
    host = daemon()
    ids = [host.send("Orders", str(n)).json["id"] for n in range(7)]
    for order, expected in (("desc", ids[::-1]), ("asc", ids)):
        seen, cursor = [], ""
        while cursor is not None:
            page = host.get(f"/deliveries?limit=3&order={order}" +
                            (f"&cursor={cursor}" if cursor else "")).json
            assert len(page["items"]) <= 3
            seen += [item["id"] for item in page["items"]]
            cursor = page["next"]
        assert seen == expected
    assert host.get("/deliveries?connection=nothing").json == {"items": [], "next": None}
    assert len(host.get("/deliveries?connection=ORDERS&project=global").json["items"]) == 7
    assert [item["id"] for item in host.get(f"/deliveries?q={ids[3]}").json["items"]] == [ids[3]]


def test_what_is_dead_can_be_replayed(daemon, config, listen):
    receiver = listen("--respond", "400x3,200")
    config.connection("Orders", url=receiver.url)
    host = daemon()
    ids = [host.send("Orders", str(n)).json["id"] for n in range(3)]
    for id in ids:
        dead = host.delivery(id)
        assert (dead["state"], dead["status"]) == ("dead", 400)
        assert [row["status"] for row in dead["log"]] == [400]
    assert host.post("/deliveries:replay?dry_run=true", b"{}").json == {"count": 3}
    first = host.post("/deliveries:replay", b'{"state": "dead", "limit": 2}').json
    assert first["replayed"] == 2
    rest = host.post("/deliveries:replay", json.dumps(
        {"state": "dead", "limit": 2, "cursor": first["next"]}))
    assert rest.json == {"replayed": 1, "next": None}
    for id in ids:
        delivery = host.delivery(id)
        assert (delivery["state"], delivery["replay"]) == ("done", 1)


def test_a_waiting_delivery_can_be_cancelled(daemon, config):
    config.connection("Orders", url="http://127.0.0.1:1/", retry_delay_s=3600)
    host = daemon()
    host.post("/projects/global/connections/Orders:pause")
    id = host.send("Orders").json["id"]
    cancelled = host.post(f"/deliveries/{id}:cancel")
    assert (cancelled.status, cancelled.json["state"]) == (200, "cancelled")
    again = host.post(f"/deliveries/{id}:cancel")
    assert (again.status, again.json["code"]) == (409, "conflict")


# Reload


def test_a_reload_changes_what_changed(daemon, config, orders, listener):
    config.connection("Goes", url=listener.url)
    config.connection("Changes", url=listener.url + "/old")
    host = daemon()
    (config.folder / "connections/Goes.conf").unlink()
    config.connection("Changes", url=listener.url + "/new")
    config.connection("Comes", url=listener.url)
    assert "1 opened, 1 changed, 1 closed, 1 unchanged" in host.reload()
    host.send("Changes")
    assert listener.next()["target"] == "/new"
    assert host.send("Comes").status == 202
    assert host.send("Goes").json["code"] == "no_such_connection"
    assert host.get("/status").json["configuration"]["connections"] == 3


def test_a_faulty_reload_changes_nothing(daemon, config, orders, listener):
    host = daemon()
    before = host.get("/status").json["configuration"]
    config.connection("Orders", url=listener.url + "/other")
    config.connection("Bad", url="not a url")
    assert "connections/Bad.conf:" in host.reload()
    host.send("Orders")
    assert listener.next()["target"] == "/in"
    configuration = host.get("/status").json["configuration"]
    assert not configuration["ok"] and "Bad.conf:" in configuration["problem"]
    assert configuration["loaded"] == before["loaded"]
    ready = host.connect().ask("GET", "/readyz")
    assert ready.status == 503 and b"Bad.conf:" in ready.body
    kinds = [event["kind"] for event in host.get("/events?after=0").json["items"]]
    assert "reload_failed" in kinds
    (config.folder / "connections/Bad.conf").unlink()
    assert "1 changed" in host.reload()
    assert host.connect().ask("GET", "/readyz").body == b"ready\n"


def test_a_hundred_reloads_under_load_drop_and_double_nothing(daemon, config, listener):
    config.connection("Orders", url=listener.url)
    host = daemon()
    ids, ending = [], threading.Event()

    def send():
        api = host.connect()
        while not ending.is_set():
            answer = api.ask("POST", "/api/v1/projects/global/connections/Orders/send",
                             str(len(ids)).encode())
            assert answer.status == 202, answer
            ids.append(answer.json["id"])
        api.close()

    sender = threading.Thread(target=send)
    sender.start()
    for n in range(100):
        faulty = n % 10 == 9
        config.connection("Orders", url="not a url" if faulty else f"{listener.url}/{n}")
        assert ("Orders.conf:" if faulty else "1 changed") in host.reload()
        while len(ids) < 5 * n and sender.is_alive():
            pass
    ending.set()
    sender.join()
    assert len(ids) > 400
    for id in ids:
        assert host.delivery(id)["attempts"] == 1
    seen = [listener.next()["header"]["webhook-id"] for _ in ids]
    assert sorted(seen) == sorted(ids)
    assert listener.received() == len(ids)


def test_messages_of_a_connection_that_goes_wait_for_it(daemon, config, orders, listener):
    host = daemon()
    host.post("/projects/global/connections/Orders:pause")
    id = host.send("Orders").json["id"]
    file = config.folder / "connections/Orders.conf"
    text = file.read_text()
    file.unlink()
    assert "1 closed" in host.reload()
    host.post("/projects/global/connections/Orders:resume")
    assert host.get(f"/deliveries/{id}").json["held"] == "undeployed"
    file.write_text(text)
    assert "1 opened" in host.reload()
    assert host.delivery(id)["state"] == "done"


def test_what_needs_a_restart_is_said(daemon, config, orders):
    host = daemon()
    config.set_host(lanes=3, name="other")
    host.process.send_signal(signal.SIGHUP)
    named = {host.err.find(r'"a changed setting needs a restart" setting=(\w+)')[1]
             for _ in range(2)}
    assert named == {"name", "lanes"}
    host.err.find("message=reloaded")
    assert host.get("/status").json["name"] == "test"


def test_a_stop_lets_what_is_in_flight_end(daemon, config, start):
    arrived, release = threading.Event(), threading.Event()

    def reply(_, write):
        arrived.set()
        release.wait(DEADLINE_S)
        write(b"HTTP/1.1 204 No Content\r\n\r\n")

    config.connection("Slow", url=start(Scripted, reply).url, request_timeout_ms=20000)
    first = daemon()
    id = first.send("Slow").json["id"]
    assert arrived.wait(DEADLINE_S)
    first.process.send_signal(signal.SIGTERM)
    first.err.find("message=stopping")
    release.set()
    assert first.process.wait(DEADLINE_S) == 0
    delivery = daemon().get(f"/deliveries/{id}").json
    assert (delivery["state"], delivery["attempts"], delivery["suspect"]) == ("done", 1, 0)


def test_a_stop_answers_the_direct_calls_that_are_in_flight(daemon, config, start):
    arrived, release = threading.Event(), threading.Event()

    def reply(_, write):
        arrived.set()
        release.wait(DEADLINE_S)
        write(b"HTTP/1.1 204 No Content\r\n\r\n")

    config.connection("Slow", url=start(Scripted, reply).url, request_timeout_ms=20000)
    host = daemon()
    calling = host.connect()
    calling.request("POST", "/api/v1/projects/global/connections/Slow/send?mode=direct", b"1")
    assert arrived.wait(DEADLINE_S)
    host.process.send_signal(signal.SIGTERM)
    host.err.find("message=stopping")
    while host.get("/status").json["ready"]:
        pass  # the signal is told a moment before the host refuses
    for mode in ("direct", "durable"):
        answer = host.send("Slow", mode=mode)
        assert (answer.status, answer.json["code"]) == (503, "stopping")
    release.set()
    answer = json.loads(calling.getresponse().read())
    assert answer["ok"] and answer["status"] == 204
    calling.close()
    assert host.process.wait(DEADLINE_S) == 0


def test_a_second_signal_cuts_the_wait(daemon, config, start):
    arrived = threading.Event()
    hanging = start(Scripted, lambda head, write: arrived.set())
    config.connection("Hangs", url=hanging.url, request_timeout_ms=60000)
    host = daemon()
    id = host.send("Hangs").json["id"]
    assert arrived.wait(DEADLINE_S)
    host.process.send_signal(signal.SIGTERM)
    host.err.find("message=stopping")
    host.process.send_signal(signal.SIGTERM)
    assert host.process.wait(10) == 0
    # It was asked to give up in order: nobody is suspected of anything.
    second = daemon()
    delivery = second.get(f"/deliveries/{id}").json
    assert delivery["suspect"] == 0 and delivery["state"] in ("ready", "leased")
    second.kill()  # it would wait for the hanging receiver, as the first did
