"""A scratch encode read back: how many frames it has and how large each is."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from reencodarr.errors import MediaError
from reencodarr.media import demuxer
from reencodarr.quality.cut import Cut
from reencodarr.units import Frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """One video stream that SVT-AV1 wrote; each packet is one shown frame."""

    width: int
    height: int
    sizes: Sequence[int]
    """Bytes of each packet, in order."""

    @property
    def frames(self) -> Frames:
        return Frames(len(self.sizes))


def read(path: Path) -> Encoded:
    """Read an encode of ours back; one that holds nothing has no frames."""
    try:
        with demuxer.opened(path) as source:
            sizes = [packet.size for packet in source.container.demux(source.video) if packet.size]
            return Encoded(width=source.video.width, height=source.video.height, sizes=sizes)
    except MediaError:
        return Encoded(width=0, height=0, sizes=())


def cut(path: Path) -> Cut:
    """All frames of an encode of ours."""
    return Cut(path=path.absolute(), stream=0, time_base=Fraction(1, 1000), window=None)


def picture(path: Path) -> tuple[int, int]:
    """Width and height of a film's frames. Reads its header only.

    Raises MediaError.
    """
    with demuxer.opened(path) as source:
        return source.video.width, source.video.height
