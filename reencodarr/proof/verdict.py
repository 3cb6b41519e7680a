"""The proof: may this result take the place of its original?

Gathers what `streams`, `tracks` and `decode` find about both files and has it compared; adds what the plan says about
size and quality, and that the result is the file that the encode reported. Whether the original still is the one that
was analysed is the swap's question, asked last of all.
"""

import logging
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from reencodarr.encoding import film
from reencodarr.encoding.plan import EncodePlan, QualityTarget
from reencodarr.errors import MediaError, ProgramFailed, ProgramInterrupted, Stage
from reencodarr.media import fingerprint as identity
from reencodarr.media.facts import MediaFacts
from reencodarr.progress import Progress, Report, silent
from reencodarr.proof import decode, frames, parity, reading, streams, tracks
from reencodarr.proof.streams import Contents
from reencodarr.proof.tracks import Track
from reencodarr.quality import dynamic_range
from reencodarr.units import Bytes, VmafScore

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was found; the result is the same film when there are no differences."""

    streams_before: tuple[str, ...]
    """One line of words a stream of the source."""
    streams_after: tuple[str, ...]
    differences: tuple[str, ...]

    @property
    def same_film(self) -> bool:
        return not self.differences


def prove(  # noqa: PLR0913 - everything that a result must hold up against
    source: Path,
    result: Path,
    *,
    facts: MediaFacts,
    plan: EncodePlan,
    result_size: Bytes,
    result_sha256: str,
    achieved: tuple[VmafScore | float, VmafScore | float | None] | None,
    ffmpeg: Path,
    accepted_mean: VmafScore | None = None,
    report: Report = silent,
) -> Proof:
    """Compare a result with its source, in everything. Reads both files whole and decodes the result; writes nothing.

    `achieved` is the measured mean and 5th percentile of the result, None where none was measured (and none is judged);
    `accepted_mean` what the search settled for where the target's mean was out of reach.

    Raises MediaError when the source cannot be read, ProgramMissing, ProgramStalled, ProgramInterrupted.
    """
    report(Progress(stage=Stage.PROOF.value, label=source.name, detail="comparing the result with its source"))
    before = reading.contents(source)
    differences = [
        *ratio_differences(result_size, facts.size, plan),
        *quality_differences(achieved, plan.target, accepted_mean=accepted_mean, facts=facts),
    ]
    after: Contents | None = None
    try:
        differences += _identity(result, result_size, result_sha256)
        after = reading.contents(result)
        differences += parity.differences(before, after, facts=facts, plan=plan)
        differences += _packets(source, result, before, facts=facts, plan=plan, ffmpeg=ffmpeg)
        differences += decode.differences(source, result, plan=plan, ffmpeg=ffmpeg, report=report)
    except MediaError as error:
        if error.path != result:
            raise
        differences.append(f"the result cannot be read: {error.message}")
    log.info("%s: %d differences", source.name, len(differences))
    lines = _words(after) if after else ()
    return Proof(streams_before=_words(before), streams_after=lines, differences=tuple(differences))


def ratio_differences(result: Bytes, source: Bytes, plan: EncodePlan) -> tuple[str, ...]:
    """Whether the result's size is one that the plan believes and accepts."""
    ratio = result / source
    if ratio > plan.largest_ratio:
        return (f"it has {ratio:.1%} of the source's size, {plan.largest_ratio:.0%} is the most",)
    if ratio < plan.smallest_ratio:
        return (f"it has {ratio:.1%} of the source's size, which is too little to be believed",)
    return ()


def quality_differences(
    achieved: tuple[VmafScore | float, VmafScore | float | None] | None,
    target: QualityTarget,
    *,
    accepted_mean: VmafScore | None = None,
    facts: MediaFacts | None = None,
) -> tuple[str, ...]:
    """Whether mean and 5th percentile reached the target, less the miss that it accepts.

    Where the search had to settle for a lower mean, the floor of the 5th percentile is as much lower.
    """
    if achieved is None:
        return ()
    mean, p5 = achieved
    hdr = facts.video.hdr if facts and facts.video else None
    aim = target.mean if accepted_mean is None else max(target.lowest_mean, min(target.mean, accepted_mean))
    least = aim - target.accepted_miss
    floor = target.floor_p5 - (target.mean - least)
    found: list[str] = []
    if mean < least:
        found.append(f"it achieves {dynamic_range.marked(f'VMAF {mean:.2f}', hdr)}, {least:.2f} is the least")
    if p5 is not None and p5 < floor:
        name = dynamic_range.marked("VMAF", hdr)
        found.append(f"the 5th percentile of its {name} is {p5:.2f}, {floor:.2f} is the least")
    return tuple(found)


def _identity(result: Path, size: Bytes, sha256: str) -> tuple[str, ...]:
    if not result.is_file():
        return ("the result is gone",)
    present = result.stat().st_size
    if present != size:
        return (f"the result has {present} bytes, the encode reported {size}",)
    if identity.sha256(result) != sha256:
        return ("the result's SHA-256 is not the one that the encode reported",)
    return ()


def _packets(
    source: Path, result: Path, before: Contents, *, facts: MediaFacts, plan: EncodePlan, ffmpeg: Path
) -> tuple[str, ...]:
    hidden = film.LONGEST_PRIMING if film.drops_hidden_audio(facts, plan) else None
    old, new = tracks.read(source, hidden_audio_before=hidden), tracks.read(result)
    interlaced = any(stream.picture.interlaced for stream in before.of("video") if stream.picture)
    by, video = _frames(source, old.video, new.video, facts=facts, plan=plan, interlaced=interlaced, ffmpeg=ffmpeg)
    return (*video, *frames.other_differences(old, new, plan=plan, by=by))


def _frames(
    source: Path, old: Track, new: Track, *, facts: MediaFacts, plan: EncodePlan, interlaced: bool, ffmpeg: Path
) -> tuple[Fraction, tuple[str, ...]]:
    """Compare packets with packets; where they differ, decode the source to see which frames it really shows.

    Also the seconds by which the film was moved.
    """
    packets, result = frames.times(old), frames.times(new)
    by = frames.shift(packets, result, facts)
    if not old.untimed and not frames.video_differences(packets, result, by=by):
        return by, ()
    try:
        shown = decode.shown(source, plan=plan, ffmpeg=ffmpeg)
    except ProgramInterrupted:
        raise
    except ProgramFailed as failed:
        return by, (f"the source does not decode: {failed.message}",)
    by = frames.shift(shown, result, facts)
    missing = frames.packets_without_picture(old, shown, interlaced=interlaced)
    return by, (*frames.video_differences(shown, result, by=by), *missing)


def _words(contents: Contents) -> tuple[str, ...]:
    attached = (f"attachment: {file.name or 'picture'}, {file.size} bytes" for file in contents.attachments)
    chapters = (f"{len(contents.chapters)} chapters",) if contents.chapters else ()
    return (*(streams.words(stream) for stream in contents.streams), *attached, *chapters)
