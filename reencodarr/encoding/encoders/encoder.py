"""What an encoder takes and promises. `ffmpeg` and `pyav` keep it; one conformance test asks both."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from reencodarr.encoding.film import Found
from reencodarr.encoding.plan import EncodePlan, VideoPlan
from reencodarr.media.facts import MediaFacts
from reencodarr.tools.programs import Finished
from reencodarr.units import Crf

OnLine = Callable[[str], None]
"""Takes a line of `-progress`; what it raises ends the encode."""

PROGRESS = ("-progress", "pipe:1")
QUIET_SVT = {"SVT_LOG": "1"}
"""Errors only; its settings would fill what is kept of standard error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """Pictures to encode, and how."""

    opened: tuple[str | Path, ...]
    """ffmpeg's arguments that open the source, up to and with `-i`, its name."""
    stream: str
    """ffmpeg's word for the video (`0:0`)."""
    time_base: Fraction
    """The stream's; the result's times are multiples of it, as far as its container can say them."""
    filters: tuple[str, ...]
    """All that the pictures go through, in order."""
    video: VideoPlan
    """Its filters are not looked at."""
    crf: Crf
    threads: int | None
    """For the decoder and for SVT-AV1; None leaves it to them."""
    about: Path
    """The film, for errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmJob:
    """A whole film to encode."""

    source: Path
    facts: MediaFacts
    plan: EncodePlan
    crf: Crf
    provenance: str
    found: Found
    threads: int | None
    """SVT-AV1's `lp`; None leaves it to the encoder."""


class Encoder(Protocol):
    """A way to SVT-AV1. Every frame of the source becomes one frame at the same time; colours and HDR data stay."""

    @property
    def name(self) -> str:
        """`ffmpeg` or `pyav`."""
        ...

    def clip(self, clip: Clip, result: Path, *, on_line: OnLine) -> Finished:
        """Encode pictures alone into a Matroska file.

        Raises what `programs.run` raises; a source that does not decode says so on standard error.
        """
        ...

    def film(self, job: FilmJob, result: Path, *, on_line: OnLine, on_muxing: OnLine) -> Finished:
        """Encode a film with all its tracks. Where the tracks are put together afterwards, `on_muxing` hears of that.

        Leaves nothing beside `result` but what its folder's owner deletes.

        Raises what `programs.run` raises; a source that does not decode says so on standard error.
        """
        ...
