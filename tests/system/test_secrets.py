"""Secrets: from where they come, and that they are shown nowhere."""

import json
import pathlib

import pytest

from servers import Scripted

REFERENCE = "${secret:file/token}"


@pytest.fixture
def token(config):
    """Writes the file that REFERENCE names, with any mode."""
    config.set_host(secrets="secrets")

    def write(text, mode=0o600):
        file = config.write("secrets/token", text)
        file.chmod(mode)
        return file

    return write


def with_token(config, url, reference=REFERENCE, **settings):
    config.connection("Token", url=url, **settings,
                      headers=[{"name": "Authorization", "value": f"Bearer {reference}"}])


def test_environment_variable(send, config, listener, canary):
    with_token(config, f"{listener.url}/", "${secret:env/LINKSPAN_CANARY}")
    assert send("Token", "-d", "{}").exit_status == 0
    assert listener.next()["header"]["authorization"] == f"Bearer {canary}"


@pytest.mark.parametrize("ending", ["", "\n"])
def test_file(send, config, listener, token, ending):
    token("from-a-file" + ending)
    with_token(config, f"{listener.url}/")
    assert send("Token", "-d", "{}").exit_status == 0
    assert listener.next()["header"]["authorization"] == "Bearer from-a-file"


def test_a_changed_file_counts_at_once(send, config, listener, token):
    with_token(config, f"{listener.url}/")
    for text in ("first", "second"):
        token(text)
        assert send("Token", "-d", "{}").exit_status == 0
        assert listener.next()["header"]["authorization"] == f"Bearer {text}"


def test_a_secret_that_was_refused_is_read_once_more(send, config, start, token):
    """The receiver changes the secret while a message with the old one is on its way."""
    seen = []

    def reply(head, write):
        seen.append("Bearer new" in head)
        token("new")
        write(b"HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
              % (b"200 OK" if seen[-1] else b"401 Unauthorized"))

    token("old")
    server = start(Scripted, reply)
    with_token(config, f"{server.url}/")
    sent = send("Token", "-d", "{}")
    assert (sent.exit_status, sent.status) == (0, 200)
    assert seen == [False, True]


@pytest.mark.parametrize("text, mode, why", [
    ("secret", 0o604, "is open to everybody; mend it: chmod 600"),
    ("secret", 0o602, "is open to everybody; mend it: chmod 600"),
    ("", 0o600, "is empty"),
    ("\n", 0o600, "is empty"),
    ("nul\0byte", 0o600, "holds a NUL byte"),
    ("x" * 70000, 0o600, "is longer than"),
], ids=["readable", "writable", "empty", "newline", "nul", "long"])
def test_a_file_that_is_not_taken(send, config, listener, token, text, mode, why):
    token(text, mode)
    with_token(config, f"{listener.url}/")
    sent = send("Token", "-d", "{}")
    assert (sent.exit_status, sent.result, sent.reason) == (1, "blocked", "secret")
    assert REFERENCE in sent.detail and why in sent.detail
    assert listener.received() == 0


def test_a_missing_file(send, config, listener, token):
    token("secret").unlink()
    with_token(config, f"{listener.url}/")
    sent = send("Token", "-d", "{}")
    assert (sent.exit_status, sent.reason) == (1, "secret")
    assert "there is no file" in sent.detail
    assert listener.received() == 0


def test_a_symbolic_link(send, config, listener, token):
    file = token("secret")
    file.rename(file.with_name("other"))
    file.symlink_to("other")
    with_token(config, f"{listener.url}/")
    sent = send("Token", "-d", "{}")
    assert (sent.exit_status, sent.reason) == (1, "secret")
    assert "is a symbolic link" in sent.detail
    assert listener.received() == 0


@pytest.mark.parametrize("reference, why", [
    ("${secret:file/../token}", "no folders"),
    ("${secret:file/.token}", "no dot first"),
    ("${secret:env/1ST}", "no digit first"),
    ("${secret:vault/token}", "env, file"),
    ("${secret:token}", "env, file"),
])
def test_a_reference_that_cannot_be(linkspan, config, reference, why):
    with_token(config, "https://receiver.example/", reference)
    done = linkspan("--config", config.file, "validate")
    assert done.returncode == 7
    assert "Token.conf:" in done.stderr and "headers[0].value: " in done.stderr
    assert why in done.stderr


@pytest.mark.parametrize("arguments", [
    ["-vv"],
    ["-vv", "-o", "json"],
    ["--print-request"],
    ["--print-request", "-o", "json"],
    ["--curl"],
    ["--dry-run", "--print-request"],
    ["--dry-run", "-o", "json"],
], ids=" ".join)
@pytest.mark.parametrize("answer", ["200", "401", "503"])
def test_the_canary_is_printed_nowhere(linkspan, config, listen, canary, arguments, answer):
    """The fixture `canary` looks through all that was printed."""
    listener = listen("--respond", answer)
    config.environment(variables={"token": "${secret:env/LINKSPAN_CANARY}"})
    with_token(config, f"{listener.url}/", "${token}", method="GET")
    done = linkspan("--config", config.file, "--standalone", "send", "Token", *arguments)
    assert done.returncode in (0, 1), done.stderr
    assert done.stdout
    if not {"--curl", "--dry-run"} & set(arguments):
        assert listener.next()["header"]["authorization"] == f"Bearer {canary}"


@pytest.mark.parametrize("settings", [
    {"headers": [{"name": "Authorization", "value": "Bearer CANARY"}]},
    {"headers": [{"name": "Authorization", "value": "Bearer CANARY" + "x" * 8192}]},
    {"headers": [{"name": "Authorization", "value": "Bearer CANARY\n"}]},
    {"tls": {"client_key_passphrase": "CANARY\n"}},
], ids=["header", "long header", "two lines", "passphrase"])
@pytest.mark.parametrize("method", ["GET", "BREW"])
def test_literal_secrets_are_not_repeated(linkspan, config, canary, settings, method):
    """Faults and warnings say where they are, and no more."""
    settings = json.loads(json.dumps(settings).replace("CANARY", canary))
    config.connection("Literal", url="https://receiver.example/", method=method, **settings)
    done = linkspan("--config", config.file, "validate", "-vv")
    assert done.returncode in (0, 7)
    assert "Literal.conf:" in done.stderr


def test_the_canary_is_on_no_command_line(send, config, start, canary):
    lines = []

    def reply(head, write):
        assert canary in head
        for file in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                lines.append(file.read_bytes())
            except OSError:
                continue  # that process has just ended
        write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    server = start(Scripted, reply)
    with_token(config, f"{server.url}/", "${secret:env/LINKSPAN_CANARY}")
    assert send("Token", "-d", "{}").exit_status == 0
    assert any(b"--standalone" in line for line in lines)
    assert not any(canary.encode() in line for line in lines)
