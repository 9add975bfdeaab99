"""Export and import between hosts: everything travels that may, nothing that may not, whole or not at all."""

import hashlib
import json
import os
import re
import stat
import subprocess
import zipfile

import pytest

from bundling import NAME, PASSPHRASE, ZIP, BEARER, host, source, target
from receivers import Receiver
from remote import Remote, free_port, token


def bundle_of(file):
    with zipfile.ZipFile(file) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def missing(plan, at=0):
    return {(row["kind"], row["name"], row["environment"]) for row in plan["items"][at]["missing"]}


# From one host to another


@pytest.fixture
def partner(source, nginx):
    """The connection Partner, which needs an environment, a variable, a secret and the CA of a real server."""
    source.config.environment("Staging", variables={"host": f"localhost:{nginx.https_port}"})
    source.secret("partner_token", "s3cret-of-the-source")
    source.config.write("tls/partner-ca.pem", nginx.ca_file.read_text())
    source.connection("Partner", url="https://${host}/partner", headers=BEARER,
                      tls={"ca_file": "../tls/partner-ca.pem"}, environments={"Staging": {}})
    return source.start()


def test_what_is_missing_is_named_until_it_is_there(partner, target, nginx):
    file = partner.export("Partner")
    target.start()

    # The environment is in the way; nothing else could be said of it yet.
    plan = target.plan(file, exit_status=5)
    assert not plan["ok"] and plan["format_ok"] and not plan["applied"]
    assert {("environment", "Staging", None), ("secret", "file/partner_token", None)} <= missing(plan)
    text = target.run("import", file, "--plan", exit_status=5)
    assert "missing: the environment Staging, at environments.Staging" in text
    assert "missing: the secret file/partner_token, at settings.headers" in text
    before = target.world()
    assert "nothing was imported" in target.refused("import", file, "--yes", exit_status=5)
    assert target.world() == before

    # The environment is there, its variable is not: what has a fault is not saved.
    target.config.environment("Staging", auto_deploy=False)
    target.again()
    plan = target.plan(file, exit_status=5)
    assert missing(plan) == {("variable", "host", "Staging"), ("secret", "file/partner_token", None)}
    assert [f["code"] for f in plan["items"][0]["faults"]] == ["unknown_variable"]
    text = target.run("import", file, "--plan", exit_status=5)
    assert "missing: the variable host in Staging, at settings.url" in text
    assert 'error: settings.url: the environment Staging has no variable "host"' in text
    assert [(f["name"], f["action"]) for f in plan["files"]] == [("partner-ca.pem", "write")]

    target.config.environment("Staging", auto_deploy=False,
                              variables={"host": f"localhost:{nginx.https_port}"})
    target.again()
    # A secret is in the way of a deployment alone; without the certificate that would be missing.
    assert missing(target.plan(file)) == {("secret", "file/partner_token", None)}
    plan = target.plan(file, "--no-dependencies", exit_status=5)
    assert ("file", "../tls/partner-ca.pem", None) in missing(plan)
    target.secret("partner_token", "s3cret-of-the-target")
    plan = target.plan(file)
    assert plan["ok"] and not missing(plan)
    assert "+ Partner of global: created" in target.run("import", file, "--yes")
    answer = target.document("connection", "test", "Partner", "--env", "Staging")
    assert answer["ok"] and answer["tls"]["chain"][0]["issuer"] == "CN=Linkspan test CA"
    target.run("connection", "deploy", "Partner", "--env", "Staging")
    sent = target.document("send", "Partner", "--env", "Staging", "-d", "{}")
    assert sent["status"] == 200
    seen = [request for request in (nginx.next(), nginx.next()) if request["method"] == "POST"]
    assert [request["authorization"] for request in seen][-1] == "Bearer s3cret-of-the-target"


