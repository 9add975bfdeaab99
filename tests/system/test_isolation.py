"""Links do not disturb each other, and a receiver that comes back is not run over."""

from receivers import HANG, OK, Answer, always, by_path

LINKS = 50
EACH = 20
BACKLOG = 10_000
RECOVERY_S = 10
MOST_IN_RECOVERY = 6


def test_hanging_endpoints_hold_up_no_others(daemon, config, receiver):
    for n in range(LINKS):
        config.connection(f"Hanging_{n}", url=f"{receiver.url}/hanging/{n}",
                          request_timeout_ms=60_000, retry_inline=0)
        config.connection(f"Healthy_{n}", url=f"{receiver.url}/healthy/{n}")
    receiver.script = by_path(hanging=always(HANG), healthy=always(OK))
    one = daemon()
    hanging = [one.api.accept(f"Hanging_{n}") for n in range(LINKS) for _ in range(EACH)]
    receiver.wait(lambda r: len({a.path for a in r.arrivals}) == LINKS)

    healthy = [one.api.accept(f"Healthy_{n}") for _ in range(EACH) for n in range(LINKS)]
    receiver.wait_for_ids(healthy)
    assert receiver.hanging >= LINKS, "some no longer hang: the test has shown nothing"
    assert all(one.api.delivery(i)["ended"] is None for i in hanging[::EACH])
    for message_id in healthy:
        assert one.api.ended(message_id)["state"] == "done"

    receiver.script = always(OK)
    receiver.release()
    receiver.wait_for_ids(hanging)
    assert receiver.duplicates() == 0


def test_direct_calls_beside_a_hanging_queue(daemon, config, receiver):
    """A durable queue that hangs takes no slot of another link's direct calls."""
    config.connection("Hanging", url=f"{receiver.url}/hanging", request_timeout_ms=60_000)
    config.connection("Healthy", url=f"{receiver.url}/healthy")
    receiver.script = by_path(hanging=always(HANG), healthy=always(OK))
    one = daemon()
    hanging = one.api.accept_many("Hanging", ["{}"] * 1000)
    receiver.wait(lambda r: r.hanging >= 1)
    for _ in range(EACH):
        reply = one.api.send("Healthy", mode="direct")
        assert (reply.status, reply.ok) == (200, True)
    receiver.script = always(OK)
    receiver.release()
    receiver.wait_for_ids(hanging)


def test_recovery_is_gentle(daemon, config, receiver, tell):
    """After an outage a backlog drains with few in flight at first, whatever it holds."""
    config.connection("Orders", url=receiver.url, retry_delay_s=1)
    one = daemon()
    events = one.events()
    receiver.down()
    first = [one.api.accept("Orders") for _ in range(10)]
    events.find("breaker_opened")
    backlog = one.api.accept_many("Orders", ["{}"] * (BACKLOG - len(first)))
    receiver.script = always(Answer(delay_s=0.02))
    receiver.up()

    receiver.wait(lambda r: r.arrivals, 120)
    began = receiver.arrivals[0].at
    receiver.wait(lambda r: r.arrivals[-1].at > began + RECOVERY_S, 2 * RECOVERY_S)
    early = [a for a in receiver.arrivals if a.at <= began + RECOVERY_S]
    most = max(a.in_flight for a in early)
    tell(f"{len(early)} in the first {RECOVERY_S} s, at most {most} in flight")
    assert most <= MOST_IN_RECOVERY
    assert most > 1, "its concurrency never grew"
    events.find("breaker_closed")

    receiver.script = always(OK)
    receiver.wait_for_ids(first + backlog, 120)
    assert receiver.duplicates() == 0
