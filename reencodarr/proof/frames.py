"""Are the frames and packets of a result the source's, each at its time? Pure.

Times are compared in whole units of both time bases; they are equal when they differ by no more than one tick of the
coarser one (Matroska's millisecond).
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from reencodarr.encoding import film
from reencodarr.encoding.plan import AudioAction, EncodePlan, TextAction
from reencodarr.media.facts import MediaFacts
from reencodarr.proof.tracks import Track, Tracks

ENCODED_AUDIO_SLACK = 0.1
"""Seconds by which an encoded audio track may begin or end elsewhere: run-up and last frame of two codecs."""

HIDES_PACKETS = frozenset({"vp8", "mpeg4"})
"""Codecs with packets that are never shown: VP8's alternate references, MPEG-4's empty pictures."""

HIDDEN_SHARE = Fraction(1, 4)
"""No encoder hides more of its packets."""

STORES_FIELDS = frozenset({"h264", "mpeg2video", "vc1"})
"""Codecs that may store the two fields of a frame as two packets."""

WRITTEN_TEXT = frozenset({"subrip", "ass", "webvtt", "mov_text", "text"})
"""Subtitles whose packets say how long they are shown; pictures are taken away by a packet of their own."""

_MERGED_TEXT = frozenset({"hdmv_pgs_subtitle"})
"""Stored in pieces by transport streams, whole by Matroska."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Presentation times in order, as integers in a time base."""

    pts: Sequence[int]
    time_base: Fraction

    def seconds(self, place: int) -> float:
        return float(self.pts[place] * self.time_base)


def times(track: Track) -> Times:
    """The times of a track's packets."""
    return Times(pts=track.pts, time_base=track.time_base)


def shift(source: Times, result: Times, facts: MediaFacts) -> Fraction:
    """Seconds by which the whole film was moved: a broadcast clock starts at zero, anything else stays."""
    if facts.container not in film.CLOCK_CONTAINERS or not source.pts or not result.pts:
        return Fraction(0)
    return source.pts[0] * source.time_base - result.pts[0] * result.time_base


def unequal(source: Times, result: Times, *, by: Fraction = Fraction(0), ticks: int = 1) -> list[int]:
    """The places at which times differ by more than `ticks` of the coarser time base, `by` subtracted from the source.

    Compares as many as both have.
    """
    scale = lcm(source.time_base.denominator, result.time_base.denominator, by.denominator)
    of_source, of_result = int(source.time_base * scale), int(result.time_base * scale)
    moved, tick = int(by * scale), ticks * max(of_source, of_result)
    return [
        place
        for place, (old, new) in enumerate(zip(source.pts, result.pts, strict=False))
        if abs(old * of_source - moved - new * of_result) > tick
    ]


def video_differences(source: Times, result: Times, *, by: Fraction = Fraction(0)) -> tuple[str, ...]:
    """What is wrong with the result's frames, in words; nothing when each is there at its time."""
    found: list[str] = []
    if len(source.pts) != len(result.pts):
        found.append(f"the source shows {len(source.pts)} frames, the result {len(result.pts)}")
    wrong = unequal(source, result, by=by)
    if wrong:
        first = wrong[0]
        old, new = source.seconds(first) - float(by), result.seconds(first)
        found.append(
            f"{len(wrong)} frames are not at their time, the first is frame {first}: {new:.3f} s for {old:.3f} s"
        )
    return tuple(found)


def packets_without_picture(source: Track, shown: Times, *, interlaced: bool) -> tuple[str, ...]:
    """Packets of the source that gave no picture when it was decoded, unless that is as it should be.

    It is for packets that a codec hides, for fields that share a frame, before the first picture (leading pictures of a
    broken-off group), and for one last, cut off packet.
    """
    packets, pictures = len(source.pts) + source.untimed, len(shown.pts)
    leading = 0
    if not source.untimed and shown.pts:
        first = shown.pts[0] * shown.time_base / source.time_base
        leading = bisect_left(source.pts, int(first))
    missing = packets - leading - pictures
    fields = interlaced and source.codec in STORES_FIELDS and missing <= pictures
    hidden = source.codec in HIDES_PACKETS and missing <= HIDDEN_SHARE * packets
    if missing <= 1 or fields or hidden:
        return ()
    return (f"{missing} of the source's {packets} packets gave no picture: it is damaged",)


