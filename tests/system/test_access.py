"""Who gets in over TCP, what they may do there, and what is kept of it."""

import json
import os
import random
import selectors
import socket
import sqlite3
import subprocess
import time

import pytest

from remote import Remote, free_port, token
from servers import DEADLINE_S

# What the roles may, said once more: a table that is wrong in the program is found here.
MAY = {
    "viewer": {"read"},
    "sender": {"send"},
    "operator": {"read", "send", "operate"},
    "editor": {"read", "send", "operate", "edit"},
    "admin": {"read", "send", "operate", "edit", "administer"},
}


@pytest.fixture
def remote(config, listener):
    """A configuration that listens on TCP; a global connection and one in each of two projects."""
    port = free_port()
    config.set_host(listen=f"127.0.0.1:{port}", allowed_hosts=["linkspan.internal"])
    config.connection("Orders", url=listener.url + "/in")
    config.connection("Invoices", project="billing", url=listener.url + "/in")
    config.connection("Shipments", project="shipping", url=listener.url + "/in")
    return Remote(port)


# The walk


@pytest.fixture(scope="session")
def routes(prefix):
    done = subprocess.run([prefix / "sbin/linkspand", "--routes"], capture_output=True, text=True,
                          check=True)
    return json.loads(done.stdout)


def path_of(route, delivery):
    """The pattern with what belongs to the project billing."""
    name = delivery if route["scope"] == "delivery" else "aaaaaaaaaaaa"
    path = route["pattern"]
    for word, value in {"{project}": "billing", "{name}": "Invoices", "{id}": name,
                        "{secret}": "token", "{number}": "1"}.items():
        path = path.replace(word, value)
    assert "{" not in path, f"{path}: the walk does not know what to put there"
    return path


def expected(route, role, reach):
    """What a token of that role gets; reach: "own", "foreign", or "all" projects."""
    may = route["action"] in MAY[role]
    scope = route["scope"]
    if scope in ("public", "self"):
        return "allowed"
    if not may or (scope == "host" and reach != "all"):
        return "forbidden"
    if scope == "delivery" and reach == "foreign":
        return "hidden"
    if scope in ("project", "projects") and reach == "foreign":
        return "forbidden"
    return "allowed"


def outcome(route, status):
    if status in (401, 403):
        return "forbidden"
    if status == 404 and route["scope"] == "delivery":
        return "hidden"
    assert status < 500, f"{route['name']}: {status}"
    return "allowed"


def test_every_route_for_every_role_in_own_and_foreign_projects(daemon, remote, routes):
    host = daemon()
    delivery = host.send("Invoices", project="billing").json["id"]
    reaches = {"own": ["billing"], "foreign": ["shipping"], "all": ["*"]}
    wrong = []
    for role in MAY:
        for reach, projects in reaches.items():
            shown = token(host, f"{role}-{reach}", role, projects=projects)
            for route in routes:
                status = remote.status(route["method"], path_of(route, delivery), shown, "{}")
                got, should = outcome(route, status), expected(route, role, reach)
                if route["name"] == "signIn":
                    # The body is what counts there, and it has no token.
                    should = got if status == 400 else "a complaint about the body"
                if got != should:
                    wrong.append(f"{role} {reach} {route['name']}: {status}, not {should}")
    assert not wrong, "\n".join(wrong)
    assert len(routes) > 20


def test_without_a_token_only_what_is_public_answers(daemon, remote, routes):
    host = daemon()
    delivery = host.send("Invoices", project="billing").json["id"]
    for route in routes:
        status = remote.status(route["method"], path_of(route, delivery), None, "{}")
        if route["scope"] == "public":
            assert status != 401 or route["name"] == "signIn", route["name"]
        else:
            assert status == 401, route["name"]


