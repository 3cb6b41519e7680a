"""Colour and dynamic range of a video track, from MediaInfo's words.

Knows the names of ITU-T H.273's code points on both sides (MediaInfo's and ffmpeg's) and how the HDR formats are
told apart; decides nothing about what may be done with them.
"""

import re

from reencodarr.media.facts import Colour, Hdr
from reencodarr.media.mediainfo_document import Track

_PRIMARIES = {
    "BT.709": "bt709",
    "BT.470 System M": "bt470m",
    "BT.601 PAL": "bt470bg",
    "BT.601 NTSC": "smpte170m",
    "SMPTE 240M": "smpte240m",
    "Generic film": "film",
    "BT.2020": "bt2020",
    "XYZ": "smpte428",
    "DCI P3": "smpte431",
    "Display P3": "smpte432",
    "EBU Tech 3213": "ebu3213",
}
_TRANSFERS = {
    "BT.709": "bt709",
    "BT.470 System M": "bt470m",
    "BT.470 System B/G": "bt470bg",
    "BT.601": "smpte170m",
    "SMPTE 240M": "smpte240m",
    "Linear": "linear",
    "Logarithmic (100:1)": "log100",
    "Logarithmic (316.22777:1)": "log316",
    "xvYCC": "iec61966-2-4",
    "BT.1361": "bt1361e",
    "sRGB/sYCC": "iec61966-2-1",
    "BT.2020 (10-bit)": "bt2020-10",
    "BT.2020 (12-bit)": "bt2020-12",
    "PQ": "smpte2084",
    "SMPTE 428M": "smpte428",
    "HLG": "arib-std-b67",
}
_MATRICES = {
    "Identity": "gbr",
    "BT.709": "bt709",
    "FCC 73.682": "fcc",
    "BT.470 System B/G": "bt470bg",
    "BT.601": "smpte170m",
    "SMPTE 240M": "smpte240m",
    "YCgCo": "ycgco",
    "BT.2020 non-constant": "bt2020nc",
    "BT.2020 constant": "bt2020c",
    "Y'D'zD'x": "smpte2085",
    "Chromaticity-derived non-constant": "chroma-derived-nc",
    "Chromaticity-derived constant": "chroma-derived-c",
    "ICtCp": "ictcp",
}
_RANGES = {"Limited": "tv", "Full": "pc"}

_DOLBY_PROFILE = re.compile(r"\bd[va][a-z0-9]{2}\.(\d\d)")
_DOLBY_COMPATIBILITY = {"HDR10": "1", "SDR": "2", "HLG": "4"}
"""MediaInfo's words for `dv_bl_signal_compatibility_id`; Blu-ray (6) belongs to profile 7 and adds nothing."""


def colour(track: Track) -> Colour:
    """What the track states about its colours; where container and stream differ, MediaInfo believes the container."""
    return Colour(
        primaries=_known(_PRIMARIES, track, "colour_primaries"),
        transfer=_known(_TRANSFERS, track, "transfer_characteristics"),
        matrix=_known(_MATRICES, track, "matrix_coefficients"),
        range=_known(_RANGES, track, "colour_range"),
    )


def hdr(track: Track) -> Hdr:
    """The richest dynamic range that the track declares.

    Formats are named by what they are, never by a word that appears somewhere: «SMPTE 240M» is SDR, HLG is HDR,
    and a mastering display on a BT.709 picture changes nothing.
    """
    formats = " / ".join((*track.parts("HDR_Format"), *track.parts("HDR_Format_Compatibility")))
    transfers = track.parts("transfer_characteristics")
    if "Dolby Vision" in formats:
        return Hdr.DOLBY_VISION
    if "2094 App 4" in formats or "HDR10+" in formats:
        return Hdr.HDR10_PLUS
    if "HLG" in transfers:
        return Hdr.HLG
    if "PQ" in transfers:
        return Hdr.HDR10 if "2086" in formats or mastering_display(track) else Hdr.PQ
    if "HDR10" in formats and not transfers:
        return Hdr.HDR10
    return Hdr.SDR


def dolby_vision_profile(track: Track) -> str | None:
    """`5`, `7`, `8.1`, `8.4`, `10.1`; `8` or `10` where no compatibility is stated; None when not Dolby Vision."""
    formats = track.parts("HDR_Format")
    if "Dolby Vision" not in formats:
        return None
    found = _DOLBY_PROFILE.search(track.text("HDR_Format_Profile") or "")
    if found is None:
        return "unknown"
    profile = str(int(found[1]))
    if profile not in {"8", "10"}:
        return profile
    compatibility = track.parts("HDR_Format_Compatibility")
    # One entry for each format; a single entry belongs to the only format that has one.
    place = formats.index("Dolby Vision") if len(compatibility) == len(formats) else 0
    minor = _DOLBY_COMPATIBILITY.get(compatibility[place] if compatibility else "")
    return f"{profile}.{minor}" if minor else profile


def mastering_display(track: Track) -> str | None:
    """SMPTE ST 2086 metadata in MediaInfo's words; None where not stated."""
    stated = (track.text("MasteringDisplay_ColorPrimaries"), track.text("MasteringDisplay_Luminance"))
    return ", ".join(part for part in stated if part) or None


def _known(names: dict[str, str], track: Track, field: str) -> str | None:
    """The first of the field's values that ffmpeg has a name for."""
    return next((names[part] for part in track.parts(field) if part in names), None)
