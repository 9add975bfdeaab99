"""An orderly stop under load: nothing is lost, nothing is sent twice, and nothing is left behind."""

from daemon import Load
from receivers import HANG, OK, Answer, always

PER_SECOND = 500


def test_stop_under_load(daemon, config, receiver):
    config.connection("Orders", url=receiver.url)
    receiver.script = always(Answer(delay_s=0.05))
    one = daemon()
    load = Load(one.socket, "Orders", PER_SECOND)
    load.wait_for_more(PER_SECOND)
    assert one.stop() == 0
    ids = load.stop()
    assert not [r for r in load.refused if (r.status, r.code) != (503, "stopping")]

    receiver.wait_until_alone()
    two = daemon()
    receiver.wait_for_ids(ids)
    for message_id in ids:
        assert two.api.ended(message_id)["state"] == "done"
    assert receiver.duplicates() == 0


def test_stop_leaves_work_ready(daemon, config, receiver):
    """What the receiver does not answer in time waits on disk; the next start delivers it."""
    config.connection("Orders", url=receiver.url, request_timeout_ms=60_000)
    receiver.script = always(HANG)
    one = daemon()
    ids = one.api.accept_many("Orders", ["{}"] * 5000)
    receiver.wait(lambda r: r.hanging >= 1)
    assert one.stop() == 0

    receiver.wait_until_alone()
    receiver.script = always(OK)
    two = daemon()
    receiver.wait_for_ids(ids)
    for message_id in ids[:3] + ids[-3:]:
        assert two.api.ended(message_id)["state"] == "done"
    assert two.api.deliveries(state="ready,leased,dead,quarantined,cancelled") == []
