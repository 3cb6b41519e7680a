"""What Matroska and MP4 can hold, which of them a result becomes, and what happens to subtitles and data tracks.

The tables are what the muxers of ffmpeg 9.0 take; most were tried. Matroska is the default: it holds everything but
data tracks. Pictures fit both; attached files, such as fonts, fit Matroska alone.
"""

from collections.abc import Iterable

from reencodarr.encoding.plan import AudioAction, AudioPlan, TextAction, TextPlan
from reencodarr.encoding.policy import Policy
from reencodarr.media.facts import AudioTrack, MediaFacts, TextTrack

MKV, MP4 = "mkv", "mp4"

MATROSKA_AUDIO = frozenset(
    ["aac", "ac3", "adpcm_ima_wav", "adpcm_ms", "alac", "dts", "eac3", "flac", "mlp", "mp1", "mp2", "mp3", "opus"]
    + ["pcm", "pcm_alaw", "pcm_mulaw", "truehd", "tta", "vorbis", "wavpack", "wmapro", "wmav1", "wmav2"]
)
MP4_AUDIO = frozenset({"aac", "ac3", "alac", "dts", "eac3", "flac", "mp2", "mp3", "opus", "truehd", "vorbis"})
MATROSKA_TEXT = frozenset(
    ["arib_caption", "ass", "dvb_subtitle", "dvd_subtitle", "hdmv_pgs_subtitle", "hdmv_text_subtitle", "ssa"]
    + ["subrip", "text", "webvtt"]
)
CONVERTED_TEXT = frozenset({"mov_text"})
"""Matroska refuses it, so that it becomes SubRip; its words, times and basic styles stay."""
MP4_TEXT = frozenset({"mov_text"})
CAPTIONS = "captions inside the video"
"""How they are named where they are lost."""

_DISC_PCM = frozenset({"mpegts", "mpegps"})
"""Their PCM has a packing of its own (`pcm_bluray`, `pcm_dvd`), which no other container takes."""


def matroska_carries(track: AudioTrack, source: str) -> bool:
    """Whether Matroska takes this track as it is, coming from a container `source`."""
    if track.codec == "pcm" and source in _DISC_PCM:
        return False
    return track.codec in MATROSKA_AUDIO


def choice(facts: MediaFacts, audio: Iterable[AudioPlan], policy: Policy) -> tuple[str, str]:
    """The container of the result, and why, as a sentence."""
    if facts.container != "mp4":
        return MKV, "The result is Matroska, which holds every kind of track."
    if policy.container.mp4 == "mkv":
        return MKV, "The result is Matroska instead of MP4, as the policy says."
    unfit = _unfit_for_mp4(facts, audio)
    if unfit:
        return MKV, f"The result is Matroska, as MP4 cannot hold its {', '.join(unfit)}."
    return MP4, "The result stays MP4, as all that it keeps fits."


def text_plans(facts: MediaFacts, container: str) -> tuple[TextPlan, ...]:
    """What happens to each subtitle track, in order."""
    return tuple(_text_plan(number, track, container) for number, track in enumerate(facts.text))


def uncarried_text(facts: MediaFacts) -> tuple[str, ...]:
    """The subtitles that no result can carry, named one by one."""
    tracks = tuple(
        _text_name(number, track)
        for number, track in enumerate(facts.text, start=1)
        if track.codec not in MATROSKA_TEXT | CONVERTED_TEXT
    )
    return (*tracks, CAPTIONS) if facts.captions else tracks


def dropped(facts: MediaFacts) -> tuple[str, ...]:
    """What the result cannot carry, named one by one."""
    data = tuple(f"data track {number} of {facts.data_tracks}" for number in range(1, facts.data_tracks + 1))
    return uncarried_text(facts) + data


def _unfit_for_mp4(facts: MediaFacts, audio: Iterable[AudioPlan]) -> list[str]:
    copied = [facts.audio[plan.track].codec for plan in audio if plan.action is AudioAction.COPY]
    unfit = [f"{codec} sound" for codec in copied if codec not in MP4_AUDIO]
    kept = [track.codec for track in facts.text if track.codec in MATROSKA_TEXT | CONVERTED_TEXT]
    unfit += [f"{codec} subtitles" for codec in kept if codec not in MP4_TEXT]
    if facts.attachments:
        unfit.append("attached files")
    return list(dict.fromkeys(unfit))


def _text_plan(stream: int, track: TextTrack, container: str) -> TextPlan:
    if container == MP4 and track.codec in MP4_TEXT:
        return TextPlan(track=stream, action=TextAction.COPY)
    if track.codec in CONVERTED_TEXT:
        reason = "becomes SubRip, as Matroska cannot hold MP4's timed text"
        return TextPlan(track=stream, action=TextAction.SRT, reason=reason)
    if track.codec in MATROSKA_TEXT:
        return TextPlan(track=stream, action=TextAction.COPY)
    return TextPlan(track=stream, action=TextAction.DROP, reason="is left out: no result can carry it")


def _text_name(number: int, track: TextTrack) -> str:
    """A subtitle track as people count them, from 1."""
    words = [track.codec or "unknown kind", *([track.language] if track.language else [])]
    return f"subtitle track {number} ({', '.join(words)})"