def test_lists_show_own_projects_alone(daemon, remote):
    host = daemon()
    ids = {name: host.send(name, project=project).json["id"]
           for name, project in (("Orders", "global"), ("Invoices", "billing"),
                                 ("Shipments", "shipping"))}
    for id in ids.values():
        host.delivery(id)
    shown = token(host, "b", "operator", projects=["billing", "global"])

    def names(path, key="connection"):
        return {item[key] for item in remote.ask("GET", path, shown).json["items"]}

    assert names("/deliveries") == {"Orders", "Invoices"}
    assert names("/deliveries?q=msg_") == {"Orders", "Invoices"}
    assert names("/deliveries?project=billing") == {"Invoices"}
    assert names("/events") == {"Orders", "Invoices"}
    links = remote.ask("GET", "/status", shown).json["links"]
    assert {link["connection"] for link in links} == {"Orders", "Invoices"}
    counted = remote.ask("POST", "/deliveries:replay?dry_run=true", shown, {"state": "done"})
    assert counted.json == {"count": 2}
    assert remote.ask("POST", "/deliveries:replay", shown, {"state": "done"}).json["replayed"] == 2
    assert host.get(f"/deliveries/{ids['Shipments']}").json["replay"] == 0


# Tokens


def test_the_first_start_says_how_to_make_a_token(daemon, remote, config, linkspan):
    host = daemon()
    line = host.err.find(r"there is no API token yet.*command=\"linkspan (.*) --role admin\"")
    done = linkspan(*line[1].replace("NAME", "first").split(), "--role", "admin")
    assert done.returncode == 0 and done.stdout.startswith("lks_")
    assert remote.ask("GET", "/tokens", done.stdout.strip()).status == 200


def test_a_host_with_tokens_does_not_say_so_again(daemon, remote):
    host = daemon()
    token(host, "a", "viewer")
    host.stop()
    again = daemon()
    again.stop()
    assert not any("no API token" in line for line in again.err.rest())


@pytest.mark.parametrize("shown", [
    "", "x", "lks_", "lks_aaaaaaaaaaaa_", "lks_aaaaaaaaaaaa_" + "A" * 43, "lks_" + "a" * 3000,
    "lks_AAAAAAAAAAAA_" + "A" * 43, "lks_aaaaaaaaaaaa_" + "A" * 44, "\u00e4" * 60])
def test_what_is_no_token_opens_nothing(daemon, remote, shown):
    daemon()
    answer = remote.ask("GET", "/status",
                        headers={"Authorization": ("Bearer " + shown).encode("utf-8")})
    assert answer.status == 401 and answer.json["code"] == "bad_credentials"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_expired_token_opens_nothing(daemon, remote):
    host = daemon()
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    shown = token(host, "short", "viewer", expires=soon)
    deadline = time.monotonic() + DEADLINE_S
    while remote.ask("GET", "/status", shown).status == 200:
        assert time.monotonic() < deadline
    answer = remote.ask("GET", "/status", shown)
    assert answer.status in (401, 429)
    assert host.get("/tokens").json["items"][0]["expired"]


def test_a_revoked_token_opens_nothing_from_that_moment(daemon, remote, config, linkspan):
    host = daemon()
    shown = token(host, "ci", "viewer")
    assert remote.ask("GET", "/status", shown).status == 200
    assert linkspan("--config", config.file, "token", "revoke", "ci").returncode == 0
    assert remote.ask("GET", "/status", shown).status == 401
    host.stop()
    daemon()
    assert remote.ask("GET", "/status", shown).status == 401


def test_tokens_outlive_a_restart_and_their_last_use_is_shown(daemon, remote):
    host = daemon()
    shown = token(host, "ci", "viewer")
    assert host.get("/tokens").json["items"][0]["used"] is None
    host.stop()
    host = daemon()
    assert remote.ask("GET", "/status", shown).status == 200
    assert host.get("/tokens").json["items"][0]["used"]


def test_failures_are_held_up_and_others_are_not(daemon, remote):
    host = daemon()
    shown = token(host, "good", "viewer")
    answers = [remote.ask("GET", "/status", "lks_aaaaaaaaaaaa_" + "A" * 43) for _ in range(30)]
    held = [answer for answer in answers if answer.status == 429]
    assert answers[0].status == 401 and held
    assert held[-1].json["code"] == "too_many_failures"
    assert int(held[-1].headers["Retry-After"]) >= 1
    assert remote.ask("GET", "/status", shown).status == 200
    host.stop()
    lines = [line for line in host.err.rest() if "credentials refused" in line]
    assert 0 < len(lines) < 30 and "peer=127.0.0.1" in lines[0]


