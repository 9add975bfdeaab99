"""The daemon, its API over the local socket, and what puts load on it."""

import dataclasses
import http.client
import json
import os
import select
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

import servers
from servers import DEADLINE_S

# The daemon ends within its drain time when it is asked to.
STOP_S = 60


class _LocalConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout_s):
        super().__init__("localhost", timeout=timeout_s)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(self._path)
        except OSError:
            self.sock.close()
            raise

    def is_stale(self):
        """True when the other side has closed it: between two answers nothing else can be read."""
        return bool(self.sock) and bool(select.select([self.sock], [], [], 0)[0])


@dataclasses.dataclass
class Reply:
    status: int
    headers: dict
    text: str

    @property
    def json(self):
        return json.loads(self.text)

    def __getattr__(self, member):
        try:
            return self.json[member]
        except (KeyError, ValueError):
            raise AttributeError(f"no {member} in {self!r}") from None


class Api:
    """Calls of /api/v1, one after the other over one connection; for one thread."""

    def __init__(self, path, timeout_s=DEADLINE_S):
        self._path = path
        self._timeout_s = timeout_s
        self._connection = None

    def close(self):
        if self._connection:
            self._connection.close()
        self._connection = None

    def call(self, method, path, body=None, headers=None, **query):
        """One request.  OSError when the daemon went away before it answered."""
        path = path if path.startswith("/") else f"/api/v1/{path}"
        query = {name: value for name, value in query.items() if value is not None}
        if query:
            path += "?" + urllib.parse.urlencode(query)
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if self._connection and self._connection.is_stale():
            self.close()
        try:
            if not self._connection:
                self._connection = _LocalConnection(self._path, self._timeout_s)
            self._connection.request(method, path, body, headers or {})
            answer = self._connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        except http.client.HTTPException as error:
            self.close()
            raise ConnectionError(f"no answer: {error!r}") from error
        except OSError:
            self.close()
            raise
        return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, text)

    def get(self, path, **query):
        reply = self.call("GET", path, **query)
        assert reply.status == 200, reply
        return reply

    def send(self, name, body=b"{}", headers=None, project="global", **query):
        return self.call("POST", f"projects/{project}/connections/{name}/send", body, headers,
                         **query)

    def accept(self, name, body=b"{}", **options):
        """Sends durably; the id."""
        reply = self.send(name, body, **options)
        assert reply.status == 202, reply
        return reply.id

    def accept_many(self, name, bodies, **options):
        """Sends many JSON texts in requests of a thousand; their ids."""
        ids = []
        for start in range(0, len(bodies), 1000):
            lines = "\n".join(bodies[start:start + 1000]) + "\n"
            reply = self.send(name, lines.encode(), framing="ndjson", **options)
            assert reply.status == 200, reply
            ids += [item["id"] for item in reply.items]
        return ids

    def delivery(self, message_id, **query):
        return self.get(f"deliveries/{message_id}", **query).json

    def ended(self, message_id, deadline_s=DEADLINE_S):
        """The delivery once it has ended."""
        deadline = time.monotonic() + deadline_s
        while True:
            delivery = self.delivery(message_id, wait=min(deadline_s, DEADLINE_S) // 2)
            if delivery["ended"]:
                return delivery
            assert time.monotonic() < deadline, delivery

    def deliveries(self, **query):
        """All that fit, page after page."""
        cursor, items = None, []
        while True:
            page = self.get("deliveries", limit=1000, cursor=cursor, **query).json
            items += page["items"]
            cursor = page["next"]
            if cursor is None:
                return items

    def link(self, name, env="Development", project="global"):
        """The link's status."""
        reply = self.get(f"projects/{project}/connections/{name}/status", env=env)
        return reply.items[0]


class Events:
    """The events of a daemon from now on."""

    def __init__(self, api):
        self._api = api
        self.seen = []
        self._next = api.get("events", after="newest").next

    def find(self, kind, deadline_s=DEADLINE_S, **members):
        """The next event of that kind whose members are these; events before it are passed."""
        deadline = time.monotonic() + deadline_s
        while (left := deadline - time.monotonic()) > 0:
            wait = min(max(int(left), 1), DEADLINE_S // 2)
            page = self._api.get("events", after=self._next, wait=wait).json
            for event in page["items"]:
                self.seen.append(event)
                self._next = event["number"]
                if event["kind"] == kind and members.items() <= event.items():
                    return event
            self._next = max(self._next, page["next"])
        raise AssertionError(f"no {kind} {members} in {deadline_s} s, but {self.seen}")


class Daemon(servers.Daemon):
    """linkspand with all of its API, and the time it took to become ready.

    With ready=False the constructor does not wait; starts() tells whether it came up.
    """

    def __init__(self, program, config, *args, ready=True, env=None, **options):
        self.began = time.monotonic()
        self.ready_s = None
        super().__init__(program, config, *args, ready=False, env={**os.environ, **(env or {})},
                         **options)
        self.api = Api(self.socket)
        if ready:
            self.ready()

    def ready(self, deadline_s=DEADLINE_S):
        line = super().ready(deadline_s)
        self.ready_s = time.monotonic() - self.began
        return line

    def starts(self):
        """True when it becomes ready, False when it ends instead."""
        try:
            self.ready()
        except AssertionError:
            return False
        return True

    def events(self):
        """Events from now on, over a connection of their own."""
        return Events(Api(self.socket, 2 * DEADLINE_S))

    def hang_up(self):
        """Asks for a reload, and does not wait for it."""
        self.process.send_signal(signal.SIGHUP)

    def log(self):
        """What it has logged so far, as far as it was looked at."""
        return "\n".join(self.err.seen)

    def ended(self, deadline_s=DEADLINE_S):
        """Its exit status once it has ended by itself; negative for a signal."""
        return self.process.wait(deadline_s)

    def stop(self, signal_number=signal.SIGTERM):
        self.api.close()
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


class Load:
    """Threads that send numbered messages at a steady rate, whatever happens to the daemon.

    A message whose request found no daemon, or got no answer, is not accepted as far as anybody
    knows; it is counted in `unknown` and not repeated.  Bodies are `{"n": NUMBER, …}`.
    """

    def __init__(self, socket_path, connection, per_second, threads=4):
        self.accepted = {}  # id: number
        self.refused = []   # answers that are neither 202 nor silence
        self.unknown = 0
        self._path = socket_path
        self._connection = connection
        self._step_s = 1 / per_second
        self._number = 0
        self._began = time.monotonic()
        self._ended = None
        self._lock = threading.Condition()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    @staticmethod
    def body(number):
        return json.dumps({"n": number, "filler": "x" * 200}).encode()

    def _turn(self):
        """The next number, when it is due."""
        with self._lock:
            number = self._number
            self._number += 1
        due = self._began + number * self._step_s
        self._over.wait(max(due - time.monotonic(), 0))
        return number

    def _run(self):
        api = Api(self._path)
        while not self._over.is_set():
            number = self._turn()
            try:
                reply = api.send(self._connection, self.body(number))
            except OSError:
                with self._lock:
                    self.unknown += 1
                continue
            with self._lock:
                if reply.status == 202:
                    self.accepted[reply.id] = number
                    self._lock.notify_all()
                else:
                    self.refused.append(reply)
        api.close()

    def wait_for_more(self, count, deadline_s=DEADLINE_S):
        """Waits until so many more have been accepted."""
        with self._lock:
            goal = len(self.accepted) + count
            assert self._lock.wait_for(lambda: len(self.accepted) >= goal, deadline_s), self

    def stop(self):
        """Ends the load; the ids that were accepted."""
        self._over.set()
        for thread in self._threads:
            thread.join(DEADLINE_S)
        self._ended = time.monotonic()
        return set(self.accepted)

    def rate(self):
        return len(self.accepted) / (self._ended - self._began)

    def __repr__(self):
        return (f"{len(self.accepted)} accepted, {self.unknown} unknown, refused "
                f"{self.refused[:3]}")
