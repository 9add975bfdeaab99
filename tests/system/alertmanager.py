"""The real Alertmanager, and a way from loopback to the daemon's local socket."""

import json
import os
import select
import socket
import threading
import time
import urllib.request

from servers import DEADLINE_S, Server, listening_socket


class Relay:
    """A loopback port whose connections go to a Unix socket, byte for byte."""

    def __init__(self, path):
        self._path = str(path)
        self._sock = listening_socket()
        self.port = self._sock.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._stop, self._stopped = os.pipe()
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def _serve(self):
        while self._wait(self._sock):
            near, _ = self._sock.accept()
            thread = threading.Thread(target=self._carry, args=(near,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def _wait(self, *socks):
        """Those that can be read; none when the relay is stopped."""
        ready = select.select([self._stop, *socks], [], [])[0]
        return [] if self._stop in ready else ready

    def _carry(self, near):
        with near, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as far:
            try:
                far.connect(self._path)
                while ready := self._wait(near, far):
                    for sock in ready:
                        piece = sock.recv(65536)
                        if not piece:
                            return
                        (far if sock is near else near).sendall(piece)
            except OSError:
                return

    def stop(self):
        os.close(self._stopped)
        for thread in self._threads:
            thread.join(DEADLINE_S)
        self._sock.close()
        os.close(self._stop)


CONFIG = """
route:
  receiver: linkspan
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: linkspan
    webhook_configs:
      - url: {url}
        send_resolved: true
"""


class Alertmanager(Server):
    """One on a free loopback port, which sends everything to one URL."""

    def __init__(self, folder, url):
        folder.mkdir()
        config = folder / "alertmanager.yml"
        config.write_text(CONFIG.format(url=json.dumps(url)))
        # The port is free a moment before it is used.
        with listening_socket() as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(
            ["prometheus-alertmanager", f"--config.file={config}",
             f"--storage.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
             "--cluster.listen-address="])
        self.err.find("Listening on")

    def alert(self, ends=None, **labels):
        """Says that an alert fires, or has ended."""
        alert = {"labels": labels, "startsAt": _time(-60)}
        if ends is not None:
            alert["endsAt"] = _time(ends)
        request = urllib.request.Request(
            f"{self.url}/api/v2/alerts", json.dumps([alert]).encode(),
            {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            assert answer.status == 200


def _time(seconds_from_now):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds_from_now))
