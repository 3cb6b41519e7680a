"""Why a film is left alone. Each reason is one function; the first that applies is told."""

from dataclasses import dataclass
from fractions import Fraction

from reencodarr.encoding import audio, containers, picture
from reencodarr.encoding.plan import LeaveReason, LeftAlone
from reencodarr.encoding.policy import Policy
from reencodarr.media.facts import Hdr, MediaFacts, Scan, VideoTrack

SMALLEST_SIDE = 64
"""Below it SVT-AV1 switches tools off, and 1x1 fails (measured)."""
LARGEST_WIDTH, LARGEST_HEIGHT, HIGHEST_RATE = 16384, 8704, 240
"""SVT-AV1's own limits."""
SHORTEST_BELIEVED = 0.001
"""Seconds; no film is that short, so that a header that says so tells no bitrate."""

_DOLBY_VISION_WITH_BASE = ("7", "8")
"""Profiles whose picture is HDR10, HLG or SDR when Dolby Vision's layer is ignored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One film before the policy."""

    facts: MediaFacts
    video: VideoTrack
    links: int
    policy: Policy


def no_video() -> LeftAlone:
    """What is said of a file without a video track."""
    return LeftAlone(reason=LeaveReason.NO_VIDEO, text="It holds no video, only sound, text or a picture.")


def first(facts: MediaFacts, video: VideoTrack, *, links: int, policy: Policy) -> LeftAlone | None:
    """The first reason to leave the film alone; None when there is none."""
    case = Case(facts=facts, video=video, links=links, policy=policy)
    for refusal in _REFUSALS:
        left = refusal(case)
        if left is not None:
            return left
    return None


def video_bitrate(facts: MediaFacts) -> int | None:
    """Bits per second of the video; where not stated, what the sound leaves of the whole. None when unknown."""
    stated = facts.video.bitrate if facts.video is not None else None
    if stated is not None and stated > 0:
        return stated
    overall = facts.bitrate or 0
    if overall <= 0 and facts.duration is not None and facts.duration > SHORTEST_BELIEVED:
        overall = int(facts.size * 8 / facts.duration)
    rest = overall - sum(track.bitrate or 0 for track in facts.audio)
    return rest if rest > 0 else None


def _several_videos(case: Case) -> LeftAlone | None:
    if case.facts.other_videos < 1:
        return None
    count = case.facts.other_videos + 1
    text = f"It holds {count} video tracks; a film with more than one is not re-encoded, so that none is lost."
    return LeftAlone(reason=LeaveReason.SEVERAL_VIDEOS, text=text)


def _already_av1(case: Case) -> LeftAlone | None:
    if case.video.codec != "av1":
        return None
    text = "It already is AV1; to encode it again could only lose quality."
    return LeftAlone(reason=LeaveReason.ALREADY_AV1, text=text)


def _size(case: Case) -> LeftAlone | None:
    width, height = case.video.width, case.video.height
    wide, high = max(width, height), min(width, height)
    rate = case.video.frame_rate or Fraction(0)
    if high < SMALLEST_SIDE:
        text = (
            f"Its picture ({width}x{height}) is too small for AV1: the encoder works well from {SMALLEST_SIDE} pixels."
        )
    elif wide > LARGEST_WIDTH or high > LARGEST_HEIGHT:
        text = f"Its picture ({width}x{height}) is larger than the encoder takes ({LARGEST_WIDTH}x{LARGEST_HEIGHT})."
    elif rate > HIGHEST_RATE:
        text = f"It has {float(rate):g} pictures a second; the encoder takes {HIGHEST_RATE}."
    else:
        return None
    return LeftAlone(reason=LeaveReason.UNSUPPORTED_SIZE, text=text)


