"""What libmicrohttpd answers by itself, before any of our code sees a request: fixed text, and the end."""

import re

import pytest

from remote import Remote, free_port

# What a page could be made to show, if anything of a request came back.
MARK = b"<script>canary</script>"

BROKEN = {
    "a version that is none": (b"GET /" + MARK + b" HTTX/1.1\r\n\r\n", b"400"),
    "a version to come": (b"GET /" + MARK + b" HTTP/2.0\r\n\r\n", b"505"),
    "a header without a colon": (b"GET /healthz HTTP/1.1\r\n" + MARK + b"\r\n\r\n", b"400"),
    "a length that is none": (b"POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
                              + MARK + b"\r\n\r\n", b"400"),
    "a header that is too long": (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: "
                                  + MARK * 6000 + b"\r\n\r\n", b"431"),
    "a target that is too long": (b"GET /" + MARK * 6000 + b" HTTP/1.1\r\n\r\n", b"414"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_nothing_of_a_broken_request_comes_back(daemon, config, listener, kind):
    port = free_port()
    config.set_host(listen=f"127.0.0.1:{port}")
    config.connection("Orders", url=listener.url)
    daemon()
    remote = Remote(port)
    raw, status = BROKEN[kind]
    heard = remote.say(raw)
    if not heard and len(raw) > 65536:
        return  # the end of the connection has overtaken the answer, as nobody read the rest
    assert heard[:12] == b"HTTP/1.1 " + status and b"\r\nConnection: close\r\n" in heard, heard
    assert MARK not in heard and b"canary" not in heard
    # No header of ours is there to keep a browser from guessing: so there is nothing to guess from.
    body = heard.rpartition(b"\r\n\r\n")[2]
    assert re.fullmatch(rb"<html><head><title>[^<]*</title></head><body>.*</body></html>", body)
    assert b"script" not in body and len(body) < 250
    assert remote.ask("GET", "//healthz").status == 200
