"""The doctor: each thing is broken in turn, and it must be named together with its mend."""

import datetime
import json
import shutil
import subprocess

import pytest

from played import Answer, PlayedDaemon, problem
from servers import DEADLINE_S
from played_client import STATUS, link

CA_STORE = "/etc/ssl/certs/ca-certificates.crt"


def rfc3339(seconds_ago):
    moment = datetime.datetime.now(datetime.timezone.utc) - \
        datetime.timedelta(seconds=seconds_ago)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Lines:
    """What the doctor said."""

    def __init__(self, done):
        self.exit_status = done.returncode
        self.text = done.stdout + done.stderr
        self.document = json.loads(done.stdout)
        self.items = self.document["items"]
        assert all(item["text"] for item in self.items)
        assert all(item.get("mend") for item in self.items if item["state"] != "ok"), self.items
        assert self.exit_status == (1 if self.document["fail"] else 0)

    def of(self, check):
        return [item for item in self.items if item["check"] == check]

    def one(self, check):
        found = self.of(check)
        assert len(found) == 1, self.items
        return found[0]

    def state(self, check):
        states = {item["state"] for item in self.of(check)}
        return next(state for state in ("fail", "warn", "ok") if state in states)

    @property
    def failed(self):
        return {item["check"] for item in self.items if item["state"] == "fail"}


