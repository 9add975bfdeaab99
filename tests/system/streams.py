"""Readers of server-sent events, as the HTML standard describes them."""

import dataclasses
import json
import select
import socket
import time

from servers import DEADLINE_S


@dataclasses.dataclass
class Event:
    id: str
    name: str
    data: dict


class Stream:
    """GET /api/v1/events as a stream, over the local socket."""

    def __init__(self, path, query="", last=None, token=None):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(DEADLINE_S)
        self.sock.connect(str(path))
        lines = [f"GET /api/v1/events{query} HTTP/1.1", "Host: localhost",
                 "Accept: text/event-stream"]
        if last is not None:
            lines.append(f"Last-Event-ID: {last}")
        if token:
            lines.append(f"Authorization: Bearer {token}")
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self._raw, self._text = b"", b""
        self.ended = False
        head = self._until(b"\r\n\r\n")
        self.status = int(head.split(b" ")[1])
        self.head = head.decode().lower()
        self.comments = 0
        self.last_id = last
        if self.status == 200:
            self._block(time.monotonic() + DEADLINE_S)  # where it begins

    def _more(self, deadline):
        self.sock.settimeout(max(deadline - time.monotonic(), 0.001))
        piece = self.sock.recv(65536)
        self.ended = not piece
        self._raw += piece

    def _until(self, end):
        deadline = time.monotonic() + DEADLINE_S
        while end not in self._raw:
            self._more(deadline)
            assert not self.ended, self._raw
        head, _, self._raw = self._raw.partition(end)
        return head

    def _dechunk(self):
        """What of the chunked body is complete."""
        while b"\r\n" in self._raw:
            size, _, rest = self._raw.partition(b"\r\n")
            count = int(size, 16)
            if len(rest) < count + 2:
                return
            if count == 0:
                self.ended = True
            self._text += rest[:count]
            self._raw = rest[count + 2:]

    def _block(self, deadline):
        """The next lines up to an empty one; None at the end of the stream."""
        self._dechunk()
        while b"\n\n" not in self._text:
            if self.ended:
                return None
            self._more(deadline)
            self._dechunk()
        block, _, self._text = self._text.partition(b"\n\n")
        lines = block.decode().split("\n")
        self.comments += sum(line.startswith(":") for line in lines)
        fields = dict(line.split(": ", 1) for line in lines if not line.startswith(":"))
        self.last_id = fields.get("id", self.last_id)
        return fields

    def next(self, deadline_s=DEADLINE_S):
        """The next event; None at the end of the stream; TimeoutError when none comes in time."""
        deadline = time.monotonic() + deadline_s
        while (fields := self._block(deadline)) is not None:
            if "data" in fields:
                return Event(fields.get("id"), fields["event"], json.loads(fields["data"]))
        return None

    def find(self, name, **members):
        while (event := self.next()) is not None:
            if event.name == name and members.items() <= event.data.items():
                return event
        raise AssertionError(f"no {name} {members} before the end of the stream")

    def comment(self, deadline_s):
        """Waits for a comment."""
        before, deadline = self.comments, time.monotonic() + deadline_s
        while self.comments == before:
            assert self._block(deadline) is not None, "the stream has ended"

    def drain(self):
        """Takes what has come so far; the names of its events."""
        names = []
        while b"\n\n" in self._text or not silent_for([self], 0):
            fields = self._block(time.monotonic() + DEADLINE_S)
            assert fields is not None, "the stream has ended"
            names += [fields["event"]] if "event" in fields else []
        return names

    def close(self):
        self.sock.close()


def silent_for(streams, seconds):
    """True when none of them says anything for so long."""
    poll = select.poll()
    for stream in streams:
        poll.register(stream.sock, select.POLLIN)
    return not poll.poll(seconds * 1000)
