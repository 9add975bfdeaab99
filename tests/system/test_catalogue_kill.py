"""A host that is killed at any step of a change of the catalogue has, after its next start, all of it or none.

strace kills the daemon at the N-th of the calls that put something on the disk, for N = 1, 2, … until the
change comes to its end before that.
"""

import contextlib
import dataclasses
import json
import pathlib
import shutil
import signal
import subprocess
import time
import typing

import pytest

from servers import DEADLINE_S

# What the thread that writes files does, and the one that writes the store.  strace counts each kind of call
# by itself, so each is killed at by itself: of two together the later one would never be the first.
STEPS = (("fsync", "rename", "unlink", "mkdir"), ("pwrite64", "fdatasync", "ftruncate"))
MOST_STEPS = 200


def is_traced(pid):
    threads = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return all("TracerPid:\t0\n" not in (thread / "status").read_text() for thread in threads)


@contextlib.contextmanager
def deadly(one, calls, when):
    """Within it, the daemon dies of its N-th such call."""
    pid = one.process.pid
    tracer = subprocess.Popen(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e",
         f"inject={calls}:signal=SIGKILL:when={when}", "-p", str(pid)])
    try:
        deadline = time.monotonic() + DEADLINE_S
        while not is_traced(pid):
            assert tracer.poll() is None and time.monotonic() < deadline
        yield
    finally:
        # Asked to end, it may wait for ever for a thread of a process that has just died; killed, it lets go.
        tracer.kill()
        tracer.wait(DEADLINE_S)


def saved(folder):
    """What the files say there is."""
    found = {}
    for file in sorted(folder.glob("**/connections/*.conf")):
        parts = file.relative_to(folder).parts
        project = parts[1] if parts[0] == "projects" else "global"
        found[project, file.stem] = file.read_text()
    return found


def listed(one):
    items = one.api.get("projects/-/connections").items
    return {(item["project"], item["name"]): item["revision"] for item in items}


@dataclasses.dataclass
class Change:
    """A change of three connections or of one, as a request, and what it makes of the names."""
    prepare: typing.Callable
    ask: typing.Callable
    after: typing.Callable
    check: typing.Callable = lambda one, config, happened, kept: None


def three(folder):
    return [{"project": "global",
             "definition": {"name": f"New_{n}", "type": "webhook",
                            "settings": {"method": "POST", "url": f"https://new.example/{n}"},
                            "environments": {"Development": {}}}} for n in range(3)]


def ask_apply(one, config, kept):
    return one.api.call("POST", "definitions:apply", {"items": three(config.folder)})


def after_apply(before):
    return before | {("global", f"New_{n}") for n in range(3)}


def prepare_queue(one, config, authority):
    """A message that waits in the queue of the one that is changed."""
    one.api.call("POST", "projects/global/connections/Orders:pause")
    return one.api.accept("Orders")


def ask_move(one, config, kept):
    return one.api.call("POST", "projects/global/connections/Orders:move",
                        {"project": "billing", "name": "Bills"})


def after_move(before):
    return before - {("global", "Orders")} | {("billing", "Bills")}


def check_move(one, config, happened, kept):
    """The message waits where the connection is."""
    delivery = one.api.delivery(kept)
    assert (delivery["project"], delivery["connection"]) == (
        ("billing", "Bills") if happened else ("global", "Orders"))
    assert delivery["state"] == "ready" and delivery["held"] == "paused"


def ask_delete(one, config, kept):
    return one.api.call("DELETE", "projects/global/connections/Orders", headers={"If-Match": "*"})


def after_delete(before):
    return before - {("global", "Orders")}


def check_delete(one, config, happened, kept):
    assert one.api.delivery(kept)["state"] == ("cancelled" if happened else "ready")


def prepare_bundle(one, config, authority):
    """A bundle of three and the certificates that two of them trust; they are then deleted again."""
    items = three(config.folder)
    for n in range(2):
        file = config.write(f"tls/ca{n}.pem", authority.ca_file.read_text() + "\n" * n)
        items[n]["definition"]["settings"]["tls"] = {"ca_file": str(file)}
    made = one.api.call("POST", "definitions:apply", {"items": items})
    assert made.status == 200, made
    names = [{"project": "global", "name": f"New_{n}"} for n in range(3)]
    asked = one.post("/exports", json.dumps({"connections": names}))
    assert asked.status == 200, asked
    bundle = asked.body
    shutil.rmtree(config.folder / "tls")
    for name in names:
        done = one.api.call("DELETE", f"projects/global/connections/{name['name']}",
                            headers={"If-Match": "*"})
        assert done.status == 204, done
    return bundle


def ask_import(one, config, kept):
    return one.api.call("POST", "imports", kept, {"Content-Type": "application/zip"})


def check_import(one, config, happened, kept):
    """The certificates are there with the connections that trust them, or nothing of them is."""
    left = sorted(p.name[9:] for p in (config.folder / "tls/imported").glob("*"))
    assert left == (["ca0.pem", "ca1.pem"] if happened else [])


CHANGES = {
    "import": Change(prepare_bundle, ask_import, after_apply, check_import),
    "apply": Change(lambda one, config, authority: None, ask_apply, after_apply),
    "transfer": Change(prepare_queue, ask_move, after_move, check_move),
    "delete": Change(prepare_queue, ask_delete, after_delete, check_delete),
}


def killed_at(calls, when, change, daemon, config, receiver, authority):
    """Makes the change until the daemon dies; whether it did, and whether the change has happened."""
    shutil.rmtree(config.folder / "state", ignore_errors=True)
    shutil.rmtree(config.folder / "connections", ignore_errors=True)
    shutil.rmtree(config.folder / "projects", ignore_errors=True)
    shutil.rmtree(config.folder / "tls", ignore_errors=True)
    config.connection("Orders", url=receiver.url)
    config.connection("Other", url=receiver.url)
    one = daemon()
    kept = change.prepare(one, config, authority)
    before = saved(config.folder)
    with deadly(one, calls, when):
        try:
            reply = change.ask(one, config, kept)
            assert reply.status < 300, reply
        except OSError:
            reply = None
    died = one.process.poll() is not None or reply is None
    if died:
        assert one.ended() == -signal.SIGKILL
        one.api.close()
    else:
        assert one.stop() == 0
    after = daemon()
    files, names = saved(config.folder), set(listed(after))
    assert set(files) == names, "the files and the host agree"
    happened = names == change.after(set(before))
    assert happened or files == before, (sorted(names), "is neither all of it nor nothing")
    assert happened or reply is None, "what was answered has happened"
    assert not list(config.folder.glob("**/*~")), "nothing was taken for somebody's work"
    change.check(after, config, happened, kept)
    assert after.stop() == 0
    return died, happened


@pytest.mark.parametrize("calls", STEPS, ids=("files", "store"))
@pytest.mark.parametrize("name", CHANGES)
def test_a_kill_at_every_step(strace, daemon, config, receiver, authority, tell, name, calls):
    outcomes = []
    for call in calls:
        for when in range(1, MOST_STEPS):
            died, happened = killed_at(call, when, CHANGES[name], daemon, config, receiver,
                                       authority)
            if not died:
                break
            outcomes.append(happened)
        assert not died and happened, "the last one came to its end"
    tell(f"{name}: killed at {len(outcomes)} steps, {outcomes.count(True)} of them finished later")
    assert len(outcomes) >= 2
