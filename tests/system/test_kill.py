"""kill -9 of the daemon: what was accepted is delivered, and hardly anything twice."""

import collections
import re
import shutil
import signal

from daemon import Daemon, Load
from receivers import Answer, always

PER_SECOND = 500
# The goal on an idle machine; a loaded one is given time, and what it took is printed.
READY_GOAL_S = 3.0


def in_hand_at_death(daemon):
    """How many deliveries the process before had in hand, as the start that released them says."""
    released = re.search(r"released=\"?(\d+)", daemon.log())
    return int(released[1]) if released else 0


def kills(daemon, message_id):
    """True when the daemon is killed before the delivery has ended."""
    if daemon.ready_s or daemon.starts():
        try:
            daemon.api.ended(message_id)
            return False
        except OSError:
            pass
    assert daemon.ended() == -signal.SIGKILL
    return True


def epochs_of(receiver):
    """For each id, the epochs of its arrivals."""
    found = collections.defaultdict(list)
    for arrival in receiver.arrivals:
        found[arrival.id].append(arrival.epoch)
    return found


def test_nothing_accepted_is_lost(daemon, config, receiver, chance, long_form, tell):
    kills = 200 if long_form else 50
    receiver.script = always(Answer(delay_s=0.01))
    config.connection("Orders", url=receiver.url)
    one = daemon()
    load = Load(one.socket, "Orders", PER_SECOND, threads=8)
    ready_s, in_flight = [], [0]
    for _ in range(kills):
        load.wait_for_more(chance.randrange(PER_SECOND // 20, PER_SECOND))
        one.kill()
        # What the dead one had sent is noted before the next one sends.
        receiver.wait_until_alone()
        receiver.next_epoch()
        one = daemon()
        ready_s.append(one.ready_s)
        in_flight.append(in_hand_at_death(one))
    ids = load.stop()
    tell(f"{kills} kills, {len(ids)} accepted at {load.rate():.0f}/s, {load.unknown} unknown; "
         f"{sum(in_flight)} in flight at the kills, {receiver.duplicates()} duplicates; ready "
         f"after {max(ready_s):.2f} s at worst (goal {READY_GOAL_S} s)")
    assert len(ids) > kills, "hardly anything was accepted"
    receiver.wait_for_ids(ids, 120)

    # Twice only over a kill, and no more often than what it caught in flight.
    again = collections.Counter()
    for message_id, epochs in epochs_of(receiver).items():
        assert len(set(epochs)) == len(epochs), f"{message_id} came twice without a kill: {epochs}"
        again.update(epochs[1:])
    for epoch, count in again.items():
        assert count <= in_flight[epoch], f"{count} duplicates, {in_flight[epoch]} were in flight"
    bodies = collections.defaultdict(set)
    for arrival in receiver.arrivals:
        bodies[arrival.id].add(arrival.digest)
    assert all(len(digests) == 1 for digests in bodies.values())

    for message_id in sorted(ids)[-8:]:
        assert one.api.ended(message_id)["state"] == "done"
    assert one.api.deliveries(state="dead,quarantined,cancelled") == []


def test_poison(prefix, config, receiver, test_plugins, tmp_path, start):
    """A message that ends its host is sent alone after two crashes, and then no more."""
    folder = tmp_path / "deadly"
    folder.mkdir()
    shutil.copy(test_plugins / "deadly.so", folder)
    config.set_host(plugins=[*config.host["plugins"], str(folder)])
    config.write("connections/Deadly.conf", """connection: {
        name = "Deadly"; type = "deadly"; settings: { delay_ms = 200; pool_size = 20; };
        environments: { Development: { }; }; };""")
    config.connection("Orders", url=receiver.url)

    def start_daemon():
        return start(Daemon, prefix / "sbin/linkspand", config, ready=False)

    one = start_daemon()
    one.ready()
    ids = [one.api.accept("Orders") for _ in range(10)]
    *innocent, poison = one.api.accept_many("Deadly", ['"innocent"'] * 10 + ['"poison"'])
    deaths = 0
    while kills(one, poison):
        deaths += 1
        assert deaths <= 3, "the message ended its host a fourth time"
        one = start_daemon()
    assert deaths == 3
    assert one.api.delivery(poison)["state"] == "quarantined"
    for message_id in ids + innocent:
        assert one.api.ended(message_id)["state"] == "done"
    assert [d["id"] for d in one.api.deliveries(state="dead,quarantined")] == [poison]
    assert one.stop() == 0
