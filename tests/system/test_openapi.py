"""The OpenAPI document: it passes a linter, and it is what the API does."""

import json
import os
import pathlib
import shutil
import subprocess

import jsonschema
import pytest

from openapi import Document
from receivers import Answer, always

LINT = pathlib.Path(__file__).parent.parent / "openapi"
# The routes whose success ends something are tried with what makes them fail, or change nothing.
ARGUMENTS = {"project": "global", "name": "Orders", "id": "msg_00000000000000000000000000",
             "secret": "token", "number": "1"}


@pytest.fixture
def running(config, receiver, daemon):
    config.connection("Orders", url=receiver.url)
    return daemon()


@pytest.fixture
def document(running):
    return Document(running.api.get("openapi.json").json)


def path_of(pattern, arguments=None):
    for name, value in (arguments or ARGUMENTS).items():
        pattern = pattern.replace("{%s}" % name, value)
    assert "{" not in pattern, f"no value for an argument of {pattern}"
    return pattern


@pytest.fixture(scope="session")
def redocly():
    """The linter, installed once below the build folder, exactly as the lock file says."""
    if not shutil.which("npm"):
        pytest.skip("npm is not there, and the linter comes with it")
    build = os.environ.get("LINKSPAN_BUILD") or pathlib.Path(os.environ["LINKSPAN_PREFIX"]).parent
    folder = pathlib.Path(build) / "openapi-lint"
    program = folder / "node_modules/.bin/redocly"
    lock = (LINT / "package-lock.json").read_bytes()
    stamp = folder / "installed.lock"
    if not (program.exists() and stamp.exists() and stamp.read_bytes() == lock):
        folder.mkdir(exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(LINT / name, folder)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder,
                       check=True, timeout=600)
        stamp.write_bytes(lock)
    return program