def test_the_command_line_works_from_elsewhere(daemon, remote, tmp_path, linkspan):
    host = daemon()
    file = tmp_path / "token"
    file.write_text(token(host, "ops", "operator", projects=["billing"]) + "\n")
    there = ("--url", remote.url, "--token-file", file)
    done = linkspan(*there, "send", "Invoices", "--project", "billing", "-d", "{}", "--durable",
                    "--wait", "-o", "json")
    assert done.returncode == 0, done.stderr
    assert linkspan(*there, "connection", "pause", "Invoices", "-p", "billing").returncode == 0
    assert linkspan(*there, "connection", "pause", "Shipments", "-p", "shipping").returncode == 4
    assert linkspan(*there, "token", "list").returncode == 4
    assert linkspan("--url", remote.url, "status").returncode == 4
    done = linkspan("--url", remote.url, "status", env={"LINKSPAN_TOKEN_FILE": str(file)})
    assert done.returncode == 0, done.stderr
    nobody = f"http://127.0.0.1:{free_port()}"
    assert linkspan("--url", nobody, "status").returncode == 6
    assert linkspan("--url", "http://192.0.2.1:1", "--token-file", file, "status").returncode == 2


def test_the_verbs_for_tokens(daemon, remote, config, linkspan):
    daemon()

    def run(*args):
        return linkspan("--config", config.file, *args)

    done = run("token", "create", "ci", "--role", "sender", "--project", "billing",
               "--connection", "Invoices", "--expires", "90d", "-o", "json")
    made = json.loads(done.stdout)
    assert made["token"].startswith("lks_") and made["projects"] == ["billing"]
    assert made["connections"] == ["Invoices"] and made["role"] == "sender"
    assert run("token", "create", "ci", "--role", "viewer").returncode == 5
    assert run("token", "create", "x", "--role", "root").returncode == 2
    assert run("token", "create", "x").returncode == 2
    assert run("token", "create", "x", "--role", "viewer", "--dry-run").returncode == 0
    assert run("token", "list", "-o", "name").stdout == "ci\n"
    assert made["token"] not in run("token", "list", "-o", "json").stdout
    sent = remote.ask("POST", "/projects/billing/connections/Invoices/send", made["token"], {})
    assert sent.status == 202
    sent = remote.ask("POST", "/projects/billing/connections/Other/send", made["token"], {})
    assert sent.status == 403
    assert run("token", "revoke", "nobody").returncode == 3
    assert run("token", "revoke", made["id"]).returncode == 0
    assert run("token", "list", "-o", "name").stdout == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_another_user_at_the_local_socket_is_nobody(daemon, remote, config):
    host = daemon()
    config.folder.chmod(0o755)
    for folder in [*config.folder.parents][:-2]:
        folder.chmod(folder.stat().st_mode | 0o011)
    host.socket.parent.chmod(0o755)
    host.socket.chmod(0o666)
    done = subprocess.run(
        ["curl", "-s", "--unix-socket", host.socket, "http://localhost/api/v1/status"],
        user=65534, group=65534, extra_groups=[], capture_output=True, text=True)
    assert json.loads(done.stdout)["code"] == "unauthenticated", done


# Sessions