def test_environments_that_are_not_there_can_be_left_out(source, target, nginx):
    for name in ("Staging", "Production"):
        source.config.environment(name, variables={"host": "localhost:9"})
    source.connection("Partner", url="https://${host}/partner", headers=BEARER,
                      environments={"Staging": {"request_timeout_ms": 1000}, "Production": {}})
    file = source.start().export("Partner")
    target.config.environment("Production", variables={"host": "localhost:9"}, auto_deploy=False)
    target.secret("partner_token", "x")
    target.start()
    assert missing(target.plan(file, exit_status=5)) == {("environment", "Staging", None)}
    assert "--skip-environments" in target.refused("import", file, "--yes", exit_status=5)
    target.run("import", file, "--yes", "--skip-environments")
    definition = target.document("connection", "get", "Partner")
    assert list(definition["environments"]) == ["Production"]


def test_the_certificate_of_an_environment_is_named(source, target, nginx):
    """Environments do not travel, but what a connection had from one is told and written down."""
    source.config.write("tls/partner-ca.pem", nginx.ca_file.read_text())
    source.config.environment("Staging", tls={"ca_file": "../tls/partner-ca.pem"})
    source.connection("Partner", url=f"{nginx.https_url}/partner", environments={"Staging": {}})
    file = source.start().export("Partner")
    assert "dependencies/partner-ca.pem" in bundle_of(file)
    target.config.environment("Staging", auto_deploy=False)
    target.start()
    plan = target.plan(file)
    row, = plan["items"][0]["missing"]
    assert (row["kind"], row["name"]) == ("file", "../tls/partner-ca.pem")
    assert row["path"] == "environment Staging: tls.ca_file"
    target.run("import", file, "--yes")
    written = target.config.folder / "tls/imported"
    name, = (p.name for p in written.iterdir())
    assert not target.document("connection", "test", "Partner", "--env", "Staging",
                               exit_status=1)["ok"]
    target.config.environment("Staging", auto_deploy=False,
                              tls={"ca_file": f"../tls/imported/{name}"})
    target.again()
    assert target.document("connection", "test", "Partner", "--env", "Staging")["ok"]
    assert not missing(target.plan(file))


# The file


def test_the_file_has_the_name_of_the_page(source):
    source.connection("Production_Webhook", url="https://127.0.0.1:9/in")
    source.start()
    assert source.run("connection", "export", "Production_Webhook") == NAME + "\n"
    file = source.here / NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_bytes(b"somebody's")
    said = source.refused("connection", "export", "Production_Webhook", exit_status=5)
    assert f"{NAME} is there already" in said and "--force" in said
    assert file.read_bytes() == b"somebody's"
    assert [p.name for p in source.here.iterdir()] == [NAME]
    source.run("connection", "export", "Production_Webhook", "--force")
    assert zipfile.is_zipfile(file)


def test_the_same_revision_gives_the_same_bytes(source, nginx):
    late = 1762990210  # 12 Nov 2025, 23:30:10 UTC; in Tokyo it is the 13th
    source.config.write("tls/ca.pem", nginx.ca_file.read_text())
    for name in ("Beta", "alpha"):
        os.utime(source.config.connection(name, url="https://127.0.0.1:9/in",
                                          tls={"ca_file": "../tls/ca.pem"}), (late, late))
    source.start()
    first = source.export("Beta", "alpha", file="1.zip").read_bytes()
    assert source.run("connection", "export", "Beta") == \
        "12 Nov 2025-connection-Beta-export.zip\n"
    tokyo = {"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"}
    source.again()
    source.again(env=tokyo)
    assert source.export("alpha", "Beta", "alpha", file="2.zip").read_bytes() == first
    source.run("connection", "export", "Beta", "--force", env=tokyo)
    assert [p.name for p in source.here.glob("*Beta*")] == \
        ["12 Nov 2025-connection-Beta-export.zip"]
    # What changed is seen.
    source.run("connection", "edit", "Beta", "--set", "url=https://127.0.0.1:9/else")
    assert source.export("Beta", "alpha", file="3.zip").read_bytes() != first


