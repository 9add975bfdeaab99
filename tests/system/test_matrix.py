"""Every row of the two tables of delivery.md, end to end: what a send meets, and what happened.

The receivers are scripted; retries come after a second.
"""

import dataclasses
import email.utils
import re
import time

import pytest

from receivers import HANG, OK, RESET, Answer, always, in_turn
from servers import Doorbell

QUICK = {"retry_delay_s": 1, "retry_max_attempts": 3, "retry_inline": 0}
FAULTS_THAT_OPEN = 5


@pytest.fixture
def orders(config, receiver):
    """orders(...) writes the connection Orders with further settings."""
    def write(**settings):
        config.connection("Orders", **{"url": receiver.url, **QUICK, **settings})

    return write


# What happened: the answers of one message in turn, and what becomes of it.
@dataclasses.dataclass
class Row:
    answers: tuple
    state: str
    attempts: int
    reason: str = None

    def __str__(self):
        return "-".join(str(getattr(a, "status", "hang" if a is HANG else "reset"))
                        for a in self.answers)


def statuses(*numbers):
    return tuple(Answer(n) for n in numbers)


ENDS = [
    *(Row(statuses(n), "done", 1) for n in (200, 201, 204)),
    *(Row(statuses(n), "dead", 1, "redirect|http_3xx") for n in (301, 302, 307)),
    *(Row(statuses(n), "dead", 1, rf"http_({n}|{n // 100}xx)")
      for n in (400, 402, 403, 404, 409, 413, 422)),
    *(Row(statuses(n, 200), "done", 2)
      for n in (408, 425, 429, 500, 501, 502, 503, 504, 505, 511, 599)),
    *(Row(statuses(n), "dead", 3, rf"http_({n}|{n // 100}xx)") for n in (408, 500, 503)),
    Row((RESET, OK), "done", 2),
    Row((RESET,), "dead", 3, "receive|empty_reply"),
    Row((HANG, OK), "done", 2),
]


def number_of(arrival):
    """Which row's connection a request came by."""
    return int(arrival.path.strip("/"))


def write_rows(config, receiver, count, **settings):
    """A connection for each row, so that all of them run at once and none touches another."""
    for n in range(count):
        config.connection(f"Row_{n}", **{"url": f"{receiver.url}/{n}", **QUICK, **settings})


def test_ends(daemon, config, receiver):
    write_rows(config, receiver, len(ENDS), request_timeout_ms=2000)
    receiver.script = lambda a: in_turn(*ENDS[number_of(a)].answers)(a)
    one = daemon()
    messages = [one.api.accept(f"Row_{n}") for n in range(len(ENDS))]
    wrong = []
    for row, message in zip(ENDS, messages):
        ended = one.api.ended(message)
        # What came after a failure has a row of its own, a first try that succeeded has none.
        logged = list(range(1, row.attempts + 1)) if (row.state, row.attempts) != ("done", 1) else []
        if ((ended["state"], ended["attempts"]) != (row.state, row.attempts)
                or receiver.count(message) != row.attempts
                or [a["number"] for a in ended["log"]] != logged
                or (row.reason and not re.fullmatch(row.reason, ended["reason"]))):
            wrong.append((str(row), receiver.count(message), ended))
    assert not wrong


# Whose fault it was: five messages in a row that fail like this open the breaker, or do not.
BLAMES = [
    *((Answer(n), True) for n in (429, 502, 503, 504)),
    *((Answer(n), False) for n in (400, 404, 408, 422, 425, 500, 501, 505)),
    (RESET, True),
    (HANG, True),
]


def test_breaker(daemon, config, receiver):
    write_rows(config, receiver, len(BLAMES), request_timeout_ms=2000, retry_max_attempts=2,
               pool_size=FAULTS_THAT_OPEN)
    receiver.script = lambda a: BLAMES[number_of(a)][0]
    one = daemon()
    events = one.events()
    messages = [[one.api.accept(f"Row_{n}") for _ in range(FAULTS_THAT_OPEN)]
                for n in range(len(BLAMES))]
    for n, (_, opens) in enumerate(BLAMES):
        if not opens:
            for message in messages[n]:
                one.api.ended(message)
    faulty = {f"Row_{n}" for n, (_, opens) in enumerate(BLAMES) if opens}
    while faulty - {e["connection"] for e in events.seen if e["kind"] == "breaker_opened"}:
        events.find("breaker_opened")
    states = [one.api.link(f"Row_{n}")["breaker"] for n in range(len(BLAMES))]
    assert states == ["open" if opens else "closed" for _, opens in BLAMES]


