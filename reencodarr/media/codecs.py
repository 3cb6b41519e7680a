"""MediaInfo's names of codecs and containers in ffmpeg's words: one table for each kind.

What a table does not know becomes MediaInfo's own name in lower case, so that it can be shown and asked for.
"""

import re

from reencodarr.media.mediainfo_document import Track

STILL_PICTURES = frozenset({"mjpeg", "png", "bmp", "gif", "tiff", "webp"})
"""Codecs in which cover art is stored; Motion JPEG is also that of real films."""

LOSSLESS = frozenset({"flac", "alac", "truehd", "mlp", "pcm", "tta", "ape", "wmalossless"})
"""Audio codecs that are never lossy."""

_CONTAINERS = {
    "matroska": "matroska",
    "webm": "webm",
    "mpeg-4": "mp4",
    "quicktime": "mov",
    "bdav": "mpegts",
    "mpeg-ts": "mpegts",
    "mpeg-ps": "mpegps",
    "avi": "avi",
    "windows media": "asf",
    "flash video": "flv",
    "realmedia": "rm",
}

_VIDEO_IDS = {
    # What the container says where MediaInfo's format is vague or missing.
    "v_av1": "av1",
    "av01": "av1",
    "dav1": "av1",
    "h264": "h264",
    "hevc": "hevc",
    "div3": "msmpeg4v3",
    "div4": "msmpeg4v3",
    "mp43": "msmpeg4v3",
    "mp42": "msmpeg4v2",
    "mpg4": "msmpeg4v1",
    "wmv1": "wmv1",
    "wmv2": "wmv2",
    "wmv3": "wmv3",
    "dx50": "mpeg4",
    "xvid": "mpeg4",
    "divx": "mpeg4",
}
_VIDEO = {
    "avc": "h264",
    "hevc": "hevc",
    "av1": "av1",
    "vvc": "vvc",
    "vp8": "vp8",
    "vp9": "vp9",
    "mpeg-4 visual": "mpeg4",
    "vc-1": "vc1",
    "theora": "theora",
    "prores": "prores",
    "vc-3": "dnxhd",
    "dnxhd": "dnxhd",
    "jpeg": "mjpeg",
    "m-jpeg": "mjpeg",
    "jpeg 2000": "jpeg2000",
    "png": "png",
    "ffv1": "ffv1",
    "huffyuv": "huffyuv",
    "utvideo": "utvideo",
    "dv": "dvvideo",
    "h.263": "h263",
    "sorenson spark": "flv1",
    "sorenson 3": "svq3",
    "realvideo 3": "rv30",
    "realvideo 4": "rv40",
    "cinepak": "cinepak",
    "cineform": "cfhd",
    "dirac": "dirac",
    "yuv": "rawvideo",
    "rgb": "rawvideo",
}
_AUDIO = {
    "aac": "aac",
    "usac": "aac",
    "ac-3": "ac3",
    "e-ac-3": "eac3",
    "ac-4": "ac4",
    "mlp fba": "truehd",
    "mlp": "mlp",
    "truehd": "truehd",
    "dts": "dts",
    "flac": "flac",
    "alac": "alac",
    "opus": "opus",
    "vorbis": "vorbis",
    "pcm": "pcm",
    "adpcm": "adpcm",
    "wma": "wmav2",
    "monkey's audio": "ape",
    "tta": "tta",
    "wavpack": "wavpack",
    "mpeg-h 3d audio": "mpegh_3d_audio",
    "iamf": "iamf",
    "amr": "amr_nb",
}
_MPEG_AUDIO_LAYERS = {"Layer 1": "mp1", "Layer 2": "mp2", "Layer 3": "mp3"}
_TEXT = {
    "utf-8": "subrip",
    "subrip": "subrip",
    "ass": "ass",
    "ssa": "ass",
    "pgs": "hdmv_pgs_subtitle",
    "hdmv text": "hdmv_text_subtitle",
    "vobsub": "dvd_subtitle",
    "rle": "dvd_subtitle",
    "timed text": "mov_text",
    "webvtt": "webvtt",
    "dvb subtitle": "dvb_subtitle",
    "teletext": "dvb_teletext",
    "teletext subtitle": "dvb_teletext",
    "eia-608": "eia_608",
    "ttml": "ttml",
}


def container(general: Track) -> str:
    """ffmpeg's word for the container; QuickTime is told from MP4 by its brand."""
    name = (general.text("Format") or "").lower()
    quicktime = name == "mpeg-4" and (general.text("CodecID") or "").strip() == "qt"
    return _CONTAINERS.get("quicktime" if quicktime else name, name)


def video(track: Track) -> str:
    """ffmpeg's name of a video track's codec."""
    name = (track.text("Format") or "").lower()
    identifier = (track.text("CodecID") or "").strip().lower()
    if name == "mpeg video":
        return "mpeg1video" if track.text("Format_Version") == "1" else "mpeg2video"
    return _VIDEO_IDS.get(identifier) or _VIDEO.get(name) or name or identifier


def audio(track: Track) -> str:
    """ffmpeg's name of an audio track's codec; all kinds of PCM are `pcm`, all kinds of DTS `dts`."""
    name = (track.text("Format") or "").lower()
    if name == "mpeg audio":
        return _MPEG_AUDIO_LAYERS.get(track.text("Format_Profile") or "", "mp2")
    if name == "wma" and (track.text("Format_Profile") or "").startswith("Lossless"):
        return "wmalossless"
    if name == "ac-3" and _bit_stream(track) > 10:
        return "eac3"
    # Older versions put the profile behind it: «AAC LC SBR», «MLP FBA 16-ch».
    known = [codec for codec in _AUDIO if name == codec or name.startswith(codec + " ")]
    return _AUDIO[max(known, key=len)] if known else name or (track.text("CodecID") or "").lower()


def text(track: Track) -> str:
    """ffmpeg's name of a subtitle track's codec."""
    name = (track.text("Format") or "").lower()
    return _TEXT.get(name) or name or (track.text("CodecID") or "").strip().lower()


def _bit_stream(track: Track) -> int:
    """AC-3's bit stream identification: above 10 it is E-AC-3 (ATSC A/52 annex E), whatever MediaInfo calls it."""
    found = re.match(r"\d+", track.extra.get("bsid", ""))
    return int(found[0]) if found else 0
