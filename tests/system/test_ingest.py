"""What comes in: CloudEvents, Alertmanager, raw bytes, large bodies, and what is malformed."""

import collections
import concurrent.futures
import errno
import json
import re
import select
import shutil
import socket
import time

import pytest

from alertmanager import Alertmanager, Relay
from mutations import mutated
from receivers import HANG, OK, Receiver

MALFORMED = 10_000
AT_ONCE = 16
COMPLETE_S = 0.02
ANSWERED_S = 20  # each, on a machine that has other things to do
GROWTH_BYTES = 96 << 20
# What was freed stays in quarantine under ASan.
GROWTH_ASAN_BYTES = 640 << 20


@pytest.fixture
def keeping(start):
    return start(Receiver, keep=True)


@pytest.fixture
def running(config, keeping, daemon):
    config.connection("Orders", url=keeping.url)
    return daemon()


def attributes(api, id):
    return {name: values[0] for name, values in api.delivery(id)["attributes"].items()
            if name.startswith("ce.")}


def test_a_binary_event_keeps_its_attributes(running, keeping):
    api = running.api
    id = api.accept("Orders", b'{"a": 1}', headers={
        "Content-Type": "application/json", "ce-specversion": "1.0", "ce-id": "7",
        "ce-source": "/shop", "ce-type": "order.made", "ce-subject": "caf%C3%A9"})
    assert api.ended(id)["state"] == "done"
    assert attributes(api, id) == {
        "ce.specversion": "1.0", "ce.id": "7", "ce.source": "/shop", "ce.type": "order.made",
        "ce.subject": "café"}
    assert keeping.arrivals[0].body == b'{"a": 1}'


def test_a_structured_event_passes_byte_for_byte(running, keeping):
    api = running.api
    body = b'{ "specversion":"1.0", "id":"7",\n "source":"/s","type":"t","n":3,"data":{"x":[]} }'
    id = api.accept("Orders", body, headers={
        "Content-Type": "application/cloudevents+json; charset=utf-8"})
    assert api.ended(id)["state"] == "done"
    assert attributes(api, id) == {"ce.specversion": "1.0", "ce.id": "7", "ce.source": "/s",
                                   "ce.type": "t", "ce.n": "3"}
    arrival = keeping.arrivals[0]
    assert arrival.body == body
    assert arrival.headers["content-type"].startswith("application/cloudevents+json")


@pytest.mark.parametrize("body, headers, status, code", [
    (b"[]", {"Content-Type": "application/cloudevents-batch+json"}, 415, "unsupported_media_type"),
    (b"{}", {"Content-Type": "application/cloudevents+json"}, 400, "invalid_parameters"),
    (b"{", {"Content-Type": "application/cloudevents+json"}, 400, "invalid_json"),
    (b"{}", {"ce-specversion": "1.0", "ce-id": "1", "ce-type": "t"}, 400, "missing_parameter"),
    (b"{}", {"ce-specversion": "2.0", "ce-id": "1", "ce-source": "/", "ce-type": "t"}, 400,
     "invalid_parameter"),
])
def test_what_is_no_event_is_refused(running, keeping, body, headers, status, code):
    reply = running.api.send("Orders", body, headers=headers)
    assert (reply.status, reply.code) == (status, code)
    assert running.api.deliveries() == [] and not keeping.arrivals


def test_any_bytes_pass_as_they_are(running, keeping):
    body = bytes(range(256))
    id = running.api.accept("Orders", body, headers={"Content-Type": "application/octet-stream"})
    assert running.api.ended(id)["state"] == "done"
    assert keeping.arrivals[0].body == body
    assert keeping.arrivals[0].headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize("limit", [4096, 1 << 20, 16 << 20])
def test_the_largest_body_is_a_setting(config, keeping, daemon, limit):
    config.set_host(api_body_max_bytes=limit)
    config.connection("Orders", url=keeping.url)
    running = daemon()
    id = running.api.accept("Orders", b"x" * limit)
    assert running.api.ended(id)["state"] == "done"
    assert len(keeping.arrivals[0].body) == limit
    reply = running.api.send("Orders", b"x" * (limit + 1))
    assert (reply.status, reply.code) == (413, "too_large")


def test_a_largest_body_out_of_bounds_is_a_fault(config, keeping, call):
    config.set_host(api_body_max_bytes=(16 << 20) + 1)
    done = call("validate", config.file)
    assert done.returncode == 7 and "api_body_max_bytes" in done.stdout + done.stderr


def test_a_payload_of_alertmanager_is_known(running):
    api = running.api
    payload = {"version": "4", "groupKey": "{}:{a=1}", "status": "firing", "receiver": "hook",
               "externalURL": "http://am", "alerts": []}
    id = api.accept("Orders", json.dumps(payload), headers={"Content-Type": "application/json"},
                    ordering="groupKey")
    delivery = api.delivery(id)
    assert delivery["ordering_key"] == "{}:{a=1}"
    assert attributes(api, id) == {
        "ce.type": "io.prometheus.alertmanager.firing", "ce.source": "http://am",
        "ce.subject": "{}:{a=1}", "ce.receiver": "hook"}
    refused = api.send("Orders", {**payload, "version": "3"}, format="alertmanager")
    assert (refused.status, refused.code) == (400, "invalid_parameter")


