"""What the PyAV encoder's child process is told: JSON on its command line."""

import json
from dataclasses import asdict, dataclass

SHIFT = 2**40
"""Ticks that all times are moved by on their way through the pipe: NUT holds no times below zero."""
FIRST, RATE = "first_pts", "frame_rate"
"""What the child says beside ffmpeg's progress: the first frame's time in ticks, and the rate if there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PyavOrder:
    """One encode. File names are text, which JSON carries even where they are not UTF-8."""

    frames: list[str]
    """The program that writes the frames to its standard output, as raw NUT."""
    head: str
    result: str
    """An MP4 file, whose times are those of the source exactly, but for its first frame, which is at zero."""
    preset: int
    crf: int
    svt_parameters: str
    pixel_format: str
    keyframe_interval: int | None
    ticks: tuple[int, int]
    """The time base: numerator and denominator."""


def to_json(order: PyavOrder) -> str:
    """The order as one argument, in ASCII."""
    return json.dumps(asdict(order))


def from_json(text: str) -> PyavOrder:
    """The order that `to_json` wrote."""
    return PyavOrder(**json.loads(text))
