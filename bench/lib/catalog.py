"""catalog.py write FOLDER COUNT: definitions; ask SOCKET ROUNDS: medians of calls, in ms; empty PREFIX FOLDER: bytes of
a host without connections."""

import http.client
import json
import pathlib
import socket
import statistics
import subprocess
import sys
import time

CONNECTIONS = "/api/v1/projects/global/connections"
DEFINITION = """connection: {{
  name = "{name}";  type = "webhook";
  description = "Connection {number}";
  settings: {{
    method = "POST";  url = "https://127.0.0.1:9/orders/{number}";
    headers = ( {{ name = "X-Trace-Id"; value = "t{number}"; }} );
  }};
  environments: {{ Bench: {{ }}; }};
}};
"""


def name_of(number):
    return f"Orders_{number:05d}"


def write(folder, count):
    for number in range(int(count)):
        text = DEFINITION.format(name=name_of(number), number=number)
        pathlib.Path(folder, f"{name_of(number)}.conf").write_text(text, encoding="utf-8")


class Api:
    def __init__(self, path):
        self.connection = http.client.HTTPConnection("localhost")
        self.connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.connection.sock.connect(path)

    def ask(self, method, path, body=None, headers=None):
        self.connection.request(method, path, json.dumps(body) if body else None, headers or {})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            sys.exit(f"{method} {path}: {answer.status} {text.decode()}")
        return answer.headers, json.loads(text)


def median_ms(rounds, call):
    times = []
    for number in range(rounds):
        began = time.monotonic()
        call(number)
        times.append((time.monotonic() - began) * 1000)
    return statistics.median(times)


def ask(path, rounds):
    api, rounds = Api(path), int(rounds)
    _, first = api.ask("GET", f"{CONNECTIONS}?limit=100")

    def page(_):
        api.ask("GET", f"{CONNECTIONS}?limit=100&cursor={first['next']}")

    def edit(number):
        target = f"{CONNECTIONS}/{name_of(number)}"
        headers, _ = api.ask("GET", target)
        api.ask("PATCH", target, {"settings": {"request_timeout_ms": 3000}},
                {"If-Match": headers["ETag"], "Content-Type": "application/merge-patch+json"})

    def deploy(number):
        api.ask("POST", f"{CONNECTIONS}/{name_of(number)}:deploy", {"environment": "Bench"})

    print("a page of 100 of the list", f"{median_ms(rounds, page):.1f}", sep="\t")
    print("an edit with its deployment", f"{median_ms(rounds, edit):.1f}", sep="\t")
    print("a deployment that changes nothing", f"{median_ms(rounds, deploy):.1f}", sep="\t")


def empty(prefix, folder):
    """A host of its own, in a folder beside."""
    site = pathlib.Path(folder, "empty")
    (site / "environments").mkdir(parents=True)
    (site / "environments/Bench.conf").write_text('environment: { name = "Bench"; };\n',
                                                  encoding="utf-8")
    (site / "linkspan.conf").write_text(
        'host: { name = "empty"; environments = ( "Bench" ); state = "state"; socket = "s"; '
        f'plugins = ( "{prefix}/lib/linkspan/plugins" ); }};\n', encoding="utf-8")
    with subprocess.Popen([f"{prefix}/sbin/linkspand", "--config", site / "linkspan.conf"],
                          stderr=subprocess.PIPE, text=True) as host:
        for line in host.stderr:
            if "message=ready" in line:
                break
        status = pathlib.Path(f"/proc/{host.pid}/status").read_text(encoding="ascii")
        host.terminate()
        host.stderr.read()
    print(int(status.split("VmRSS:")[1].split()[0]) << 10)


if __name__ == "__main__":
    {"write": write, "ask": ask, "empty": empty}[sys.argv[1]](*sys.argv[2:])
