"""An audio track's facts from MediaInfo's words: codec, losslessness, objects, channels."""

from reencodarr.media import codecs
from reencodarr.media.facts import AudioTrack
from reencodarr.media.mediainfo_document import Track

_OBJECT_CODECS = frozenset({"iamf", "mpegh_3d_audio"})
_OBJECT_FEATURES = frozenset({"JOC", "16-ch", "X"})
"""`JOC`: Atmos in E-AC-3; `16-ch`: Atmos in TrueHD; `X`: DTS:X beside the lossless `XLL`."""
_OBJECT_NAMES = ("Atmos", "DTS:X")


def audio_track(track: Track) -> AudioTrack:
    """The facts of one audio track."""
    return AudioTrack(
        codec=codecs.audio(track),
        lossless=_lossless(track),
        object_based=_object_based(track),
        channels=_channels(track),
        layout=track.text("ChannelLayout"),
        bitrate=track.whole("BitRate") or None,
        sample_rate=track.whole("SamplingRate"),
        language=track.text("Language"),
        title=track.text("Title"),
        default=track.flag("Default"),
        forced=track.flag("Forced"),
    )


def _lossless(track: Track) -> bool:
    """By codec, and for DTS by its lossless extension (DTS-HD MA); DTS-HD High Resolution and plain DTS are lossy."""
    return (
        codecs.audio(track) in codecs.LOSSLESS
        or track.text("Compression_Mode") == "Lossless"
        or "XLL" in _features(track)
    )


def _object_based(track: Track) -> bool:
    name = track.text("Format_Commercial_IfAny") or ""
    return (
        codecs.audio(track) in _OBJECT_CODECS
        or any(word in name for word in _OBJECT_NAMES)
        or bool(_OBJECT_FEATURES & _features(track))
    )


def _features(track: Track) -> set[str]:
    """Words of the profile, which older versions of MediaInfo put behind the format."""
    return {word for field in ("Format", "Format_AdditionalFeatures") for word in (track.text(field) or "").split()}


def _channels(track: Track) -> int:
    """MediaInfo's count, else the names in its layout (`L R C LFE Ls Rs Lb Rb` is 8), else 0: not stated."""
    stated = track.whole("Channels")
    if stated:
        return stated
    return len([name for name in (track.text("ChannelLayout") or "").split() if name != "Objects"])