@pytest.fixture
def doctor(call, linkspan):
    """doctor() looks; the clock's line is left out where the machine keeps no time."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        linkspan.env.pop(name, None)
        linkspan.env.pop(name.upper(), None)
    return lambda *args, **options: Lines(call("doctor", "-o", "json", *args, **options))


@pytest.fixture
def well(config):
    """well(links=[…], **members) plays a daemon that is well but for these members of its status."""
    daemons = []

    def play(**members):
        status = {**STATUS, "started": rfc3339(STATUS["uptime_s"]), "links": [], **members}
        daemons.append(PlayedDaemon(config.folder / "run/linkspand.sock",
                                    lambda request: Answer(200, status)))
        return daemons[-1]

    config.connection("Orders", url="https://receiver.example/")
    yield play
    for daemon in daemons:
        daemon.stop()


def test_all_is_well(doctor, well, config):
    well()
    lines = doctor()
    assert lines.failed == set(), lines.items
    assert {item["check"] for item in lines.items} == {
        "configuration", "plugins", "permissions", "daemon", "database", "disk", "clock",
        "time_zones", "resolver", "proxy", "ca_store", "certificates", "secrets", "queues"}
    assert "1 connection, no fault" in lines.one("configuration")["text"]


def test_a_real_daemon_is_well(doctor, daemon, config, receiver):
    config.connection("Orders", url=f"{receiver.url}/")
    one = daemon()
    one.api.ended(one.api.accept("Orders"))
    lines = doctor()
    assert lines.failed == set(), lines.items
    assert "the daemon has it open" in lines.one("database")["text"]
    one.stop()
    lines = doctor()
    assert lines.failed == {"daemon"}
    assert "its header is sane" in lines.one("database")["text"]


def test_text_for_people(call, well):
    well(ready=False)
    done = call("doctor")
    rows = done.stdout.splitlines()
    at = next(i for i, row in enumerate(rows) if row.startswith("fail  daemon"))
    assert "not ready" in rows[at]
    assert rows[at + 1].strip().startswith("→ ")
    assert rows[-1].endswith(" 1 to mend")
    assert done.returncode == 1


# Definitions


def test_no_configuration(linkspan, tmp_path):
    lines = Lines(linkspan("--config", tmp_path / "none.conf", "doctor", "-o", "json"))
    assert "configuration" in lines.failed
    assert str(tmp_path / "none.conf") in lines.one("configuration")["text"]


def test_a_faulty_host(doctor, well, config):
    config.write("linkspan.conf", 'host: { name = "x"; sokcet = "y"; };')
    lines = doctor()
    assert {"configuration", "daemon"} <= lines.failed
    assert "linkspan.conf:1" in lines.one("configuration")["text"]


def test_a_faulty_connection(doctor, well, config):
    well()
    config.connection("Broken", url="https://receiver.example/", pool_size=1001)
    lines = doctor()
    assert lines.failed == {"configuration"}
    assert "Broken.conf:8: pool_size: 1001 is out of range" in lines.one("configuration")["text"]
    assert "validate" in lines.one("configuration")["mend"]


def test_no_plugins(doctor, well, config, tmp_path):
    well()
    (tmp_path / "empty").mkdir()
    config.set_host(plugins=[str(tmp_path / "empty")])
    lines = doctor()
    assert "plugins" in lines.failed
    assert str(tmp_path / "empty") in lines.one("plugins")["text"]


def test_a_plugin_that_is_none(doctor, well, config, tmp_path):
    well()
    (tmp_path / "junk").mkdir()
    (tmp_path / "junk/junk.so").write_text("no library")
    config.set_host(plugins=[str(tmp_path / "junk")])
    lines = doctor()
    assert "plugins" in lines.failed
    assert "junk.so" in lines.one("plugins")["text"]
    assert "plugin lint" in lines.one("plugins")["mend"]


def test_secrets_that_are_not_there(doctor, well, config, canary):
    well()
    config.connection("Env", url="https://receiver.example/", headers=[
        {"name": "Authorization", "value": "Bearer ${secret:env/LINKSPAN_CANARY}"},
        {"name": "X-Key", "value": "${secret:env/LINKSPAN_NOT_SET}"}])
    lines = doctor()
    assert lines.state("secrets") == "warn"
    assert "LINKSPAN_NOT_SET" in lines.one("secrets")["text"]
    assert lines.failed == set()
    config.connection("File", url="https://receiver.example/", headers=[
        {"name": "X-Key", "value": "${secret:file/key}"}])
    lines = doctor()
    assert lines.failed == {"secrets"}
    assert "secret:file/key" in [i for i in lines.of("secrets") if i["state"] == "fail"][0]["text"]
    config.write("secrets/key", "value-of-the-secret\n").chmod(0o600)
    (config.folder / "secrets").chmod(0o700)
    lines = doctor()
    assert lines.failed == set()
    assert "value-of-the-secret" not in lines.text


# Files


@pytest.mark.parametrize("path, mode, mend", [
    ("linkspan.conf", 0o666, "chmod o-w"), (".", 0o777, "chmod o-w"),
    ("state", 0o750, "chmod go-rwx"), ("secrets", 0o705, "chmod o-rwx"),
    ("run", 0o777, "chmod o-w")])
def test_permissions(doctor, well, config, path, mode, mend):
    well()
    place = config.folder / path
    if path in ("state", "secrets"):
        place.mkdir()
    place.chmod(mode)
    lines = doctor()
    assert lines.failed == {"permissions"}
    assert lines.one("permissions")["mend"].startswith(mend)
    place.chmod(0o700)
    assert doctor().failed == set()


def test_definitions_that_are_gone(doctor, well, config):
    config.set_host(definitions="elsewhere")
    lines = doctor()
    assert "permissions" in lines.failed or "configuration" in lines.failed
    assert "elsewhere" in lines.text


@pytest.mark.parametrize("content, why", [
    (b"garbage" * 100, "does not begin as a file of SQLite"),
    (b"SQLite format 3\0", "cut short"),
    (b"SQLite format 3\0\x10\x00" + bytes(100), "no multiple of its page size"),
    (b"SQLite format 3\0\x00\x03" + bytes(4096), "page size is none"),
], ids=lambda value: value if isinstance(value, str) else None)
def test_a_database_that_is_none(doctor, config, content, why):
    (config.folder / "state").mkdir(mode=0o700)
    (config.folder / "state/outbox.db").write_bytes(content)
    lines = doctor("--standalone")
    assert lines.failed == {"database"}
    assert why in lines.one("database")["text"]
    assert "--set-aside" in lines.one("database")["mend"]


def test_a_database_that_was_found_damaged(doctor, well, config):
    well()
    (config.folder / "state").mkdir(mode=0o700)
    (config.folder / "state/outbox.damaged").write_text("row 7 of an index is missing\n")
    lines = doctor()
    assert lines.failed == {"database"}
    assert "row 7" in lines.one("database")["text"]


def test_the_disk(doctor, well, config):
    well()
    config.set_host(state_max_bytes=2**49)
    lines = doctor()
    assert (lines.state("disk"), lines.failed) == ("warn", set())
    assert "state_max_bytes" in lines.one("disk")["mend"]


def test_a_full_store(doctor, well):
    well(store={"size_bytes": 1, "queued": 0, "full": True})
    lines = doctor()
    assert lines.failed == {"disk"}
    assert "accepts nothing" in lines.one("disk")["text"]


# Certificates


def listener(config, certificate, key):
    config.set_host(listen="127.0.0.1:8686", tls={"certificate": str(certificate),
                                                 "key": str(key)})


@pytest.mark.parametrize("days, state, words", [
    (0, "fail", "ended on"), (5, "warn", "ends on"), (60, "ok", "none ends soon")])
def test_the_certificate_of_the_api(doctor, well, config, authority, days, state, words):
    well()
    listener(config, *authority.certificate(f"api{days}", days=days))
    lines = doctor()
    assert lines.one("certificates")["state"] == state
    assert words in lines.one("certificates")["text"]
    assert lines.failed == ({"certificates"} if state == "fail" else set())


def test_when_to_warn_of_certificates(doctor, well, config, authority):
    well()
    listener(config, *authority.certificate("soon", days=5))
    assert doctor("--expiry", "3d").state("certificates") == "ok"


def test_a_certificate_of_a_connection(doctor, well, config, authority):
    well()
    certificate, key = authority.certificate("client", days=5)
    config.connection("Mutual", url="https://receiver.example/", tls={
        "ca_file": str(authority.ca_file), "client_certificate": str(certificate),
        "client_key": str(key)})
    line = doctor("--expiry", "20d").one("certificates")  # the authority's own has 30
    assert line["state"] == "warn"
    assert "(Mutual in Development)" in line["text"]
    assert str(certificate) in line["text"]


def test_a_certificate_that_is_gone(doctor, well, config, authority, tmp_path):
    well()
    listener(config, tmp_path / "none.pem", tmp_path / "none.key")
    lines = doctor()
    assert "certificates" in lines.failed
    assert "none.pem" in lines.one("certificates")["text"]


# The system


def inside(*commands):
    """A command that runs what follows where these were done to the files of the system."""
    if not shutil.which("unshare"):
        pytest.skip("there is no program unshare")
    command = ("unshare", "--map-root-user", "--mount", "sh", "-c",
               " && ".join(commands) + ' && exec "$@"', "sh")
    if subprocess.run([*command, "true"], capture_output=True, timeout=DEADLINE_S).returncode:
        pytest.skip("this user may not make a mount namespace")
    return command


def test_no_trusted_roots(doctor, well):
    well()
    lines = doctor(within=inside(f"mount --bind /dev/null {CA_STORE}"))
    assert lines.failed == {"ca_store"}
    assert "ca-certificates" in lines.one("ca_store")["mend"]


def test_no_resolver(doctor, well):
    well()
    lines = doctor(within=inside("mount --bind /dev/null /etc/hosts",
                                 "mount --bind /dev/null /etc/nsswitch.conf",
                                 "mount --bind /dev/null /etc/resolv.conf"))
    if lines.state("resolver") == "ok":
        pytest.skip("the name localhost is built in here")
    assert "/etc/hosts" in lines.one("resolver")["mend"]


def test_no_time_zones(doctor, well, tmp_path):
    well()
    lines = doctor(env={"TZDIR": str(tmp_path)})
    assert lines.failed == {"time_zones"}
    assert "tzdata" in lines.one("time_zones")["mend"]


@pytest.mark.parametrize("seconds, state", [(3600, "fail"), (-3600, "fail"), (20, "warn")])
def test_clocks_apart(doctor, well, seconds, state):
    well(started=rfc3339(STATUS["uptime_s"] + seconds))
    line = doctor().one("clock")
    assert line["state"] == state
    assert ("behind" if seconds > 0 else "ahead") in line["text"]


@pytest.mark.parametrize("name", ["http_proxy", "HTTPS_PROXY", "all_proxy"])
def test_a_proxy_that_is_ignored(doctor, well, name):
    well()
    lines = doctor(env={name: "http://user:hidden@proxy.example:3128"})
    assert (lines.state("proxy"), lines.failed) == ("warn", set())
    assert name in lines.one("proxy")["text"]
    assert "hidden" not in lines.text


# The daemon


def test_no_daemon(doctor, config):
    lines = doctor()
    assert lines.failed == {"daemon"}
    assert f"linkspand --config {config.file}" in lines.one("daemon")["mend"]
    assert lines.of("queues") == []


def test_without_the_daemon(doctor, config):
    lines = doctor("--standalone")
    assert (lines.state("daemon"), lines.failed) == ("warn", set())


@pytest.mark.parametrize("members, state, words", [
    ({"ready": False}, "fail", "not ready"),
    ({"configuration": {"problem": "Orders.conf:3: no"}}, "fail", "Orders.conf:3: no"),
    ({"version": "0.0.1"}, "warn", "linkspand 0.0.1"),
], ids=["unready", "reload", "version"])
def test_a_daemon_that_is_not_well(doctor, well, members, state, words):
    well(**members)
    line = doctor().one("daemon")
    assert line["state"] == state
    assert words in line["text"]


def test_a_daemon_that_refuses(doctor, config):
    daemon = PlayedDaemon(config.folder / "run/linkspand.sock",
                          lambda request: problem(403, "denied", "not for you"))
    try:
        line = doctor().one("daemon")
    finally:
        daemon.stop()
    assert line["state"] == "fail"
    assert "not for you" in line["text"]


@pytest.mark.parametrize("members, state, words, mend", [
    ({"dead": 3}, "warn", "3 messages were given up", "delivery list --state dead"),
    ({"waiting": 9, "oldest": rfc3339(7200)}, "warn", "9 messages wait, the oldest for 2 h",
     "connection status 'Orders'"),
    ({"waiting": 9, "oldest": rfc3339(7200), "paused": True}, "warn", "it is paused",
     "connection resume 'Orders'"),
    ({"state": "breaker_open", "detail": "refused"}, "warn", "breaker_open: refused",
     "connection status 'Orders'"),
    ({"state": "blocked", "detail": "401"}, "fail", "blocked: 401", "connection status 'Orders'"),
], ids=["dead", "old", "paused", "breaker", "blocked"])
def test_queues(doctor, well, members, state, words, mend):
    well(links=[link(), link(**members)])
    line = doctor().one("queues")
    assert line["state"] == state
    assert words in line["text"]
    assert mend in line["mend"]


def test_what_counts_as_old(doctor, well):
    well(links=[link(waiting=9, oldest=rfc3339(7200))])
    assert doctor("--queue-age", "3h").state("queues") == "ok"


def test_a_host_elsewhere(doctor, linkspan, well, config):
    """Where only the socket is known, nothing is said of files."""
    well()
    linkspan("context", "set", "far", "--socket", config.folder / "run/linkspand.sock")
    lines = Lines(linkspan("--context", "far", "doctor", "-o", "json"))
    assert lines.failed == set()
    assert lines.of("configuration") == lines.of("database") == []
    assert lines.state("daemon") == "ok"
