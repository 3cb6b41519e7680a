"""Where work is held so that a fault lands in the right moment: an ffmpeg that works slowly and says where it is, and
requests to the bucket that stop at a byte and then wait.
"""

import contextlib
import os
import shlex
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from tests.flows.conftest import eventually
from tests.transfer.proxy import Exchange, Fault, Proxy, well_behaved

SLOW = "0.2"
"""Of real time, at which a held ffmpeg works: 2 s of film take 10."""

# `-readrate` does not slow ffmpeg 9 down where a film has subtitles with gaps, as an encode's input has and a search's
# has not; a filter goes before the last word, which is the output.
_SCRIPT = """#!/bin/sh
case "$*" in *libsvtav1*) ;; *) exec {ffmpeg} "$@";; esac
case "$PWD $*" in
  *reencodarr-search-*) work=search;;
  *reencodarr-encode-*) work=encode;;
  *) exec {ffmpeg} "$@";;
esac
[ -e {folder}/slow-$work ] || exec {ffmpeg} "$@"
: > {folder}/at-$work-$$
[ $work = search ] && exec {ffmpeg} -readrate {slow} "$@"
count=$#
for word; do
  [ $count = 1 ] && set -- "$@" -filter:v:0 realtime=speed={slow}
  set -- "$@" "$word"
  shift
  count=$((count - 1))
done
exec {ffmpeg} "$@"
"""


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """ffmpeg for a worker: the real one, slow where that was asked for."""

    folder: Path
    program: Path

    @contextlib.contextmanager
    def slow(self, work: str) -> Iterator[None]:
        """Encoders of that work (`search` or `encode`) which start from now on are slow, until the block ends."""
        gate = self.folder / f"slow-{work}"
        gate.touch()
        try:
            yield
        finally:
            gate.unlink()

    def running(self, work: str) -> list[psutil.Process]:
        """The slow encoders of that work that live."""
        found = []
        for file in self.folder.glob(f"at-{work}-*"):
            with contextlib.suppress(psutil.NoSuchProcess):
                process = psutil.Process(int(file.name.rpartition("-")[2]))
                slow = any(word == "-readrate" or word.startswith("realtime=") for word in process.cmdline())
                if process.status() != psutil.STATUS_ZOMBIE and slow:
                    found.append(process)
        return found

    def caught(self, work: str) -> psutil.Process:
        """A slow encoder in the middle of its work, stopped: it stays there until it is killed or goes on."""
        process = eventually(lambda: self.running(work), every=0.05)[0]
        eventually(lambda: process.cpu_times().user > 0.05, every=0.02)
        os.kill(process.pid, signal.SIGSTOP)
        assert process.is_running()
        return process


def encoder(folder: Path, ffmpeg: Path) -> Encoder:
    """A wrapped ffmpeg in a folder of its own."""
    folder.mkdir(parents=True)
    program = folder / "ffmpeg"
    quoted = {"ffmpeg": shlex.quote(str(ffmpeg)), "folder": shlex.quote(str(folder)), "slow": SLOW}
    program.write_text(_SCRIPT.format(**quoted))
    program.chmod(0o755)
    return Encoder(folder=folder, program=program)


Match = Callable[[Exchange], bool]


def moves(method: str, folder: str, ending: str) -> Match:
    """Requests about one kind of object: `moves("GET", "sources/", "/film")`."""

    def match(exchange: Exchange) -> bool:
        path = exchange.target.partition("?")[0]
        return exchange.method == method and f"/{folder}" in path and path.endswith(ending)

    return match


DOWNLOAD = moves("GET", "sources/", "/film")
UPLOAD = moves("PUT", "jobs/", "/film")
RESULT = moves("PUT", "jobs/", "/result.json")
STAGE = moves("PUT", "sources/", "/film")
COLLECT = moves("GET", "jobs/", "/film")
READ_RESULT = moves("HEAD", "jobs/", "/result.json")
PING = moves("HEAD", "", "reencodarr-ping")
"""How a pass of dispatch begins."""
MOVES = [
    pytest.param(DOWNLOAD, 100_000, id="download"),
    pytest.param(UPLOAD, 10_000, id="upload"),
    pytest.param(RESULT, 0, id="result"),
]
"""The bytes of an encode on a worker, and at which byte the first request breaks."""
ONE_MOVE = [
    param if param.id == "upload" else pytest.param(*param.values, id=param.id, marks=pytest.mark.more)
    for param in MOVES
]
ONE_WORK = [pytest.param("search", marks=pytest.mark.more), "encode"]
"""The same, where CI takes one for all: another part is killed in each of these moments there."""


@dataclass(kw_only=True)
class Hold:
    """The requests that match: the first is cut at a byte, the next one waits for `release`."""

    match: Match
    cut: int
    released: threading.Event = field(default_factory=threading.Event)
    reached: threading.Event = field(default_factory=threading.Event)
    seen: int = 0

    def fault(self, exchange: Exchange) -> Fault:
        if self.released.is_set() or not self.match(exchange):
            return Fault()
        self.seen += 1
        if self.seen == 1 and self.cut:
            return Fault(reset=self.cut) if exchange.method == "GET" else Fault(reset_request=self.cut)
        self.reached.set()
        self.released.wait()
        # Who asked may be dead; the server must not get half a request of it.
        return Fault(answer=(503, b"")) if exchange.method == "PUT" else Fault()

    def wait(self, patience: float = 300.0) -> None:
        assert self.reached.wait(patience), f"no such request within {patience:.0f} s"


@contextlib.contextmanager
def held(proxy: Proxy, match: Match, *, cut: int = 0) -> Iterator[Hold]:
    """Hold requests on their way to the bucket until the block ends, or before."""
    hold = Hold(match=match, cut=cut)
    proxy.fault = hold.fault
    try:
        yield hold
    finally:
        hold.released.set()
        proxy.fault = well_behaved