def test_breaker_open(daemon, orders, receiver):
    """A direct call fails at once, a message waits, and attempts are not used up."""
    orders(pool_size=FAULTS_THAT_OPEN)
    receiver.script = always(Answer(502))
    one = daemon()
    events = one.events()
    messages = [one.api.accept("Orders") for _ in range(FAULTS_THAT_OPEN)]
    events.find("breaker_opened", connection="Orders")
    assert one.api.link("Orders")["state"] == "breaker_open"
    direct = one.api.send("Orders", mode="direct")
    assert (direct.status, direct.code) == (503, "breaker_open")
    durable = one.api.accept("Orders")
    delivery = one.api.delivery(durable)
    assert (delivery["ended"], delivery["attempts"]) == (None, 0)
    # The first probe is half a minute away: until then nothing arrives and nothing is counted.
    assert [one.api.delivery(m)["attempts"] for m in messages] == [1] * FAULTS_THAT_OPEN
    receiver.script = always(OK)
    for message in [durable, *messages]:
        assert one.api.ended(message, 90)["state"] == "done"
    assert one.api.link("Orders")["breaker"] == "closed"


@pytest.mark.parametrize("url, reason", [
    ("http://127.0.0.1:9/", "refused"),
    ("http://nothing.invalid/", "dns"),
])
def test_not_reached(daemon, orders, url, reason):
    orders(url=url, retry_max_attempts=2)
    one = daemon()
    ended = one.api.ended(one.api.accept("Orders"))
    assert (ended["state"], ended["attempts"], ended["reason"]) == ("dead", 2, reason)


def test_no_tls_at_the_other_end(daemon, orders, receiver):
    orders(url=receiver.url.replace("http:", "https:"), retry_max_attempts=2)
    one = daemon()
    ended = one.api.ended(one.api.accept("Orders"))
    assert (ended["state"], ended["attempts"]) == ("dead", 2)
    assert ended["reason"] == "tls"


def test_handshake_hangs(daemon, orders, start):
    door = start(Doorbell)
    orders(url=f"https://127.0.0.1:{door.port}/", retry_max_attempts=2,
           connection_timeout_ms=1000)
    one = daemon()
    ended = one.api.ended(one.api.accept("Orders"))
    assert (ended["state"], ended["reason"]) == ("dead", "timeout_tls")
    assert door.rings() == 2


@pytest.mark.parametrize("status", [401, 407])
def test_unauthorised(daemon, orders, receiver, status):
    """The link is blocked, attempts are not used up, and one probe at a time looks again."""
    orders()
    receiver.script = always(Answer(status))
    one = daemon()
    events = one.events()
    messages = [one.api.accept("Orders") for _ in range(5)]
    events.find("link_blocked", connection="Orders")
    assert one.api.link("Orders")["state"] == "blocked"
    direct = one.api.send("Orders", mode="direct")
    assert (direct.status, direct.code) == (503, "blocked")
    # More probes than there are attempts use none up.
    so_far = len(receiver.arrivals)
    receiver.wait(lambda r: len(r.arrivals) >= so_far + QUICK["retry_max_attempts"] + 1)
    for message in messages:
        delivery = one.api.delivery(message)
        assert (delivery["ended"], delivery["attempts"]) == (None, 0)
    receiver.script = always(OK)
    events.find("link_unblocked")
    for message in messages:
        assert one.api.ended(message)["state"] == "done"


def test_certificate_does_not_verify(daemon, config, orders, nginx):
    orders(url=nginx.https_url)
    one = daemon()
    events = one.events()
    message = one.api.accept("Orders")
    events.find("link_blocked", connection="Orders")
    delivery = one.api.delivery(message)
    assert (delivery["ended"], delivery["attempts"]) == (None, 0)
    assert one.api.link("Orders")["last_error"]["reason"] == "tls_verify"
    # Mended by a reload.
    orders(url=nginx.https_url, tls={"ca_file": nginx.ca_file})
    one.reload()
    assert one.api.ended(message)["state"] == "done"


