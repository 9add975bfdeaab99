"""The worker of transformations, alone: it runs programs only when it could confine itself.

The worker's place beside the pool is in the unit tests; here a filter of system calls stands in for systemd.
"""

import ctypes
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess

import pytest

from servers import DEADLINE_S

ANSWER = struct.Struct("=4I")  # src/transform/frame.h
REQUEST = struct.Struct("=5I")
OK, UNAVAILABLE = 0, 7

ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | 1  # EPERM
CMP_EQ = 4


class Comparison(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int),
                ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


class Filter:
    """A filter of system calls: what it does by default, and what with the calls that are added."""

    def __init__(self, default):
        self.library = ctypes.CDLL("libseccomp.so.2")
        self.library.seccomp_init.restype = ctypes.c_void_p
        self.filter = ctypes.c_void_p(self.library.seccomp_init(default))

    def add(self, action, name, **args):
        """args: a0=…, a1=…: what the call's arguments are."""
        number = self.library.seccomp_syscall_resolve_name(name.encode())
        if number < 0:  # this machine has no such call
            return
        compare = (Comparison * max(len(args), 1))(
            *[Comparison(int(key[1:]), CMP_EQ, value, 0) for key, value in args.items()])
        assert self.library.seccomp_rule_add_array(
            self.filter, ctypes.c_uint32(action), number, len(args), compare) == 0

    def load(self):
        assert self.library.seccomp_load(self.filter) == 0


class Worker:
    def __init__(self, program, before_exec=lambda: None, host=None):
        ours, its = socket.socketpair()
        arguments = ["linkspan-transform", str(256 << 20), "10", str(host or os.getpid())]
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.dup2(its.fileno(), 3)
                os.closerange(4, 1024)
                before_exec()
                os.execve(program, arguments, {"HOME": "/"})
            finally:
                os._exit(99)
        its.close()
        self.socket = ours
        self.socket.settimeout(DEADLINE_S)

    def read(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            assert more, f"the worker ended after {data!r}"
            data += more
        return data

    def answer(self):
        """(result, message, output)"""
        result, _, message_bytes, output_bytes = ANSWER.unpack(self.read(ANSWER.size))
        message = self.read(message_bytes).rstrip(b"\0").decode()
        return result, message, self.read(output_bytes).decode()

    def run(self, program, input):
        self.socket.sendall(REQUEST.pack(0, len(program), 0, 0, len(input)) +
                            program.encode() + input.encode())
        return self.answer()

    def end(self):
        """Hangs up; the status that it ended with."""
        self.socket.close()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.fixture
def program(prefix):
    return prefix / "libexec/linkspan/linkspan-transform"


def test_it_runs_what_it_is_asked(program):
    worker = Worker(program)
    assert worker.answer() == (OK, "", "")
    assert worker.run("{a: .}", "[1]") == (OK, "", '{"a":[1]}')
    assert worker.run(".", "2") == (OK, "", "2")
    assert worker.end() == 0


def test_by_hand_it_says_what_it_is(program):
    done = subprocess.run([program], capture_output=True, text=True, timeout=DEADLINE_S)
    assert done.returncode == 64
    assert done.stderr == "linkspan-transform is started by linkspand\n"


def test_a_host_that_is_gone_ends_it(program):
    """The system tells it of the end of its parent only from when it has asked."""
    worker = Worker(program, host=1)
    result, message, _ = worker.answer()
    assert (result, message.rpartition(": ")[2]) == (UNAVAILABLE, "the host is gone")
    assert worker.end() == 66


# What is refused it, and what it says then.
HINDRANCES = [
    ({"prctl": {"a0": 22}, "seccomp": {}}, "could not filter its system calls"),
    ({"prlimit64": {"a1": 9}}, "could not limit its memory"),
    ({"prlimit64": {"a1": 7}}, "could not limit its descriptors"),
    ({"close_range": {}}, "could not close descriptors"),
    ({"prctl": {"a0": 4}}, "could not give up privileges"),
    ({"prctl": {"a0": 1}}, "could not tie itself to the host"),
]


@pytest.mark.parametrize("refused,why", HINDRANCES)
def test_unconfined_it_runs_nothing(program, refused, why):
    if "memory" in why and b"__asan_init" in pathlib.Path(program).read_bytes():
        pytest.skip("built with AddressSanitizer, beside which no bound of memory can hold")
    calls = Filter(ALLOW)
    for name, arguments in refused.items():
        calls.add(REFUSE, name, **arguments)
    worker = Worker(program, calls.load)
    result, message, output = worker.answer()
    assert (result, output) == (UNAVAILABLE, "")
    assert message.startswith("the worker of transformations does not run: ")
    assert why in message
    assert worker.end() == 66


def expand(names):
    """The system calls of a list of systemd's, its groups taken apart."""
    calls = set()
    for name in names:
        if not name.startswith("@"):
            calls.add(name)
            continue
        text = subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter", name],
                              capture_output=True, text=True, check=True).stdout
        calls |= expand(re.findall(r"^    ([@a-z0-9_-]+)$", text, re.MULTILINE))
    return calls


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd knows its own groups")
def test_under_the_unit_it_can_confine_itself(prefix, program):
    unit = (prefix / "share/linkspan/linkspand.service").read_text()
    allowed = set()
    for line in re.findall(r"^SystemCallFilter=(.*)$", unit, re.MULTILINE):
        names = line.removeprefix("~").split()
        allowed = allowed - expand(names) if line.startswith("~") else allowed | expand(names)
    allowed |= expand(["@default"])
    calls = Filter(REFUSE)
    for name in allowed:
        calls.add(ALLOW, name)
    worker = Worker(program, calls.load)
    assert worker.answer() == (OK, "", "")
    assert worker.run(". + 1", "1") == (OK, "", "2")
    assert worker.end() == 0
