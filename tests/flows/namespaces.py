"""Three machines on one: a server's, a bucket's and a worker's network, joined by wires and by nothing else.

Each has its own loopback, no default route and no way to the host. Needs root and Debian's `iproute2` and `strace`.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

SERVER = "10.213.1.1"
"""As the worker reaches it."""
BUCKET = "10.213.3.2"
"""As worker and server reach it."""
WORKER = {"10.213.1.2", "10.213.3.1"}
_WIRES = (("api", "wk", 1), ("api", "s3", 2), ("wk", "s3", 3))
_PEER = re.compile(
    r"sa_family=AF_INET6?, sin6?_port=htons\((\d+)\).*?inet_(?:addr\(|pton\(AF_INET6, )\"([0-9a-f.:]+)\""
)
_LISTENER = """
import select, socket, sys
log, ports = open(sys.argv[1], "a", buffering=1), sys.argv[2:]
open_ = {socket.create_server(("0.0.0.0", int(port))): port for port in ports}
log.write("listening\\n")
while True:
    for one in select.select(list(open_), [], [])[0]:
        connection, peer = one.accept()
        log.write(f"{open_[one]} {peer[0]}\\n")
        connection.close()
"""


@dataclass(frozen=True, kw_only=True)
class Networks:
    """The three, by the words that put a program into each."""

    api: tuple[str, ...]
    s3: tuple[str, ...]
    wk: tuple[str, ...]

    def can_connect(self, within: tuple[str, ...], address: str, port: int) -> bool:
        """Whether a program in one of them reaches a listener."""
        script = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5)"
        done = subprocess.run([*within, sys.executable, "-c", script, address, str(port)], capture_output=True)
        return done.returncode == 0


def require() -> None:
    """Skip the test where there can be no namespaces, or nobody would see who speaks to whom."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("network namespaces need Linux and root")
    for program in ("ip", "strace", "unshare", "mount"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed; .ci/run has the packages")
    if subprocess.run(["ip", "netns", "add", "rx-probe"], capture_output=True).returncode != 0:
        pytest.skip("this machine makes no network namespaces (a container without the right to?)")
    subprocess.run(["ip", "netns", "del", "rx-probe"], check=True)


@contextmanager
def three() -> Iterator[Networks]:
    """The networks; at the end of the block every program in them is killed and they are gone."""
    names = {short: f"rx{os.getpid()}-{short}" for short in ("api", "s3", "wk")}
    try:
        for name in names.values():
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        for left, right, number in _WIRES:
            _wire(names[left], names[right], number)
        # The bucket has one address for all: URLs are signed for it.
        _ip("-n", names["api"], "route", "add", f"{BUCKET}/32", "via", "10.213.2.2")
        found = {short: ("ip", "netns", "exec", name) for short, name in names.items()}
        yield Networks(api=found["api"], s3=found["s3"], wk=found["wk"])
    finally:
        for name in names.values():
            _remove(name)


def listening(log: Path, *ports: int) -> list[str]:
    """The command of decoys: they take connections, note them in `log` and say nothing."""
    return [sys.executable, "-c", _LISTENER, str(log), *map(str, ports)]


def blindfolded(folder: Path, log: Path) -> tuple[str, ...]:
    """The words before a program that shall not see `folder`, and whose connections are written to `log`.

    The program keeps its process id: the tracer is its grandchild.
    """
    hide = 'mount -t tmpfs none "$1" && shift && exec "$@"'
    trace = ("strace", "-D", "-f", "-qq", "--seccomp-bpf", "-e", "trace=connect,sendto,sendmsg", "-e", "signal=none")
    return ("unshare", "--mount", "sh", "-c", hide, "sh", str(folder), *trace, "-o", str(log))


def peers(trace: Path) -> set[tuple[str, int]]:
    """Every address and port that a traced program spoke to, or tried to, but its own loopback."""
    found = {
        (match[2], int(match[1])) for line in trace.read_text(errors="replace").splitlines()
        for match in _PEER.finditer(line)
    }  # fmt: skip
    return {(address, port) for address, port in found if address not in {"127.0.0.1", "::1"}}


def existing() -> str:
    """The namespaces that there are."""
    return subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout


def _wire(left: str, right: str, number: int) -> None:
    one, other = f"rx{number}l", f"rx{number}r"
    _ip("link", "add", one, "netns", left, "type", "veth", "peer", "name", other, "netns", right)
    for name, wire, last in ((left, one, 1), (right, other, 2)):
        _ip("-n", name, "address", "add", f"10.213.{number}.{last}/30", "dev", wire)
        _ip("-n", name, "link", "set", wire, "up")


def _remove(name: str) -> None:
    listed = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True)
    left = [psutil.Process(int(pid)) for pid in listed.stdout.split() if psutil.pid_exists(int(pid))]
    for process in left:
        process.kill()
    psutil.wait_procs(left, timeout=30)
    subprocess.run(["ip", "netns", "del", name], capture_output=True)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)