SLACK = ('{text: (.alerts | map("*\\(.labels.alertname)* is \\(.status): \\(.labels.disk)")'
         ' | join("\\n"))}')


def test_the_real_alertmanager_delivers_through_us(config, keeping, daemon, start, tmp_path):
    """With a body, a header, a time-out and a retry of our own, which Alertmanager does not have."""
    assert shutil.which("prometheus-alertmanager"), "Debian's prometheus-alertmanager is needed"
    keeping.script = lambda arrival: HANG if arrival.number == 1 else OK
    config.connection("Alerts", url=keeping.url + "/alerts", request_timeout_ms=1000,
                      retry_delay_s=1, headers=[{"name": "X-Team", "value": "night shift"}],
                      body_template=SLACK)
    running = daemon()
    relay = start(Relay, running.socket)
    alertmanager = start(
        Alertmanager, tmp_path / "alertmanager",
        f"{relay.url}/api/v1/projects/global/connections/Alerts/send"
        "?env=Development&format=alertmanager&ordering=groupKey")
    events = running.events()
    alertmanager.alert(alertname="DiskFull", disk="sda")
    assert events.find("failed")["reason"] == "timeout_reply"
    id = events.find("delivered")["delivery"]
    first, second = keeping.arrivals
    for arrival in (first, second):
        assert arrival.id == id
        assert arrival.headers["x-team"] == "night shift"
        assert arrival.headers["content-type"] == "application/json"
        assert json.loads(arrival.body) == {"text": "*DiskFull* is firing: sda"}
    # What Alertmanager has sent is kept as it came, and it was told that it is taken care of.
    delivery = running.api.delivery(id)
    payload = json.loads(delivery["body"])
    assert payload["alerts"][0]["labels"] == {"alertname": "DiskFull", "disk": "sda"}
    assert delivery["ordering_key"] == payload["groupKey"]
    assert attributes(running.api, id)["ce.subject"] == payload["groupKey"]
    alertmanager.alert(ends=-1, alertname="DiskFull", disk="sda")
    keeping.wait(lambda r: any(json.loads(a.body) == {"text": "*DiskFull* is resolved: sda"}
                               for a in r.arrivals))


def rss_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+) kB", file.read())[1]) << 10


def has_asan(pid):
    with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
        return "asan" in file.read()


def exchange(path, data):
    """All that comes back for these bytes; TimeoutError when the end does not come.

    A peer that says no more is not answered while its message is being written, so what is complete
    gets a moment to be answered first.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(ANSWERED_S)
        sock.connect(str(path))
        answer = b""
        try:
            sock.sendall(data)
            if select.select([sock], [], [], COMPLETE_S)[0]:
                answer += sock.recv(65536)
            sock.shutdown(socket.SHUT_WR)
            while piece := sock.recv(65536):
                answer += piece
        except (BrokenPipeError, ConnectionResetError):
            pass  # it was refused before all of it was said
        except OSError as error:
            if error.errno != errno.ENOTCONN:
                raise
        return answer


def attack(path, requests):
    """What came back for each, and how long it took."""
    def one(data):
        began = time.monotonic()
        try:
            return data, exchange(path, data), time.monotonic() - began
        except TimeoutError:
            raise AssertionError(f"no end in {ANSWERED_S} s of {data!r}") from None

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, requests))


STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


def test_malformed_requests_do_no_harm(running, chance, tell):
    """Each is answered or cut in time; the daemon is as healthy as before, and no larger."""
    growth = GROWTH_ASAN_BYTES if has_asan(running.process.pid) else GROWTH_BYTES
    requests = [mutated(chance) for _ in range(MALFORMED)]
    first = MALFORMED // 10
    results = attack(running.socket, requests[:first])
    before = rss_bytes(running.process.pid)
    results += attack(running.socket, requests[first:])
    statuses = collections.Counter()
    for data, answer, _ in results:
        found = STATUS.match(answer)
        assert found or not answer, (data, answer[:200])
        assert not found or found[1] != b"500", (data, answer[:600])
        statuses[found[1].decode() if found else "cut"] += 1
    assert running.process.poll() is None
    assert running.api.call("GET", "/readyz").status == 200
    # A pausing that lost its `dry_run=true` was a good request, and was done.
    running.api.call("POST", "projects/global/connections/Orders:resume")
    assert running.api.ended(running.api.accept("Orders"))["state"] == "done"
    # The mutations are neither all too odd nor all harmless.
    assert statuses["400"] > first and statuses["202"] > first / 10
    grown = rss_bytes(running.process.pid) - before
    slowest = max(seconds for _, _, seconds in results)
    tell(f"{MALFORMED} malformed requests: {dict(sorted(statuses.items()))}, "
         f"the slowest {slowest * 1000:.0f} ms, {grown >> 10} KiB more")
    assert grown < growth
