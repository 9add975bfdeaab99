"""A daemon that a test plays: HTTP/1.1 on a Unix socket, with answers that the test decides."""

import json
import pathlib
import socket
import threading

CRLF = b"\r\n"


class Request:
    def __init__(self, method, target, headers, body):
        self.method = method
        self.target = target
        self.headers = headers  # names in lower case
        self.body = body        # None: no body was announced

    @property
    def path(self):
        return self.target.split("?")[0]

    @property
    def query(self):
        _, _, text = self.target.partition("?")
        return dict(pair.split("=", 1) for pair in text.split("&") if pair)

    @property
    def lines(self):
        return self.body.decode().splitlines()

    def json(self):
        return json.loads(self.body)


class Answer:
    """What goes back; status 0 ends the connection without an answer."""

    def __init__(self, status=200, body=b"", content_type="application/json", headers=()):
        self.status = status
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.content_type = content_type
        self.headers = list(headers)

    def bytes(self):
        lines = [f"HTTP/1.1 {self.status} X", f"Content-Length: {len(self.body)}",
                 f"Content-Type: {self.content_type}",
                 *(f"{name}: {value}" for name, value in self.headers)]
        return "\r\n".join(lines).encode() + 2 * CRLF + self.body


def problem(status, code, title, headers=()):
    return Answer(status, {"type": "about:blank", "title": title, "status": status, "code": code},
                  "application/problem+json", headers)


LOST = Answer(0)


class PlayedDaemon:
    """Answers with what `reply(request)` returns; keeps every request that came."""

    def __init__(self, path, reply):
        self.path = pathlib.Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.requests = []
        self.connections = 0
        self._reply = reply
        self._lock = threading.Lock()
        self._answering = threading.Lock()  # held from a request to the end of its answer
        self._peers = []
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._sock.bind(str(self.path))
        self._sock.listen(16)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        while True:
            try:
                peer, _ = self._sock.accept()
            except OSError:
                return
            self.connections += 1
            self._peers.append(peer)
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        with peer, peer.makefile("rb") as stream:
            try:
                while (request := self._read(stream)):
                    with self._lock:
                        self.requests.append(request)
                    with self._answering:
                        answer = self._reply(request)
                        if answer.status == 0:
                            peer.shutdown(socket.SHUT_RDWR)
                            return
                        peer.sendall(answer.bytes())
            except (OSError, ValueError):
                pass

    @staticmethod
    def _read(stream):
        first = stream.readline().split()
        if not first:
            return None
        headers = {}
        while (line := stream.readline().strip()):
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        body = None
        if "content-length" in headers:
            body = stream.read(int(headers["content-length"]))
        return Request(first[0].decode(), first[1].decode(), headers, body)

    def stop(self):
        if self._sock.fileno() < 0:
            return
        self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
        self._thread.join(30)
        with self._answering:
            for peer in self._peers:
                try:
                    peer.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        self.path.unlink(missing_ok=True)
