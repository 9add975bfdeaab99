"""nginx_count.py URL GOAL PID: waits until nginx has answered so many more requests.

Prints the seconds since a line came on standard input, and what the process PID used of the CPU in
them.  nginx counts its requests itself (stub_status); ours to that page are taken off.  It says
"ready" before it waits for the line.
"""

import http.client
import os
import sys
import time
import urllib.parse

POLL_S = 0.005
STALLED_S = 60


def cpu_s(pid):
    """User and system time of a process, its threads included."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Counter:
    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port)
        self._path = parts.path
        self._own = 0

    def requests(self):
        self._connection.request("GET", self._path)
        text = self._connection.getresponse().read().decode()
        self._own += 1
        return int(text.splitlines()[2].split()[2]) - self._own


def main():
    url, goal, pid = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    counter = Counter(url)
    base = counter.requests()
    print("ready", flush=True)
    sys.stdin.readline()
    began, cpu, count, moved = time.monotonic(), cpu_s(pid), 0, time.monotonic()
    while count < goal:
        time.sleep(POLL_S)
        now = counter.requests() - base
        if now != count:
            count, moved = now, time.monotonic()
        elif time.monotonic() - moved > STALLED_S:
            sys.exit(f"stalled after {count} of {goal}")
    seconds, cpu = time.monotonic() - began, cpu_s(pid) - cpu
    print(f"delivered={count} seconds={seconds:.3f} rate={count / seconds:.0f} "
          f"cpu_s_per_100k={cpu * 1e5 / count:.3f}")


main()