def test_a_session_over_tls_has_a_cookie_that_only_the_host_can_set(daemon, config, authority,
                                                                   listener, linkspan, tmp_path):
    port = free_port()
    certificate, key = authority.certificate("api")
    config.set_host(listen=f"127.0.0.1:{port}",
                    tls={"certificate": str(certificate), "key": str(key)})
    config.connection("Orders", url=listener.url)
    host = daemon()
    remote = Remote(port, authority.ca_file)
    shown = token(host, "o", "operator")
    answer = remote.ask("POST", "/session", body={"token": shown})
    cookie = answer.headers["Set-Cookie"]
    assert answer.status == 201 and cookie.startswith("__Host-linkspan=")
    assert {"Path=/", "HttpOnly", "SameSite=Strict", "Secure"} <= set(cookie.split("; "))
    mine = {"Cookie": cookie.split(";")[0]}
    assert remote.ask("GET", "/status", headers=mine).status == 200
    pause = "/projects/global/connections/Orders:pause"
    assert remote.ask("POST", pause, body={}, headers=mine).json["code"] == "csrf"
    mine["Linkspan-CSRF"] = answer.json["csrf"]
    assert remote.ask("POST", pause, body={}, headers=mine).status == 200
    plain = {"Cookie": cookie.split(";")[0].replace("__Host-", "")}
    assert remote.ask("GET", "/status", headers=plain).status == 401
    # The command line trusts whom it is told to trust.
    file = tmp_path / "token"
    file.write_text(shown)
    there = ("--url", remote.url, "--token-file", file)
    assert linkspan(*there, "--ca-file", authority.ca_file, "status").returncode == 0
    assert linkspan(*there, "status").returncode == 6


# Guards


def test_every_answer_tells_browsers_to_keep_away(daemon, remote):
    daemon()
    for answer in (remote.ask("GET", "/status"), remote.ask("GET", "//healthz"),
                   remote.ask("GET", "//nowhere"),
                   remote.ask("GET", "/status", headers={"Host": "evil.example"})):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; ")
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_foreign_host_is_refused(daemon, remote):
    host = daemon()
    shown = token(host, "a", "admin")
    for name in ("evil.example", "127.0.0.1.evil.example", "127.0.0.2", "localhost.", ""):
        answer = remote.ask("GET", "/status", shown, headers={"Host": name})
        assert answer.status in (400, 421), name
        assert answer.json["code"] == "bad_host"
    for name in ("localhost", f"localhost:{remote.port}", "linkspan.internal", "[::1]:80"):
        assert remote.ask("GET", "/status", shown, headers={"Host": name}).status == 200, name


def test_a_foreign_origin_changes_nothing(daemon, remote):
    host = daemon()
    shown = token(host, "a", "admin")
    pause = "/projects/global/connections/Orders:pause"
    for origin in ("http://evil.example", "null", f"https://127.0.0.1:{remote.port + 1}",
                   "http://127.0.0.1"):
        answer = remote.ask("POST", pause, shown, {}, headers={"Origin": origin})
        assert answer.status == 403 and answer.json["code"] == "foreign_origin", origin
    assert not host.get("/projects/global/connections/Orders/status").json["items"][0]["paused"]
    answer = remote.ask("POST", pause, shown, {}, headers={"Origin": remote.url})
    assert answer.status == 200


HIDDEN = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKS = b"0\r\n\r\n"

SMUGGLED = {
    "both framings": b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n" % len(
        CHUNKS + HIDDEN) + CHUNKS + HIDDEN,
    "both framings, the other way": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"
                                    + CHUNKS + HIDDEN,
    "two lengths": b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
    "the same length twice": b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n" + HIDDEN,
    "a list of lengths": b"Content-Length: 0, %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
    "a length with a sign": b"Content-Length: +0\r\n\r\n" + HIDDEN,
    "a length in hex": b"Content-Length: 0x0\r\n\r\n" + HIDDEN,
    "an unknown encoding": b"Transfer-Encoding: xchunked\r\n\r\n" + CHUNKS + HIDDEN,
    "two encodings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"
                     + CHUNKS + HIDDEN,
    "a list of encodings": b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNKS + HIDDEN,
    "two hosts": b"Host: evil.example\r\nContent-Length: 0\r\n\r\n" + HIDDEN,
}


@pytest.mark.parametrize("kind", SMUGGLED)
@pytest.mark.parametrize("way", ["tcp", "local"])
def test_a_smuggled_request_is_not_answered(daemon, remote, kind, way):
    host = daemon()
    raw = b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\n" + SMUGGLED[kind]
    if way == "tcp":
        heard = remote.say(raw)
    elif kind == "two hosts":
        pytest.skip("no page of a browser reaches a local socket: its Host is not looked at")
    else:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(DEADLINE_S)
            sock.connect(str(host.socket))
            sock.sendall(raw)
            heard = b"".join(iter(lambda: sock.recv(65536), b""))
    # libmicrohttpd refuses some by itself, and says so twice.
    assert b"HTTP/1.1 200" not in heard, heard
    assert heard[9:12] in (b"", b"400", b"501"), heard
    assert remote.ask("GET", "//healthz").status == 200


