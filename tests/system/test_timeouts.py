"""Time-outs, and which phase they say was unfinished."""

import shutil
import subprocess

import pytest

from servers import Doorbell, Scripted

# A network namespace with a cable in it.  Frames to 192.0.2.2 carry the address of a card that the
# other end has not, so they are thrown away there and nobody answers.
SILENT_NET = """
ip link add silent type veth peer name end &&
ip address add 192.0.2.1/24 dev silent &&
ip link set silent up &&
ip link set end up &&
ip neighbour add 192.0.2.2 lladdr 02:00:00:00:00:02 dev silent nud permanent &&
exec "$@"
"""

TIMEOUT_MS = 1000
# A loaded machine is late; how late we are on an idle one is measured by the benchmarks.
LATE_MS = 2000


def check(sent, reason, phase):
    assert (sent.exit_status, sent.result, sent.reason) == (1, "failed", reason)
    assert f"unfinished: {phase}" in sent.detail
    assert TIMEOUT_MS - 50 <= sent.duration_ms < TIMEOUT_MS + LATE_MS


@pytest.fixture(scope="session")
def silent_net():
    """The command that runs another where 192.0.2.2 never answers."""
    command = ("unshare", "--map-root-user", "--net", "sh", "-c", SILENT_NET, "sh")
    missing = [tool for tool in ("unshare", "ip") if not shutil.which(tool)]
    if missing:
        pytest.skip(f"there is no program {missing[0]}")
    done = subprocess.run([*command, "true"], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no network namespace can be made here: {done.stderr.strip()}")
    return command


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_connection(send, config, silent_net, scheme):
    config.environment(allow=("192.0.2.0/24",))
    config.connection("Silent", url=f"{scheme}://192.0.2.2/", retry_inline=0,
                      connection_timeout_ms=TIMEOUT_MS, request_timeout_ms=20000)
    check(send("Silent", "-d", "{}", within=silent_net), "timeout_connect", "connect")


def test_a_connection_is_tried_again(send, config, silent_net):
    """Nothing was sent, so even a POST may be repeated."""
    config.environment(allow=("192.0.2.0/24",))
    config.connection("Silent", url="http://192.0.2.2/", retry_inline=1,
                      connection_timeout_ms=TIMEOUT_MS, request_timeout_ms=20000)
    sent = send("Silent", "-d", "{}", within=silent_net)
    assert (sent.reason, sent.attempts) == ("timeout_connect", 2)


def test_request_timeout_while_connecting(send, config, silent_net):
    config.environment(allow=("192.0.2.0/24",))
    config.connection("Silent", url="http://192.0.2.2/", retry_inline=0,
                      connection_timeout_ms=20000, request_timeout_ms=TIMEOUT_MS)
    check(send("Silent", "-d", "{}", within=silent_net), "timeout_connect", "connect")


@pytest.mark.parametrize("limit", ["connection_timeout_ms", "request_timeout_ms"])
def test_tls_handshake(send, config, start, limit):
    door = start(Doorbell)
    limits = {"connection_timeout_ms": 20000, "request_timeout_ms": 20000, limit: TIMEOUT_MS}
    config.connection("Stalled", url=f"https://127.0.0.1:{door.port}/", retry_inline=0, **limits)
    check(send("Stalled", "-d", "{}"), "timeout_tls", "TLS handshake")
    assert door.rings() == 1


def test_reply(send, config, start):
    server = start(Scripted, lambda head, write: None)
    config.connection("Stalled", url=server.url, retry_inline=0, request_timeout_ms=TIMEOUT_MS)
    check(send("Stalled", "-d", "{}"), "timeout_reply", "waiting for the reply")


def test_body(send, config, start):
    server = start(Scripted, lambda head, write:
                   write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbeginning"))
    config.connection("Stalled", url=server.url, retry_inline=0, request_timeout_ms=TIMEOUT_MS)
    check(send("Stalled", "-d", "{}"), "timeout_body", "reading the reply")
