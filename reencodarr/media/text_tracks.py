"""A subtitle track's facts from MediaInfo's words, and which text tracks are streams of their own."""

from reencodarr.media import codecs
from reencodarr.media.facts import TextTrack
from reencodarr.media.mediainfo_document import Track

_INSIDE_VIDEO = ("A/53", "SCTE 20", "SCTE 128", "Ancillary data")


def is_stream(track: Track) -> bool:
    """False for captions that travel inside the video's own packets: ffmpeg counts no stream for them."""
    return not (track.text("MuxingMode") or "").startswith(_INSIDE_VIDEO)


def text_track(track: Track) -> TextTrack:
    """The facts of one subtitle track."""
    return TextTrack(
        codec=codecs.text(track),
        language=track.text("Language"),
        title=track.text("Title"),
        default=track.flag("Default"),
        forced=track.flag("Forced"),
    )
