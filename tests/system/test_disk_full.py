"""A full disk: sends are refused at once, retries go on, and all is well when there is room again."""

import pathlib
import shutil
import subprocess
import time

import pytest

from receivers import OK, Answer, always

# Room for the outbox and its reserve.
SMALL = 'mount -t tmpfs -o size=64m small "$1" && shift && exec "$@"'


@pytest.fixture
def small_disk(config):
    """The command that runs another with the state folder on a small file system of its own."""
    state = config.folder / config.host["state"]
    state.mkdir()
    command = ("unshare", "--map-root-user", "--mount", "sh", "-c", SMALL, "sh", state)
    if not shutil.which("unshare"):
        pytest.skip("there is no program unshare")
    done = subprocess.run([*command, "true"], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    return command


def fill(folder):
    """Takes all the room there is; the file."""
    file = folder / "ballast"
    piece = bytes(4096)
    with file.open("wb", buffering=0) as out:
        try:
            while True:
                out.write(piece)
        except OSError:
            return file


def test_full(daemon, config, receiver, small_disk):
    config.connection("Orders", url=f"{receiver.url}/orders")
    config.connection("Late", url=f"{receiver.url}/late", retry_delay_s=1,
                      retry_max_attempts=50)
    receiver.script = lambda arrival: OK if "orders" in arrival.path else Answer(500)
    one = daemon(within=small_disk)
    events = one.events()
    # The mount is seen by the daemon alone, and by us through it.
    state = pathlib.Path(f"/proc/{one.process.pid}/root{config.folder}/{config.host['state']}")
    late = one.api.accept("Late")
    accepted = [late]
    receiver.wait(lambda r: r.count(late) >= 1)

    ballast = fill(state)
    refused = None
    for _ in range(10_000):
        began = time.monotonic()
        reply = one.api.send("Orders", b'"' + b"x" * 4096 + b'"')
        if reply.status == 503:
            refused = reply
            break
        assert reply.status == 202, reply
        accepted.append(reply.id)
    assert refused, "the disk never became full"
    assert refused.code == "disk_full"
    # "Within a second" is the promise; a loaded machine is given more, and hanging is found.
    assert time.monotonic() - began < 5
    events.find("disk_full")
    assert one.api.get("status").store["full"] is True

    # What waits is tried again, and that is kept: attempts are counted and survive.
    tried = receiver.count(late)
    receiver.wait(lambda r: r.count(late) >= tried + 2)
    assert one.api.delivery(late)["attempts"] >= tried
    assert one.api.send("Orders", b'"' + b"x" * 4096 + b'"').status == 503

    ballast.unlink()
    events.find("disk_free")
    accepted.append(one.api.accept("Orders"))
    receiver.script = always(OK)
    for message_id in accepted:
        assert one.api.ended(message_id)["state"] == "done"
    assert receiver.ids == set(accepted)
    assert one.api.get("status").store["full"] is False
    assert one.stop() == 0


def test_dead_letter_while_full(daemon, config, receiver, small_disk):
    """The end of a delivery is kept too, without any room."""
    config.connection("Late", url=receiver.url, retry_delay_s=1, retry_max_attempts=3)
    receiver.script = always(Answer(500))
    one = daemon(within=small_disk)
    state = pathlib.Path(f"/proc/{one.process.pid}/root{config.folder}/{config.host['state']}")
    late = one.api.accept("Late")
    fill(state)
    ended = one.api.ended(late)
    assert (ended["state"], ended["attempts"]) == ("dead", 3)
    assert receiver.count(late) == 3
