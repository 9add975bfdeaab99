"""A renewed certificate of the API's listener, taken by a reload."""

import http.client
import shutil
import ssl
import threading
import time

import pytest

from remote import Remote, free_port, token
from servers import DEADLINE_S


@pytest.fixture
def remote(config, listener, authority, tmp_path):
    """A configuration that listens with TLS; its files are to be renewed."""
    config.set_host(listen=f"127.0.0.1:{free_port()}", tls={
        "certificate": str(tmp_path / "api.pem"), "key": str(tmp_path / "api.key")})
    config.connection("Orders", url=listener.url)
    config.tls_folder = tmp_path
    put(config, authority, "first")
    port = int(config.host["listen"].rpartition(":")[2])
    return Remote(port, authority.ca_file)


def put(config, authority, name, key_of=None, **wish):
    """A new pair in the place of the one that is there, maybe with another one's key."""
    certificate, key = authority.certificate(name, **wish)
    if key_of:
        key = authority.certificate(key_of)[1]
    shutil.copyfile(certificate, config.tls_folder / "api.pem")
    shutil.copyfile(key, config.tls_folder / "api.key")
    (config.tls_folder / "api.key").chmod(0o600)


def connect(remote):
    """A connection, and the common name that it was shown."""
    context = ssl.create_default_context(cafile=str(remote.ca_file))
    connection = http.client.HTTPSConnection("127.0.0.1", remote.port, timeout=DEADLINE_S,
                                             context=context)
    connection.connect()
    subject = connection.sock.getpeercert()["subject"]
    return connection, dict(pair for row in subject for pair in row)["commonName"]


def shown(remote):
    connection, name = connect(remote)
    connection.close()
    return name


def reload(host):
    assert host.reload().startswith("message=reloaded")


def ask(connection):
    connection.request("GET", "/healthz")
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_a_reload_takes_the_renewed_certificate_and_cuts_nothing(daemon, config, authority, remote):
    host = daemon()
    before, name = connect(remote)
    assert name == "first" and ask(before) == 200
    put(config, authority, "second")
    assert shown(remote) == "first"
    reload(host)
    assert shown(remote) == "second"
    assert ask(before) == 200
    before.close()


def test_the_files_may_have_other_names(daemon, config, authority, remote, tmp_path):
    host = daemon()
    certificate, key = authority.certificate("elsewhere")
    key.chmod(0o600)
    config.set_host(tls={"certificate": str(certificate), "key": str(key)})
    reload(host)
    assert shown(remote) == "elsewhere"
    assert "needs a restart" not in host.log()


def spoil_key(config, authority):
    put(config, authority, "second", key_of="another")


def spoil_text(config, authority):
    (config.tls_folder / "api.pem").write_text("nothing of the kind\n")


def spoil_mode(config, authority):
    put(config, authority, "second")
    (config.tls_folder / "api.key").chmod(0o644)


def take_away(config, authority):
    (config.tls_folder / "api.key").unlink()


def let_end(config, authority):
    put(config, authority, "second", days=-1)


@pytest.mark.parametrize("spoil, why", [
    (spoil_key, "the certificate and the key cannot be used"),
    (spoil_text, "the certificate and the key cannot be used"),
    (spoil_mode, "can be read by everybody"),
    (take_away, "cannot open"),
    (let_end, "api.pem ended on "),
])
def test_a_faulty_pair_keeps_the_old_one_and_says_so(daemon, config, authority, remote, listener,
                                                     spoil, why):
    host = daemon()
    spoil(config, authority)
    config.connection("Later", url=listener.url)
    line = host.reload()
    assert line.startswith("message=reload_failed")
    assert shown(remote) == "first"
    # All or nothing: what else was new is not in force either.
    configuration = host.api.get("status").json["configuration"]
    assert configuration["connections"] == 1
    assert configuration["problem"].startswith(
        "the renewed certificate of the listener cannot be taken: ")
    assert why in configuration["problem"] and configuration["problem"] in line
    assert "PRIVATE KEY" not in host.log()
    put(config, authority, "third")
    reload(host)
    assert shown(remote) == "third"
    assert host.api.get("status").json["configuration"]["connections"] == 2


def test_renewals_under_load_fail_no_request(daemon, config, authority, remote):
    host = daemon()
    given = token(host, "v", "viewer")
    over, seen = threading.Event(), []

    def load():
        while not over.is_set():
            seen.append(remote.ask("GET", "/status", given).status)

    threads = [threading.Thread(target=load, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(10):
        put(config, authority, f"renewal {number}")
        reload(host)
        assert shown(remote) == f"renewal {number}"
    over.set()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert set(seen) == {200}


def test_one_that_ends_soon_is_told_once(daemon, config, authority, remote):
    put(config, authority, "short", days=5)
    host = daemon()
    page, items, deadline = {"next": 0}, [], time.monotonic() + DEADLINE_S
    while not items and time.monotonic() < deadline:
        page = host.api.get("events", after=page["next"], wait=2,
                            kind="certificate_expires").json
        items = page["items"]
    assert len(items) == 1 and items[0]["connection"] is None
    assert items[0]["detail"].startswith(
        "the certificate of the API's listener (CN=short) ends on ")
