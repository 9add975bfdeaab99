"""Export bundles: what the command line writes is a plain ZIP file for everybody, and comes back in."""

import json
import os
import re
import stat
import zipfile

import pytest

from receivers import Receiver
from remote import Remote, free_port, token

PASSPHRASE = "correct horse battery staple"


@pytest.fixture
def receiver(start):
    return start(Receiver, keep=True)


@pytest.fixture
def here(tmp_path):
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


@pytest.fixture
def run(call, here):
    """run("import", "a.zip") runs a command in an empty folder; its standard output."""
    def run_one(*args, exit_status=0):
        done = call(*args, cwd=here)
        assert done.returncode == exit_status, (args, done.stdout, done.stderr)
        run_one.messages = done.stderr
        return done.stdout

    run_one.messages = ""
    return run_one


@pytest.fixture
def orders(config, authority):
    """The connection Orders, which trusts a certificate of its own."""
    config.write("tls/ca.pem", authority.ca_file.read_text())
    os.utime(config.connection("Orders", url="https://127.0.0.1:9/in",
                               tls={"ca_file": "../tls/ca.pem"}), (1763021731, 1763021731))


NAME = "13 Nov 2025-connection-Orders-export.zip"


def test_it_is_a_plain_zip_file(config, daemon, orders, run, here):
    daemon()
    assert run("connection", "export", "Orders") == NAME + "\n"
    file = here / NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with zipfile.ZipFile(file) as bundle:
        assert bundle.testzip() is None
        assert bundle.namelist() == ["connection.json", "metadata.json", "dependencies.json",
                                     "dependencies/ca.pem"]
        for info in bundle.infolist():
            assert info.date_time == (2025, 11, 13, 8, 15, 30)
            assert info.external_attr >> 16 == stat.S_IFREG | 0o644
            assert not info.extra and not info.comment
        definition = json.loads(bundle.read("connection.json"))
        metadata = json.loads(bundle.read("metadata.json"))
    assert definition["name"] == "Orders"
    assert metadata["format"] == 1 and metadata["host"] == "test"
    assert [c["entry"] for c in metadata["connections"]] == ["connection.json"]

    # Once more: the same bytes; and nothing is written over unasked.
    assert "--force" in (run("connection", "export", "Orders", exit_status=5), run.messages)[1]
    run("connection", "export", "Orders", "-f", "again.zip")
    assert (here / "again.zip").read_bytes() == file.read_bytes()


def saved(config, key, name="Orders"):
    """A text of the saved definition; None when it has no such."""
    text = (config.folder / f"connections/{name}.conf").read_text()
    found = re.search(rf'\b{key} = "([^"]*)"', text)
    return found and found[1]


def test_it_comes_back_as_it_was(config, daemon, orders, run, here):
    host = daemon()
    run("connection", "export", "Orders", "-f", "orders.zip")
    assert host.stop() == 0
    (config.folder / "connections/Orders.conf").unlink()
    (config.folder / "tls/ca.pem").unlink()
    host = daemon()

    plan = json.loads(run("import", "orders.zip", "--plan", "-o", "json"))
    assert plan["ok"] and not plan["applied"]
    assert [item["action"] for item in plan["items"]] == ["create"]
    assert [file["action"] for file in plan["files"]] == ["write"]
    assert not (config.folder / "connections/Orders.conf").exists()

    # Nobody can be asked here.
    assert "--yes" in (run("import", "orders.zip", exit_status=2), run.messages)[1]
    assert "+ Orders of global: created" in run("import", "orders.zip", "--yes")
    assert saved(config, "url") == "https://127.0.0.1:9/in"
    written = saved(config, "ca_file")
    assert re.fullmatch(r".*/tls/imported/[0-9a-f]{8}-ca\.pem", written)
    assert stat.S_IMODE(os.stat(written).st_mode) == 0o640
    assert "is there already" in run("import", "orders.zip")
    assert "connection.import" in [row["action"] for row in host.api.get("audit").items]


