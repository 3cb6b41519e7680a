"""ffmpeg's arguments for a whole film: what is mapped, copied, converted, and how timestamps stay the source's.

Pure, like `encoding.arguments`, which it completes. The lines were measured on the corpus: every packet of every copied
stream comes through byte for byte, every frame keeps its presentation time. Who runs them is `encoding.encode`; who
checks the outcome is `proof`.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from reencodarr.encoding import arguments
from reencodarr.encoding.plan import AudioAction, AudioPlan, EncodePlan, TextAction
from reencodarr.media.facts import MediaFacts
from reencodarr.units import Crf

PROVENANCE_TAG = "REENCODARR"
"""The container tag that tells a result from an original; its value is the caller's."""

LONGEST_PRIMING = Fraction(1, 5)
"""Seconds of audio before the start of an MP4's edit list that are the codec's own run-up (AAC at 8 kHz: 0.128)."""

CLOCK_CONTAINERS = frozenset({"mpegts", "mpegps"})
"""Their times are readings of a broadcast clock, up to 26 hours; the film as a whole is moved to zero."""

EDITED_CONTAINERS = frozenset({"mp4", "mov"})
"""They can hide packets behind an edit list; Matroska cannot."""

# Written by mkvmerge about the old packets (older versions add the language); false for the new ones.
_STATISTICS = ("BPS", "DURATION", "NUMBER_OF_FRAMES", "NUMBER_OF_BYTES", "SOURCE_ID") + (
    "_STATISTICS_TAGS",
    "_STATISTICS_WRITING_APP",
    "_STATISTICS_WRITING_DATE_UTC",
)
# What an MP4 says about itself as a container.
_BRANDS = ("major_brand", "minor_version", "compatible_brands")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An attached picture (cover art) taken out of its source, to be attached to a Matroska file."""

    path: Path
    place: int
    """N in the result's `t:N`, behind the attachments that are mapped."""
    name: str
    mimetype: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What only the opened source tells."""

    video: int | None = None
    """ffmpeg's index of the film's video in the file; None takes the first that is no attached picture."""
    pictures: tuple[Picture, ...] = ()
    """Its attached pictures, for Matroska; MP4 takes them from the source itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """The film's video, encoded before by another program and alone in a file."""

    path: Path
    start: int
    """The first frame's time in the file's time base; in the file it is zero."""
    rate: str = ""
    """Frames a second, as a fraction; empty where nobody knows."""
    labels: tuple[tuple[str, str], ...] = ()
    """The tags of the source's video track."""
    dispositions: tuple[str, ...] = ()
    """Its marks."""


def film_arguments(
    source: Path,
    result: Path,
    *,
    facts: MediaFacts,
    plan: EncodePlan,
    crf: Crf,
    provenance: str,
    found: Found = Found(),
    threads: int | None = None,
) -> list[str]:
    """All arguments of the encode but the program itself and its quiet flags.

    Progress goes to standard output, errors alone to standard error; any error in the source ends the encode
    (`-xerror`). `threads` is SVT-AV1's `lp`.
    """
    video = _Video(stream=video_stream(found), words=_video(plan, crf, threads=threads))
    return _arguments(source, result, video, facts=facts, plan=plan, provenance=provenance, found=found)


