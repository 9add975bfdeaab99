"""A send loses no memory and reads none that is not its own."""

import pytest

VALGRIND = ("valgrind", "--quiet", "--leak-check=full", "--errors-for-leak-kinds=definite",
            "--show-leak-kinds=definite", "--error-exitcode=99")


@pytest.fixture
def memcheck(prefix):
    if b"__asan_init" in (prefix / "bin/linkspan").read_bytes():
        pytest.skip("built with AddressSanitizer, which valgrind cannot run")
    return VALGRIND


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_send(send, config, nginx, canary, memcheck, scheme):
    url = nginx.url if scheme == "http" else nginx.https_url
    config.connection("Hello", url=f"{url}/items" + "/{id}", tls={"ca_file": nginx.ca_file},
                      connection_timeout_ms=20000, request_timeout_ms=20000,
                      headers=[{"name": "Authorization",
                                "value": "Bearer ${secret:env/LINKSPAN_CANARY}"}])
    sent = send("Hello", "-d", "{}", "--uri", "id=7", "-H", "X-Test: 1", within=memcheck)
    assert (sent.exit_status, sent.status) == (0, 200)
    assert "definitely lost" not in sent.messages
    assert nginx.next()["uri"] == "/items/7"


def test_refusal(send, config, start, memcheck):
    config.connection("Hello", url="http://127.0.0.1:9/", retry_inline=1)
    sent = send("Hello", "-d", "{}", within=memcheck)
    assert (sent.exit_status, sent.reason) == (1, "refused")
