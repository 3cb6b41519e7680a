"""A film to cut windows from: where it is, its packets, and how its container seeks. Of an excerpt, what it holds."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reencodarr.errors import ExcerptUnusable
from reencodarr.media import demuxer, packets, seekable
from reencodarr.media.packets import PacketIndex
from reencodarr.quality import windows
from reencodarr.quality.cut import PRE_ROLL, SEEKS_EARLIER, Anchor, Cut
from reencodarr.quality.windows import Window

LANDS_ON_KEYFRAMES = frozenset({seekable.MATROSKA, seekable.MP4})
"""ffmpeg's names of containers whose seeks end on the keyframe before the wanted time."""

MOST_THREADS = 8
"""Threads that may decode an excerpt with holes."""
FRAMES_AFTER = 40
"""Frames behind a window that an excerpt holds, since ffmpeg reads them before the window's last frame is out.

Each thread decodes one of them; 16 wait in queues, as many as 7 are reordered, and filters look ahead (bwdif by 1).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a file that is an excerpt of a film holds of it."""

    windows: Sequence[Window]
    holes: bool
    """Holes lie between the parts; else one part follows the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """A film and what it takes to find frames in it."""

    path: Path
    packets: PacketIndex
    lands_on_keyframes: bool
    parts: Parts | None = None
    """None: the whole film is there."""
    named: Path | None = None
    """What messages call it, where that is not `path`."""

    def cut(self, window: Window | None, *, counted: bool = False, alone: bool = False) -> Cut:
        """The frames of a window, or all; `counted` finds them by counting frames, as a check on their times.

        Counting begins at the film's head, without any seek; in an excerpt a quarter of a second before the window.
        `alone`: no filter looks at frames before the window, so that decoding may begin at its first frame.

        Raises ExcerptUnusable when the file is an excerpt without that window.
        """
        if self.parts is not None and window not in self.parts.windows:
            raise ExcerptUnusable(
                f"The excerpt of {self.named or self.path} was cut for other windows.",
                path=self.named or self.path,
                advice="Cut it again, or fetch the film whole.",
            )
        return Cut(
            path=self.path.absolute(),
            stream=self.packets.stream,
            time_base=self.packets.time_base,
            window=window,
            start_time=self.packets.start_time,
            keyframe=None if window is None or self.lands_on_keyframes else self.keyframe(window),
            counted=counted,
            aligned=alone and not counted and window is not None and self._begins_at_keyframe(window),
            anchor=None if window is None or self.parts is None else self.anchor(window),
            most_threads=MOST_THREADS if self.parts is not None and self.parts.holes else None,
        )

    def keyframe(self, window: Window) -> int:
        """Where decoding has to begin, half a second before the window.

        A seek into MPEG-TS or MPEG-PS lands between keyframes; it has to aim before the right one.
        """
        return packets.keyframe_before(self.packets, window.start_pts - round(PRE_ROLL / self.packets.time_base))

    def _begins_at_keyframe(self, window: Window) -> bool:
        """Whether a seek to the window lands on its first frame; a keyframe right behind it would be taken instead."""
        if not self.lands_on_keyframes or not packets.is_keyframe(self.packets, window.start_pts):
            return False
        late = window.start_pts + SEEKS_EARLIER / self.packets.time_base + 1
        following = bisect_right(self.packets.keyframes, window.start_pts)
        return following == len(self.packets.keyframes) or self.packets.keyframes[following] > late

    def anchor(self, window: Window) -> Anchor:
        """A frame a quarter of a second before the window."""
        near = window.start_pts - round(PRE_ROLL / 2 / self.packets.time_base)
        place = bisect_left(self.packets.pts, near)
        return Anchor(place=place, pts=self.packets.pts[place])

    def stop(self, window: Window) -> int | None:
        """The time before which all is decoded that is read for a window; None: the film's end."""
        place = window.end + FRAMES_AFTER
        return self.packets.pts[place] if place < self.packets.frames else None


def read(path: Path) -> Footage:
    """A film and its packets. Reads only.

    Raises MediaError.
    """
    index = packets.index(path)
    with demuxer.opened(path) as source:
        lands = source.container.format.name in LANDS_ON_KEYFRAMES
    return Footage(path=path, packets=index, lands_on_keyframes=lands)


def planned(index: PacketIndex) -> tuple[Window, ...]:
    """The windows that a search of this film scores; the same on every machine.

    Seeded by the content, so that another run, here or elsewhere, takes the same.
    """
    return windows.plan(index, seed=f"{index.frames} {sum(index.sizes)}")


def is_whole(plan: Sequence[Window], index: PacketIndex) -> bool:
    """Whether these windows are the whole film as one."""
    return len(plan) == 1 and plan[0].frames == index.frames
