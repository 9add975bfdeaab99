"""The command line: exit codes, output, help."""

import json
import subprocess

import pytest

from servers import Doorbell


@pytest.mark.parametrize("answer, exit_status", [("200", 0), ("204", 0), ("404", 1), ("500", 1)])
def test_exit_status_tells_delivered_or_not(send, config, listen, answer, exit_status):
    config.connection("Hello", url=listen("--respond", answer).url)
    assert send("Hello", "-d", "{}").exit_status == exit_status


@pytest.mark.parametrize("arguments, exit_status, message", [
    (["frobnicate"], 2, 'unknown command "frobnicate"'),
    (["sent", "Hello"], 2, 'did you mean "send"?'),
    (["send"], 2, "send needs NAME"),
    (["send", "Hello", "extra"], 2, 'unexpected argument "extra"'),
    (["send", "Hello", "--enviroment", "x"], 2, "unknown option --enviroment"),
    (["send", "Hello", "--dry-rum"], 2, "did you mean --dry-run?"),
    (["send", "Hello", "--env"], 2, "--env needs a value"),
    (["send", "Hello", "-o", "xml"], 2, "allowed: text, table, wide, json, ndjson, name"),
    (["status", "-o", "xml"], 2, "allowed: text, table, wide, json, ndjson, name"),
    (["plugin"], 2, "plugin needs a verb"),
    (["listen", "--port", "65536"], 2, "from 0 to 65535"),
    (["listen", "--respond", "999"], 2, "503x2,200"),
    (["--standalone", "send", "Hello", "-H", "no colon"], 2, "NAME:VALUE is needed"),
    (["--standalone", "send", "Hello", "--uri", "none"], 2, "NAME=VALUE is needed"),
    (["--standalone", "send", "Helo"], 3, 'did you mean "Hello"?'),
    (["--standalone", "send", "Hello", "-d", "@/does/not/exist"], 3, "No such file"),
    (["schema", "webhok"], 3, 'did you mean "webhook"?'),
    (["plugin", "lint", "/does/not/exist.so"], 3, "No such file"),
    (["--standalone", "send", "Hello", "--env", "Production"], 4, "does not serve"),
    (["--standalone", "send", "Disabled"], 5, ""),
    (["send", "Hello"], 6, "--standalone"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else None)
def test_exit_status_tells_what_is_wrong(linkspan, config, arguments, exit_status, message):
    config.connection("Hello", url="https://receiver.example/")
    config.connection("Disabled", url="https://receiver.example/", enabled=False)
    done = linkspan("--config", config.file, *arguments)
    assert done.returncode == exit_status, done.stderr
    assert message in done.stderr


def test_a_faulty_definition(linkspan, config):
    config.connection("Hello", url="https://receiver.example/", pool_size=1001)
    done = linkspan("--config", config.file, "--standalone", "send", "Hello")
    assert done.returncode == 7
    assert "Hello.conf:8: error: pool_size: " in done.stderr


def test_json_of_an_answer(send, config, listen):
    listener = listen("--respond", "201", "--body", '{"id": 7}', "--header", "X-Reply: yes")
    config.connection("Hello", url=listener.url)
    answer = send("Hello", "-d", "{}").answer
    assert set(answer) == {"id", "ok", "result", "reason", "detail", "status", "attempts",
                           "duration_ms", "phases", "headers", "body", "body_bytes"}
    assert answer["id"].startswith("msg_")
    assert (answer["ok"], answer["result"], answer["status"]) == (True, "delivered", 201)
    assert (answer["attempts"], answer["detail"]) == (1, None)
    assert (answer["body"], answer["body_bytes"]) == ('{"id": 7}', 9)
    assert {"name": "X-Reply", "value": "yes"} in answer["headers"]
    phases = answer["phases"]
    assert set(phases) >= {"connect_ms", "first_byte_ms", "total_ms"}
    assert phases["connect_ms"] <= phases["first_byte_ms"] <= phases["total_ms"]


def test_json_of_an_answer_that_is_not_text(send, config, start, listen):
    listener = listen("--body", "a\x01b")
    config.connection("Hello", url=listener.url)
    sent = send("Hello", "-d", "{}")
    assert sent.body_base64 == "YQFi"
    assert "body" not in sent.answer


def test_text_of_an_answer(linkspan, config, listen):
    listener = listen("--respond", "503", "--body", "overloaded")
    config.connection("Hello", url=listener.url)
    done = linkspan("--config", config.file, "--standalone", "send", "Hello", "-d", "{}")
    first, second, third, *rest = done.stdout.splitlines()
    assert done.returncode == 1
    assert first.startswith("failed, status 503, 1 attempt, msg_")
    assert "503" in second
    assert third.endswith(" ms") and "first byte" in third
    assert rest[-1] == "overloaded"


def test_quiet(linkspan, config, listener):
    config.connection("Hello", url=listener.url)
    done = linkspan("--config", config.file, "--standalone", "send", "Hello", "-q", "-d", "{}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert listener.next()["method"] == "POST"


def test_a_long_answer_is_cut(send, config, listen):
    listener = listen("--body", "x" * 1000)
    config.connection("Hello", url=listener.url, response_keep_bytes=100)
    sent = send("Hello", "-d", "{}")
    assert (sent.body, sent.body_bytes) == ("x" * 100, 1000)


def masked(config, url):
    config.connection("Masked", url=url, headers=[
        {"name": "Authorization", "value": "Bearer ${secret:env/LINKSPAN_CANARY}"},
        {"name": "X-Literal", "value": "literal-value"},
        {"name": "X-Trace-Id", "value": "trace"}])


def test_print_request_masks(linkspan, config, listener, canary):
    masked(config, f"{listener.url}/path")
    done = linkspan("--config", config.file, "--standalone", "send", "Masked", "-d", '{"a": 1}',
                    "--print-request")
    assert done.returncode == 0
    assert done.stdout.startswith(
        f"POST {listener.url}/path\n"
        "Authorization: Bearer ${secret:env/LINKSPAN_CANARY}\n"
        "X-Literal: ***\n"
        "X-Trace-Id: trace\n"
        "Content-Type: application/json\n"
        "\n"
        '{"a": 1}\n')
    assert "delivered, status 200" in done.stdout
    assert "literal-value" not in done.stdout
    assert listener.next()["header"]["x-literal"] == "literal-value"


def test_print_request_as_json(send, config, listener, canary):
    masked(config, f"{listener.url}/path")
    request = send("Masked", "-d", "{}", "--print-request").request
    assert (request["method"], request["body"]) == ("POST", "{}")
    assert {h["name"]: h["value"] for h in request["headers"]} == {
        "Authorization": "Bearer ${secret:env/LINKSPAN_CANARY}", "X-Literal": "***",
        "X-Trace-Id": "trace", "Content-Type": "application/json"}


def test_curl(linkspan, config, listener, canary):
    masked(config, f"{listener.url}/path")
    body = '{"a": "it\'s $HOME"}'
    done = linkspan("--config", config.file, "--standalone", "send", "Masked", "-d", body, "--curl")
    assert done.returncode == 0
    words = subprocess.run(["sh", "-c", "curl() { printf '%s\\0' \"$@\"; }\n" + done.stdout],
                           capture_output=True, text=True, check=True).stdout
    assert words.split("\0")[:-1] == [
        "-X", "POST", f"{listener.url}/path",
        "-H", "Authorization: Bearer ${secret:env/LINKSPAN_CANARY}",
        "-H", "X-Literal: ***", "-H", "X-Trace-Id: trace",
        "-H", "Content-Type: application/json", "--data-binary", body]
    assert listener.received() == 0


@pytest.mark.parametrize("output", ["text", "json"])
def test_dry_run(linkspan, config, start, output):
    door = start(Doorbell)
    config.connection("Dry", url=door.url)
    done = linkspan("--config", config.file, "--standalone", "send", "Dry", "-d", "{}",
                    "--dry-run", "--print-request", "-o", output)
    assert done.returncode == 0
    assert "POST" in done.stdout and f"{door.url}" in done.stdout
    assert door.rings() == 0


def test_dry_run_refuses_what_a_send_would(linkspan, config):
    config.connection("Dry", url="https://receiver.example/", method="HEAD")
    done = linkspan("--config", config.file, "--standalone", "send", "Dry", "-d", "x", "--dry-run")
    assert done.returncode == 1
    assert "body_not_allowed" in done.stderr


RETRIES = [
    ("GET", "503x2,200", 2, 3, 200),
    ("PUT", "503x2,200", 2, 3, 200),
    ("DELETE", "503x2,200", 2, 3, 200),
    ("GET", "503x2,200", 1, 2, 503),
    ("GET", "503x2,200", 0, 1, 503),
    ("POST", "503x2,200", 2, 1, 503),
    ("PATCH", "503x2,200", 2, 1, 503),
    ("GET", "400,200", 2, 1, 400),
]


@pytest.mark.parametrize("method, script, extra, attempts, status", RETRIES)
def test_inline_retries(send, config, listen, method, script, extra, attempts, status):
    """A direct call is repeated only where that cannot double anything."""
    listener = listen("--respond", script)
    config.connection("Again", url=listener.url, method=method, retry_inline=extra)
    sent = send("Again")
    assert (sent.attempts, sent.status) == (attempts, status)
    assert sent.exit_status == (0 if status == 200 else 1)
    assert sent.duration_ms >= 200 * (attempts - 1)
    assert listener.received() == attempts


def test_a_project_before_the_global_scope(linkspan, config, listener):
    config.connection("Shared", url=f"{listener.url}/global")
    config.connection("Own", project="billing", url=f"{listener.url}/billing")
    for name, path in (("Own", "/billing"), ("Shared", "/global")):
        done = linkspan("--config", config.file, "--standalone", "send", name, "--project",
                        "billing", "-d", "{}")
        assert done.returncode == 0, done.stderr
        assert listener.next()["target"] == path
    done = linkspan("--config", config.file, "--standalone", "send", "Own", "-d", "{}")
    assert done.returncode == 3


def test_environments_differ(linkspan, config, listener):
    for name in ("Development", "Test"):
        config.environment(name, variables={"path": name.lower()})
    config.connection("Both", url=listener.url + "/${path}",
                      environments={"Development": {}, "Test": {"method": "PUT"}})
    for name, method in (("Development", "POST"), ("Test", "PUT")):
        done = linkspan("--config", config.file, "--standalone", "send", "Both", "--env", name)
        assert done.returncode == 0, done.stderr
        arrived = listener.next()
        assert (arrived["method"], arrived["target"]) == (method, f"/{name.lower()}")
    done = linkspan("--config", config.file, "--standalone", "send", "Both")
    assert (done.returncode, "say --env" in done.stderr) == (2, True)


def test_listen_delays(send, config, listen):
    config.connection("Slow", url=listen("--delay", "300").url)
    assert send("Slow", "-d", "{}").phases["first_byte_ms"] >= 300


def test_listen_counts(send, config, listen):
    listener = listen("--count", "1")
    config.connection("Once", url=listener.url)
    assert send("Once", "-d", "{}").exit_status == 0
    assert listener.process.wait(10) == 0


def test_schema(linkspan, config):
    done = linkspan("--config", config.file, "schema", "webhook")
    schema = json.loads(done.stdout)
    assert done.returncode == 0
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["method", "url"]
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == {
        "method", "url", "required_uri", "allow_insecure_http", "headers", "content_type",
        "connection_timeout_ms", "request_timeout_ms", "idle_timeout_s", "success_status", "tls",
        "pool_size", "retry_delay_s", "retry_max_attempts", "retry_max_age_s", "retry_inline",
        "rate_per_s", "burst", "ordering", "response_keep_bytes", "alert_connection",
        "test", "test_every_s", "queue_max_messages", "body_template"}
    timeout = schema["properties"]["request_timeout_ms"]
    assert timeout["default"] == 2000
    assert {"type": "integer", "minimum": 1000, "maximum": 60000} in timeout["anyOf"]
    assert schema["properties"]["tls"]["properties"]["client_key_passphrase"]["writeOnly"] is True


def test_schema_as_manual(linkspan, config):
    done = linkspan("--config", config.file, "schema", "webhook", "-o", "man")
    assert done.returncode == 0
    for key in ("request_timeout_ms", "success_status", "retry_inline"):
        assert "*{}* = ".format(key.replace("_", "\\_")) in done.stdout


def test_plugin_list(linkspan, config, plugins):
    done = linkspan("--config", config.file, "plugin", "list", "-o", "json")
    items = json.loads(done.stdout)["items"]
    assert done.returncode == 0
    assert [(item["type"], item["plugin"]) for item in items] == [("webhook", "webhook")]
    assert items[0]["path"] == str(plugins / "webhook.so")
    table = linkspan("--config", config.file, "plugin", "list").stdout.splitlines()
    assert table[0].split()[:3] == ["TYPE", "LABEL", "PLUGIN"]
    assert table[1].split()[:3] == ["webhook", "Webhook", "webhook"]


def test_plugin_lint(linkspan, plugins, tmp_path):
    done = linkspan("plugin", "lint", plugins / "webhook.so")
    assert done.returncode == 0
    assert "nothing to complain about" in done.stdout
    (tmp_path / "junk.so").write_text("no library")
    done = linkspan("plugin", "lint", tmp_path / "junk.so")
    assert done.returncode not in (0, None)
    assert "junk.so" in done.stderr


@pytest.mark.parametrize("arguments", [["help"], ["--help"], ["help", "send"], ["send", "--help"],
                                       ["help", "plugin", "list"]], ids=" ".join)
def test_help(linkspan, arguments):
    done = linkspan(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: linkspan ")
