"""What is refused before anything is sent, and how the message helps."""

import re

import pytest

from configuration import libconfig

INJECTIONS = {
    "cr lf": "good\r\nX-Evil: 1",
    "lf": "good\nX-Evil: 1",
    "cr": "good\rX-Evil: 1",
    "nul's neighbour": "good\x01",
    "del": "good\x7f",
}
injections = pytest.mark.parametrize("value", INJECTIONS.values(), ids=INJECTIONS.keys())


def faults(linkspan, config, name="Faulty"):
    """(line, severity, key, text) of each message of `validate` about the connection."""
    done = linkspan("--config", config.file, "validate")
    found = re.findall(rf"^\S*/{re.escape(name)}\.conf:(\d+): (error|warning): ([^ :]*): (.*)$",
                       done.stderr, re.MULTILINE)
    return done.returncode, [(int(line), *rest) for line, *rest in found]


def line_of(file, start):
    """The number of the line that begins with that."""
    lines = [line.strip() for line in file.read_text().splitlines()]
    return next(n for n, line in enumerate(lines, 1) if line.startswith(start))


@injections
def test_header_of_the_definition(send, linkspan, config, listener, value):
    config.connection("Faulty", url=f"{listener.url}/", headers=[{"name": "X-A", "value": value}])
    status, found = faults(linkspan, config)
    assert status == 7
    assert [key for _, _, key, _ in found] == ["headers[0].value"]
    assert "cannot contain line ends or other control characters" in found[0][3]
    assert send("Faulty", "-d", "{}").exit_status == 7
    assert listener.received() == 0


@injections
def test_header_of_the_definition_by_a_variable(send, config, listener, value):
    config.environment(variables={"text": value})
    config.connection("Faulty", url=f"{listener.url}/",
                      headers=[{"name": "X-A", "value": "${text}"}])
    sent = send("Faulty", "-d", "{}")
    assert sent.exit_status == 7
    assert "Faulty.conf:" in sent.messages and "headers[0].value" in sent.messages
    assert listener.received() == 0


@injections
def test_header_of_the_call(send, config, listener, value):
    config.connection("Good", url=f"{listener.url}/")
    sent = send("Good", "-d", "{}", "-H", f"X-A: {value}")
    assert (sent.exit_status, sent.result, sent.reason) == (1, "rejected", "header_invalid")
    assert 'header "X-A"' in sent.detail
    assert "Evil" not in sent.detail
    assert listener.received() == 0


@injections
@pytest.mark.parametrize("provider", ["env", "file"])
def test_header_by_a_secret(send, config, listener, value, provider):
    config.set_host(secrets="secrets")
    config.write("secrets/TEXT", value).chmod(0o600)
    config.connection("Secret", url=f"{listener.url}/",
                      headers=[{"name": "X-A", "value": f"${{secret:{provider}/TEXT}}"}])
    sent = send("Secret", "-d", "{}", env={"TEXT": value})
    assert (sent.exit_status, sent.result, sent.reason) == (1, "rejected", "header_invalid")
    assert 'header "X-A"' in sent.detail
    assert "good" not in sent.detail
    assert listener.received() == 0


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "Connection",
                                  "Expect", "TE", "Trailer", "Upgrade", "Keep-Alive",
                                  "Proxy-Authorization", "X A", "X-A\r\nX-Evil", "Xé"])
def test_header_name_of_the_call(send, config, listener, name):
    config.connection("Good", url=f"{listener.url}/")
    sent = send("Good", "-d", "{}", "-H", f"{name}: 1")
    assert (sent.exit_status, sent.result, sent.reason) == (1, "rejected", "header_invalid")
    assert listener.received() == 0


@injections
@pytest.mark.parametrize("template", ["/items/{id}", "/items/{+id}", "/items{?id}", "/{#id}"])
def test_url_argument_of_the_call(send, config, listener, value, template):
    config.connection("Template", url=listener.url + template)
    sent = send("Template", "-d", "{}", "--uri", f"id={value}")
    assert sent.exit_status in (1, 7)  # a fragment is no part of a request: refused at once
    if sent.exit_status == 1:
        assert (sent.result, sent.reason) == ("rejected", "url_invalid")
        assert "control character" in sent.detail
    assert listener.received() == 0


