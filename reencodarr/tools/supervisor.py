"""Keeps several long-lived programs running: starts them in order, starts again what ended, stops them in reverse.

What the programs are, and when one is ready, is told by the caller. Programs live no longer than the process that
supervises them (on Linux not even after a SIGKILL of it), so that the next start finds their ports free.
"""

import logging
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from reencodarr.errors import ProgramFailed, ProgramStalled
from reencodarr.tools import programs, servers
from reencodarr.units import Seconds

log = logging.getLogger(__name__)

LONGEST_PAUSE = Seconds(60.0)
STEADY_AFTER = Seconds(120.0)
"""A program that ran for so long starts with a clean slate when it ends."""
_LOOK_EVERY = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One program to keep running."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    inherits: bool = True
    """Whether it gets our environment too, or only its own."""
    log_path: Path
    ready: Callable[[], bool] | None = None
    """Asked until it says yes, before the next part is started; None: ready at once."""
    patience: Seconds = Seconds(180.0)
    """How long that may take."""
    grace: Seconds = Seconds(10.0)
    """How long it may take to stop when asked to."""


def pause(failures: int) -> Seconds:
    """How long to wait before a program is started again that ended `failures` times in a row. Pure."""
    return Seconds(min(LONGEST_PAUSE, 2.0 ** (failures - 1))) if failures else Seconds(0.0)


@dataclass(slots=True)
class _Running:
    part: Part
    hold: ExitStack = field(default_factory=ExitStack)
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    failures: int = 0
    next_start: float = 0.0


class Supervisor:
    """Some parts, kept running by the thread that calls it. `tell` hears one sentence for people at each event."""

    def __init__(self, parts: Sequence[Part], *, tell: Callable[[str], None]) -> None:
        self._running = [_Running(part=part) for part in parts]
        self._tell = tell

    def start(self, *, stop: Callable[[], bool]) -> None:
        """Start all parts in order, each when those before it are ready; leaves early when `stop` says so.

        Raises ProgramFailed when one ends before it is ready, ProgramStalled when it does not become ready in time.
        """
        for one in self._running:
            if stop():
                return
            self._launch(one)
            self._wait_until_ready(one, stop=stop)

    def watch(self, *, stop: Callable[[], bool]) -> None:
        """Start again what ends, until `stop` says so."""
        while not stop():
            for one in self._running:
                self._look_after(one)
            time.sleep(_LOOK_EVERY)

    def ask(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a part that runs."""
        for one in self._running:
            if one.part.name == name and one.process is not None and one.process.poll() is None:
                one.process.send_signal(number)

    def wait_for(self, name: str, *, stop: Callable[[], bool]) -> bool:
        """Wait until a part ended by itself, looking after the others; False when `stop` said so first."""
        while not stop():
            for one in self._running:
                if one.part.name != name:
                    self._look_after(one)
                elif one.process is None or one.process.poll() is not None:
                    return True
            time.sleep(_LOOK_EVERY)
        return False

    def stop(self) -> None:
        """Stop all parts, the last one first."""
        for one in reversed(self._running):
            process = one.process
            if process is not None and process.poll() is None:
                process.terminate()
                try:
                    process.wait(one.part.grace)
                except subprocess.TimeoutExpired:
                    log.info("%s does not stop when asked; it is ended", one.part.name)
            one.hold.close()
            one.process = None

    def _launch(self, one: _Running) -> None:
        part = one.part
        one.hold.close()
        one.hold = ExitStack()
        running = servers.running(
            part.command, environment=part.environment, log_path=part.log_path, inherits=part.inherits
        )
        one.process = one.hold.enter_context(running)
        one.started = time.monotonic()

    def _wait_until_ready(self, one: _Running, *, stop: Callable[[], bool]) -> None:
        part, process = one.part, one.process
        assert process is not None
        while part.ready is not None and not stop():
            if process.poll() is not None:
                raise _ended(part, process)
            if part.ready():
                break
            if time.monotonic() - one.started > part.patience:
                raise ProgramStalled(
                    f"{part.name} was not ready within {part.patience:.0f} s.", advice=f"See {part.log_path}."
                )
            time.sleep(_LOOK_EVERY)

    def _look_after(self, one: _Running) -> None:
        now = time.monotonic()
        if one.process is None:
            if now >= one.next_start:
                self._launch(one)
                self._tell(f"{one.part.name} runs again.")
            return
        if one.process.poll() is None:
            if one.failures and now - one.started > STEADY_AFTER:
                one.failures = 0
            return
        one.failures += 1
        wait = pause(one.failures)
        words = programs.last_line(_tail(one.part.log_path))
        self._tell(
            f"{one.part.name} ended ({words}); it is started again in {wait:.0f} s. Its log: {one.part.log_path}"
        )
        one.process, one.next_start = None, now + wait


def _ended(part: Part, process: "subprocess.Popen[bytes]") -> ProgramFailed:
    tail = _tail(part.log_path)
    return ProgramFailed(
        f"{part.name} ended at its start: {programs.last_line(tail)}",
        command=programs.quoted(part.command),
        exit_code=process.returncode,
        stderr=tail,
        advice=f"Its log is {part.log_path}.",
    )


def _tail(path: Path) -> str:
    return path.read_text(errors="replace")[-2000:] if path.is_file() else ""
