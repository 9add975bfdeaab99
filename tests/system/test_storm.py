"""Operators, crashes and full queues while messages come and go: the promise holds all the same."""

import collections
import json

from daemon import Load
from receivers import HANG, OK, Answer, always

KEYS = 5
DELAY_S = 0.005


def test_order_survives_kills(daemon, config, receiver, chance):
    """Of one ordering key, messages go one after the other and in order, over crashes too."""
    kills, between = 10, 60
    config.connection("Orders", url=receiver.url, ordering="key")
    receiver.keep = True
    receiver.script = always(Answer(delay_s=DELAY_S))
    one = daemon()
    accepted, n = [], 0
    for _ in range(kills):
        for _ in range(chance.randrange(between // 2, between)):
            key = f"key-{chance.randrange(KEYS)}"
            body = json.dumps({"key": key, "n": n}).encode()
            n += 1
            accepted.append(one.api.accept("Orders", body,
                                           headers={"Linkspan-Ordering-Key": key}))
        one.kill()
        receiver.wait_until_alone()
        receiver.next_epoch()
        one = daemon()
    receiver.wait_for_ids(accepted)

    arrivals = collections.defaultdict(list)
    for arrival in receiver.arrivals:
        arrivals[json.loads(arrival.body)["key"]].append(arrival)
    for key, of_key in arrivals.items():
        numbers = [json.loads(a.body)["n"] for a in of_key if a.number == 1]
        assert numbers == sorted(numbers), f"{key} is out of order"
        for before, after in zip(of_key, of_key[1:]):
            if before.epoch == after.epoch:
                assert after.at - before.at >= DELAY_S, f"two of {key} were in flight at once"
    for message in accepted[-KEYS:]:
        assert one.api.ended(message)["state"] == "done"


def test_operators_under_load(daemon, config, receiver, chance):
    """Pausing, resuming, retrying and cancelling lose nothing, and double nothing."""
    config.connection("Orders", url=receiver.url, retry_delay_s=1, retry_max_attempts=50)
    delivered = collections.Counter()

    def sometimes(arrival):
        # Every third try is taken, so that no retry is far away.
        if arrival.number % 3 and chance.random() < 0.3:
            return Answer(500)
        delivered[arrival.id] += 1
        return OK

    receiver.script = sometimes
    one = daemon()
    load = Load(one.socket, "Orders", 300)
    cancelled = set()
    for turn in range(60):
        load.wait_for_more(20)
        verb = ("pause", "resume")[turn % 2]
        assert one.api.call("POST", f"projects/global/connections/Orders:{verb}").status == 200
        for message in chance.sample(sorted(load.accepted), 5):
            # One that is cancelled stays so; one that is done is replayed by a retry.
            wanted = "cancel" if message in cancelled else chance.choice(("retry", "cancel"))
            reply = one.api.call("POST", f"deliveries/{message}:{wanted}")
            if wanted == "cancel" and reply.status == 200:
                cancelled.add(message)
            assert reply.status in (200, 409), reply
    ids = load.stop()
    assert load.unknown == 0 and load.refused == []
    for message in ids:
        ended = one.api.ended(message, 120)
        assert (ended["state"] == "done") == (message not in cancelled), ended
        # One that was cancelled on its way may have arrived all the same.
        least = ended["replay"] + (ended["state"] == "done")
        assert least <= delivered[message] <= ended["replay"] + 1, ended
    assert one.api.deliveries(state="ready,leased,dead,quarantined") == []
    link = one.api.link("Orders")
    assert (link["waiting"], link["in_flight"], link["in_memory"]) == (0, 0, 0)


def test_full_queue(daemon, config, receiver):
    """Beyond queue_max_messages nothing is accepted, and nothing accepted is dropped."""
    most = 50
    config.connection("Orders", url=receiver.url, queue_max_messages=most, pool_size=1,
                      request_timeout_ms=60_000)
    receiver.script = always(HANG)
    one = daemon()
    ids = []
    while (reply := one.api.send("Orders")).status == 202:
        ids.append(reply.id)
        assert len(ids) <= most, "the bound does not hold"
    assert (reply.status, reply.code, len(ids)) == (429, "queue_full", most)
    assert int(reply.headers["retry-after"]) > 0
    many = one.api.send("Orders", b"{}\n" * 3, framing="ndjson")
    assert (many.status, many.accepted) == (200, 0) or many.status == 429, many

    receiver.script = always(OK)
    receiver.release()
    for message in ids:
        assert one.api.ended(message)["state"] == "done"
    assert receiver.ids == set(ids) and receiver.duplicates() == 0
    one.api.accept("Orders")


def test_a_reload_and_a_kill_at_once(daemon, config, receiver, chance):
    """A crash in the middle of a reload loses nothing either."""
    config.connection("Orders", url=receiver.url)
    one = daemon()
    load = Load(one.socket, "Orders", 300)
    for generation in range(15):
        load.wait_for_more(chance.randrange(5, 60))
        config.connection("Orders", url=f"{receiver.url}/{generation}", pool_size=generation + 1)
        one.hang_up()
        if chance.random() < 0.5:
            load.wait_for_more(1)
        one.kill()
        receiver.wait_until_alone()
        one = daemon()
    ids = load.stop()
    receiver.wait_for_ids(ids)
    for message in sorted(ids)[-5:]:
        assert one.api.ended(message)["state"] == "done"
    assert one.api.deliveries(state="dead,quarantined,cancelled") == []
