"""One job on this machine, from its claim to its result. Whatever happens inside, the server gets to know."""

import logging
from contextlib import nullcontext
from dataclasses import dataclass, replace

from reencodarr.errors import JobLost, ReencodarrError, ServerRefused, SourceVanished
from reencodarr.progress import Report, silent
from reencodarr.transfer.line import Line
from reencodarr.transfer.pace import Pace
from reencodarr.transfer.patience import Patience
from reencodarr.units import MIB, Bytes, Seconds
from reencodarr.work import encoding, failing, halting, leaving, link, orders, room, searching, speed, talk
from reencodarr.work.beats import Beats, Meter
from reencodarr.work.bench import Bench
from reencodarr.work.halting import Halt
from reencodarr.work.link import Link
from reencodarr.work.orders import (
    Encoded,
    EncodeTerms,
    Failed,
    HandedBack,
    LocalSource,
    NotWorth,
    Order,
    Outcome,
    Result,
    Searched,
    SearchTerms,
    SourceChanged,
)
from reencodarr.work.settings import WorkerSettings
from reencodarr.work.staged import Staged, Turn
from reencodarr.work.staging import OnDisk, Staging
from reencodarr.work.talk import Claim
from reencodarr.work.token import Token

log = logging.getLogger(__name__)

_PATIENCE = Patience(tries=40)
"""With a bucket that is away: ten minutes without a byte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a run is started with."""

    job: str
    attempt: int
    flow_run: str
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Who works here, with what."""

    token: Token
    settings: WorkerSettings
    bench: Bench
    turn: Turn = nullcontext
    beat_every: Seconds = talk.JOB_BEAT_EVERY


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a job ended here."""

    words: str
    failed: bool = False
    stopped: bool = False
    """It was cancelled, handed back or lost: nothing came of it, and nothing is wrong."""


def work(call: Call, post: Post, *, halt: Halt, report: Report = silent) -> Ended:
    """Do a job: claim it, work, leave the result; how it ended.

    Never raises for what goes wrong with film, programs or network. What the caller throws into it (a signal) hands
    the job back and goes on.
    """
    with Link(post.token, server=post.settings.server, stop=halt) as way:
        try:
            order = way.claim(call.job, Claim(attempt=call.attempt, flow_run=call.flow_run))
        except JobLost as lost:
            return Ended(words=str(lost), stopped=True)
        except ReencodarrError as error:
            return Ended(words=str(error), failed=not halt(), stopped=halt())
        log.info("%s: %s, attempt %d", order.label, order.work.value, order.attempt)
        return _Shift(order, post, way, halt).run(report)


class _Shift:
    """One claimed job."""

    def __init__(self, order: Order, post: Post, way: Link, halt: Halt) -> None:
        self._order, self._post, self._way, self._halt = order, post, way, halt
        self._meter = Meter()
        trust = link.trust_widely(post.token)
        self._line = Line(pace=_pace(post.settings), stop=halt.stop, patience=_PATIENCE, trust=trust)
        self._beats = Beats(way, order.job, order.attempt, halt=halt, meter=self._meter, every=post.beat_every)

    def run(self, report: Report) -> Ended:
        with self._beats:
            try:
                with halting.governs_programs(self._halt):
                    outcome = self._outcome(self._beats.heard(report))
            except BaseException:
                self._leave(HandedBack(words="The run was ended."), patience=leaving.HURRIED)
                raise
            if isinstance(outcome, Encoded):
                self._learn(outcome)
            patience = leaving.HURRIED if isinstance(outcome, HandedBack) else leaving.PATIENCE
            self._beats.send_probes()
            left = not self._halt.lost and self._leave(outcome, patience=patience)
        return _ended(outcome, left=left)

    def _outcome(self, report: Report) -> Outcome:
        order = self._order
        try:
            return self._work(report)
        except (JobLost, ServerRefused) as lost:
            self._halt.ask(str(lost), lost=True)
            return HandedBack(words=str(lost))
        except Exception as error:  # noqa: BLE001 - the boundary: every failure of a job becomes a value that travels
            if self._halt():
                return HandedBack(words=self._halt.words)
            if isinstance(error, SourceVanished) and isinstance(order.source, LocalSource):
                return SourceChanged(words=str(error))
            build = self._post.bench.build.identity
            found = failing.failed(error, kind=order.work, worker=self._post.token.name, build=build)
            # A copy in scratch says nothing about the film when it vanishes.
            return replace(found, transient=True) if isinstance(error, SourceVanished) else found

    def _work(self, report: Report) -> Outcome:
        order, bench = self._order, self._post.bench
        self._halt.heed()
        quota = self._post.settings.scratch_quota_bytes
        room.require(bench.scratch, room.needed(order, bench.build), quota=None if quota is None else Bytes(quota))
        staging = self._staging()
        if isinstance(order.terms, SearchTerms):
            return searching.search(
                order, order.terms, staging=staging, bench=bench, on_probe=self._beats.probe, report=report
            )
        return encoding.encode(order, order.terms, staging=staging, bench=bench, report=report)

    def _staging(self) -> Staging:
        order = self._order
        if isinstance(order.source, LocalSource):
            return OnDisk(source=order.source, name=orders.kept_name(order.job, order.attempt))
        return Staged(order, order.source, way=self._way, line=self._line, meter=self._meter, turn=self._post.turn)

    def _leave(self, outcome: Outcome, *, patience: Seconds) -> bool:
        order, meter = self._order, self._meter
        result = Result(
            job=order.job,
            attempt=order.attempt,
            worker=self._post.token.name,
            build=self._post.bench.build.identity,
            outcome=outcome,
            bytes_down=meter.down,
            bytes_up=meter.up,
            waited=self._beats.waited,
        )
        # Not the line of the transfers: a stop ends those, and this tells of it.
        line = Line(pace=self._line.pace, trust=self._line.trust)
        return leaving.leave(
            order,
            result,
            scratch=self._post.bench.scratch,
            fetch=lambda: self._way.urls(order.job, order.attempt, patience=link.BRIEF),
            line=line,
            patience=patience,
        )

    def _learn(self, done: Encoded) -> None:
        terms = self._order.terms
        video = terms.facts.video if isinstance(terms, EncodeTerms) else None
        if video is None:
            return
        log.info("%s: encoded by %s", self._order.label, done.command)
        fps = speed.equivalent(frames=done.frames, seconds=done.seconds, width=video.width, height=video.height)
        speed.note(self._post.settings.data_dir, done.build, fps, seconds=done.seconds)


def _pace(settings: WorkerSettings) -> Pace:
    """Each of the jobs that may run at once keeps to its share, since they know nothing of one another."""
    return Pace(settings.bandwidth * MIB / settings.slots if settings.bandwidth else None)


def _ended(outcome: Outcome, *, left: bool) -> Ended:
    if isinstance(outcome, HandedBack):
        return Ended(words=outcome.words, stopped=True)
    if not left:
        return Ended(words="The work is done, but its result could not be left, or is not wanted.", failed=True)
    if isinstance(outcome, Failed):
        return Ended(words=f"{outcome.message} {outcome.advice}".strip(), failed=True)
    return Ended(words=_words(outcome))


def _words(outcome: Encoded | Searched | NotWorth | SourceChanged) -> str:
    if isinstance(outcome, Encoded):
        return f"CRF {outcome.crf:g}: VMAF {outcome.achieved.mean:.2f}, {outcome.delivery.size / MIB:.1f} MiB"
    if isinstance(outcome, Searched):
        return f"CRF {outcome.result.crf:g}: VMAF {outcome.result.predicted:.2f} predicted"
    return outcome.words