def test_the_linter_finds_no_error(running, redocly, tmp_path):
    file = tmp_path / "openapi.json"
    file.write_text(running.api.get("openapi.json").text)
    done = subprocess.run([str(redocly), "lint", "--config", str(LINT / "redocly.yaml"),
                           "--format", "json", str(file)],
                          capture_output=True, text=True, timeout=120, cwd=tmp_path,
                          env={**os.environ, "REDOCLY_TELEMETRY": "off",
                               "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "CI": "true"})
    found = json.loads(done.stdout)
    assert found["totals"]["errors"] == 0 and done.returncode == 0, done.stdout
    assert found["totals"]["warnings"] == 0, done.stdout


def test_every_documented_route_answers_as_documented(running, document):
    """With nothing but its path: success, or a problem, never that there is no such route."""
    for method, path, operation in document.operations():
        body = b"{}" if method in ("POST", "PUT") else None
        reply = running.api.call(method, path_of(path), body)
        document.check(reply, operation)
        if reply.status >= 400:
            problem = document.check_problem(reply)
            assert problem["code"] not in ("no_such_resource", "method_not_allowed"), path


def test_a_member_that_is_not_documented_would_be_found(document):
    accepted = {"id": "msg_1", "state": "ready", "repeated": False}
    schema = {"$ref": "#/components/schemas/Accepted"}
    document.check_value(accepted, schema)
    for wrong in ({**accepted, "more": 1}, {**accepted, "state": "odd"}, {"id": "msg_1"}):
        with pytest.raises(jsonschema.ValidationError):
            document.check_value(wrong, schema)


def test_every_parameter_is_taken_and_no_other(running, document):
    # Who may is asked before how it is asked, and that needs a delivery that is there.
    known = {**ARGUMENTS, "id": running.api.accept("Orders")}
    for method, path, operation in document.operations():
        target = path_of(path, known)
        body = b"{}" if method == "POST" else None
        for parameter in operation.get("parameters", []):
            if parameter["in"] != "query" or parameter["schema"]["type"] == "object":
                continue
            if method == "POST" and operation["operationId"] == "send":
                continue
            name, value = parameter["name"], document.sample(parameter)
            reply = running.api.call(method, f"{target}?{name}={value}", body)
            if reply.status == 400:
                codes = {e["code"] for e in reply.json.get("errors", [])}
                assert "unknown_parameter" not in codes, (path, name)
        reply = running.api.call(method, f"{target}?no_such_parameter=1", body)
        assert reply.status == 400, path
        assert document.check_problem(reply)["code"] == "unknown_parameter"


def test_answers_are_as_documented(running, document, receiver):
    api, check = running.api, document.check
    receiver.script = lambda arrival: Answer(status=200, body=b"\xff\x00")
    id = api.accept("Orders", b'{"a": 1}', headers={"Linkspan-Header-X-A": "b"})
    api.ended(id)
    receiver.script = always(Answer(status=400, body=b"no"))
    dead = api.accept("Orders", b"\xff")
    api.ended(dead)
    send, one = document.operation("send"), document.operation("getDelivery")
    check(api.send("Orders", mode="direct"), send)
    check(api.send("Orders", b"{}\nno\n", framing="ndjson"), send)
    check(api.send("Orders", headers={"Idempotency-Key": "k"}), send)
    check(api.send("Orders", headers={"Idempotency-Key": "k"}), send)
    check(api.send("Orders", b"1", headers={"Idempotency-Key": "k"}), send)
    check(api.send("Nobody"), send)
    for each in (id, dead):
        check(api.call("GET", f"deliveries/{each}"), one)
    check(api.call("POST", f"deliveries/{dead}:cancel"), document.operation("cancelDelivery"))
    check(api.call("POST", f"deliveries/{dead}:retry", dry_run="true"),
          document.operation("retryDelivery"))
    replay = document.operation("replayDeliveries")
    check(api.call("POST", "deliveries:replay", {}, dry_run="true"), replay)
    check(api.call("POST", "deliveries:replay", {"connection": "Orders"}), replay)
    check(api.call("POST", "deliveries:replay", {"state": "ready"}), replay)
    check(api.call("GET", "events", after=0), document.operation("listEvents"))
    check(api.call("GET", "status"), document.operation("status"))
    pause, held = document.operation("pauseConnection"), "projects/global/connections/Orders"
    check(api.call("POST", f"{held}:pause", {"reason": "why"}), pause)
    check(api.send("Orders"), send)
    check(api.send("Orders", mode="direct"), send)
    check(api.call("GET", "deliveries"), document.operation("listDeliveries"))
    check(api.call("POST", f"{held}:resume"), document.operation("resumeConnection"))


@pytest.mark.parametrize("method, path, headers, status", [
    ("GET", "/", {}, 404),
    ("GET", "/api/v1", {}, 404),
    ("DELETE", "/api/v1/status", {}, 405),
    ("BREW", "/api/v1/status", {}, 405),
    ("GET", "/api/v1/status?x=1&y=2", {}, 400),
    ("GET", "/api/v1/%00", {}, 400),
    ("GET", "/api/v1/deliveries?cursor=x", {}, 400),
    ("GET", "/api/v1/deliveries/nothing", {}, 404),
    ("POST", "/api/v1/deliveries:replay", {}, 400),
    ("GET", "/api/v1/status", {"Transfer-Encoding": "gzip"}, 501),
])
def test_every_error_is_a_problem(running, document, method, path, headers, status):
    reply = running.api.call(method, path, headers=headers)
    assert reply.status == status, reply
    document.check_problem(reply)


def test_a_document_that_is_known_is_not_sent_again(running):
    first = running.api.get("openapi.json")
    again = running.api.call("GET", "openapi.json", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.text) == (304, "")
    other = running.api.call("GET", "openapi.json", headers={"If-None-Match": '"x"'})
    assert (other.status, other.text) == (200, first.text)


def test_a_dry_run_changes_nothing(running, receiver):
    api, held = running.api, "projects/global/connections/Orders"
    reply = api.call("POST", f"{held}:pause", dry_run="true")
    assert reply.status == 200 and not api.link("Orders")["paused"]
    assert api.call("POST", "projects/global/connections/No:pause", dry_run="true").status == 404
    api.call("POST", f"{held}:pause")
    assert api.call("POST", f"{held}:resume", dry_run="true").status == 200
    assert api.link("Orders")["paused"]
    id = api.accept("Orders")
    assert api.call("POST", f"deliveries/{id}:cancel", dry_run="true").json["state"] == "ready"
    assert api.delivery(id)["state"] == "ready"
    assert api.call("POST", f"deliveries/{id}:cancel").json["state"] == "cancelled"
    refused = api.call("POST", f"deliveries/{id}:cancel", dry_run="true")
    assert (refused.status, refused.code) == (409, "conflict")
    assert api.call("POST", f"deliveries/{id}:retry", dry_run="true").json["replay"] == 0
    assert api.delivery(id)["state"] == "cancelled"
    missing = f"msg_{'0' * 26}"
    assert api.call("POST", f"deliveries/{missing}:retry", dry_run="true").status == 404
