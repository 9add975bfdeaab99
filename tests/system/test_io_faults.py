"""Injected I/O errors: never an acceptance without a durable row, and the stated reaction.

strace makes the N-th call fail, on the real daemon with its real file system.
"""

import os

import pytest

STORE_FILES = ("outbox.db", "outbox.db-wal", "outbox.db-journal")
MESSAGES = 20


@pytest.fixture
def faulty(strace, daemon, config, tmp_path):
    """faulty(CALLS, ERROR, N) starts the daemon; the N-th of the calls on the store's files fails.

    The tracer is a child (-D), so that the process that we wait for is the daemon.
    """
    def start(calls, error, when):
        state = config.folder / config.host["state"]
        files = [part for name in STORE_FILES for part in ("-P", state / name)]
        within = ("strace", "-D", "-f", "-qq", "-o", tmp_path / "strace", *files,
                  "-e", f"trace={calls}", "-e", f"inject={calls}:error={error}:when={when}")
        # LeakSanitizer does not work in a process that is traced.
        return daemon(within=within, ready=False, env={"ASAN_OPTIONS": "detect_leaks=0"})

    return start


def was_injected(tmp_path):
    return "(INJECTED)" in (tmp_path / "strace").read_text()


def send_until_trouble(one):
    """Ids of what was accepted, and the first answer that was no acceptance (None: silence)."""
    ids = []
    for _ in range(MESSAGES):
        try:
            reply = one.api.send("Orders")
        except OSError:
            return ids, None
        if reply.status != 202:
            return ids, reply
        ids.append(reply.id)
    return ids, None


def numbers(few, all_to):
    """Which calls fail in turn: a few, or in the long form every one."""
    return range(1, all_to + 1) if os.environ.get("LINKSPAN_SOAK", "0") != "0" else few


# The first ones happen while the store is being made.
FAULTS = [
    *(("fdatasync,fsync", n) for n in numbers([1, 2, 3, 4, 5, 6, 8, 10, 13, 17], 25)),
    *(("pwrite64", n) for n in numbers([1, 2, 4, 8, 16, 24, 32, 40, 50, 60], 100)),
]


@pytest.mark.parametrize("calls, when", FAULTS)
def test_error(faulty, daemon, config, receiver, tmp_path, calls, when):
    """503 for what is not known; then the daemon ends, and the next one delivers what was accepted."""
    config.connection("Orders", url=receiver.url)
    one = faulty(calls, "EIO", when)
    ids, reply = send_until_trouble(one) if one.starts() else ([], None)
    if not was_injected(tmp_path):
        pytest.skip(f"{MESSAGES} messages need fewer calls")
    if reply:
        # "stopping": it was a settlement that failed, just before.
        assert reply.status == 503 and reply.code in ("store", "stopping")
    assert one.ended() == 1
    assert "Input/output error" in "\n".join(one.err.rest()) or "I/O" in "\n".join(one.err.seen)
    check_whole(daemon(), receiver, ids)


@pytest.mark.parametrize("when", numbers([1, 2, 3, 5, 8, 13, 21], 60))
def test_no_space_once(faulty, daemon, config, receiver, tmp_path, when):
    """A write that finds no room refuses that message, and no more than that."""
    config.connection("Orders", url=receiver.url)
    one = faulty("pwrite64", "ENOSPC", when)
    if not one.starts():
        assert one.ended() == 1
        assert "No space left" in "\n".join(one.err.rest()) or "full" in "\n".join(one.err.seen)
        check_whole(daemon(), receiver, [])
        return
    ids, reply = send_until_trouble(one)
    if not was_injected(tmp_path):
        pytest.skip(f"{MESSAGES} messages need fewer writes")
    if reply:
        assert (reply.status, reply.code) == (503, "disk_full")
    # It resumes by itself.
    while (reply := one.api.send("Orders")).status == 503:
        assert reply.code == "disk_full"
    assert reply.status == 202
    ids.append(reply.id)
    receiver.wait_for_ids(ids)
    assert one.stop() == 0
    check_whole(daemon(), receiver, ids)


def check_whole(one, receiver, ids):
    """Every id that was accepted is there and is delivered."""
    receiver.wait_for_ids(ids)
    for message_id in ids:
        assert one.api.ended(message_id)["state"] == "done"
    new = one.api.accept("Orders")
    receiver.wait_for_ids([new])
    assert one.stop() == 0