def test_everybody_can_read_it(partner):
    file = partner.export("Partner")
    tested = subprocess.run(["unzip", "-t", file], capture_output=True, text=True)
    assert tested.returncode == 0 and "No errors detected" in tested.stdout, tested
    listed = subprocess.run(["zipinfo", "-T", file], capture_output=True, text=True)
    assert listed.returncode == 0 and listed.stdout.count("20251113.08") == 4, listed
    with zipfile.ZipFile(file) as bundle:
        assert bundle.testzip() is None
    parts = bundle_of(file)
    assert list(parts) == ["connection.json", "metadata.json", "dependencies.json",
                           "dependencies/partner-ca.pem"]
    metadata = json.loads(parts["metadata.json"])
    assert metadata["host"] == "source" and metadata["created"].startswith("2025-11-13T08:15:30")
    told = {name: (e["sha256"], e["size_bytes"]) for name, e in metadata["entries"].items()}
    assert told == {name: (hashlib.sha256(text).hexdigest(), len(text))
                    for name, text in parts.items() if name != "metadata.json"}
    needs = json.loads(parts["dependencies.json"])
    assert {(n["kind"], n["name"], n["file"]) for n in needs["items"]} == {
        ("file", "../tls/partner-ca.pem", "partner-ca.pem"), ("variable", "host", None),
        ("secret", "file/partner_token", None), ("environment", "Staging", None)}
    assert b"s3cret" not in file.read_bytes()


# Several, and names that are taken


@pytest.fixture
def several(source):
    """Two global connections and one of a project."""
    source.connection("Orders", url="https://127.0.0.1:9/orders")
    source.connection("Stock", url="https://127.0.0.1:9/stock")
    source.connection("Bills", project="billing", url="https://127.0.0.1:9/bills")
    return source.start()


def test_several_go_in_one(several, target):
    assert several.run("connection", "export", "Stock", "Bills", "Orders", "--project",
                       "billing") == \
        "13 Nov 2025-connection-Orders-and-2-more-export.zip\n"
    file, = several.here.iterdir()
    assert list(bundle_of(file))[:4] == ["connections/Orders.json", "connections/Stock.json",
                                         "connections/billing/Bills.json", "metadata.json"]
    target.start()
    target.run("import", file, "--yes")
    assert target.names() == {("global", "Orders"), ("global", "Stock"), ("billing", "Bills")}
    assert "is there already" in target.run("import", file, "--yes")
    trail = target.daemon.api.get("audit").items
    assert [row["action"] for row in trail].count("connection.import") == 1


def test_all_of_it_can_go_into_a_project(several, target):
    file = several.export("Stock", "Bills", "--project", "billing")
    target.start()
    target.run("import", file, "--yes", "--project", "teams")
    assert target.names() == {("teams", "Stock"), ("teams", "Bills")}
    assert (target.config.folder / "projects/teams/connections/Bills.conf").exists()
    assert "the name of a project" in target.refused("import", file, "--yes", "--project", "../x",
                                                     exit_status=7)


def taken(target):
    target.connection("Stock", url="https://127.0.0.1:9/other")
    return target.start()


def test_a_name_that_is_taken_stops_all_of_it(several, target):
    file = several.export("Orders", "Stock")
    before = taken(target).world()
    said = target.refused("import", file, "--yes", exit_status=5)
    assert "! Stock of global: is in the way" in said and "--on-conflict" in said
    target.run("import", file, "--yes", "--on-conflict", "fail", exit_status=5)
    plan = target.plan(file, exit_status=5)
    assert [(i["name"], i["action"]) for i in plan["items"]] == \
        [("Orders", "create"), ("Stock", "conflict")]
    assert target.world() == before


