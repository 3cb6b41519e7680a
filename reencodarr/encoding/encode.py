"""The encode of a whole film: has it encoded, watches it, ends it early where nothing good can come of it.

How it is encoded is `encoders`'; whether the result is the same film is `proof`'s question, whether it is good
enough `quality`'s. A result lies in the scratch folder that the caller gives and deletes.
"""

import logging
import time
from dataclasses import dataclass
from pathlib import Path

from reencodarr.encoding import complaints, film, pictures, prospects
from reencodarr.encoding.advance import Advance
from reencodarr.encoding.encoders import choice
from reencodarr.encoding.encoders.encoder import Encoder, FilmJob
from reencodarr.encoding.ffprogress import Moment, Reader
from reencodarr.encoding.plan import EncodePlan
from reencodarr.errors import (
    DamagedSource,
    FileUnreadable,
    NotSmaller,
    ProgramFailed,
    ProgramInterrupted,
    ProgramStalled,
    ReencodarrError,
    SourceVanished,
    Stage,
)
from reencodarr.media import fingerprint as identity
from reencodarr.media.facts import MediaFacts
from reencodarr.media.fingerprint import Fingerprint
from reencodarr.progress import Progress, Report, silent
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools.programs import Finished
from reencodarr.units import Bytes, Crf, Seconds

log = logging.getLogger(__name__)

FRAME_DEADLINE = Seconds(1800.0)
"""Longest wait for the next frame. The first comes after about a hundred were read: minutes at 4K."""

_LOOK_AGAIN = 10.0
"""Seconds between looks at whether the source is still there."""

