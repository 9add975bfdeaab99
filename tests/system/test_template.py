"""Body templates: what goes out, what fails and is mended, what is refused when it is saved."""

import json
import os
import pathlib
import re
import signal
import subprocess

import pytest

from bundling import host, source, target
from connecting import Connections, definition, faults
from receivers import Receiver

SLACK = ('{text: (.alerts | map("\\(.labels.alertname) on \\(.labels.host)") | join("\\n")), '
         'from: $message.connection, to: $message.uri.channel}')
ALERTS = {"alerts": [{"labels": {"alertname": "DiskFull", "host": "db1"}},
                     {"labels": {"alertname": "DiskFull", "host": "db2"}}]}
SHAPED = {"text": "DiskFull on db1\nDiskFull on db2", "from": "Hook", "to": "ops"}
ENDLESS = "last(repeat(1))"


@pytest.fixture
def keeping(start):
    return start(Receiver, keep=True)


def workers(process):
    """The worker processes of a daemon."""
    found = []
    for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
        found += map(int, (task / "children").read_text().split())
    return found


def test_a_direct_call(config, keeping, daemon):
    config.connection("Hook", url=keeping.url, body_template=SLACK)
    running = daemon()
    reply = running.api.send("Hook", ALERTS, {"Content-Type": "application/vnd.alerts+json"},
                             mode="direct", **{"uri.channel": "ops"})
    assert (reply.status, reply.ok, reply.reason) == (200, True, "ok")
    (arrival,) = keeping.arrivals
    assert json.loads(arrival.body) == SHAPED
    # The call's type described the body that came.
    assert arrival.headers["content-type"] == "application/json"


def test_a_stored_message_is_shaped_when_it_goes_out(config, keeping, daemon):
    config.connection("Hook", url=keeping.url, body_template=SLACK)
    running = daemon()
    body = json.dumps(ALERTS)
    id = running.api.accept("Hook", body, **{"uri.channel": "ops"})
    assert running.api.ended(id)["state"] == "done"
    assert json.loads(keeping.arrivals[0].body) == SHAPED
    assert running.api.delivery(id)["body"] == body


@pytest.mark.parametrize("template, settings, body, content_type", [
    (".title", {}, b"caf\xc3\xa9", "text/plain; charset=utf-8"),
    (".n | tojson", {}, b"7", "text/plain; charset=utf-8"),
    (".n", {"content_type": "application/x-ndjson"}, b"7", "application/x-ndjson"),
    (".title", {"headers": [{"name": "Content-Type", "value": "text/markdown"}]},
     b"caf\xc3\xa9", "text/markdown"),
    ("{w: \"${where}\", p: $message.project, e: $message.environment}", {},
     b'{"w":"here","p":"global","e":"Development"}', "application/json"),
])
def test_what_is_sent(config, keeping, daemon, template, settings, body, content_type):
    config.environment(variables={"where": "here"})
    config.connection("Hook", url=keeping.url, body_template=template, **settings)
    running = daemon()
    id = running.api.accept("Hook", {"title": "café", "n": 7})
    assert running.api.ended(id)["state"] == "done"
    (arrival,) = keeping.arrivals
    assert (arrival.body, arrival.headers["content-type"]) == (body, content_type)


def test_without_one_every_byte_passes(config, keeping, daemon):
    config.connection("Hook", url=keeping.url, body_template="")
    running = daemon()
    body = b'{ "n":12345678901234567890, "n":1.0 }'
    assert running.api.ended(running.api.accept("Hook", body))["state"] == "done"
    assert keeping.arrivals[0].body == body


GUIDE = pathlib.Path(__file__).resolve().parents[2] / "docs/user-guide.md"
IN_THE_GUIDE = re.findall(r"^```\n(body_template =.*?;)\n```$", GUIDE.read_text(),
                          re.MULTILINE | re.DOTALL)
NOTIFICATION = {"status": "firing", "commonLabels": {"alertname": "DiskFull"}, "alerts": [
    {"labels": {"alertname": "DiskFull"}, "status": "firing", "annotations": {"summary": "/var"}}]}


@pytest.mark.parametrize("at, body, made", [
    (0, NOTIFICATION, {"text": "*DiskFull* is firing: /var"}),
    (1, NOTIFICATION, "firing: DiskFull (1)"),
    (2, {"order": {"id": 7, "total": 8, "lines": []}},
     {"id": "ID", "order": 7, "total": 8, "via": "here"}),
])
def test_the_examples_of_the_guide(config, keeping, daemon, at, body, made):
    config.environment(variables={"site": "here"})
    file = config.connection("Hook", url=keeping.url)
    file.write_text(file.read_text().replace('method = "POST";',
                                             f'method = "POST";\n{IN_THE_GUIDE[at]}'))
    running = daemon()
    id = running.api.accept("Hook", body)
    assert running.api.ended(id)["state"] == "done"
    came = keeping.arrivals[0].body.decode().replace(id, "ID")
    assert (came if isinstance(made, str) else json.loads(came)) == made
    assert len(IN_THE_GUIDE) == 3


