"""The streams of an analysed file in words, one line a stream."""

from pydantic import TypeAdapter, ValidationError

from reencodarr.media.facts import AudioTrack, MediaFacts, TextTrack, VideoTrack

_media = TypeAdapter(MediaFacts)


def described(document: str) -> tuple[str, ...]:
    """One line a stream of the `MediaFacts` in `document`; none where another version wrote it."""
    try:
        media = _media.validate_json(document)
    except ValidationError:
        return ()
    found = [] if media.video is None else [_video_words(media.video)]
    return tuple(found + [_audio_words(track) for track in media.audio] + [_text_words(track) for track in media.text])


def _video_words(track: VideoTrack) -> str:
    return _words("video", track.codec, f"{track.width}x{track.height}", f"{track.bit_depth} bit", track.language)


def _audio_words(track: AudioTrack) -> str:
    bitrate = f"{track.bitrate // 1000} kbit/s" if track.bitrate else None
    return _words("audio", track.codec, f"{track.channels} channels", bitrate, track.language, track.title)


def _text_words(track: TextTrack) -> str:
    return _words("subtitles", track.codec, "forced" if track.forced else None, track.language, track.title)


def _words(*words: str | None) -> str:
    kind, codec, *rest = (word for word in words if word)
    return f"{kind} {codec}" + "".join(f", {word}" for word in rest)