@injections
def test_line_ends_in_a_variable_of_the_url(send, config, listener, value):
    config.environment(variables={"path": value})
    config.connection("Faulty", url=f"{listener.url}/" + "${path}")
    sent = send("Faulty", "-d", "{}")
    assert sent.exit_status == 7
    assert "Faulty.conf:" in sent.messages and " url: " in sent.messages
    assert listener.received() == 0


# The value just outside the bounds of each row, and what is said to be allowed.
OUTSIDE = [
    ("method", "BREW", "GET, POST, PUT, DELETE, HEAD, OPTIONS, PATCH, TRACE"),
    ("method", "post", "GET, POST, PUT, DELETE, HEAD, OPTIONS, PATCH, TRACE"),
    ("url", "", "1 to 8192"),
    ("url", "/relative", "http"),
    ("url", "ftp://receiver.example/", "http"),
    ("url", "https://user@receiver.example/", "user"),
    ("url", "https://receiver.example/#fragment", "fragment"),
    ("url", "https://{host}/", "host"),
    ("url", "https://receiver.example:65536/", "port"),
    ("url", "https://receiver.example/{id", "}"),
    ("url", "https://receiver.example/" + "a" * 8192, "8192"),
    ("required_uri", ["id"] * 101, "100"),
    ("allow_insecure_http", "yes", "true"),
    ("headers", [{"name": f"X-{i}", "value": "1"} for i in range(201)], "200"),
    ("content_type", "text/plain\r\nX-Evil: 1", "control characters"),
    ("content_type", "t" * 257, "256"),
    ("connection_timeout_ms", 999, "1000 to 60000"),
    ("connection_timeout_ms", 60001, "1000 to 60000"),
    ("connection_timeout_ms", "2000ms", "1000 to 60000"),
    ("request_timeout_ms", 999, "1000 to 60000"),
    ("request_timeout_ms", 60001, "1000 to 60000"),
    ("idle_timeout_s", 0, "1 to 3600"),
    ("idle_timeout_s", 3601, "1 to 3600"),
    ("success_status", "", "1 to 256"),
    ("success_status", "99", "599"),
    ("success_status", "600", "599"),
    ("success_status", "300-200", "300-200"),
    ("tls", "on", "a group is needed"),
    ("pool_size", -1, "0 to 1000"),
    ("pool_size", 1001, "0 to 1000"),
    ("retry_delay_s", 0, "1 to 86400"),
    ("retry_delay_s", 86401, "1 to 86400"),
    ("retry_max_attempts", 0, "1 to 50"),
    ("retry_max_attempts", 51, "1 to 50"),
    ("retry_max_age_s", 59, "60 to 2592000"),
    ("retry_max_age_s", 2592001, "60 to 2592000"),
    ("retry_inline", -1, "0 to 5"),
    ("retry_inline", 6, "0 to 5"),
    ("rate_per_s", -1, "0 to 1000000"),
    ("rate_per_s", 1000001, "0 to 1000000"),
    ("burst", 0, "1 to 1000000"),
    ("burst", 1000001, "1 to 1000000"),
    ("ordering", "keys", "off, key"),
    ("response_keep_bytes", -1, "0 to 1MiB"),
    ("response_keep_bytes", 1048577, "0 to 1MiB"),
    ("alert_connection", "", "1 to 100"),
    ("test_every_s", 59, "0 (off), or 60 to 86400"),
    ("test_every_s", 86401, "0 to 86400"),
]


@pytest.mark.parametrize("key, value, allowed", OUTSIDE,
                         ids=[f"{key}-{str(value)[:24]}" for key, value, _ in OUTSIDE])
def test_a_value_just_outside(linkspan, config, key, value, allowed):
    file = config.connection("Faulty", **{"url": "https://receiver.example/{id}", key: value})
    status, found = faults(linkspan, config)
    errors = [(line, text) for line, severity, where, text in found
              if severity == "error" and where == key]
    assert status == 7
    assert len(errors) == 1, found
    assert errors[0][0] == line_of(file, f"{key} =")
    assert allowed in errors[0][1]