# Failures


def deploy(running, config, keeping, events, **settings):
    config.connection("Hook", url=keeping.url, **settings)
    running.hang_up()
    events.find("deployed", connection="Hook")


def test_a_mended_template_saves_dead_letters(config, keeping, daemon):
    config.connection("Hook", url=keeping.url, body_template='.secret.name | tonumber')
    running = daemon()
    events = running.events()
    id = running.api.accept("Hook", {"secret": {"name": "s3cr3t-payload"}})
    ended = running.api.ended(id)
    assert (ended["state"], ended["reason"]) == ("dead", "template_failed")
    # Whoever may see the message sees what jq says; a log says the reason alone.
    assert "s3cr3t-payload" in json.dumps(ended)
    assert "template_failed" in events.find("dead")["reason"]
    assert "s3cr3t-payload" not in json.dumps(events.seen)
    assert "s3cr3t-payload" not in json.dumps(running.api.link("Hook"))
    deploy(running, config, keeping, events, body_template=".secret.name")
    reply = running.api.call("POST", "deliveries:replay", {"state": "dead"})
    assert (reply.status, reply.replayed) == (200, 1)
    assert running.api.ended(id)["state"] == "done"
    assert keeping.arrivals[0].body == b"s3cr3t-payload"
    running.err.find("dead")
    assert "s3cr3t-payload" not in running.log()


@pytest.mark.parametrize("template, body, reason", [
    (".a", b"no json", "template_input"),
    ("error(\"no\")", b"{}", "template_failed"),
    ("empty", b"{}", "template_failed"),
    ("1, 2", b"{}", "template_failed"),
    ("[range(400000)]", b"{}", "template_too_large"),
])
def test_what_is_the_messages_fault(config, keeping, daemon, template, body, reason):
    config.connection("Hook", url=keeping.url, body_template=template)
    running = daemon()
    reply = running.api.send("Hook", body, mode="direct")
    assert (reply.status, reply.ok, reply.result, reply.reason) == \
        (200, False, "rejected", reason)
    assert not keeping.arrivals
    assert running.api.link("Hook")["state"] == "idle"


def test_an_endless_program_holds_up_itself_alone(config, keeping, daemon):
    config.connection("Hook", url=keeping.url, body_template=ENDLESS, retry_delay_s=3600,
                      pool_size=1)
    config.connection("Other", url=keeping.url, body_template="{a}")
    running = daemon()
    events = running.events()
    stuck = [running.api.accept("Hook") for _ in range(5)]
    well = running.api.accept_many("Other", ['{"a": 1, "b": 2}'] * 50)
    for id in well:
        assert running.api.ended(id)["state"] == "done"
    # Their peer was never at fault; what eats the workers is stopped.
    opened = events.find("breaker_opened", connection="Hook")
    assert opened["reason"] == "template_timeout"
    for id in stuck:
        delivery = running.api.delivery(id)
        assert (delivery["state"], delivery["reason"]) == ("ready", "template_timeout")
    assert {a.body for a in keeping.arrivals} == {b'{"a":1}'}


def test_a_worker_that_is_killed_is_replaced(config, keeping, daemon):
    config.connection("Hook", url=keeping.url, body_template="{a}", retry_delay_s=1)
    running = daemon()
    ids = []
    for _ in range(5):
        some = running.api.accept_many("Hook", ['{"a": 1}'] * 50)
        keeping.wait_for_ids(some[:1])
        os.kill(workers(running.process)[0], signal.SIGKILL)
        for id in some:
            assert running.api.ended(id)["state"] == "done"
        ids += some
    assert keeping.ids == set(ids) and keeping.duplicates() == 0
    assert {a.body for a in keeping.arrivals} == {b'{"a":1}'}


# What is refused


BAD = "{a: .a,\n  b: .b |\n}"


def test_a_bad_program_is_named_with_its_place(config, call, linkspan):
    file = config.connection("Hook", url="http://127.0.0.1:9/", body_template=BAD)
    done = call("validate")
    assert done.returncode == 7
    line = next(n for n, text in enumerate(file.read_text().splitlines(), 1)
                if "body_template" in text)
    assert f"{file}:{line}: error: body_template: line 3: " in done.stderr
    alone = linkspan("validate", file)
    assert alone.returncode == 7 and "body_template: line 3: " in alone.stderr


