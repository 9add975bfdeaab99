"""Scripted receivers on loopback: they note what arrives, count what is under way, and answer as told.

A receiver is an asyncio server on a thread of its own.  What it keeps of each request is small, so
that a test of a hundred thousand messages fits into memory; a test waits with `wait()`, which looks
again whenever something has happened.
"""

import asyncio
import collections
import dataclasses
import hashlib
import threading
import time

from servers import DEADLINE_S, listening_socket


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a request is answered.  `close` ends the connection after it."""
    status: int = 200
    headers: tuple = ()
    body: bytes = b""
    delay_s: float = 0.0
    close: bool = False

    def head(self):
        lines = [f"HTTP/1.1 {self.status} Scripted", f"Content-Length: {len(self.body)}",
                 *(f"{name}: {value}" for name, value in self.headers)]
        if self.close:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


OK = Answer()
HANG = object()   # no answer, until release()
RESET = object()  # the connection is cut instead of an answer


@dataclasses.dataclass(frozen=True, slots=True)
class Arrival:
    """One request.  `number` counts the arrivals of its id from 1; `epoch` is the receiver's."""
    id: str
    path: str
    digest: bytes
    at: float
    number: int
    epoch: int
    in_flight: int  # how many were under way, this one included
    body: bytes     # empty unless the receiver keeps bodies
    headers: dict   # likewise; names in lower case


def always(answer):
    return lambda arrival: answer


def in_turn(*answers):
    """A script: the n-th arrival of an id gets the n-th answer, later ones the last."""
    return lambda arrival: answers[min(arrival.number, len(answers)) - 1]


def by_path(**scripts):
    """A script for each first part of the path: by_path(ok=always(OK), hang=always(HANG))."""
    return lambda arrival: scripts[arrival.path.split("/")[1]](arrival)


class _Connection(asyncio.Protocol):
    """One peer.  It may send its next request only after the answer, as HTTP/1.1 clients do."""

    def __init__(self, receiver):
        self.receiver = receiver
        self.pending = b""
        self.transport = None
        self.busy = False

    def connection_made(self, transport):
        self.transport = transport
        self.receiver._joined(self)

    def connection_lost(self, exc):
        self.receiver._left(self)

    def data_received(self, data):
        self.pending += data
        while not self.busy and self._take():
            pass

    def _take(self):
        if self.pending.startswith(b"\x16"):  # the handshake of TLS
            self.transport.write(b"HTTP/1.1 400 No TLS Here\r\n\r\n")
            self.transport.close()
            return False
        end = self.pending.find(b"\r\n\r\n")
        if end < 0:
            return False
        first, *lines = self.pending[:end].decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip()
                   for name, _, value in (line.partition(":") for line in lines)}
        stop = end + 4 + int(headers.get("content-length", 0))
        if len(self.pending) < stop:
            return False
        body, self.pending = self.pending[end + 4:stop], self.pending[stop:]
        self.busy = True
        self.receiver._arrived(self, first.split(" ")[1], headers, body)
        return True

    def answer(self, answer):
        """Ends the request that is under way."""
        if not self.busy:
            return
        self.busy = False
        self.receiver._answered(self)
        if self.transport.is_closing():
            return
        if answer is RESET:
            self.transport.abort()
            return
        self.transport.write(answer.head() + answer.body)
        if answer.close:
            self.transport.close()
        elif self.pending:
            self.data_received(b"")


class Receiver:
    """`script(arrival)` gives each answer: an Answer, HANG or RESET.  It may be replaced any time."""

    def __init__(self, script=always(OK), keep=False):
        self.script = script
        self.keep = keep
        self.arrivals = []
        self.in_flight = 0
        self.epoch = 0
        self._counts = collections.Counter()
        self._connections = set()
        self._hanging = set()
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        sock = listening_socket()
        self.port = sock.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._call(self._serve(sock))

    # What tests call.

    def wait(self, predicate, deadline_s=DEADLINE_S):
        """Waits until the predicate of this receiver holds."""
        with self._changed:
            held = self._changed.wait_for(lambda: predicate(self), deadline_s)
            assert held, f"not in {deadline_s} s: {self!r}"

    def wait_for_ids(self, ids, deadline_s=DEADLINE_S):
        """Waits until each of the ids has arrived at least once."""
        missing = list(ids)

        def all_came(receiver):
            while missing and missing[-1] in receiver._counts:
                missing.pop()
            return not missing

        self.wait(all_came, deadline_s)

    def wait_until_alone(self, deadline_s=DEADLINE_S):
        """Waits until every peer has gone, and all that it had sent is noted."""
        self.wait(lambda r: not r._connections, deadline_s)

    def count(self, message_id):
        return self._counts[message_id]

    @property
    def ids(self):
        return set(self._counts)

    @property
    def hanging(self):
        return len(self._hanging)

    def duplicates(self):
        """How many arrivals were not the first of their id."""
        return len(self.arrivals) - len(self._counts)

    def next_epoch(self):
        """What arrives from now on belongs to a new epoch; call it when alone."""
        self.epoch += 1

    def release(self, answer=OK):
        """Answers all that hangs."""
        async def release():
            for connection in list(self._hanging):
                self._hanging.discard(connection)
                connection.answer(answer)
        self._call(release())

    def down(self):
        """An outage: the port refuses, and open connections are cut."""
        async def down():
            self._server.close()
            for connection in list(self._connections):
                connection.transport.abort()
        self._call(down())

    def up(self):
        """The outage is over: the same port again."""
        self._server = self._call(self._serve(listening_socket(self.port)))

    def stop(self):
        self.down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE_S)
        self._loop.close()

    def __repr__(self):
        return (f"{len(self.arrivals)} arrivals of {len(self._counts)} ids, {self.in_flight} in "
                f"flight, {len(self._connections)} connections, {self.hanging} hanging")

    # The rest happens on the loop's thread.

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(DEADLINE_S)

    async def _serve(self, sock):
        return await self._loop.create_server(lambda: _Connection(self), sock=sock)

    def _joined(self, connection):
        with self._changed:
            self._connections.add(connection)
            self._changed.notify_all()

    def _left(self, connection):
        with self._changed:
            self._connections.discard(connection)
            self._hanging.discard(connection)
            if connection.busy:
                connection.busy = False
                self.in_flight -= 1
            self._changed.notify_all()

    def _arrived(self, connection, path, headers, body):
        message_id = headers.get("webhook-id", "")
        with self._changed:
            self.in_flight += 1
            self._counts[message_id] += 1
            arrival = Arrival(
                message_id, path, hashlib.sha256(body).digest(), time.monotonic(),
                self._counts[message_id], self.epoch, self.in_flight,
                body if self.keep else b"", headers if self.keep else {})
            self.arrivals.append(arrival)
            answer = self.script(arrival)
            if answer is HANG:
                self._hanging.add(connection)
            self._changed.notify_all()
        if answer is HANG:
            return
        if answer is RESET or not answer.delay_s:
            connection.answer(answer)
        else:
            self._loop.call_later(answer.delay_s, connection.answer, answer)

    def _answered(self, connection):
        with self._changed:
            self.in_flight -= 1
            self._changed.notify_all()