_LIBRARIES = {"vp8": ("libvpx",), "vp9": ("libvpx-vp9",), "vvc": ("libvvdec",), "msmpeg4v3": ("msmpeg4",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeOrder:
    """Everything an encode needs, as plain values."""

    source: Path
    label: str
    """For people."""
    facts: MediaFacts
    plan: EncodePlan
    crf: Crf
    provenance: str
    """Goes into the result's tags: version, CRF, preset, target."""
    frames: int | None = None
    """How many there will be, for progress; None takes what the headers say."""
    duration: Seconds | None = None
    """For progress where frames are unknown; None takes what the headers say."""
    threads: int | None = None
    """SVT-AV1's `lp`; None leaves it to the encoder."""
    fingerprint: Fingerprint | None = None
    """What the source must be; None takes it as it is when the encode begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeResult:
    """A finished encode that nothing has been proven about yet."""

    path: Path
    size: Bytes
    sha256: str
    frames: int
    """As ffmpeg counted them."""
    seconds: Seconds
    """Wall time."""
    cpu_seconds: Seconds
    peak_memory: Bytes
    command: str
    build: str


def encode(
    order: EncodeOrder,
    *,
    ffmpeg: Path,
    scratch: Path,
    report: Report = silent,
    frame_deadline: Seconds = FRAME_DEADLINE,
) -> EncodeResult:
    """Encode a film into `scratch`, which must be a folder of this encode's own.

    Raises NotSmaller as soon as the result cannot stay below the plan's ceiling, DamagedSource, SourceVanished,
    FileUnreadable, NoSpace, ProgramStalled when frames stop coming, ProgramInterrupted, ProgramFailed.
    """
    before = _present(order)
    watch = _Watch(order, before, report=report, frame_deadline=frame_deadline)
    result = scratch / film.result_name(order.plan)
    log.info("%s: encoding at CRF %g, preset %d", order.label, order.crf, order.plan.video.preset)
    done = _run(order, result, encoder=choice.encoder(ffmpeg), watch=watch, before=before)
    size = Bytes(result.stat().st_size)
    watch.require_small(size)
    percent = 100 * size / before.size
    log.info("%s: %d frames, %.0f%% of the source in %.1f s", order.label, watch.frames, percent, done.wall)
    return EncodeResult(
        path=result,
        size=size,
        sha256=identity.sha256(result),
        frames=watch.frames,
        seconds=done.wall,
        cpu_seconds=done.cpu,
        peak_memory=done.peak_memory,
        command=done.command,
        build=ffmpeg_tool.build(ffmpeg).identity,
    )


def _run(order: EncodeOrder, result: Path, *, encoder: Encoder, watch: "_Watch", before: Fingerprint) -> Finished:
    """Encode to the end and believe it only when the source was there, unchanged and whole, all the time."""
    job = FilmJob(
        source=order.source,
        facts=order.facts,
        plan=order.plan,
        crf=order.crf,
        provenance=order.provenance,
        found=pictures.found(order.source, result.parent, container=order.plan.container),
        threads=order.threads,
    )
    try:
        done = encoder.film(job, result, on_line=watch.line, on_muxing=watch.muxing)
    except ProgramInterrupted:
        raise
    except ProgramFailed as failed:
        raise _cause(order, before, failed) from failed
    _require_unchanged(order, before)
    _require_whole(order, done.stderr)
    return done


class _Watch:
    """Follows one encode, line by line, and raises where it should not go on."""

    def __init__(self, order: EncodeOrder, source: Fingerprint, *, report: Report, frame_deadline: Seconds) -> None:
        video = order.facts.video
        self._order, self._source, self._report = order, source, report
        self._frames = order.frames or (video.frames if video else None)
        self._duration = order.duration or order.facts.duration
        self._size = prospects.Size(source=source.size, largest_ratio=order.plan.largest_ratio)
        self._frame_deadline = frame_deadline
        self._reader = Reader()
        self._looked = time.monotonic()
        self._advance = Advance(self._looked)

    @property
    def frames(self) -> int:
        return self._advance.frames

    def line(self, text: str) -> None:
        """Take one line of ffmpeg's progress."""
        moment = self._reader.line(text)
        if moment is None:
            return
        self._require_advance(moment)
        self._look()
        done = prospects.share(moment, frames=self._frames, duration=self._duration)
        hopeless = prospects.too_large(moment, self._size, done=None if moment.last else done)
        if hopeless:
            raise _not_smaller(self._order, hopeless)
        self._tell(moment, done, elapsed=Seconds(self._advance.elapsed))

    def muxing(self, text: str) -> None:
        """Take one line of what puts an encoded video and the other tracks together: nothing is encoded any more."""
        moment = self._reader.line(text)
        if moment is None:
            return
        self._look()
        self.require_small(moment.size)
        self._report(
            Progress(stage=Stage.ENCODE.value, label=self._order.label, fraction=1.0, detail="joining the other tracks")
        )

    def require_small(self, size: Bytes) -> None:
        """Check the finished file."""
        if size > self._size.ceiling:
            ratio = f"the result has {size / self._size.source:.0%} of the source's size"
            raise _not_smaller(self._order, f"{ratio}, {self._size.largest_ratio:.0%} is the most")

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked > _LOOK_AGAIN:
            self._looked = now
            _require_there(self._order, self._source)

    def _require_advance(self, moment: Moment) -> None:
        self._advance.word(moment.frames, time.monotonic())
        if self._advance.standing > self._frame_deadline:
            raise ProgramStalled(
                f"The encode of {self._order.source} stands at frame {self.frames} since {self._advance.standing:.0f} s"
                " and was ended.",
                path=self._order.source,
                advice="Try again; if it stops at the same frame, the source is damaged there.",
            )

    def _tell(self, moment: Moment, done: float | None, *, elapsed: Seconds) -> None:
        self._report(
            Progress(
                stage=Stage.ENCODE.value,
                label=self._order.label,
                fraction=done,
                fps=moment.fps,
                eta=prospects.remaining(elapsed, done),
                detail=prospects.words(moment, self._size, done=done, frames=self._frames),
            )
        )


def _present(order: EncodeOrder) -> Fingerprint:
    """The source's identity at the start.

    Raises SourceVanished when it is not what was ordered.
    """
    try:
        present = identity.fingerprint(order.source)
    except FileUnreadable as error:
        if order.source.exists():
            raise
        raise _vanished(order) from error
    if order.fingerprint is not None and not present.same_file(order.fingerprint):
        raise _vanished(order)
    return present


def _require_unchanged(order: EncodeOrder, before: Fingerprint) -> None:
    try:
        after = identity.fingerprint(order.source)
    except FileUnreadable as error:
        raise _vanished(order) from error
    if not after.same_file(before):
        raise _vanished(order)


def _require_there(order: EncodeOrder, before: Fingerprint) -> None:
    """A look that reads nothing, while the encode runs."""
    try:
        status = order.source.stat()
    except OSError as error:
        raise _vanished(order) from error
    if (status.st_ino, status.st_size, status.st_mtime_ns) != (before.inode, before.size, before.mtime_ns):
        raise _vanished(order)


def _require_whole(order: EncodeOrder, stderr: str) -> None:
    told = complaints.about_source(stderr, decoders=_decoders(order))
    if told:
        raise _damaged(order, told)


def _cause(order: EncodeOrder, before: Fingerprint, failed: ProgramFailed) -> ReencodarrError:
    """What really happened when ffmpeg ended with an error."""
    try:
        _require_unchanged(order, before)
    except SourceVanished as vanished:
        return vanished
    told = complaints.about_source(failed.stderr, decoders=_decoders(order))
    return _damaged(order, told) if told else failed


def _decoders(order: EncodeOrder) -> tuple[str, ...]:
    """What ffmpeg may call the decoder of the source's video: the codec's name, or a library's."""
    codec = order.facts.video.codec if order.facts.video else ""
    return (codec, *_LIBRARIES.get(codec, ()))


def _damaged(order: EncodeOrder, told: tuple[str, ...]) -> DamagedSource:
    return DamagedSource(
        f"{order.source} does not decode cleanly: {told[0]}"
        + (f" (and {len(told) - 1} more such lines)." if len(told) > 1 else "."),
        path=order.source,
        advice="The original is untouched. A better copy of the film is the only cure.",
    )


def _vanished(order: EncodeOrder) -> SourceVanished:
    return SourceVanished(
        f"{order.source} was deleted or replaced while it was being encoded.",
        path=order.source,
        advice="The next scan looks at what is there now.",
    )


def _not_smaller(order: EncodeOrder, why: str) -> NotSmaller:
    return NotSmaller(
        f"{order.source} does not become small enough at CRF {order.crf:g}: {why}.",
        path=order.source,
        advice="It is left as it is.",
    )