def copied_differences(source: Track, result: Track, *, by: Fraction) -> tuple[str, ...]:
    """What is wrong with a copied stream, in words: number, content and times of its packets."""
    name = f"{source.kind} {source.place}"
    found: list[str] = []
    if source.digest != result.digest:
        found.append(f"{name}: the content of its packets is not the source's")
    if source.codec in _MERGED_TEXT and len(result.pts) < len(source.pts):
        return tuple(found)
    if len(source.pts) + source.untimed != len(result.pts) + result.untimed:
        of = f"{len(result.pts)} packets for the source's {len(source.pts)}"
        return (*found, f"{name}: {of}")
    return (*found, *_moved(name, times(source), times(result), by=by), *_taken_away(name, source, result, by=by))


def encoded_differences(source: Track, result: Track, *, by: Fraction) -> tuple[str, ...]:
    """What is wrong with an audio track that was encoded anew: it must begin and end with the source's."""
    name = f"{source.kind} {source.place}"
    if not result.pts:
        return (f"{name}: it is empty",)
    heard_from = source.start_seconds - float(by)
    found: list[str] = []
    if abs(result.start_seconds - heard_from) > ENCODED_AUDIO_SLACK:
        found.append(f"{name}: begins at {result.start_seconds:.3f} s instead of {heard_from:.3f} s")
    ends = source.end_seconds - float(by)
    if abs(result.end_seconds - ends) > ENCODED_AUDIO_SLACK:
        found.append(f"{name}: ends at {result.end_seconds:.3f} s instead of {ends:.3f} s")
    return tuple(found)


def converted_differences(source: Track, result: Track, *, by: Fraction) -> tuple[str, ...]:
    """What is wrong with subtitles that were converted: as many, at the same times."""
    name = f"{source.kind} {source.place}"
    if len(source.pts) != len(result.pts):
        return (f"{name}: {len(result.pts)} subtitles for the source's {len(source.pts)}",)
    return (*_moved(name, times(source), times(result), by=by), *_taken_away(name, source, result, by=by))


def other_differences(source: Tracks, result: Tracks, *, plan: EncodePlan, by: Fraction) -> tuple[str, ...]:
    """Everything that is wrong with audio and subtitles, as far as both files have them.

    `by` is what the video was moved by: that sound and picture stay together is part of being at their time.
    """
    found: list[str] = []
    for audio, new in zip(plan.audio, result.audio, strict=False):
        if audio.track < len(source.audio):
            compare = copied_differences if audio.action is AudioAction.COPY else encoded_differences
            found += compare(source.audio[audio.track], new, by=by)
    for (place, action), new in zip(film.kept_text(plan), result.text, strict=False):
        if place < len(source.text):
            compare = copied_differences if action is TextAction.COPY else converted_differences
            found += compare(source.text[place], new, by=by)
    return tuple(found)


def _moved(name: str, source: Times, result: Times, *, by: Fraction) -> tuple[str, ...]:
    wrong = unequal(source, result, by=by)
    if not wrong:
        return ()
    first = wrong[0]
    late = result.seconds(first) - source.seconds(first) + float(by)
    how = f"{abs(late):.3f} s too {'late' if late > 0 else 'early'} from packet {first} on"
    return (f"{name}: {len(wrong)} of {len(source.pts)} packets are not at their time, {how}",)


def _taken_away(name: str, source: Track, result: Track, *, by: Fraction) -> tuple[str, ...]:
    """Written subtitles that are shown longer or shorter; beginning and length are rounded apart, hence two ticks."""
    if source.codec not in WRITTEN_TEXT:
        return ()
    old = Times(pts=source.ends, time_base=source.time_base)
    new = Times(pts=result.ends, time_base=result.time_base)
    wrong = unequal(old, new, by=by, ticks=2)
    if not wrong:
        return ()
    first = wrong[0]
    ends = f"{new.seconds(first):.3f} s instead of {old.seconds(first) - float(by):.3f} s"
    return (f"{name}: {len(wrong)} subtitles end at another time, the first at {ends}",)