def test_a_daemon_that_only_checks_finds_it(config, prefix):
    config.connection("Hook", url="http://127.0.0.1:9/", body_template=BAD)
    done = subprocess.run([prefix / "sbin/linkspand", "--config", config.file, "--check"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 7 and "body_template: line 3: " in done.stderr


def test_a_bad_program_is_not_saved(config, daemon):
    connections = Connections(daemon())
    reply = connections.create(definition("Hook", body_template=BAD), status=422)
    assert faults(reply) == {"/settings/body_template": "bad_template"}
    assert not (config.folder / "connections/Hook.conf").exists()
    connections.create(definition("Hook", body_template=".a"))
    connections.edit("PATCH", "Hook", {"settings": {"body_template": BAD}}, status=422)
    assert connections.get("Hook").settings["body_template"] == ".a"


def test_a_bad_program_of_one_environment_is_found_there(config, daemon):
    connections = Connections(daemon())
    document = definition("Hook", body_template=".a")
    document["environments"]["Development"]["body_template"] = ".a |"
    assert faults(connections.create(document, status=422)) == \
        {"/environments/Development/body_template": "bad_template"}


def test_a_reload_with_a_bad_program_changes_nothing(config, keeping, daemon):
    config.connection("Hook", url=keeping.url, body_template="{a}")
    running = daemon()
    events = running.events()
    config.connection("Hook", url=keeping.url, body_template=BAD)
    running.hang_up()
    assert "Hook.conf" in events.find("reload_failed")["detail"]
    running.api.ended(running.api.accept("Hook", {"a": 1, "b": 2}))
    assert keeping.arrivals[0].body == b'{"a":1}'


def test_what_is_deployed_runs_after_a_restart(config, keeping, daemon):
    config.connection("Hook", url=keeping.url, body_template="{a}")
    daemon().stop()
    running = daemon()
    running.reload()
    # What was compiled once is not again: ten thousand of them would keep a start waiting.
    assert workers(running.process) == []
    running.api.ended(running.api.accept("Hook", {"a": 1, "b": 2}))
    assert keeping.arrivals[0].body == b'{"a":1}'
    assert workers(running.process)


def test_a_secret_has_no_place_in_a_body(config, call):
    config.connection("Hook", url="http://127.0.0.1:9/",
                      body_template='{token: "${secret:env/TOKEN}"}')
    done = call("validate")
    assert done.returncode == 7 and "a body must not hold a secret" in done.stderr


# Elsewhere


def test_it_travels_in_a_bundle(source, target, keeping):
    source.connection("Hook", url=keeping.url, body_template=SLACK)
    file = source.start().export("Hook")
    target.start()
    target.run("import", file, "--yes")
    assert target.document("connection", "get", "Hook")["settings"]["body_template"] == SLACK
    id = target.daemon.api.accept("Hook", ALERTS, **{"uri.channel": "ops"})
    assert target.daemon.api.ended(id)["state"] == "done"
    assert json.loads(keeping.arrivals[0].body) == SHAPED


def test_a_bundle_with_a_bad_program_is_refused(source, target, keeping):
    """It was good where it came from: a variable makes it bad here."""
    source.config.environment(variables={"pick": ".a"})
    source.connection("Hook", url=keeping.url, body_template="{a: ${pick}}")
    file = source.start().export("Hook")
    target.config.environment(variables={"pick": ".a |"})
    target.start()
    plan = target.plan(file, exit_status=5)
    assert "bad_template" in json.dumps(plan)
    assert target.names() == set()


def test_standalone(config, send, call, keeping):
    config.connection("Hook", url=keeping.url, body_template=SLACK)
    sent = send("Hook", "-d", json.dumps(ALERTS), "--uri", "channel=ops")
    assert (sent.exit_status, sent.reason) == (0, "ok")
    assert json.loads(keeping.arrivals[0].body) == SHAPED
    done = call("--standalone", "send", "Hook", "--env", "Development", "-d", "x")
    assert done.returncode == 1 and "template_input" in done.stdout


def test_the_request_that_is_shown_is_the_one_that_would_go_out(config, call):
    config.connection("Hook", url="http://127.0.0.1:9/", body_template="{a}")
    shown = ("--standalone", "send", "Hook", "--env", "Development", "-d", '{"a": 1, "b": 2}')
    done = call(*shown, "--print-request", "--dry-run")
    assert done.returncode == 0 and '\n{"a":1}\n' in done.stdout
    assert "--data-binary '{\"a\":1}'" in call(*shown, "--curl").stdout


def test_a_draft_is_tested_with_its_program(config, call, keeping, tmp_path):
    config.connection("Hook", url=keeping.url, body_template=BAD)
    for args in ((), ("--standalone",)):
        done = call(*args, "connection", "test", "Hook", "--env", "Development")
        assert done.returncode != 0
    assert not keeping.arrivals
