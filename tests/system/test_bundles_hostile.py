"""Bundles that nobody should have made, over the API: each is refused, and nothing is written."""

import hashlib
import io
import json
import os
import stat
import struct
import zipfile

import pytest

from bundling import ZIP, host, target


def good():
    """The parts of a bundle that is as it should be, without metadata.json."""
    return {
        "connection.json": json.dumps({
            "name": "Hook", "type": "webhook",
            "settings": {"method": "POST", "url": "https://127.0.0.1:9/in"},
            "environments": {"Development": {}}}).encode(),
        "dependencies.json": b'{"items":[],"files":[]}',
    }


def metadata(parts, **changed):
    return json.dumps({
        "format": 1, "product": "Linkspan", "product_version": "1.0", "host": "there",
        "created": "2025-11-13T08:15:30Z",
        "connections": [{"project": "global", "name": "Hook", "type": "webhook",
                         "revision": "0" * 64, "at": "2025-11-13T08:15:30Z",
                         "entry": "connection.json"}],
        "entries": {name: {"sha256": hashlib.sha256(text).hexdigest(), "size_bytes": len(text)}
                    for name, text in parts.items()}, **changed}).encode()


def zipped(parts, more=(), kind=zipfile.ZIP_STORED):
    """A ZIP of the parts, then of further (ZipInfo or name, bytes), which may repeat names."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as bundle:
        for name, text in [*parts.items(), *more]:
            bundle.writestr(name, text)
    return out.getvalue()


def made(parts=None, more=(), kind=zipfile.ZIP_STORED, **changed):
    parts = {**good(), **(parts or {})}
    return zipped({**parts, "metadata.json": metadata(parts, **changed)}, more, kind)


def of_mode(name, mode):
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    return info


def with_wrong_hash():
    parts = good()
    said = metadata(parts)
    parts["connection.json"] = parts["connection.json"].replace(b"/in", b"/on")
    return zipped({**parts, "metadata.json": said})


def with_wrong_size(said):
    """The sizes in the headers of an entry lie."""
    text = made({"dependencies/a.pem": b"x" * 1000}, kind=zipfile.ZIP_DEFLATED)
    return text.replace(struct.pack("<L", 1000), struct.pack("<L", said))


HOSTILE = {
    "nothing": (lambda: b"", "no export bundle"),
    "no ZIP": (lambda: b"PK nonsense" * 100, "no export bundle"),
    "traversal": (lambda: made({"../evil": b"x"}), '"../evil" is no name'),
    "traversal below": (lambda: made({"dependencies/../../evil": b"x"}), "is no name"),
    "absolute": (lambda: made({"/tmp/evil": b"x"}), '"/tmp/evil" is no name'),
    "backslash": (lambda: made({"dependencies\\..\\evil": b"x"}), "is no name"),
    "hidden": (lambda: made({"dependencies/.evil": b"x"}), "is no name"),
    "link": (lambda: made(more=[(of_mode("dependencies/a.pem", stat.S_IFLNK | 0o777),
                                 "/etc/passwd")]), "is a link or a folder"),
    "folder": (lambda: made(more=[(of_mode("dependencies/a.pem", stat.S_IFDIR | 0o755), "")]),
               "is a link or a folder"),
    "device": (lambda: made(more=[(of_mode("dependencies/a.pem", stat.S_IFCHR | 0o644), "")]),
               "is a link or a folder"),
    "duplicate": (lambda: made(more=[("connection.json", b"{}")]), "is in the bundle twice"),
    "case": (lambda: made({"dependencies/a.pem": b"x"}, more=[("dependencies/A.pem", b"y")]),
             "is in the bundle twice"),
    "bomb": (lambda: made({"dependencies/a.pem": bytes(9 << 20)}, kind=zipfile.ZIP_DEFLATED),
             "is compressed to less than one 100th"),
    "large": (lambda: made({"dependencies/a.pem": os.urandom(11 << 20)}), "too large"),
    "many": (lambda: made({f"dependencies/f{n}": b"x" for n in range(1000)}), "at most 1000"),
    "liar, short": (lambda: with_wrong_size(10), "a.pem"),
    "liar, long": (lambda: with_wrong_size(100_000), "a.pem"),
    "truncated": (lambda: made()[:-30], "no export bundle"),
    "something behind": (lambda: made() + b"#", "end"),
    "something before": (lambda: b"#!/bin/sh\n" + made(), "begin"),
    "wrong hash": (with_wrong_hash, "its SHA-256 is not"),
    "unnamed entry": (lambda: made(more=[("dependencies/a.pem", b"x")]), "does not name it"),
    "no metadata": (lambda: zipped(good()), "metadata.json"),
    "another product": (lambda: made(product="Other"), "no bundle of Linkspan"),
    "younger": (lambda: made(format=2), "younger"),
    "no JSON": (lambda: made({"connection.json": b"{"}), "connection.json"),
    "deep JSON": (lambda: made({"connection.json": b"[" * 100_000}), "connection.json"),
    "no connection": (lambda: made({"connection.json": b"[]"}), "connection.json"),
}


@pytest.fixture
def prey(target):
    target.config.write("tls/ca.pem", "somebody's")
    target.connection("Ours", url="https://127.0.0.1:9/in")
    return target.start()


def test_the_one_that_the_others_are_made_of_is_good(prey):
    reply = prey.daemon.api.call("POST", "imports", made(), ZIP)
    assert reply.status == 200 and reply.applied, reply
    assert ("global", "Hook") in prey.names()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_hostile_bundle_is_refused(prey, tmp_path):
    before = prey.world()
    outside = sorted(str(p) for p in tmp_path.rglob("*") if "state" not in p.parts)
    for kind, (make, said) in HOSTILE.items():
        body = make()
        for query in ({}, {"dry_run": "true"}, {"on_conflict": "overwrite"}):
            reply = prey.daemon.api.call("POST", "imports", body, ZIP, **query)
            assert 400 <= reply.status < 500, (kind, reply)
            assert said in reply.title, (kind, reply)
            assert prey.world() == before, kind
    assert sorted(str(p) for p in tmp_path.rglob("*") if "state" not in p.parts) == outside
    assert prey.daemon.get("/status").status == 200


def test_a_huge_bundle_is_not_even_sent(prey):
    with open(prey.here / "huge.zip", "wb") as file:
        file.truncate(65 << 20)
    assert "huge.zip is too large" in prey.refused("import", "huge.zip", "--yes", exit_status=7)


def test_any_byte_may_be_wrong(prey, chance):
    whole = made({"dependencies/a.pem": b"x" * 50})
    before = prey.world()
    for _ in range(150):
        changed = bytearray(whole)
        changed[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        reply = prey.daemon.api.call("POST", "imports", bytes(changed), ZIP, dry_run="true")
        assert reply.status == 200 or 400 <= reply.status < 500, reply
    assert prey.world() == before
    assert prey.daemon.get("/status").status == 200
