"""The real rsyslogd feeds `linkspan pipe --ack` by omprog, and keeps what is not confirmed."""

import json
import os
import shutil
import socket

import pytest

from servers import Server, listening_socket

# imptcp: one line is one message, so that the test knows what it gave.
RSYSLOG_CONF = """
global(workDirectory="{folder}" maxMessageSize="64k")
module(load="imptcp")
module(load="omprog")
input(type="imptcp" port="{port}" address="127.0.0.1")
template(name="line" type="list" option.jsonf="on") {{
    property(outname="text" name="msg" format="jsonf")
}}
action(type="omprog" binary="{program}" template="line" confirmMessages="on" reportFailures="on"
       output="{folder}/pipe.log"
       queue.type="LinkedList" queue.size="100000"
       action.resumeRetryCount="-1" action.resumeInterval="1")
"""


class Rsyslog(Server):
    """rsyslogd in the foreground with a work folder of its own."""

    def __init__(self, folder, program):
        folder.mkdir()
        # rsyslogd cannot take over a socket: the port is free again for the moment of its start.
        with listening_socket() as sock:
            self.port = sock.getsockname()[1]
        conf = folder / "rsyslog.conf"
        conf.write_text(RSYSLOG_CONF.format(folder=folder, port=self.port, program=program))
        super().__init__(["rsyslogd", "-n", "-f", conf, "-i", folder / "pid"])
        self._sock = None

    def give(self, texts):
        """Messages, each a line, over one connection that stays."""
        if not self._sock:
            self._sock = self._connect()
        self._sock.sendall(b"".join(
            f"<13>Nov 24 22:00:00 host app: {text}\n".encode() for text in texts))

    def _connect(self):
        while self.process.poll() is None:
            try:
                return socket.create_connection(("127.0.0.1", self.port))
            except ConnectionRefusedError:
                os.sched_yield()
        raise AssertionError("rsyslogd ended:\n" + "\n".join(self.err.rest()))

    def stop(self, *args):
        if self._sock:
            self._sock.close()
        return super().stop(*args)


@pytest.fixture
def rsyslog(start, prefix, config, tmp_path):
    if not shutil.which("rsyslogd"):
        pytest.skip("there is no program rsyslogd")
    program = (f"{prefix}/bin/linkspan --config {config.file} pipe Events --env Development --ack")
    return lambda: start(Rsyslog, tmp_path / "rsyslog", program)


def texts_of(receiver):
    return [json.loads(a.body)["text"].strip() for a in receiver.arrivals]


def test_messages_arrive(daemon, config, receiver, rsyslog):
    receiver.keep = True
    config.connection("Events", url=receiver.url)
    daemon()
    sent = [f"message {n} with a \"quote\"" for n in range(500)]
    rsyslog().give(sent)
    receiver.wait(lambda r: len(r.arrivals) >= len(sent))
    assert sorted(texts_of(receiver)) == sorted(sent)


def test_the_daemon_is_away_for_a_while(daemon, config, receiver, rsyslog):
    """What was not confirmed is given again; what was confirmed is delivered."""
    receiver.keep = True
    config.connection("Events", url=receiver.url)
    one = daemon()
    log = rsyslog()
    before = [f"before {n}" for n in range(200)]
    log.give(before)
    receiver.wait(lambda r: len(r.arrivals) >= len(before) // 2)
    one.kill()
    away = [f"away {n}" for n in range(200)]
    log.give(away)
    two = daemon()
    after = [f"after {n}" for n in range(200)]
    log.give(after)
    sent = set(before + away + after)
    receiver.wait(lambda r: sent <= set(texts_of(r)), 60)
    # rsyslog does not know of a message whose confirmation was lost with the daemon: it gives that
    # one again, and the receiver sees it under two ids.  There was at most one at a time.
    assert len(receiver.arrivals) <= len(sent) + receiver.duplicates() + 1
    assert two.api.deliveries(state="dead,quarantined,cancelled") == []