def test_a_name_that_is_taken_can_be_another_one(several, target):
    file = several.export("Orders", "Stock")
    taken(target)
    assert "+ Stock-2 of global: created under this name" in \
        target.run("import", file, "--yes", "--on-conflict", "rename")
    assert target.names() == {("global", n) for n in ("Orders", "Stock", "Stock-2")}
    assert target.document("connection", "get", "Stock")["settings"]["url"].endswith("/other")
    assert target.document("connection", "get", "Stock-2")["settings"]["url"].endswith("/stock")


def test_a_name_that_is_taken_can_be_overwritten(several, target):
    file = several.export("Orders", "Stock")
    taken(target)
    assert "~ Stock of global: overwritten" in \
        target.run("import", file, "--yes", "--on-conflict", "overwrite")
    assert target.names() == {("global", "Orders"), ("global", "Stock")}
    assert target.document("connection", "get", "Stock")["settings"]["url"].endswith("/stock")


def test_a_file_that_was_lost_comes_back(partner, target):
    file = partner.export("Partner")
    target.config.environment("Staging", variables={"host": "localhost:9"}, auto_deploy=False)
    target.start().run("import", file, "--yes")
    lost, = (target.config.folder / "tls/imported").iterdir()
    lost.unlink()
    assert "would be written" in target.run("import", file, "--plan")
    assert "--yes" in target.refused("import", file, exit_status=2)
    out = target.run("import", file, "--yes")
    assert "= Partner of global: is there already" in out and f"+ {lost}: written" in out
    assert lost.read_bytes() == (partner.config.folder / "tls/partner-ca.pem").read_bytes()


def test_dependencies_can_stay(partner, target):
    plain = partner.export("Partner", "--no-dependencies", file="plain.zip")
    assert list(bundle_of(plain)) == ["connection.json", "metadata.json", "dependencies.json"]
    needs = json.loads(bundle_of(plain)["dependencies.json"])
    assert ("file", None) in {(n["kind"], n["file"]) for n in needs["items"]}
    whole = partner.export("Partner")
    target.config.environment("Staging", variables={"host": "localhost:9"}, auto_deploy=False)
    target.secret("partner_token", "x")
    target.start()
    for file, *args in (plain,), (whole, "--no-dependencies"):
        plan = target.plan(file, *args, exit_status=5)
        assert missing(plan) == {("file", "../tls/partner-ca.pem", None)}
        assert [f["code"] for f in plan["items"][0]["faults"]] == ["file_unreadable"]
    target.config.write("tls/partner-ca.pem", bundle_of(whole)["dependencies/partner-ca.pem"].decode())
    target.run("import", whole, "--yes", "--no-dependencies")
    assert not (target.config.folder / "tls/imported").exists()
    assert target.document("connection", "get", "Partner")["settings"]["tls"]["ca_file"] == \
        "../tls/partner-ca.pem"


# Private keys


@pytest.fixture
def mutual(source, nginx, authority):
    """The connection Partner with a certificate of its own, whose key is private."""
    certificate, key = authority.certificate("partner")
    for name, file in (("ca", nginx.ca_file), ("own", certificate), ("key", key)):
        source.config.write(f"tls/{name}.pem", file.read_text())
    source.connection("Partner", method="GET", url=f"{nginx.https_url}/mutual", tls={
        "ca_file": "../tls/ca.pem", "client_certificate": "../tls/own.pem",
        "client_key": "../tls/key.pem"})
    (source.here / "phrase").write_text(PASSPHRASE + "\n")
    return source.start()


def test_a_private_key_needs_a_passphrase(mutual):
    said = mutual.refused("connection", "export", "Partner", exit_status=4)
    assert "../tls/key.pem of Partner holds a private key" in said
    assert "--passphrase-file" in said and "--no-dependencies" in said
    assert [p.name for p in mutual.here.iterdir()] == ["phrase"]
    assert b"PRIVATE" not in b"".join(
        bundle_of(mutual.export("Partner", "--no-dependencies")).values())


