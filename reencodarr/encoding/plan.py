"""What rules decide about a film: an `EncodePlan`, or `LeftAlone`, each with its reasons in words."""

from dataclasses import dataclass
from enum import StrEnum

from reencodarr.units import Crf, VmafScore


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityTarget:
    """What «no visible loss» means for one film. Everything that changes the meaning of a score is part of it."""

    mean: VmafScore
    """The mean VMAF to reach."""
    lowest_mean: VmafScore
    """Accepted, with a reason, where `mean` is out of reach."""
    floor_p5: VmafScore
    """The 5th percentile of 2-second windows must not fall below it."""
    fall_step: VmafScore = VmafScore(1.0)
    """By so much at a time less is tried between `mean` and `lowest_mean`."""
    tolerance: VmafScore = VmafScore(0.1)
    """How far above `mean` the search may stop."""
    promise: VmafScore = VmafScore(0.25)
    """How far below `mean` the finished film may come out before it is encoded a second time."""
    accepted_miss: VmafScore = VmafScore(1.0)
    """How far it may still be below `mean` then; further, and the film is left as it is."""
    accepted_excess: VmafScore = VmafScore(1.0)
    """How far above `mean` it may come out before it is encoded a second time, to be smaller."""
    model: str = "vmaf_v0.6.1"
    scale_to: tuple[int, int] | None = (1920, 1080)
    """Both legs are scaled to fit (bicubic) before scoring when smaller; None scores at the encode's size."""
    subsample: int = 3
    """Every k-th frame is scored. Never even: SVT-AV1 codes even frames better (measured, +0.5 to +1.2)."""
    lowest_crf: Crf = Crf(12.0)
    highest_crf: Crf = Crf(63.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoPlan:
    """How the video is encoded, all but the CRF. The same for probes and for the film."""

    preset: int
    pixel_format: str = "yuv420p10le"
    svt_parameters: tuple[tuple[str, str], ...] = ()
    """`-svtav1-params` without `crf`."""
    filters: tuple[str, ...] = ()
    """ffmpeg filters in order, deinterlacing first, scaling last."""
    keyframe_interval: int | None = None
    """Frames; None leaves it to the encoder (about 5 s)."""


class AudioAction(StrEnum):
    """What happens to an audio track."""

    COPY = "copy"
    OPUS = "opus"


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioPlan:
    """What happens to one audio track."""

    track: int
    """ffmpeg's N in `a:N`."""
    action: AudioAction
    bitrate_kbps: int | None = None
    layout: str | None = None
    """ffmpeg's name (`5.1`, `7.1`, `stereo`, `mono`) when the layout must be normalised for libopus."""
    reason: str = ""


class TextAction(StrEnum):
    """What happens to a subtitle track."""

    COPY = "copy"
    SRT = "srt"
    """Converted to SubRip: Matroska cannot hold MP4's own timed text."""
    DROP = "drop"
    """The container cannot carry it and the policy says that it may go; it is named in `EncodePlan.dropped`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPlan:
    """What happens to one subtitle track."""

    track: int
    """ffmpeg's N in `s:N`."""
    action: TextAction
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodePlan:
    """A film worth encoding, and how."""

    video: VideoPlan
    audio: tuple[AudioPlan, ...]
    target: QualityTarget
    container: str
    """`mkv` or `mp4`: also the result's extension."""
    largest_ratio: float
    """Result size / source size above which the encode is not worth it."""
    smallest_ratio: float
    """Below it the result is not believed."""
    text: tuple[TextPlan, ...] = ()
    """One for each of `MediaFacts.text`, in its order."""
    dropped: tuple[str, ...] = ()
    """Streams that the container cannot carry, named one by one; the proof expects exactly these to be missing."""
    reasons: tuple[str, ...] = ()
    """One sentence for each decision."""


class LeaveReason(StrEnum):
    """Why a film is left alone."""

    ALREADY_AV1 = "already_av1"
    DOLBY_VISION = "dolby_vision"
    HDR10_PLUS = "hdr10_plus"
    HARD_LINKED = "hard_linked"
    LOW_BITRATE = "low_bitrate"
    INTERLACED = "interlaced"
    UNSUPPORTED_CHROMA = "unsupported_chroma"
    UNSUPPORTED_BIT_DEPTH = "unsupported_bit_depth"
    NO_VIDEO = "no_video"
    SEVERAL_VIDEOS = "several_videos"
    NO_SAVING = "no_saving"
    OWN_RESULT = "own_result"
    EXCLUDED = "excluded"
    UNSUPPORTED_SIZE = "unsupported_size"
    """Smaller or larger pictures, or more of them in a second, than the encoder takes."""
    TOO_SHORT = "too_short"
    UNCARRIED_STREAM = "uncarried_stream"
    """It holds a stream that the result could not carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftAlone:
    """A film that the policy leaves as it is."""

    reason: LeaveReason
    text: str
    """One sentence for people."""


Decision = EncodePlan | LeftAlone
