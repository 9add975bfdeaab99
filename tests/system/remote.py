"""A host that listens on TCP, as its callers from elsewhere see it."""

import errno
import http.client
import json
import socket
import ssl

from servers import API, DEADLINE_S, Answer


def free_port():
    """A port that nobody listens on; linkspan.conf takes none that the system chooses."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Remote:
    """Asks the API over TCP, each time over a connection of its own."""

    def __init__(self, port, ca_file=None):
        self.port = port
        self.ca_file = ca_file
        scheme = "https" if ca_file else "http"
        self.url = f"{scheme}://127.0.0.1:{port}"

    def _connection(self):
        if not self.ca_file:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)
        context = ssl.create_default_context(cafile=str(self.ca_file))
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=DEADLINE_S,
                                           context=context)

    def ask(self, method, path, token=None, body=None, headers=None):
        """The path is that below /api/v1, unless it is told by a leading double slash."""
        given = dict(headers or {})
        if token:
            given["Authorization"] = f"Bearer {token}"
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            given.setdefault("Content-Type", "application/json")
        connection = self._connection()
        try:
            target = path[1:] if path.startswith("//") else API + path
            connection.request(method, target, body, given)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def status(self, method, pattern, token=None, body=None):
        """Only the status of what a whole path answers: some answers do not end."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        connection = self._connection()
        try:
            connection.request(method, pattern, body, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def say(self, data, more=b""):
        """Everything that comes back for raw bytes until the host ends the connection."""
        with socket.create_connection(("127.0.0.1", self.port), DEADLINE_S) as sock:
            try:
                sock.sendall(data)
                if more:
                    sock.sendall(more)
                sock.shutdown(socket.SHUT_WR)
                return b"".join(iter(lambda: sock.recv(65536), b""))
            except (ConnectionResetError, BrokenPipeError):
                return b""
            except OSError as error:
                if error.errno != errno.ENOTCONN:  # shutdown() of what was reset meanwhile
                    raise
                return b""


def token(daemon, name, role, **wish):
    """A new token, made over the local socket."""
    answer = daemon.post("/tokens", json.dumps({"name": name, "role": role, **wish}))
    assert answer.status == 201, answer.json
    return answer.json["token"]