NESTED = [
    ("headers[1].name", {"headers": [{"name": "X", "value": "1"}, {"name": "", "value": "1"}]},
     "1 to 256"),
    ("headers[0].name", {"headers": [{"name": "X" * 257, "value": "1"}]}, "1 to 256"),
    ("headers[0].name", {"headers": [{"name": "X Y", "value": "1"}]}, "letters, digits"),
    ("headers[0].name", {"headers": [{"name": "Host", "value": "1"}]}, "transport"),
    ("headers[0].name", {"headers": [{"name": "Proxy-X", "value": "1"}]}, "transport"),
    ("headers[0].value", {"headers": [{"name": "X", "value": ""}]}, "1 to 8192"),
    ("headers[0].value", {"headers": [{"name": "X", "value": "x" * 8193}]}, "1 to 8192"),
    ("headers[0].value", {"headers": [{"name": "X"}]}, "1 to 8192"),
    ("required_uri[0]", {"required_uri": ["other"]}, "{other}"),
    ("required_uri[0]", {"required_uri": ["x" * 129]}, "1 to 128"),
    ("tls.minimum", {"tls": {"minimum": "1.1"}}, "1.2, 1.3"),
    ("tls.verify", {"tls": {"verify": "no"}}, "true"),
    ("tls.client_certificate", {"tls": {"client_certificate": "a.pem"}}, "a readable file"),
]


@pytest.mark.parametrize("key, settings, allowed", NESTED,
                         ids=[f"{key}-{n}" for n, (key, _, _) in enumerate(NESTED)])
def test_a_nested_value_just_outside(linkspan, config, key, settings, allowed):
    file = config.connection("Faulty", url="https://receiver.example/{id}", **settings)
    status, found = faults(linkspan, config)
    errors = [(line, text) for line, severity, where, text in found
              if severity == "error" and where == key]
    assert status == 7
    assert len(errors) == 1, found
    assert errors[0][0] >= line_of(file, key.split(".")[0].split("[")[0])
    assert allowed in errors[0][1]


@pytest.mark.parametrize("row", ["client_certificate", "client_key"])
def test_half_an_identity(linkspan, config, authority, row):
    file = config.connection("Faulty", url="https://receiver.example/",
                             tls={row: authority.ca_file})
    assert faults(linkspan, config) == (7, [
        (line_of(file, "tls ="), "error", "tls",
         "client_certificate and client_key are needed together")])


BASIC = {"type": "webhook", "settings": {"method": "GET", "url": "https://receiver.example/"},
         "environments": {"Development": {}}}


@pytest.mark.parametrize("key, members, allowed", [
    ("name", {"name": "Other"}, "Faulty"),
    ("description", {"name": "Faulty", "description": "ü" * 1001}, "1000"),
    ("enabled", {"name": "Faulty", "enabled": "yes"}, "true"),
    ("type", {"name": "Faulty", "type": "webhok"}, 'did you mean "webhook"?'),
    ("descripton", {"name": "Faulty", "descripton": "x"}, 'did you mean "description"?'),
])
def test_a_member_of_the_connection(linkspan, config, key, members, allowed):
    definition = {**BASIC, **members}
    file = config.write("connections/Faulty.conf", f"connection: {libconfig(definition)};\n")
    status, found = faults(linkspan, config)
    errors = [(line, text) for line, severity, where, text in found
              if severity == "error" and where == f"connection.{key}"]
    assert status == 7
    assert len(errors) == 1, found
    assert errors[0][0] == line_of(file, f"{key} =")
    assert allowed in errors[0][1]


@pytest.mark.parametrize("name, allowed", [
    ("n" * 101, "1 to 100"),
    ("-first", "must begin with a letter or a digit"),
    (" first", "must not begin with a space"),
    ("two  spaces", "two spaces in a row"),
    ("end ", "must not end with a space"),
    ("umläut", "letters"),
    ("a\tb", "letters"),
])
def test_a_name_that_cannot_be(linkspan, config, name, allowed):
    config.connection(name, method="GET", url="https://receiver.example/")
    done = linkspan("--config", config.file, "validate")
    assert done.returncode == 7
    assert ".conf:2: error: connection.name: " in done.stderr
    assert allowed in done.stderr


