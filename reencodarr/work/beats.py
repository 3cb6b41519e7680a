"""The signs of life of a job: how far it is, what was probed, and the server's answer whether it is still wanted."""

import logging
import threading
import time
from types import TracebackType
from typing import Self

from reencodarr.errors import JobLost, JobRefused, OrderUnreadable, ServerRefused, ServerUnreachable
from reencodarr.progress import Progress, Report
from reencodarr.quality.engine import Probe
from reencodarr.units import Bytes, Seconds
from reencodarr.work import talk
from reencodarr.work.halting import Halt
from reencodarr.work.link import Link
from reencodarr.work.talk import JobBeat, Moment

log = logging.getLogger(__name__)


class Meter:
    """The bytes that one job moved over the network. Threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.down = Bytes(0)
        self.up = Bytes(0)

    def count(self, *, down: int = 0, up: int = 0) -> None:
        """Add what moved; negative where it is sent again."""
        with self._lock:
            self.down = Bytes(self.down + down)
            self.up = Bytes(self.up + up)


class Beats:
    """Sends a beat every so often from a thread of its own, from `with` to its end.

    An API that is away is no reason to stop: the server decides, when it is back, whether the job is still held.
    """

    def __init__(
        self,
        link: Link,
        job: str,
        attempt: int,
        *,
        halt: Halt,
        meter: Meter,
        every: Seconds = talk.JOB_BEAT_EVERY,
    ) -> None:
        self._link, self._job, self._attempt = link, job, attempt
        self._halt, self._meter, self._every = halt, meter, every
        self._progress = Progress(stage="start", label="")
        self._probes: list[Probe] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="beat", daemon=True)
        self.waited = Seconds(0.0)
        """From the start to the first sign of work that is no transfer; 0 until there is one."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()

    def heard(self, report: Report) -> Report:
        """A report that also feeds the beats, waits while the job rests, and raises WorkStopped when it is left."""

        def tell(progress: Progress) -> None:
            self._progress = progress
            if not self.waited and progress.stage not in {"download", "upload"}:
                self.waited = Seconds(time.monotonic() - self._began)
            report(progress)

        return self._halt.heard(tell)

    def probe(self, found: Probe) -> None:
        """Let the server keep a probe, so that nobody ever makes it again."""
        with self._lock:
            self._probes.append(found)

    def send_probes(self) -> None:
        """Send what the server has not confirmed yet, before the result closes the job."""
        if self._probes and not self._halt():
            self.send()

    def send(self) -> None:
        """Send one beat now, and heed its answer."""
        with self._lock:
            probes = tuple(self._probes)
        try:
            answer = self._link.job_beat(
                self._job, JobBeat(attempt=self._attempt, moment=self._moment(), probes=probes)
            )
        except ServerUnreachable as error:
            log.warning("%s The job goes on.", error)
            return
        except (JobLost, JobRefused, ServerRefused) as error:
            self._halt.ask(str(error), lost=True)
            return
        except OrderUnreadable as error:
            log.warning("%s", error)
            return
        with self._lock:
            del self._probes[: len(probes)]
        if not answer.go_on:
            self._halt.ask(answer.words or "The server wants this job no more.")
        self._halt.rest(answer.pause)

    def _run(self) -> None:
        while not self._over.wait(self._every):
            self.send()

    def _moment(self) -> Moment:
        now = self._progress
        return Moment(
            stage=now.stage,
            label=now.label,
            fraction=now.fraction,
            fps=now.fps,
            eta=now.eta,
            detail=now.detail,
            bytes_down=self._meter.down,
            bytes_up=self._meter.up,
            paused=self._halt.resting,
        )
