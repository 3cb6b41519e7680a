"""What a film holds beside its packets: streams, attachments, chapters, tags, as frozen values. Pure.

`proof.reading` makes them from a file; `proof.parity` says in words where two of them differ.
"""

from dataclasses import dataclass
from fractions import Fraction

from reencodarr.media.facts import Colour
from reencodarr.units import Bytes, Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Mastering:
    """The display that a film was graded on, in the units of SMPTE ST 2086."""

    primaries: tuple[float, ...]
    """x and y of red, green, blue and white; empty when not stated."""
    luminance: tuple[float, ...]
    """Lowest and highest, cd/m²; empty when not stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """How the video looks."""

    width: int
    """As stored."""
    height: int
    pixel_aspect: Fraction
    rotation: int
    """Degrees counter-clockwise as the container states: 0, 90, 180, 270."""
    pixel_format: str
    colour: Colour
    interlaced: bool
    mastering: Mastering | None = None
    light: tuple[int, int] | None = None
    """MaxCLL and MaxFALL, cd/m²."""

    @property
    def displayed(self) -> tuple[Fraction, int]:
        """Width and height on a screen: pixel aspect applied, rotation done."""
        if self.rotation in {90, 270}:
            return Fraction(self.height), round(self.width * self.pixel_aspect)
        return self.width * self.pixel_aspect, self.height

    @property
    def aspect(self) -> float:
        """Width over height on a screen."""
        aspect = self.width * self.pixel_aspect / self.height
        return float(1 / aspect if self.rotation in {90, 270} else aspect)

    @property
    def turned(self) -> tuple[int, int]:
        """Stored width and height after the rotation is done."""
        return (self.height, self.width) if self.rotation in {90, 270} else (self.width, self.height)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """How an audio track sounds."""

    channels: int
    layout: str
    sample_rate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One stream of a file; attached pictures are not streams here but attachments."""

    kind: str
    """`video`, `audio`, `subtitle`, `data`."""
    place: int
    """ffmpeg's N within the kind."""
    codec: str
    language: str | None = None
    title: str | None = None
    dispositions: frozenset[str] = frozenset()
    picture: Picture | None = None
    sound: Sound | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A font, or an attached picture."""

    name: str | None
    mimetype: str | None
    size: Bytes
    sha256: str
    picture: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One chapter."""

    start: Fraction
    """Seconds."""
    end: Fraction
    """Seconds, exclusive."""
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Everything a file holds beside its packets."""

    streams: tuple[Stream, ...]
    attachments: tuple[Attachment, ...]
    chapters: tuple[Chapter, ...]
    tags: tuple[tuple[str, str], ...]
    """The container's own, names in lower case, sorted."""
    duration: Seconds | None
    """As the container states or lavf estimates it."""

    def of(self, kind: str) -> tuple[Stream, ...]:
        """The streams of one kind in order."""
        return tuple(stream for stream in self.streams if stream.kind == kind)


def words(stream: Stream) -> str:
    """One line for people: `audio 2: eac3 5.1 48000 Hz, fre, «Commentary», comment`."""
    said = [f"{stream.kind} {stream.place}: {stream.codec}"]
    if stream.picture:
        width, height = stream.picture.turned
        colour = stream.picture.colour
        said[0] += f" {width}x{height} {stream.picture.pixel_format}"
        said += [word for word in (colour.primaries, colour.transfer) if word]
        said += ["HDR mastering metadata"] if stream.picture.mastering else []
    if stream.sound:
        said[0] += f" {stream.sound.layout} {stream.sound.sample_rate} Hz"
    said += [stream.language] if stream.language else []
    said += [f"«{stream.title}»"] if stream.title else []
    return ", ".join([*said, *sorted(stream.dispositions)])
