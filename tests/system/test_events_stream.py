"""Events as a stream: what readers are told, where they go on, and what idle ones cost."""

import os
import pathlib
import resource

import pytest

from receivers import Answer, always
from streams import Stream, silent_for

IDLE = 1000
COMMENTS_S = 30


@pytest.fixture
def streams():
    """A list; its streams are closed at the end."""
    opened = []
    yield opened
    for stream in opened:
        stream.close()


@pytest.fixture
def running(config, receiver, daemon):
    config.connection("Orders", url=receiver.url + "/orders")
    config.connection("Other", url=receiver.url + "/other")
    return daemon()


def test_a_reader_is_told_what_happens(running, streams):
    stream = Stream(running.socket)
    streams.append(stream)
    assert "content-type: text/event-stream" in stream.head
    id = running.api.accept("Orders")
    event = stream.find("delivered", delivery=id)
    assert event.data["connection"] == "Orders"
    assert event.data["kind"] == "delivered"
    assert event.id.endswith(f"-{event.data['number']}")


def test_a_reader_goes_on_where_it_was(running, streams):
    first = Stream(running.socket)
    ids = [running.api.accept("Orders") for _ in range(3)]
    seen = first.find("delivered")
    first.close()
    again = Stream(running.socket, last=seen.id)
    streams.append(again)
    found = {again.find("delivered").data["delivery"] for _ in range(2)}
    assert found == set(ids) - {seen.data["delivery"]}


def test_a_reader_that_saw_nothing_goes_on_from_where_it_began(running, streams):
    first = Stream(running.socket)
    first.close()
    id = running.api.accept("Orders")
    assert running.api.ended(id)["state"] == "done"
    again = Stream(running.socket, last=first.last_id)
    streams.append(again)
    assert again.find("delivered").data["delivery"] == id


def test_an_id_from_before_a_restart_is_behind_nothing(running, daemon, streams):
    before = Stream(running.socket)
    for _ in range(20):
        running.api.accept("Orders")
    last = [before.find("delivered") for _ in range(20)][-1]
    before.close()
    assert running.stop() == 0
    after = daemon()
    stream = Stream(after.socket, last=last.id)
    streams.append(stream)
    assert stream.next().data["number"] == 1


def test_filters(running, receiver, streams):
    receiver.script = lambda arrival: Answer(status=400 if "bad" in arrival.path else 200)
    orders = Stream(running.socket, "?connection=orders&environment=Development")
    dead = Stream(running.socket, "?kind=dead,cancelled")
    elsewhere = Stream(running.socket, "?environment=Nowhere")
    streams += [orders, dead, elsewhere]
    other = running.api.accept("Other")
    running.api.ended(other)
    id = running.api.accept("Orders")
    assert orders.find("delivered").data["delivery"] == id
    receiver.script = always(Answer(status=400))
    refused = running.api.accept("Other")
    event = dead.next()
    assert (event.name, event.data["delivery"]) == ("dead", refused)
    assert silent_for([elsewhere], 0.2), elsewhere.sock.recv(4096)
    listed = running.api.get("events", after=0, kind="dead")
    assert [item["delivery"] for item in listed.items] == [refused]
    assert listed.next >= event.data["number"]


@pytest.mark.parametrize("query, last, pointer", [
    ("?wait=3", None, "wait"),
    ("?after=soon", None, "after"),
    ("?kind=nothing", None, "kind"),
    ("", "garbage", "Last-Event-ID"),
    ("", "1-2-3", "Last-Event-ID"),
    ("", "99999999999999999999-1", "Last-Event-ID"),
])
def test_odd_inputs_are_refused(running, streams, query, last, pointer):
    stream = Stream(running.socket, query, last)
    streams.append(stream)
    assert stream.status == 400
    assert pointer.lower() in stream._raw.decode().lower()


def test_a_stream_shows_what_its_token_may_see_until_it_is_revoked(config, receiver, daemon, streams):
    config.connection("Orders", url=receiver.url)
    config.connection("Other", project="mine", url=receiver.url)
    running = daemon()
    made = running.api.call("POST", "tokens", {"name": "t", "role": "viewer", "projects": ["mine"]},
                            {"Content-Type": "application/json"})
    assert made.status == 201, made
    stream = Stream(running.socket, token=made.token)
    streams.append(stream)
    running.api.ended(running.api.accept("Orders"))
    seen = running.api.accept("Other", project="mine")
    assert stream.next().data["delivery"] == seen
    assert running.api.call("DELETE", f"tokens/{made.json['id']}").status == 204
    running.api.ended(running.api.accept("Other", project="mine"))
    assert stream.next() is None
    assert Stream(running.socket, token=made.token).status == 401


def test_a_stream_ends_with_the_daemon(running, streams):
    stream = Stream(running.socket)
    streams.append(stream)
    assert running.stop() == 0
    while stream.next() is not None:
        pass


def cpu_ticks(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


@pytest.fixture
def descriptors():
    """Room for a thousand sockets of our own."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_thousand_idle_readers_cost_no_cpu(running, streams, descriptors, tell):
    for _ in range(IDLE):
        streams.append(Stream(running.socket, "?connection=Orders"))
    # Everybody else is still served.
    assert running.api.get("status").ready
    ticks = None
    # A moment in which no comment was due says what idle readers cost; the one after it surely is one.
    for _ in range(3):
        assert [name for stream in streams for name in stream.drain()] == []
        before = cpu_ticks(running.process.pid)
        if silent_for(streams, 5):
            ticks = cpu_ticks(running.process.pid) - before
            break
    tell(f"{IDLE} idle readers: {ticks} ticks of {os.sysconf('SC_CLK_TCK')}/s in 5 s")
    assert ticks is not None and ticks <= 2
    # A comment comes by itself, and what happens reaches all.
    for stream in streams:
        stream.comment(COMMENTS_S)
    id = running.api.accept("Orders")
    for stream in streams:
        assert stream.find("delivered").data["delivery"] == id