def test_a_sealed_bundle_round_trip(mutual, target, nginx):
    file = mutual.export("Partner", "--passphrase-file", "phrase")
    assert not zipfile.is_zipfile(file)
    for clear in (b"PRIVATE", b"CERTIFICATE", b"Partner", b"connection.json", b"key.pem"):
        assert clear not in file.read_bytes()
    (target.here / "phrase").write_text(PASSPHRASE)
    target.start()
    target.run("import", file, "--yes", "--passphrase-file", "phrase")
    imported = {p.name[9:]: p for p in (target.config.folder / "tls/imported").iterdir()}
    assert {name: stat.S_IMODE(p.stat().st_mode) for name, p in imported.items()} == \
        {"ca.pem": 0o640, "own.pem": 0o640, "key.pem": 0o600}
    assert imported["key.pem"].read_bytes() == (mutual.config.folder / "tls/key.pem").read_bytes()
    answer = target.document("connection", "test", "Partner", "--env", "Development")
    assert answer["ok"] and answer["status"] == 200
    assert nginx.next()["client"].startswith("SUCCESS")


def test_a_sealed_bundle_opens_with_its_passphrase_alone(mutual, target):
    file = mutual.export("Partner", "--passphrase-file", "phrase")
    (target.here / "phrase").write_text(PASSPHRASE)
    (target.here / "wrong").write_text(PASSPHRASE + "r")
    before = target.start().world()
    assert "--passphrase-file" in target.refused("import", file, "--yes", exit_status=4)
    wrong = ("import", file, "--yes", "--passphrase-file", "wrong")
    assert "the passphrase is wrong" in target.refused(*wrong, exit_status=4)
    whole = file.read_bytes()
    for at in (0, 20, len(whole) // 2, len(whole) - 1):
        changed = bytearray(whole)
        changed[at] ^= 1
        file.write_bytes(changed)
        for args in ("--yes",), ("--plan",):
            said = target.refused("import", file, *args, "--passphrase-file", "phrase",
                                  exit_status=4 if at else 7)
            assert ("or the bundle was changed" if at else "no export bundle") in said
    file.write_bytes(whole[:-1])
    target.refused("import", file, "--yes", "--passphrase-file", "phrase", exit_status=4)
    assert target.world() == before


# Secrets


def test_a_secret_that_was_written_by_hand_stays(source):
    source.connection("Partner", url="https://127.0.0.1:9/in", headers=[
        {"name": "X-Plain", "value": "one"}, {"name": "Authorization", "value": "Bearer by-hand"}])
    source.start()
    said = source.refused("connection", "export", "Partner", exit_status=4)
    assert 'the definition of "Partner" holds a secret itself' in said
    assert "settings.headers" in said and "${secret:file/NAME}" in said and "by-hand" not in said
    source.connection("Partner", url="https://127.0.0.1:9/in", environments={"Development": {
        "headers": [{"name": "X-Api-Key", "value": "by-hand"}]}})
    source.again()
    said = source.refused("connection", "export", "Partner", exit_status=4)
    assert "environments.Development.headers" in said and "by-hand" not in said
    assert not list(source.here.iterdir())


def test_a_secret_that_was_typed_in_is_nowhere_but_sealed(source, canary):
    source.start()
    (source.here / "value").write_text(canary)
    source.run("connection", "create", "Partner", "--type", "webhook", "--set", "method=POST",
               "--set", "url=https://127.0.0.1:9/in", "--header", f"Authorization: Bearer {canary}",
               "--secret", "headers.X-Api-Key=value", "--env", "Development")
    (source.here / "value").unlink()
    file = source.export("Partner")
    subprocess.run(["unzip", "-q", file, "-d", source.here / "open"], check=True)
    definition = json.loads((source.here / "open/connection.json").read_text())
    values = [row["value"] for row in definition["settings"]["headers"]]
    assert all(re.fullmatch(r"(Bearer )?\$\{secret:local/[^}]+\}", value) for value in values)
    assert len(values) == 2
    trail = source.run("audit", "list", "-o", "json")
    assert canary not in trail and "sealed" in trail
    places = [p for folder in (source.config.folder, source.here) for p in folder.rglob("*")
              if p.is_file()]
    assert any(p.suffix == ".db" or "sqlite" in p.read_bytes()[:16].decode("latin-1").lower()
               for p in places), "the database is among them"
    assert not [p for p in places if canary.encode() in p.read_bytes()]


@pytest.mark.parametrize("name, conflict", [("Partner", "overwrite"), ("Other", "fail")])
def test_an_import_sends_no_secret_elsewhere(source, target, start, receiver, name, conflict):
    """Neither by what it overwrites, nor by what it makes new, where valid saves are deployed by themselves."""
    elsewhere = start(Receiver, keep=True)
    source.config.set_host(secrets="secrets")
    source.connection(name, url=f"{elsewhere.url}/in", headers=BEARER)
    file = source.start().export(name)
    target.secret("partner_token", "s3cret-of-the-target")
    target.connection("Partner", url=f"{receiver.url}/in", headers=BEARER)
    target.start()
    target.run("send", "Partner", "-d", "{}")
    out = target.run("import", file, "--yes", "--on-conflict", conflict)
    assert f"{name}: not deployed in Development: " in out and elsewhere.url in out
    assert "file/partner_token" in out
    target.run("connection", "deploy", name, exit_status=5)
    assert f"{elsewhere.url}" in target.messages and "--confirm-secrets" in target.messages
    assert elsewhere.url in target.refused("connection", "test", name, exit_status=5)
    assert not elsewhere.arrivals
    target.run("connection", "deploy", name, "--confirm-secrets")
    target.run("send", name, "-d", "{}")
    assert elsewhere.arrivals[0].headers["authorization"] == "Bearer s3cret-of-the-target"


# Who may


def test_roles(source, mutual, target):
    """A viewer takes no keys out and nothing in; an editor takes things in, but no keys out."""
    plain = mutual.export("Partner", "--no-dependencies", file="plain.zip").read_bytes()
    sealed = {"connections": [{"name": "Partner"}], "passphrase": PASSPHRASE}
    mutual.stop()
    port = free_port()
    source.config.set_host(listen=f"127.0.0.1:{port}")
    source.start()
    remote = Remote(port)
    for role, exports, imports in (("viewer", 200, 403), ("operator", 200, 403),
                                   ("editor", 200, 200), ("admin", 200, 200)):
        shown = token(source.daemon, role, role)
        keys = remote.ask("POST", "/exports", shown, sealed)
        assert keys.status == (200 if role == "admin" else 403), (role, keys)
        assert role == "admin" or "an administrator alone" in keys.json["title"]
        bare = remote.ask("POST", "/exports", shown, {**sealed, "dependencies": False})
        assert bare.status == exports, (role, bare)
        before = source.world()
        taken_in = remote.ask("POST", "/imports", shown, plain, ZIP)
        assert taken_in.status == imports, (role, taken_in)
        assert source.world() == before, "what is there already changes nothing"
    assert remote.ask("POST", "/imports", None, plain, ZIP).status == 401
    assert remote.ask("POST", "/exports", None, sealed).status == 401


def test_an_editor_of_one_project_imports_there_alone(several, source):
    file = several.export("Orders", "Bills", "--project", "billing")
    several.stop()
    port = free_port()
    source.config.set_host(listen=f"127.0.0.1:{port}")
    source.start()
    remote = Remote(port)
    shown = token(source.daemon, "billing", "editor", projects=["billing"])
    before = source.world()
    assert remote.ask("POST", "/imports", shown, file.read_bytes(), ZIP).status == 403
    assert source.world() == before
    answer = remote.ask("POST", "/imports?project=billing&on_conflict=rename", shown,
                        file.read_bytes(), ZIP)
    assert answer.status == 200, answer
    foreign = {"connections": [{"project": "shipping", "name": "Any"}]}
    assert remote.ask("POST", "/exports", shown, foreign).status == 403
