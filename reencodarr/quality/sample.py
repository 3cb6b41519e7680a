"""One window encoded at one CRF and scored: two programs with a scratch file between them.

ffmpeg could do both in one process (its loopback decoder); that takes 0.9 to 1.9 times the CPU and 1.8 to 3.7 times
the memory, for the same score (measured, docs/results.md). What the scores of several windows mean together is left to
`probe`.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reencodarr.encoding.encoders import choice
from reencodarr.encoding.encoders.encoder import Clip
from reencodarr.encoding.plan import QualityTarget, VideoPlan
from reencodarr.errors import DamagedSource, FramesMispaired, ProgramFailed
from reencodarr.media import packets as packet_index
from reencodarr.media.packets import PacketIndex
from reencodarr.quality import cut as cuts
from reencodarr.quality import encoded as encodeds
from reencodarr.quality import footage, vmaf
from reencodarr.quality.cut import Cut
from reencodarr.quality.encoded import Encoded
from reencodarr.quality.footage import Footage
from reencodarr.quality.parallel import Pulse
from reencodarr.quality.pools import Scored
from reencodarr.quality.vmaf import Leg
from reencodarr.quality.windows import Window
from reencodarr.tools import programs, scratch
from reencodarr.tools.programs import Finished
from reencodarr.units import Bytes, Crf, Frames, Seconds

log = logging.getLogger(__name__)

BROKEN = (
    "Error submitting packet to decoder",
    "Invalid data found when processing input",
    "corrupt decoded frame",
    "error while decoding",
    "Could not open encoder before EOF",
    "Nothing was written into output file",
)
"""ffmpeg's words for a source that does not decode; the last two where not one frame came out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """What is probed, and how; the same for all probes of a search."""

    footage: Footage
    windows: tuple[Window, ...]
    video: VideoPlan
    target: QualityTarget

    @property
    def whole(self) -> bool:
        """All of it is encoded for each probe."""
        return footage.is_whole(self.windows, self.packets)

    @property
    def path(self) -> Path:
        """What messages call it."""
        return self.footage.named or self.footage.path

    @property
    def packets(self) -> PacketIndex:
        return self.footage.packets


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where and with what samples are made."""

    ffmpeg: Path
    folder: Path
    threads: int
    """For each program; several run at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One encoded and scored window."""

    window: Window
    scored: tuple[Scored, ...]
    size: Bytes
    expected_size: float
    """What these frames would take inside the encode of the whole film."""
    source_size: float
    """And what they take in the source."""
    cpu: Seconds


def take(film: Film, window: Window, crf: Crf, *, bench: Bench, counted: bool, pulse: Pulse) -> Sample:
    """Encode and score one window; leaves nothing in the bench's folder.

    `counted` finds the window by counting frames from the film's start instead of seeking.

    Raises DamagedSource, FramesMispaired, ProgramMissing, ProgramError, NoSpace.
    """
    cut = film.footage.cut(None if film.whole else window, counted=counted, alone=not film.video.filters)
    reference = Leg(cut=cut, filters=cuts.of_reference(film.video.filters))
    with scratch.folder(bench.folder, f"window-{window.first}") as folder:
        file = folder / "encoded.mkv"
        finished = _encode(film, cut, crf, file=file, bench=bench, pulse=pulse)
        encoded = encodeds.read(file)
        if encoded.frames != window.frames:
            _require_same_frames(film, window, encoded, finished, reference=reference, bench=bench)
        scores = vmaf.score(
            bench.ffmpeg,
            distorted=Leg(cut=encodeds.cut(file)),
            reference=reference,
            target=film.target,
            size=(encoded.width, encoded.height),
            log_file=folder / "vmaf.json",
            threads=bench.threads,
            pulse=pulse,
        )
    if scores.pairs != encoded.frames:
        raise _mispaired(film, window, encoded=encoded.frames, reference=scores.pairs)
    return Sample(
        window=window,
        scored=timed(scores.scores, film.packets, window, frames=encoded.frames),
        size=Bytes(sum(encoded.sizes)),
        expected_size=_expected_size(encoded.sizes, film, window),
        source_size=_source_size(film, window),
        cpu=Seconds(finished.cpu + scores.cpu),
    )


def timed(
    scores: Sequence[tuple[int, float]], packets: PacketIndex, window: Window, *, frames: Frames
) -> tuple[Scored, ...]:
    """Each score with its frame's time in the window; evenly spread where packets are no frames (fields)."""
    length = float((window.end_pts - window.start_pts) * packets.time_base)
    if frames != window.frames:
        return tuple(Scored(time=length * place / frames, score=score) for place, score in scores)
    base = float(packets.time_base)
    pts = packets.pts
    return tuple(
        Scored(time=(pts[window.first + place] - window.start_pts) * base, score=score) for place, score in scores
    )