def test_conflicts(config, daemon, orders, run):
    host = daemon()
    run("connection", "export", "Orders", "-f", "orders.zip")
    assert host.stop() == 0
    config.connection("Orders", url="https://127.0.0.1:9/other")
    daemon()
    assert "! Orders of global: is in the way" in \
        (run("import", "orders.zip", "--yes", exit_status=5), run.messages)[1]
    run("import", "orders.zip", "--plan", exit_status=5)
    assert "Orders-2 of global: created under this name" in \
        run("import", "orders.zip", "--yes", "--on-conflict", "rename")
    assert saved(config, "url", "Orders-2").endswith("/in")
    assert saved(config, "url").endswith("/other")
    run("import", "orders.zip", "--yes", "--on-conflict", "overwrite")
    assert saved(config, "url").endswith("/in")


def test_a_private_key_travels_sealed(config, daemon, authority, run, here):
    certificate, key = authority.certificate("client")
    config.write("tls/c.pem", certificate.read_text())
    config.write("tls/k.pem", key.read_text())
    config.connection("Orders", url="https://127.0.0.1:9/in",
                      tls={"client_certificate": "../tls/c.pem", "client_key": "../tls/k.pem"})
    (here / "phrase").write_text(PASSPHRASE + "\n")
    (here / "wrong").write_text("another horse\n")
    host = daemon()
    run("connection", "export", "Orders", "-f", "a.zip", exit_status=4)
    assert "--passphrase-file" in run.messages and not (here / "a.zip").exists()
    run("connection", "export", "Orders", "-f", "a.zip", "--passphrase-file", "phrase")
    assert b"PRIVATE" not in (here / "a.zip").read_bytes()
    assert not zipfile.is_zipfile(here / "a.zip")
    assert host.stop() == 0
    (config.folder / "connections/Orders.conf").unlink()
    (config.folder / "tls/k.pem").unlink()
    daemon()
    run("import", "a.zip", "--yes", exit_status=4)
    run("import", "a.zip", "--yes", "--passphrase-file", "wrong", exit_status=4)
    assert "the passphrase is wrong, or the bundle was changed" in run.messages
    run("import", "a.zip", "--yes", "--passphrase-file", "phrase")
    written = saved(config, "client_key")
    assert stat.S_IMODE(os.stat(written).st_mode) == 0o600
    with open(written) as file:
        assert file.read() == key.read_text()
    # Its certificate is where it was.
    assert saved(config, "client_certificate") == "../tls/c.pem"


def test_who_may_do_what(config, daemon, authority):
    port = free_port()
    config.set_host(listen=f"127.0.0.1:{port}")
    certificate, key = authority.certificate("client")
    config.write("tls/c.pem", certificate.read_text())
    config.write("tls/k.pem", key.read_text())
    config.connection("Orders", url="https://127.0.0.1:9/in", project="billing",
                      tls={"client_certificate": "../../../tls/c.pem",
                           "client_key": "../../../tls/k.pem"})
    host, remote = daemon(), Remote(port)
    viewer = token(host, "v", "viewer", projects=["billing"])
    admin = token(host, "a", "admin", projects=["billing"])
    foreign = token(host, "f", "editor", projects=["shipping"])
    wish = {"connections": [{"project": "billing", "name": "Orders"}], "passphrase": PASSPHRASE}

    def export(shown, **more):
        return remote.ask("POST", "/exports", shown, {**wish, **more}).status

    assert export(viewer) == 403
    assert export(viewer, dependencies=False) == 200
    assert export(foreign, dependencies=False) == 403
    assert export(admin) == 200
    bundle = remote.ask("GET", "/projects/billing/connections/Orders/export?dependencies=false",
                        viewer)
    assert bundle.status == 200 and bundle.headers["Content-Type"] == "application/zip"

    def take(shown, query=""):
        return remote.ask("POST", f"/imports?dry_run=true{query}", shown, bundle.body,
                          {"Content-Type": "application/zip"}).status

    assert take(viewer) == 403
    assert take(foreign) == 403
    assert take(foreign, "&project=shipping") == 200
    assert take(admin) == 200


@pytest.mark.parametrize("body", [b"", b"PK\x03\x04", b"hello", b"\0" * 3_000_000],
                         ids=["empty", "short", "text", "large"])
def test_what_is_no_bundle_is_refused(config, daemon, body):
    reply = daemon().api.call("POST", "imports", body)
    assert reply.status == 422 and reply.code == "invalid_bundle", reply


def test_a_large_body_is_for_imports_alone(config, daemon):
    host = daemon()
    body = b"\0" * 1_100_000
    assert host.api.call("POST", "exports", body).status == 413
    assert host.api.call("POST", "imports", body).status == 422
