"""Does a result hold all that its source holds, as the plan says? Pure; every difference is a sentence for people."""

from collections import Counter
from collections.abc import Iterator

from reencodarr.encoding import film
from reencodarr.encoding.plan import AudioAction, AudioPlan, EncodePlan, TextAction
from reencodarr.media.facts import MediaFacts
from reencodarr.proof.streams import Attachment, Contents, Mastering, Picture, Stream

KEPT_DISPOSITIONS = frozenset(
    {"default", "forced", "original", "comment", "hearing_impaired", "visual_impaired", "dub"}
)
"""Those that Matroska and MP4 both know, as far as ffmpeg writes them."""

ASPECT_SLACK = 0.005
"""Containers state the shape of a picture in whole pixels."""

CHAPTER_SLACK = 0.002
"""Seconds; some containers count chapters in milliseconds."""

DURATION_SLACK = 1.0
"""Seconds by which a result may be shorter than its source says; headers count silence and last subtitles."""

_GUESSED_DURATIONS = frozenset({"mpegps", "mpegts"})
"""Containers whose duration lavf estimates from the bit rate."""

# ST 2086 in AV1 is fixed-point: 1/65536 for chromaticity, 1/256 and 1/16384 for luminance.
_CHROMATICITY_SLACK = 0.0001
_LUMINANCE_SLACK = 0.005

_MP4_TAGS = frozenset({"title", "artist", "album", "album_artist", "composer", "date", "comment", "genre", "copyright"})
_MP4_SHOW_TAGS = frozenset({"description", "synopsis", "show", "episode_id", "season_number", "network"})
_OWN_TAGS = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder", "encoding_tool", "duration"})
"""What a container says about itself; not the film's."""


def differences(source: Contents, result: Contents, *, facts: MediaFacts, plan: EncodePlan) -> tuple[str, ...]:
    """Everything that the result lacks or has otherwise than source and plan say; nothing when it is the same film."""
    return (
        *_video(source, result, plan),
        *_audio(source, result, plan),
        *_text(source, result, plan),
        *_attachments(source, result, plan),
        *_chapters(source, result),
        *_tags(source, result, plan),
        *_duration(source, result, facts),
    )


def _video(source: Contents, result: Contents, plan: EncodePlan) -> Iterator[str]:
    films = [stream for stream in result.of("video") if stream.picture]
    originals = [stream for stream in source.of("video") if stream.picture]
    if len(source.of("video")) != 1 or len(result.of("video")) != 1 or not films or not originals:
        yield f"the source has {len(source.of('video'))} videos, the result {len(result.of('video'))}; one was expected"
        return
    old, new = originals[0], films[0]
    if new.codec != "av1":
        yield f"the video is {new.codec}, not av1"
    yield from _labels("the video", old, new)
    if old.picture and new.picture:
        yield from _picture(old.picture, new.picture, plan)


def _picture(old: Picture, new: Picture, plan: EncodePlan) -> Iterator[str]:
    scaled = any(step.split("=")[0] in {"scale", "crop", "zscale"} for step in plan.video.filters)
    if not scaled and old.turned != new.turned:
        yield f"the picture is {_size(new)}, not {_size(old)}"
    cropped = any(step.split("=")[0] == "crop" for step in plan.video.filters)
    if not cropped and abs(old.aspect / new.aspect - 1) > ASPECT_SLACK:
        yield f"the picture's shape is {new.aspect:.3f}, not {old.aspect:.3f}"
    if new.rotation:
        yield f"the picture is turned and marked as turned by {new.rotation}° again"
    if new.pixel_format != plan.video.pixel_format:
        yield f"the pixel format is {new.pixel_format}, not {plan.video.pixel_format}"
    if new.interlaced:
        yield "the result is marked as interlaced"
    for name in ("primaries", "transfer", "matrix", "range"):
        before, after = getattr(old.colour, name), getattr(new.colour, name)
        if before != after:
            yield f"colour {name}: {after or 'not stated'}, not {before or 'not stated'}"
    yield from _hdr(old, new)


def _hdr(old: Picture, new: Picture) -> Iterator[str]:
    if old.mastering is not None and new.mastering is None:
        yield "the mastering display metadata is missing"
    elif old.mastering is not None and new.mastering is not None and not _same_display(old.mastering, new.mastering):
        yield f"the mastering display metadata is {new.mastering}, not {old.mastering}"
    if old.light is not None and new.light is None:
        yield "the content light level (MaxCLL, MaxFALL) is missing"
    elif old.light is not None and new.light != old.light:
        yield f"the content light level is {new.light}, not {old.light}"


def _same_display(old: Mastering, new: Mastering) -> bool:
    if len(old.primaries) != len(new.primaries) or len(old.luminance) != len(new.luminance):
        return False
    chromaticity = zip(old.primaries, new.primaries, strict=True)
    luminance = zip(old.luminance, new.luminance, strict=True)
    return all(abs(a - b) <= _CHROMATICITY_SLACK for a, b in chromaticity) and all(
        abs(a - b) <= _LUMINANCE_SLACK for a, b in luminance
    )


