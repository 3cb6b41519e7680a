"""A film to cut windows from: where it is, its packets, and how its container seeks."""

from dataclasses import dataclass
from pathlib import Path

from reencodarr.media import demuxer, packets
from reencodarr.media.packets import PacketIndex
from reencodarr.quality.cut import PRE_ROLL, Cut
from reencodarr.quality.windows import Window

LANDS_ON_KEYFRAMES = frozenset({"matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2"})
"""ffmpeg's names of containers whose seeks end on the keyframe before the wanted time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """A film and what it takes to find frames in it."""

    path: Path
    packets: PacketIndex
    lands_on_keyframes: bool

    def cut(self, window: Window | None, *, counted: bool = False) -> Cut:
        """The frames of a window, or all; `counted` counts them from the film's start instead of seeking."""
        return Cut(
            path=self.path.absolute(),
            stream=self.packets.stream,
            time_base=self.packets.time_base,
            window=window,
            start_time=self.packets.start_time,
            keyframe=None if window is None else self._keyframe(window),
            counted=counted,
        )

    def _keyframe(self, window: Window) -> int | None:
        """A seek into MPEG-TS or MPEG-PS lands between keyframes; it has to aim before the right one."""
        if self.lands_on_keyframes:
            return None
        near = window.start_pts - round(PRE_ROLL / self.packets.time_base)
        return packets.keyframe_before(self.packets, near)


def read(path: Path) -> Footage:
    """A film and its packets. Reads only.

    Raises MediaError.
    """
    index = packets.index(path)
    with demuxer.opened(path) as source:
        lands = source.container.format.name in LANDS_ON_KEYFRAMES
    return Footage(path=path, packets=index, lands_on_keyframes=lands)
