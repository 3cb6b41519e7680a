"""What the PyAV encoder's child process is told: JSON on its command line."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

SHIFT = 2**40
"""Ticks that all times are moved by on their way through the pipe: NUT holds no times below zero."""


class PyavOrder(BaseModel):
    """One encode."""

    model_config = ConfigDict(frozen=True)

    frames: tuple[str, ...]
    """The program that writes the frames to its standard output, as raw NUT."""
    head: Path
    result: Path
    for_film: bool
    """MP4 instead of Matroska, whose milliseconds would round what a film in MP4 keeps; the first frame at zero."""
    preset: int
    crf: int
    svt_parameters: str
    pixel_format: str
    keyframe_interval: int | None
    time_base: tuple[int, int]
