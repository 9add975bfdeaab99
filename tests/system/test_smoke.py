"""The main job once, end to end."""

import json


def test_version(linkspan):
    done = linkspan("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("linkspan 0.")
    assert done.stderr == ""


def test_a_webhook_is_delivered(linkspan, config, listener):
    config.connection("Hello", url=f"{listener.url}/hello")
    body = '{"text": "hello"}'
    done = linkspan("--config", config.file, "--standalone", "send", "Hello",
                    "--env", "Development", "-d", body, "-o", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == 200
    arrived = listener.next()
    assert arrived["method"] == "POST"
    assert arrived["body"] == body


def test_nothing_listens(linkspan, config):
    config.connection("Hello", url="http://127.0.0.1:9/hello")
    done = linkspan("--config", config.file, "--standalone", "send", "Hello",
                    "--env", "Development", "-d", "{}", "-o", "json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["reason"] == "refused"