@pytest.mark.parametrize("target", [
    b"/api/v1/status%00", b"/api/v1/%00status", b"/api/v1/status?x=%00", b"/api/v1/%0d%0astatus",
    b"/api/v1/sta\x01tus", b"http://evil.example/api/v1/status", b"status"])
def test_an_odd_target_is_refused(daemon, remote, target):
    daemon()
    heard = remote.say(b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert heard[9:12] in (b"", b"400"), heard


def test_slow_requests_are_ended_by_our_own_timer(daemon, remote):
    """One byte now and then keeps libmicrohttpd's own time-out from ever firing."""
    daemon()
    head = b"GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
    deadline = time.monotonic() + 2 * DEADLINE_S
    waiting = selectors.DefaultSelector()
    for begun in (0, 4, len(head)) * 3:
        sock = socket.create_connection(("127.0.0.1", remote.port), DEADLINE_S)
        sock.sendall(head[:begun])
        waiting.register(sock, selectors.EVENT_READ, iter(head[begun:] + b"a" * 1000))
    while waiting.get_map():
        assert time.monotonic() < deadline, "a slow request was not ended"
        for key, _ in waiting.select(0.5):
            waiting.unregister(key.fileobj)
            key.fileobj.close()
        for key in list(waiting.get_map().values()):
            try:
                key.fileobj.send(bytes([next(key.data)]))
            except OSError:
                waiting.unregister(key.fileobj)
                key.fileobj.close()
    assert remote.ask("GET", "//healthz").status == 200


def spoil(data, dice):
    """A request with something wrong at a place or three."""
    data = bytearray(data)
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(data))
        kind = dice.randrange(4)
        if kind == 0:
            data[at] = dice.randrange(256)
        elif kind == 1:
            del data[at:at + dice.randint(1, 8)]
        elif kind == 2:
            data[at:at] = bytes(dice.choices(b"\0\r\n :%\xff{}\"", k=dice.randint(1, 4)))
        else:
            data = data[:at] + data[at:at + 20] * dice.randint(2, 50) + data[at:]
        if not data:
            data = bytearray(b"\n")
    return bytes(data)