def _encode(film: Film, cut: Cut, crf: Crf, *, file: Path, bench: Bench, pulse: Pulse) -> Finished:
    chain = [
        *cuts.filters(cut, cuts.of_reference(film.video.filters)),
        "setpts=PTS-STARTPTS",
        *cuts.of_encode(film.video.filters),
    ]
    clip = Clip(
        opened=tuple(cuts.input_arguments(cut)),
        stream=f"0:{cut.stream}",
        time_base=cut.time_base,
        filters=tuple(chain),
        video=film.video,
        crf=crf,
        threads=bench.threads,
        about=film.path,
    )
    pulse.begin()
    try:
        return choice.encoder(bench.ffmpeg).clip(clip, file, on_line=pulse.line)
    except ProgramFailed as error:
        if any(words in error.stderr for words in BROKEN):
            raise _damaged(film, cut.window, programs.last_line(error.stderr)) from error
        raise


def _require_same_frames(
    film: Film, window: Window, encoded: Encoded, finished: Finished, *, reference: Leg, bench: Bench
) -> None:
    """Packets are not always frames (fields stored apart, hidden frames): then the decoder's word counts."""
    if encoded.frames == 0 or any(words in finished.stderr for words in BROKEN):
        raise _damaged(film, window, f"{encoded.frames} of {window.frames} frames decode")
    decoded = vmaf.decoded_frames(bench.ffmpeg, reference, threads=bench.threads)
    if decoded != encoded.frames:
        raise _mispaired(film, window, encoded=encoded.frames, reference=decoded)
    log.info("%s: %d packets decode to %d frames", film.path.name, window.frames, decoded)


def _expected_size(sizes: Sequence[int], film: Film, window: Window) -> float:
    """The bytes of an encoded window without the surplus of the keyframe at its head.

    Alone, a window of 2.5 s begins with a keyframe; inside the film only one in `keyframe_interval` frames is one.
    Uncorrected the size reads 6 % (5 s) to 18 % (2.5 s) too large on an animated film (measured). A window that was
    laid at a cut keeps part of it: the first frame behind a cut is as large inside the film.
    """
    if film.whole:
        return float(sum(sizes))
    interval = film.video.keyframe_interval or _usual_interval(film.packets)
    large = 1 / interval
    if packet_index.is_keyframe(film.packets, window.start_pts):
        large += packet_index.cuts(film.packets) / film.packets.frames
    return _levelled(sizes, 1 / large)


def _source_size(film: Film, window: Window) -> float:
    """The bytes of a window in the source; where it was laid at a keyframe, without the surplus of that."""
    packets = film.packets
    sizes = packets.sizes[window.first : window.end]
    if film.whole or not packet_index.is_keyframe(packets, window.start_pts):
        return float(sum(sizes))
    return _levelled(sizes, packets.frames / len(packets.keyframes))


def _levelled(sizes: Sequence[int], interval: float) -> float:
    """The bytes of frames of which the first is a keyframe, as if one in `interval` were."""
    if not 1 < len(sizes) < interval:
        return float(sum(sizes))
    usual = sum(sizes[1:]) / (len(sizes) - 1)
    keyframes = len(sizes) / interval
    return keyframes * sizes[0] + (len(sizes) - keyframes) * usual


def _usual_interval(packets: PacketIndex) -> int:
    """SVT-AV1's own choice: 81 frames at 15 fps, 161 at 24 to 30, 321 at 50 and 60 (measured on 4.2)."""
    rate = packet_index.mean_rate(packets) or 25
    return 81 if rate < 20 else 161 if rate < 40 else 321


def _damaged(film: Film, window: Window | None, words: str) -> DamagedSource:
    at = 0.0 if window is None else float((window.start_pts - film.packets.start_time) * film.packets.time_base)
    return DamagedSource(
        f"{film.path} does not decode at {at:.0f} s: {words}.",
        path=film.path,
        advice="Play it there, and fetch it again if it is broken.",
    )


def _mispaired(film: Film, window: Window, *, encoded: int, reference: int) -> FramesMispaired:
    at = float((window.start_pts - film.packets.start_time) * film.packets.time_base)
    return FramesMispaired(
        f"{film.path} at {at:.0f} s: the encode has {encoded} frames, the source {reference}; no score can be trusted.",
        path=film.path,
        advice="Report it with the file's MediaInfo; leave the file alone meanwhile.",
    )