def _dolby_vision(case: Case) -> LeftAlone | None:
    if case.video.hdr is not Hdr.DOLBY_VISION:
        return None
    profile = case.video.dolby_vision_profile
    name = f"Dolby Vision (profile {profile})" if profile else "Dolby Vision"
    if profile is None or profile.split(".")[0] not in _DOLBY_VISION_WITH_BASE:
        text = f"It is {name}, whose colours would be wrong without Dolby Vision, and a re-encode cannot keep that."
    elif case.policy.source.dolby_vision == "leave":
        text = f"It is {name}, which a re-encode would lose."
    else:
        return None
    return LeftAlone(reason=LeaveReason.DOLBY_VISION, text=text)


def _hdr10_plus(case: Case) -> LeftAlone | None:
    if case.video.hdr is not Hdr.HDR10_PLUS or case.policy.source.hdr10_plus == "drop":
        return None
    text = "It is HDR10+; a re-encode would keep HDR10 and lose the metadata of each scene."
    return LeftAlone(reason=LeaveReason.HDR10_PLUS, text=text)


def _chroma(case: Case) -> LeftAlone | None:
    if case.video.chroma == "4:2:0":
        return None
    text = f"Its colours are stored as {case.video.chroma}; the encoder would silently thin them out to 4:2:0."
    return LeftAlone(reason=LeaveReason.UNSUPPORTED_CHROMA, text=text)


def _bit_depth(case: Case) -> LeftAlone | None:
    if case.video.bit_depth <= 10:
        return None
    text = f"It has {case.video.bit_depth} bits a colour; the encoder would silently cut them to 10."
    return LeftAlone(reason=LeaveReason.UNSUPPORTED_BIT_DEPTH, text=text)


def _interlaced(case: Case) -> LeftAlone | None:
    if case.video.scan is not Scan.INTERLACED or case.policy.source.interlaced == "deinterlace":
        return None
    text = "It is interlaced; AV1 is not, and deinterlacing changes the picture, which the policy does not allow."
    return LeftAlone(reason=LeaveReason.INTERLACED, text=text)


def _hard_linked(case: Case) -> LeftAlone | None:
    if case.links <= 1 or case.policy.source.hard_linked == "replace":
        return None
    text = (
        f"The file has {case.links} names (hard links): to replace one would free nothing and part it from the others."
    )
    return LeftAlone(reason=LeaveReason.HARD_LINKED, text=text)


def _too_short(case: Case) -> LeftAlone | None:
    duration, shortest = case.facts.duration, case.policy.source.shortest_seconds
    if duration is None or duration >= shortest:
        return None
    text = f"It lasts {duration:.1f} s, less than the {shortest:g} s from which the policy encodes."
    return LeftAlone(reason=LeaveReason.TOO_SHORT, text=text)


def _low_bitrate(case: Case) -> LeftAlone | None:
    bitrate = video_bitrate(case.facts)
    size = picture.lines(case.video.width, case.video.height)
    row = case.policy.source.lowest_bitrate(size)
    least = row.kbps if case.video.hdr is Hdr.SDR else row.hdr_kbps
    if bitrate is None or bitrate >= least * 1000:
        return None
    text = f"Its video has {bitrate // 1000} kbit/s, little for {size} lines already (the policy encodes from {least})."
    return LeftAlone(reason=LeaveReason.LOW_BITRATE, text=text)


def _uncarried(case: Case) -> LeftAlone | None:
    names = list(audio.uncarried(case.facts))
    if case.policy.source.subtitles == "leave":
        names += containers.uncarried_text(case.facts)
    if case.policy.source.data == "leave" and case.facts.data_tracks:
        names.append(f"{case.facts.data_tracks} data tracks")
    if not names:
        return None
    text = f"A re-encode would lose its {' and '.join(names)}, which no result can carry."
    return LeftAlone(reason=LeaveReason.UNCARRIED_STREAM, text=text)


_REFUSALS = (
    _several_videos,
    _already_av1,
    _size,
    _dolby_vision,
    _hdr10_plus,
    _chroma,
    _bit_depth,
    _interlaced,
    _hard_linked,
    _too_short,
    _low_bitrate,
    _uncarried,
)
"""What a film is comes before where it lies, and both before what it would gain."""