def test_ten_thousand_malformed_requests(daemon, remote):
    """Refused or answered, and the host goes on; ./dev asan runs this under its instruments."""
    host = daemon()
    shown = token(host, "a", "admin").encode()
    dice = random.Random(4)
    body = b'{"name": "x", "role": "viewer", "projects": ["a"], "expires": "2030-01-01T00:00:00Z"}'
    good = [
        b"GET /api/v1/deliveries?state=dead&limit=5 HTTP/1.1\r\nHost: localhost\r\n"
        b"Authorization: Bearer " + shown + b"\r\n\r\n",
        b"POST /api/v1/tokens?dry_run=true HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
        + shown + b"\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        + body,
        b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nCookie: linkspan=" + b"A" * 43
        + b"\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"d\r\n{\"token\": \"x\"}\r\n0\r\n\r\n",
    ]
    for _ in range(10000):
        remote.say(spoil(dice.choice(good), dice))
    assert host.process.poll() is None
    assert remote.ask("GET", "/status", shown.decode()).status == 200


def test_a_host_does_not_send_to_itself(daemon, config, remote):
    config.connection("Own", url=remote.url + "/api/v1/session")
    host = daemon()
    answer = host.send("Own", mode="direct").json
    assert answer["reason"] == "denied_address", answer


# The audit trail


def acted(daemon, config):
    """A host on whose word five rows were written; stopped."""
    host = daemon()
    for name in ("a", "b", "c"):
        token(host, name, "viewer")
    host.post("/projects/billing/connections/Invoices:pause", json.dumps({"reason": "because"}))
    host.post("/projects/billing/connections/Invoices:resume")
    host.stop()
    return sqlite3.connect(config.folder / "state/outbox.db")


def test_the_audit_trail_tells_who_did_what(daemon, remote, config, linkspan):
    acted(daemon, config).close()
    daemon()
    done = linkspan("--config", config.file, "audit", "list", "-o", "json")
    items = json.loads(done.stdout)["items"]
    assert {row["action"] for row in items if row["actor"] == "host"} == {"connection.deploy"}
    rows = [row for row in items if row["actor"] != "host"]
    assert [row["action"] for row in rows] == [
        "connection.resume", "connection.pause", "token.create", "token.create", "token.create"]
    assert rows[1]["detail"] == {"environment": "Development", "reason": "because"}
    assert rows[1]["project"] == "billing" and rows[1]["subject"] == "Invoices"
    assert rows[1]["actor"].startswith("local:")
    done = linkspan("--config", config.file, "audit", "verify")
    assert done.returncode == 0 and f"whole: {len(items)} rows" in done.stdout


@pytest.mark.parametrize("crime, broken", [
    ("UPDATE audit SET actor = 'local:somebody' WHERE number = 2", 2),
    ("UPDATE audit SET detail = NULL WHERE number = 4", 4),
    ("DELETE FROM audit WHERE number = 3", 3),
    ("DELETE FROM audit WHERE number > 3", 4),
    ("UPDATE audit SET number = -1 WHERE number = 1; UPDATE audit SET number = 1 WHERE number = 2;"
     "UPDATE audit SET number = 2 WHERE number = -1", 1),
])
def test_a_changed_trail_is_found_out(daemon, remote, config, linkspan, crime, broken):
    database = acted(daemon, config)
    database.executescript(crime)
    database.close()
    host = daemon()
    token(host, "later", "viewer")
    done = linkspan("--config", config.file, "audit", "verify", "-o", "json")
    verdict = json.loads(done.stdout)
    assert done.returncode == 1 and not verdict["whole"] and verdict["broken"] == broken


def test_what_was_refused_is_not_in_the_trail(daemon, remote):
    host = daemon()
    shown = token(host, "v", "viewer")
    assert remote.ask("POST", "/tokens", shown, {"name": "x", "role": "admin"}).status == 403
    assert remote.ask("DELETE", "/tokens/aaaaaaaaaaaa", shown).status == 403
    rows = host.get("/audit").json["items"]
    assert [row["action"] for row in rows if row["actor"] != "host"] == ["token.create"]


# Secrets


def test_a_token_is_kept_nowhere(daemon, remote, config, linkspan, tmp_path):
    host = daemon("--log-level", "debug")
    done = linkspan("--config", config.file, "token", "create", "canary", "--role", "admin")
    shown = done.stdout.strip()
    linkspan.printed.clear()
    file = tmp_path / "token"
    file.write_text(shown)
    secret = shown[len("lks_aaaaaaaaaaaa_"):]
    answer = remote.ask("POST", "/session", body={"token": shown})
    cookie = answer.headers["Set-Cookie"].split("=")[1].split(";")[0]
    csrf = answer.json["csrf"]
    there = ("--url", remote.url, "--token-file", file)
    running = subprocess.Popen([linkspan.program, *map(str, there), "delivery", "tail"],
                               stdout=subprocess.DEVNULL)
    heard = [remote.ask("GET", path, shown).body for path in (
        "/tokens", "/audit", "/status", "/events", "/deliveries", "//metrics")]
    heard.append(remote.ask("GET", "/status", shown + "x").body)
    for pid in (running.pid, host.process.pid):
        with open(f"/proc/{pid}/cmdline", "rb") as line, open(f"/proc/{pid}/environ", "rb") as env:
            heard += [line.read(), env.read()]
    running.kill()
    running.wait()
    linkspan(*there, "token", "list", "-o", "json")
    linkspan(*there, "audit", "list", "-o", "json", "-v", "-v")
    host.stop()
    heard += [file.read_bytes() for file in (config.folder / "state").iterdir()]
    heard += ["\n".join(host.err.rest()).encode(), *(text.encode() for text in linkspan.printed)]
    for text in heard:
        for canary in (secret, cookie, csrf):
            assert canary.encode() not in text