def muxing_arguments(
    source: Path, result: Path, encoded: Encoded, *, facts: MediaFacts, plan: EncodePlan, provenance: str, found: Found
) -> list[str]:
    """As `film_arguments`, where the video is encoded already: all else of the film joins it."""
    video = _Video(second=encoded_input(encoded), stream="1:0", words=_labelled(encoded))
    return _arguments(source, result, video, facts=facts, plan=plan, provenance=provenance, found=found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Video:
    """Where the result's video comes from."""

    second: list[str] = field(default_factory=list)
    """Arguments that open another input."""
    stream: str
    words: list[str]


def _arguments(
    source: Path, result: Path, video: _Video, *, facts: MediaFacts, plan: EncodePlan, provenance: str, found: Found
) -> list[str]:
    matroska = plan.container == "mkv"
    words = ["-loglevel", "error", "-xerror", "-y", "-progress", "pipe:1", "-stats_period", "0.5"]
    words += [*clock(facts), "-i", str(source), *video.second, "-map", video.stream]
    words += [*_audio_maps(plan), *_text_maps(plan)]
    words += ["-map", "0:t?"] if matroska else ["-map", "0:disp:attached_pic?"]
    # Said aloud, it carries the date of creation too, which ffmpeg leaves out of what it copies by itself.
    words += ["-map_metadata", "0", "-c", "copy"]
    words += [*video.words, *_audio(facts, plan), *_text(plan)]
    words += [*_tags(plan, provenance), *(_attached(found.pictures) if matroska else [])]
    # Both limits leave room for the encoder's delay of up to a hundred frames: packets of the other tracks wait for
    # it, in memory, but never without limit: with `0` a film with few subtitles would be held whole.
    words += ["-max_muxing_queue_size", "4096", "-max_interleave_delta", "30000000"]
    words += (
        ["-f", "matroska", "-default_mode", "passthrough"] if matroska else ["-f", "mp4", "-movflags", "+faststart"]
    )
    return [*words, str(result)]


def result_name(plan: EncodePlan) -> str:
    """The name of the encode in scratch."""
    return f"film.{plan.container}"


def video_stream(found: Found) -> str:
    """ffmpeg's word for the film's video in its source."""
    return "0:V:0" if found.video is None else f"0:{found.video}"


def clock(facts: MediaFacts) -> list[str]:
    """Keep the source's own times, but take the start of a broadcast clock as zero."""
    return ["-copyts", "-start_at_zero"] if facts.container in CLOCK_CONTAINERS else ["-copyts"]


def _video(plan: EncodePlan, crf: Crf, *, threads: int | None) -> list[str]:
    words = arguments.video_encoder(plan.video, crf, threads=threads)
    # Every frame exactly once at its own time, variable rates too.
    words += ["-fps_mode:v:0", "passthrough", "-enc_time_base:v:0", "demux"]
    if plan.video.filters:
        words += ["-filter:v:0", ",".join(plan.video.filters)]
    # One named disposition, which no video has, stops ffmpeg from marking tracks as default by itself.
    return [*words, "-disposition:v:0", "-captions"]


def encoded_input(encoded: Encoded) -> list[str]:
    """Arguments that open the encoded video, moved to where its source begins.

    `-itsoffset` would count in microseconds, which rounds.
    """
    return ["-bsf:v", f"setts=ts=TS+{encoded.start}", "-i", str(encoded.path)]


def encoded_rate(encoded: Encoded) -> list[str]:
    """Arguments that state the frame rate of a copied video; they change no frame's time."""
    return ["-r:v:0", encoded.rate] if encoded.rate else []


def _labelled(encoded: Encoded) -> list[str]:
    """What the copied video says of itself: all that the source's track says but which program made it."""
    words = []
    for name, value in encoded.labels:
        if name.lower() != "encoder":
            words += ["-metadata:s:v:0", f"{name}={value}"]
    marks = "+".join(mark for mark in encoded.dispositions if mark != "captions")
    return [*words, *encoded_rate(encoded), "-disposition:v:0", marks or "0"]


def _audio_maps(plan: EncodePlan) -> list[str]:
    return [word for audio in plan.audio for word in ("-map", f"0:a:{audio.track}")]


def _text_maps(plan: EncodePlan) -> list[str]:
    return [word for track, _ in kept_text(plan) for word in ("-map", f"0:s:{track}")]


def kept_text(plan: EncodePlan) -> list[tuple[int, TextAction]]:
    """The subtitle tracks of the result in order: ffmpeg's N in the source's `s:N`, and what is done."""
    return [(text.track, text.action) for text in plan.text if text.action is not TextAction.DROP]


def _audio(facts: MediaFacts, plan: EncodePlan) -> list[str]:
    words: list[str] = []
    for place, audio in enumerate(plan.audio):
        if audio.action is AudioAction.OPUS:
            words += _opus(place, audio)
            continue
        if drops_hidden_audio(facts, plan):
            words += [f"-bsf:a:{place}", f"noise=drop=lt(pts*tb\\,-{float(LONGEST_PRIMING):g})"]
    return words


def drops_hidden_audio(facts: MediaFacts, plan: EncodePlan) -> bool:
    """Whether audio that an edit list hides is left out, all but the codec's run-up.

    Matroska has no edit lists: what was cut away in an MP4 would be heard again (0.9 s in a trimmed clip, measured).
    """
    return plan.container == "mkv" and facts.container in EDITED_CONTAINERS


def _opus(place: int, audio: AudioPlan) -> list[str]:
    words = [f"-c:a:{place}", "libopus"]
    if audio.bitrate_kbps is not None:
        words += [f"-b:a:{place}", f"{audio.bitrate_kbps}k"]
    # Containers round the times of small packets, and libopus passes the jitter on until times run backwards (Vorbis in
    # WebM, measured); this counts samples instead, and fills only where more than 0.1 s is missing.
    filters = ["aresample=async=1"]
    if audio.layout is not None:
        # libopus refuses side channels (5.1(side)); their names are changed, the sound is not.
        filters.append(f"aformat=channel_layouts={audio.layout}")
    return [*words, f"-filter:a:{place}", ",".join(filters)]


def _text(plan: EncodePlan) -> list[str]:
    converted = [place for place, (_, action) in enumerate(kept_text(plan)) if action is TextAction.SRT]
    return [word for place in converted for word in (f"-c:s:{place}", "srt")]


def _tags(plan: EncodePlan, provenance: str) -> list[str]:
    """Everything is carried but what is no longer true."""
    encoded = ["v:0", *(f"a:{place}" for place, audio in enumerate(plan.audio) if audio.action is AudioAction.OPUS)]
    words: list[str] = []
    for stream in encoded:
        for name in _STATISTICS:
            words += [f"-metadata:s:{stream}", f"{name}=", f"-metadata:s:{stream}", f"{name}-eng="]
    if plan.container == "mkv":
        for brand in _BRANDS:
            words += ["-metadata", f"{brand}="]
        return [*words, "-metadata", f"{PROVENANCE_TAG}={provenance}"]
    # MP4 keeps only the tags it knows; this one is read back as `encoder`, by MediaInfo as the writing application.
    return [*words, "-metadata", f"encoding_tool={PROVENANCE_TAG} {provenance}"]


def _attached(pictures: tuple[Picture, ...]) -> list[str]:
    words: list[str] = []
    for picture in pictures:
        words += ["-attach", str(picture.path)]
        words += [f"-metadata:s:t:{picture.place}", f"mimetype={picture.mimetype}"]
        words += [f"-metadata:s:t:{picture.place}", f"filename={picture.name}"]
    return words
