"""The network policy, live: what it denies is never connected to, however it is written."""

import pytest

from servers import Doorbell

LOOPBACK = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f.1", "0x7f000001", "0177.0.0.1",
    "017700000001", "localhost", "LOCALHOST", "0.0.0.0", "0",
    "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[::]",
]


@pytest.fixture
def doors(start):
    """One port on both loopback addresses."""
    v4 = start(Doorbell)
    return [v4, start(Doorbell, "::1", v4.port)]


@pytest.mark.parametrize("host", LOOPBACK)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_loopback_is_denied(send, config, doors, scheme, host):
    config.environment(allow=())
    config.connection("Inward", url=f"{scheme}://{host}:{doors[0].port}/")
    sent = send("Inward", "-d", "{}")
    assert (sent.exit_status, sent.result) == (1, "rejected")
    assert (sent.reason, sent.attempts) == ("denied_address", 1)
    assert sum(door.rings() for door in doors) == 0


@pytest.mark.parametrize("host", ["127.0.0.1.", "localhost."])
def test_a_dot_at_the_end_opens_nothing(send, config, doors, host):
    """Whether such a name resolves is the resolver's business."""
    config.environment(allow=())
    config.connection("Inward", url=f"http://{host}:{doors[0].port}/", retry_inline=0)
    assert send("Inward", "-d", "{}").reason in ("denied_address", "dns")
    assert sum(door.rings() for door in doors) == 0


@pytest.mark.parametrize("host", ["%31%32%37.0.0.1", "１２７.0.0.1", "127。0。0。1"])
def test_disguises_are_no_host_names(send, config, doors, host):
    config.environment(allow=())
    config.connection("Inward", url=f"http://{host}:{doors[0].port}/")
    assert send("Inward", "-d", "{}").exit_status == 7
    assert sum(door.rings() for door in doors) == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_loopback_that_is_allowed_is_reached(send, config, doors, host):
    """Without this, the test above could pass because nothing ever connects."""
    config.connection("Inward", url=f"http://{host}:{doors[0].port}/", retry_inline=0,
                      request_timeout_ms=1000)
    assert send("Inward", "-d", "{}").reason == "timeout_reply"
    assert sum(door.rings() for door in doors) == 1


@pytest.mark.parametrize("address", ["169.254.169.254", "100.100.100.200", "[fe80::1]",
                                     "[fd00:ec2::254]"])
def test_metadata_services_are_never_allowed(send, config, address):
    config.environment(allow=("0.0.0.0/0", "::/0"))
    config.connection("Metadata", url=f"http://{address}/latest/meta-data")
    sent = send("Metadata", "-d", "{}")
    assert (sent.exit_status, sent.reason) == (1, "denied_address")


def test_the_process_environment_names_no_proxy(send, config, listener, start):
    door = start(Doorbell)
    proxy = {name: door.url for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy")}
    config.connection("Direct", url=f"{listener.url}/")
    assert send("Direct", "-d", "{}", env=proxy).exit_status == 0
    assert door.rings() == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(send, config, listen, start, status):
    door = start(Doorbell)
    listener = listen("--respond", str(status), "--header", f"Location: {door.url}/")
    config.connection("Moved", url=f"{listener.url}/", method="GET")
    sent = send("Moved")
    assert (sent.exit_status, sent.result, sent.status) == (1, "rejected", status)
    assert "redirect" in sent.detail
    assert listener.received() == 1
    assert door.rings() == 0