def test_the_longest_name(linkspan, config):
    config.connection("n" * 100, method="GET", url="https://receiver.example/")
    assert linkspan("--config", config.file, "validate").returncode == 0


@pytest.mark.parametrize("key", ["method", "url"])
def test_a_required_key_that_is_missing(linkspan, config, key):
    settings = {k: v for k, v in BASIC["settings"].items() if k != key}
    definition = {"name": "Faulty", **BASIC, "settings": settings}
    config.write("connections/Faulty.conf", f"connection: {libconfig(definition)};\n")
    status, found = faults(linkspan, config)
    assert status == 7
    assert (found[0][2], found[0][3].startswith("is missing; allowed: ")) == (key, True)


@pytest.mark.parametrize("typed, meant", [("headrs", "headers"), ("URL", "url"),
                                          ("request_timout_ms", "request_timeout_ms"),
                                          ("pool_sizes", "pool_size")])
def test_an_unknown_key(linkspan, config, typed, meant):
    file = config.connection("Faulty", url="https://receiver.example/", **{typed: 1})
    assert faults(linkspan, config) == (7, [
        (line_of(file, f"{typed} ="), "error", typed,
         f'unknown key "{typed}" (did you mean "{meant}"?)')])


def test_every_fault_is_reported_at_once(linkspan, config):
    config.connection("Faulty", url="https://receiver.example/", pool_size=1001, headrs=1,
                      idle_timeout_s=0)
    config.connection("Other", url="https://receiver.example/", retry_inline=6)
    done = linkspan("--config", config.file, "validate")
    assert done.returncode == 7
    assert sorted(re.findall(r"error: (\w+):", done.stderr)) == \
        ["headrs", "idle_timeout_s", "pool_size", "retry_inline"]
    assert "linkspan: 4 errors, 0 warnings" in done.stderr


@pytest.mark.parametrize("settings, key", [
    ({"headers": [{"name": "Authorization", "value": "Bearer abc"}]}, "headers[0].value"),
    ({"headers": [{"name": "X-Api-Key", "value": "abc"}]}, "headers[0].value"),
    ({"headers": [{"name": "Cookie", "value": "session=abc"}]}, "headers[0].value"),
    ({"tls": {"client_key_passphrase": "abc"}}, "tls.client_key_passphrase"),
])
def test_a_literal_secret_warns(linkspan, config, settings, key):
    config.connection("Faulty", url="https://receiver.example/", **settings)
    status, found = faults(linkspan, config)
    assert status == 0
    assert [(severity, where) for _, severity, where, _ in found] == [("warning", key)]
    assert "abc" not in found[0][3]


def test_plain_http(linkspan, config):
    config.connection("Faulty", url="http://receiver.example/")
    status, found = faults(linkspan, config)
    assert (status, found[0][1:3]) == (0, ("warning", "url"))


def test_plain_http_in_a_protected_environment(linkspan, config):
    config.environment(protected=True)
    config.connection("Faulty", url="http://receiver.example/")
    status, found = faults(linkspan, config)
    assert (status, found[0][1:3]) == (7, ("error", "url"))
    assert "allow_insecure_http = true" in found[0][3]
    config.connection("Faulty", url="http://receiver.example/", allow_insecure_http=True)
    assert faults(linkspan, config)[0] == 0


@pytest.mark.parametrize("text, line, why", [
    ('connection: { name = "Faulty"; ', 1, "never closed"),
    ('connection: {\n@include "other.conf"\n};', 2, "@include is not supported"),
    ("conection: { };", 1, 'did you mean "connection"?'),
    ("", 1, "is empty"),
    ('connection: {\n name = "Faulty;\n};', 2, ""),
])
def test_a_file_that_is_no_definition(linkspan, config, text, line, why):
    file = config.write("connections/Faulty.conf", text)
    for arguments in (["--config", config.file, "validate"], ["validate", file]):
        done = linkspan(*arguments)
        assert done.returncode == 7
        assert re.search(rf"/Faulty\.conf:{line}: error: .*{re.escape(why)}", done.stderr)