def test_secret_is_missing(daemon, config, orders, receiver):
    receiver.keep = True
    orders(headers=[{"name": "Authorization", "value": "Bearer ${secret:file/token}"}])
    # It was there when the connection was deployed, and is gone when it is needed.
    config.write("secrets/token", "abc").chmod(0o600)
    one = daemon()
    (config.folder / "secrets/token").unlink()
    events = one.events()
    message = one.api.accept("Orders")
    events.find("link_blocked", connection="Orders")
    assert receiver.arrivals == []
    secret = config.write("secrets/token", "abc")
    secret.chmod(0o600)
    assert one.api.ended(message)["state"] == "done"
    assert receiver.arrivals[0].headers["authorization"] == "Bearer abc"


def test_three_times_forbidden(daemon, orders, receiver):
    """One 403 is about the message; three different ones in a row are about the link."""
    orders()
    receiver.script = always(Answer(403))
    one = daemon()
    events = one.events()
    for _ in range(2):
        assert one.api.ended(one.api.accept("Orders"))["state"] == "dead"
    receiver.script = always(OK)
    assert one.api.ended(one.api.accept("Orders"))["state"] == "done"
    receiver.script = always(Answer(403))
    for _ in range(2):
        assert one.api.ended(one.api.accept("Orders"))["state"] == "dead"
    assert "link_blocked" not in [e["kind"] for e in events.seen]
    third = one.api.accept("Orders")
    events.find("link_blocked", connection="Orders")
    assert one.api.delivery(third)["ended"] is None
    receiver.script = always(OK)
    assert one.api.ended(third)["state"] == "done"


def test_gone(daemon, orders, receiver):
    """410 ends the message and pauses the link, until somebody resumes it."""
    orders()
    receiver.script = always(Answer(410))
    one = daemon()
    events = one.events()
    assert one.api.ended(one.api.accept("Orders"))["state"] == "dead"
    events.find("link_paused", connection="Orders")
    link = one.api.link("Orders")
    assert (link["state"], link["paused"]) == ("paused", True)
    reply = one.api.send("Orders")
    assert (reply.status, reply.state, reply.reason) == (202, "held", "paused")
    receiver.script = always(OK)
    assert one.api.call("POST", "projects/global/connections/Orders:resume").status == 200
    assert one.api.ended(reply.id)["state"] == "done"


def test_network_policy(daemon, config, orders, receiver):
    config.environment(allow=())
    orders()
    one = daemon()
    ended = one.api.ended(one.api.accept("Orders"))
    assert (ended["state"], ended["attempts"], receiver.arrivals) == ("dead", 1, [])


def test_header_invalid(daemon, orders, receiver):
    orders()
    one = daemon()
    message = one.api.accept("Orders", headers={"Linkspan-Header-Transfer-Encoding": "chunked"})
    assert one.api.ended(message)["state"] == "dead"
    assert receiver.arrivals == []


def test_body_not_allowed(daemon, orders, receiver):
    orders(method="HEAD")
    one = daemon()
    assert one.api.ended(one.api.accept("Orders", b"{}"))["state"] == "dead"
    assert receiver.arrivals == []


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after(daemon, orders, receiver, form):
    """Retry-After is never undercut, in neither form."""
    def answer(arrival):
        value = "3" if form == "seconds" else email.utils.formatdate(time.time() + 4, usegmt=True)
        return Answer(500, (("Retry-After", value),)) if arrival.number == 1 else OK

    orders()
    receiver.script = answer
    one = daemon()
    assert one.api.ended(one.api.accept("Orders"))["attempts"] == 2
    first, second = receiver.arrivals
    assert second.at - first.at >= 2.9


# What a send meets.

@pytest.mark.parametrize("mode", ["direct", "durable"])
def test_not_deployed(daemon, orders, receiver, mode):
    orders()
    one = daemon()
    reply = one.api.send("Nowhere", mode=mode)
    assert (reply.status, reply.code) == (404, "no_such_connection")


def test_disabled(daemon, orders, receiver):
    orders(enabled=False)
    one = daemon()
    direct = one.api.send("Orders", mode="direct")
    assert (direct.status, direct.code) == (409, "disabled")
    durable = one.api.send("Orders")
    assert (durable.status, durable.state, durable.reason) == (202, "held", "disabled")
    orders()
    one.reload()
    assert one.api.ended(durable.id)["state"] == "done"


