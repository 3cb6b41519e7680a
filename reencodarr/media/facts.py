"""Facts about one film, as frozen values in the field's own words. Made by `media.mediainfo`, decided on by rules."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from reencodarr.units import Bytes, Seconds


class Hdr(StrEnum):
    """The dynamic range of a video track; the richest format wins (Dolby Vision over HDR10+ over HDR10)."""

    SDR = "sdr"
    HLG = "hlg"
    PQ = "pq"
    """PQ transfer without mastering metadata."""
    HDR10 = "hdr10"
    HDR10_PLUS = "hdr10plus"
    DOLBY_VISION = "dolby_vision"


class Scan(StrEnum):
    """How pictures are stored."""

    PROGRESSIVE = "progressive"
    INTERLACED = "interlaced"
    UNKNOWN = "unknown"


class RateMode(StrEnum):
    """Whether frames are evenly spaced. MediaInfo is wrong about Matroska; `media.packets` decides (measured)."""

    CONSTANT = "constant"
    VARIABLE = "variable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour:
    """Colour description in ffmpeg's names (`bt709`, `smpte2084`, `bt2020nc`, `tv`); None where not stated."""

    primaries: str | None = None
    transfer: str | None = None
    matrix: str | None = None
    range: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoTrack:
    """The film's video track (the first that is not an attached picture)."""

    codec: str
    """ffmpeg's codec name: `h264`, `hevc`, `av1`, `vp9`, `mpeg2video`; MediaInfo's format in lower case if unknown."""
    profile: str | None = None
    width: int
    """As stored, before rotation and pixel aspect."""
    height: int
    frame_rate: Fraction | None = None
    """The mean for variable rates."""
    rate_mode: RateMode = RateMode.UNKNOWN
    """MediaInfo's word, a hint only."""
    frames: int | None = None
    bit_depth: int = 8
    chroma: str = "4:2:0"
    scan: Scan = Scan.UNKNOWN
    rotation: int = 0
    """Degrees clockwise: 0, 90, 180, 270."""
    pixel_aspect: Fraction = Fraction(1)
    bitrate: int | None = None
    """Bits per second."""
    colour: Colour = Colour()
    hdr: Hdr = Hdr.SDR
    dolby_vision_profile: str | None = None
    """`5`, `7`, `8.1`, `8.4`, `10.1`; None when not Dolby Vision."""
    mastering_display: str | None = None
    max_cll: int | None = None
    max_fall: int | None = None
    language: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioTrack:
    """One audio track; its place in `MediaFacts.audio` is ffmpeg's N in `a:N`."""

    codec: str
    """ffmpeg's codec name (`aac`, `ac3`, `eac3`, `truehd`, `dts`, `flac`, `opus`, `pcm`, `mp3`, `mp2`, `vorbis`)."""
    lossless: bool = False
    """True for FLAC, ALAC, TrueHD, PCM and DTS-HD MA."""
    object_based: bool = False
    """Dolby Atmos or DTS:X: cannot be re-encoded without losing its objects."""
    channels: int
    layout: str | None = None
    """MediaInfo's channel layout words, `L R C LFE Ls Rs`."""
    bitrate: int | None = None
    """Bits per second; None where not stated (typical for lossless tracks)."""
    sample_rate: int | None = None
    language: str | None = None
    title: str | None = None
    default: bool = False
    forced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTrack:
    """One subtitle track."""

    codec: str
    """ffmpeg's codec name where known: `subrip`, `ass`, `hdmv_pgs_subtitle`, `dvd_subtitle`, `mov_text`."""
    language: str | None = None
    title: str | None = None
    default: bool = False
    forced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFacts:
    """What is known of one file from its headers."""

    container: str
    """`matroska`, `webm`, `mp4`, `mov`, `mpegts`, `mpegps`, `avi`, or MediaInfo's format in lower case."""
    size: Bytes
    duration: Seconds | None
    bitrate: int | None
    """Overall, bits per second."""
    title: str | None = None
    video: VideoTrack | None
    """None when the file has no video but attached pictures."""
    other_videos: int = 0
    """Further video tracks that are no attached pictures."""
    pictures: int = 0
    """Attached pictures (cover art)."""
    audio: tuple[AudioTrack, ...] = ()
    text: tuple[TextTrack, ...] = ()
    attachments: int = 0
    chapters: int = 0
    data_tracks: int = 0
    captions: bool = False
    """Closed captions inside the video's own packets, no stream of their own; AV1 by SVT-AV1 loses them (measured)."""
    edit_list: bool = False
    """True where MediaInfo shows that an edit list shifts or shortens the video."""
    content_year: int | None = None
    """The year the film was made, from its name or tags."""
