"""Exactly the frames of one window, out of a film, as ffmpeg arguments. Pure.

Decoding starts at the keyframe before the window and everything outside it is trimmed by presentation time in the
film's own time base: bit-exact on open GOPs, variable rates, MPEG-TS and interlaced films (measured). Counting
frames from a seek point is not: a seek into MPEG-TS lands a dozen frames off.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from reencodarr.quality.windows import Window

PRE_ROLL = Fraction(1, 2)
"""Seconds before the window that go through the filters, since deinterlacing needs its neighbours."""

SEEKS_EARLIER = Fraction(3, 23)
"""Seconds by which ffmpeg seeks earlier where a container seeks by decode time and frames are reordered."""

SCALERS = frozenset({"scale", "zscale", "scale_cuda", "scale_vaapi", "libplacebo"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A frame shortly before a window, from which frames are counted."""

    place: int
    pts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The frames of one window of one file."""

    path: Path
    """Absolute: a relative name could begin with a dash."""
    stream: int
    """ffmpeg's index of the video stream."""
    time_base: Fraction
    window: Window | None
    """None means the whole film."""
    start_time: int = 0
    """The film's first pts."""
    keyframe: int | None = None
    """The pts of a keyframe before the window, for containers whose seeks land between keyframes."""
    counted: bool = False
    """Count frames instead of trusting their times, as a check: from the film's head, or from `anchor`."""
    anchor: Anchor | None = None
    """In an excerpt, which has no head to count from."""
    aligned: bool = False
    """The window begins at a keyframe that a seek lands on, and no filter needs what comes before it."""
    most_threads: int | None = None
    """In an excerpt with holes: decoders of more threads would read ahead into them."""


def seek(cut: Cut) -> int | None:
    """The time at which ffmpeg is told to open the film; None where it begins at the film's head."""
    aim = _pre_roll(cut)
    if aim is not None and cut.aligned:
        return aim + round(SEEKS_EARLIER / cut.time_base)
    if aim is not None and cut.keyframe is not None:
        aim = min(aim, cut.keyframe - round(PRE_ROLL / cut.time_base))
    return aim if aim is not None and aim > cut.start_time else None


def decoder_threads(cut: Cut, wanted: int) -> int:
    """How many threads may decode this cut."""
    return wanted if cut.most_threads is None else min(wanted, cut.most_threads)


def input_arguments(cut: Cut) -> list[str | Path]:
    """Arguments that open the file near the window. They need `-copyts` among the global ones.

    ffmpeg's accurate seek cuts at the wrong time together with `-seek_timestamp` where a file does not start at
    zero (seen in 9.0: 28 of 50 frames lost), so the seek is left coarse and `filters` cut.
    """
    aim = seek(cut)
    if aim is None:
        return ["-i", cut.path]
    start = f"{float(aim * cut.time_base):.6f}"
    return ["-noaccurate_seek", "-seek_timestamp", "1", "-ss", start, "-i", cut.path]


def filters(cut: Cut, video_filters: tuple[str, ...] = ()) -> list[str]:
    """Filters that let the window's frames pass, after `video_filters` that keep the number of frames.

    Some filters change the time base (bwdif halves it); it is put back so that the window's bounds hold.
    """
    window = cut.window
    if window is None:
        return [*video_filters]
    if cut.counted and cut.anchor is None:
        return [*video_filters, f"trim=start_frame={window.first}:end_frame={window.end}"]
    near = _pre_roll(cut)
    before = [] if near is None else [f"trim=start_pts={near}"]
    before += [*video_filters, f"settb={cut.time_base.numerator}/{cut.time_base.denominator}"]
    if cut.counted and cut.anchor is not None:
        first = cut.anchor.place
        counted = f"trim=start_frame={window.first - first}:end_frame={window.end - first}"
        return [*before, f"trim=start_pts={cut.anchor.pts}", counted]
    return [*before, f"trim=start_pts={window.start_pts}:end_pts={window.end_pts}"]


def of_reference(video_filters: tuple[str, ...]) -> tuple[str, ...]:
    """The filters of a plan that the reference goes through too: all but scaling, whose loss is to be scored."""
    return tuple(name for name in video_filters if not _scales(name))


def of_encode(video_filters: tuple[str, ...]) -> tuple[str, ...]:
    """The filters that only the encode goes through: scaling."""
    return tuple(name for name in video_filters if _scales(name))


def _scales(video_filter: str) -> bool:
    return video_filter.split("=", 1)[0].split("@", 1)[0].strip() in SCALERS


def _pre_roll(cut: Cut) -> int | None:
    """The pts from which frames are taken, half a second before the window; None where that is the film's head."""
    if cut.window is None or (cut.counted and cut.anchor is None):
        return None
    near = cut.window.start_pts - (0 if cut.aligned else round(PRE_ROLL / cut.time_base))
    return near if near > cut.start_time else None
