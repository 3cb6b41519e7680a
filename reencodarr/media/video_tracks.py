"""A video track's facts from MediaInfo's words: size, rate, scan, rotation, pixel shape, and whether it is cover art.

Leaves colours to `colour`, codec names to `codecs`, and the truth about frame times to `packets`.
"""

from collections.abc import Sequence
from fractions import Fraction

from reencodarr.media import codecs, colour
from reencodarr.media.facts import RateMode, Scan, VideoTrack
from reencodarr.media.mediainfo_document import Track

_SCANS = {
    "Progressive": Scan.PROGRESSIVE,
    "Interlaced": Scan.INTERLACED,
    "MBAFF": Scan.INTERLACED,
    "PAFF": Scan.INTERLACED,
    "Mixed": Scan.INTERLACED,
}
_RATE_MODES = {"CFR": RateMode.CONSTANT, "VFR": RateMode.VARIABLE}

_NTSC = tuple(Fraction(1000 * whole, 1001) for whole in (15, 24, 30, 48, 60, 120, 240))
_NTSC_ROUNDING = Fraction(6, 10_000)
"""MediaInfo writes rates with three decimals («23.976») or as thousandths (29970/1000)."""

_PIXEL_ASPECTS = tuple(
    Fraction(wide, high)
    for wide, high in (
        # ITU-T H.264 table E-1, MPEG-4's, the shapes of MPEG-2 frames at 4:3 and 16:9, and ITU-R BT.601's.
        *((1, 1), (12, 11), (10, 11), (16, 11), (40, 33), (24, 11), (20, 11), (32, 11), (80, 33), (18, 11)),
        *((15, 11), (64, 33), (160, 99), (4, 3), (3, 2), (2, 1), (8, 9), (32, 27), (16, 15), (64, 45)),
        *((59, 54), (118, 81), (128, 117), (4320, 4739), (5760, 4739), (1, 2), (3, 4), (2, 3)),
    )
)
_PIXEL_ASPECT_ROUNDING = Fraction(51, 100_000)
"""MediaInfo writes pixel aspects with three decimals."""


def split(tracks: Sequence[Track]) -> tuple[list[Track], list[Track]]:
    """Video tracks as (real videos, pictures), both in their order.

    A track in a codec of pictures is a picture when it has one frame, or when another track is a real film.
    """
    films = [track for track in tracks if codecs.video(track) not in codecs.STILL_PICTURES]
    if not films:
        films = [track for track in tracks if (track.whole("FrameCount") or 0) > 1]
    return films, [track for track in tracks if track not in films]


def video_track(track: Track) -> VideoTrack:
    """The facts of one video track.

    Raises ValueError when its picture size is not known: its header is damaged.
    """
    width, height = track.whole("Width") or 0, track.whole("Height") or 0
    if width <= 0 or height <= 0:
        raise ValueError(f"the picture size of its {codecs.video(track)} video is not known")
    return VideoTrack(
        codec=codecs.video(track),
        profile=track.text("Format_Profile"),
        width=width,
        height=height,
        frame_rate=frame_rate(track),
        rate_mode=_RATE_MODES.get(track.text("FrameRate_Mode") or "", RateMode.UNKNOWN),
        frames=track.whole("FrameCount"),
        bit_depth=track.whole("BitDepth") or 8,
        chroma=_chroma(track),
        scan=_SCANS.get(track.text("ScanType") or "", Scan.UNKNOWN),
        rotation=_rotation(track),
        pixel_aspect=pixel_aspect(track),
        bitrate=track.whole("BitRate") or None,
        colour=colour.colour(track),
        hdr=colour.hdr(track),
        dolby_vision_profile=colour.dolby_vision_profile(track),
        mastering_display=colour.mastering_display(track),
        max_cll=track.whole("MaxCLL"),
        max_fall=track.whole("MaxFALL"),
        language=track.text("Language"),
        title=track.text("Title"),
    )


def frame_rate(track: Track) -> Fraction | None:
    """Frames per second; what MediaInfo rounds to three decimals becomes the NTSC rate that it was."""
    numerator, denominator = track.number("FrameRate_Num"), track.number("FrameRate_Den")
    stated = numerator / denominator if numerator and denominator else track.number("FrameRate")
    if not stated or stated < 0:
        return None
    return next((rate for rate in _NTSC if abs(rate - stated) < _NTSC_ROUNDING), stated)


def pixel_aspect(track: Track) -> Fraction:
    """Width of a pixel over its height.

    A known shape is restored from MediaInfo's three decimals; any other is exact to one in a thousand only.
    """
    stated = track.number("PixelAspectRatio")
    if not stated or stated < 0:
        return Fraction(1)
    nearest = min(_PIXEL_ASPECTS, key=lambda shape: abs(shape - stated))
    return nearest if abs(nearest - stated) < _PIXEL_ASPECT_ROUNDING else stated


def edited(track: Track) -> bool:
    """True where MediaInfo shows that an edit list shifts or shortens the track."""
    return track.text("Source_Duration") is not None or track.extra.get("Source_Delay", "0") != "0"


def _chroma(track: Track) -> str:
    stated = track.text("ChromaSubsampling")
    if stated is not None:
        return stated
    return "4:4:4" if (track.text("ColorSpace") or "").startswith("RGB") else "4:2:0"


def _rotation(track: Track) -> int:
    """Degrees clockwise to the nearest quarter; MediaInfo also turns clockwise (ffmpeg's matrix angle is negative)."""
    return round((track.number("Rotation") or 0) / 90) * 90 % 360