def _audio(source: Contents, result: Contents, plan: EncodePlan) -> Iterator[str]:
    old, new = source.of("audio"), result.of("audio")
    if sorted(audio.track for audio in plan.audio) != list(range(len(old))):
        yield f"the source has {len(old)} audio tracks, the plan speaks of {len(plan.audio)}"
    if len(new) != len(plan.audio):
        yield f"the result has {len(new)} audio tracks, {len(plan.audio)} were expected"
    for audio, track in zip(plan.audio, new, strict=False):
        if audio.track < len(old):
            yield from _one_audio(f"audio {audio.track}", old[audio.track], track, audio)


def _one_audio(name: str, old: Stream, new: Stream, audio: AudioPlan) -> Iterator[str]:
    yield from _labels(name, old, new)
    codec = "opus" if audio.action is AudioAction.OPUS else old.codec
    if new.codec != codec:
        yield f"{name}: it is {new.codec}, not {codec}"
    if not old.sound or not new.sound:
        return
    if old.sound.channels != new.sound.channels:
        yield f"{name}: {new.sound.channels} channels, not {old.sound.channels}"
    if audio.action is AudioAction.COPY and old.sound.sample_rate != new.sound.sample_rate:
        yield f"{name}: {new.sound.sample_rate} Hz, not {old.sound.sample_rate} Hz"


def _text(source: Contents, result: Contents, plan: EncodePlan) -> Iterator[str]:
    old, new, kept = source.of("subtitle"), result.of("subtitle"), film.kept_text(plan)
    known = [text.track for text in plan.text]
    if sorted(known) != list(range(len(old))):
        yield f"the source has {len(old)} subtitle tracks, the plan speaks of {len(known)}"
    if len(new) != len(kept):
        yield f"the result has {len(new)} subtitle tracks, {len(kept)} were expected"
    for (place, action), track in zip(kept, new, strict=False):
        if place >= len(old):
            continue
        yield from _labels(f"subtitle {place}", old[place], track)
        codec = "subrip" if action is TextAction.SRT else old[place].codec
        if track.codec != codec:
            yield f"subtitle {place}: it is {track.codec}, not {codec}"


def _labels(name: str, old: Stream, new: Stream) -> Iterator[str]:
    if old.language != new.language:
        yield f"{name}: its language is {new.language or 'not stated'}, not {old.language or 'not stated'}"
    if old.title != new.title:
        yield f"{name}: its title is «{new.title or ''}», not «{old.title or ''}»"
    before, after = old.dispositions & KEPT_DISPOSITIONS, new.dispositions & KEPT_DISPOSITIONS
    for missing in sorted(before - after):
        yield f"{name}: it is no longer marked «{missing}»"
    for added in sorted(after - before):
        yield f"{name}: it is marked «{added}», which the source's is not"


def _attachments(source: Contents, result: Contents, plan: EncodePlan) -> Iterator[str]:
    """Each attached file and picture must be there; where the source names it, under that name and type."""
    left = Counter(result.attachments)
    for attachment in source.attachments:
        match = next((other for other in left if left[other] and _same_file(attachment, other, plan)), None)
        if match is None:
            what = "picture" if attachment.picture else "attachment"
            name = attachment.name or "without a name"
            about = f"{attachment.mimetype or 'no type'}, {attachment.size} bytes"
            yield f"the {what} {name} ({about}) is missing or changed"
        else:
            left[match] -= 1


def _same_file(old: Attachment, new: Attachment, plan: EncodePlan) -> bool:
    if old.sha256 != new.sha256:
        return False
    if plan.container != "mkv" or old.name is None:
        return True
    return (old.name, old.mimetype) == (new.name, new.mimetype)


def _chapters(source: Contents, result: Contents) -> Iterator[str]:
    if len(source.chapters) != len(result.chapters):
        yield f"the result has {len(result.chapters)} chapters, the source {len(source.chapters)}"
        return
    for number, (old, new) in enumerate(zip(source.chapters, result.chapters, strict=True), start=1):
        if old.title != new.title:
            yield f"chapter {number} is named «{new.title}», not «{old.title}»"
        if abs(old.start - new.start) > CHAPTER_SLACK:
            yield f"chapter {number} starts at {float(new.start):.3f} s, not {float(old.start):.3f} s"


def _tags(source: Contents, result: Contents, plan: EncodePlan) -> Iterator[str]:
    old, new = dict(source.tags), dict(result.tags)
    for name, value in old.items():
        # MP4 has places for some tags only.
        carried = plan.container == "mkv" or name in _MP4_TAGS | _MP4_SHOW_TAGS
        if carried and name not in _OWN_TAGS and new.get(name) != value and name != film.PROVENANCE_TAG.lower():
            yield f"the tag {name} is «{new.get(name, '')}», not «{value}»"
    if film.PROVENANCE_TAG.lower() not in new and not new.get("encoder", "").startswith(film.PROVENANCE_TAG):
        yield "the result does not say that it is one"


def _duration(source: Contents, result: Contents, facts: MediaFacts) -> Iterator[str]:
    """A source whose header promises more than its packets hold was cut off."""
    if source.duration is None or result.duration is None or facts.container in _GUESSED_DURATIONS:
        return
    if result.duration < source.duration - DURATION_SLACK:
        yield f"the result lasts {result.duration:.1f} s, the source says {source.duration:.1f} s"


def _size(picture: Picture) -> str:
    width, height = picture.turned
    return f"{width}x{height}"