def test_paused(daemon, orders, receiver):
    orders()
    one = daemon()
    assert one.api.call("POST", "projects/global/connections/Orders:pause").status == 200
    direct = one.api.send("Orders", mode="direct")
    assert (direct.status, direct.code) == (409, "paused")
    durable = one.api.send("Orders")
    assert (durable.status, durable.state, durable.reason) == (202, "held", "paused")
    # A pause outlives the process.
    assert one.stop() == 0
    two = daemon()
    assert two.api.link("Orders")["state"] == "paused"
    assert receiver.arrivals == []
    assert two.api.call("POST", "projects/global/connections/Orders:resume").status == 200
    assert two.api.ended(durable.id)["state"] == "done"


def test_no_free_slot(daemon, orders, receiver):
    orders(pool_size=1, connection_timeout_ms=1000, request_timeout_ms=60_000)
    receiver.script = always(HANG)
    one = daemon()
    first = one.api.accept("Orders")
    receiver.wait(lambda r: r.hanging == 1)
    direct = one.api.send("Orders", mode="direct")
    assert (direct.status, direct.code) == (503, "pool_exhausted")
    second = one.api.accept("Orders")
    assert one.api.delivery(second)["ended"] is None
    receiver.script = always(OK)
    receiver.release()
    for message in (first, second):
        assert one.api.ended(message)["state"] == "done"
    assert max(a.in_flight for a in receiver.arrivals) == 1


def test_direct_success_and_failure(daemon, orders, receiver):
    orders()
    receiver.script = always(Answer(404, body=b"no such thing"))
    one = daemon()
    reply = one.api.send("Orders", mode="direct")
    assert (reply.status, reply.ok, reply.json["status"]) == (200, False, 404)
    receiver.script = always(OK)
    reply = one.api.send("Orders", mode="direct")
    assert (reply.ok, reply.json["status"]) == (True, 200)
    assert one.api.deliveries() == [], "direct calls are not stored"


def test_ordering_key(daemon, orders, receiver):
    """One in flight per key, in order; a dead letter releases its key."""
    orders(ordering="key")
    receiver.script = lambda a: Answer(404) if a.path == "/" and a.number == 1 and \
        len(receiver.arrivals) == 1 else Answer(delay_s=0.01)
    one = daemon()
    ids = [one.api.accept("Orders", headers={"Linkspan-Ordering-Key": "a"}) for _ in range(20)]
    for message in ids:
        one.api.ended(message)
    assert [a.id for a in receiver.arrivals] == ids
    assert max(a.in_flight for a in receiver.arrivals) == 1
    assert one.api.delivery(ids[0])["state"] == "dead"


def test_idempotency_key(daemon, orders, receiver):
    orders()
    one = daemon()
    first = one.api.send("Orders", b'{"n": 1}', {"Idempotency-Key": "k"})
    again = one.api.send("Orders", b'{"n": 1}', {"Idempotency-Key": "k"})
    other = one.api.send("Orders", b'{"n": 2}', {"Idempotency-Key": "k"})
    assert (first.status, first.repeated) == (202, False)
    assert (again.status, again.repeated, again.id) == (202, True, first.id)
    assert (other.status, other.code) == (422, "idempotency_conflict")
    one.api.ended(first.id)
    assert len(receiver.arrivals) == 1


@pytest.mark.parametrize("wanted", ["retry", "cancel"])
def test_operator(daemon, orders, receiver, wanted):
    """A waiting delivery can be tried at once, or ended."""
    orders(retry_delay_s=3600)
    receiver.script = in_turn(Answer(500), OK)
    one = daemon()
    events = one.events()
    message = one.api.accept("Orders")
    events.find("failed", delivery=message)
    assert one.api.call("POST", f"deliveries/{message}:{wanted}").status == 200
    state = one.api.ended(message)["state"]
    assert (state, receiver.count(message)) == (("done", 2) if wanted == "retry"
                                                else ("cancelled", 1))


def test_replay(daemon, orders, receiver):
    """Dead letters go out again under their own ids."""
    orders()
    receiver.script = always(Answer(404))
    one = daemon()
    ids = one.api.accept_many("Orders", ["{}"] * 50)
    for message in ids:
        assert one.api.ended(message)["state"] == "dead"
    what = {"state": "dead", "connection": "Orders"}
    counted = one.api.call("POST", "deliveries:replay", what, dry_run="true")
    assert counted.json["count"] == 50
    receiver.script = always(OK)
    assert one.api.call("POST", "deliveries:replay", what).replayed == 50
    receiver.wait(lambda r: all(r.count(i) == 2 for i in ids))
    for message in ids:
        ended = one.api.ended(message)
        assert (ended["state"], ended["replay"]) == ("done", 1)
