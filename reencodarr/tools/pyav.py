"""Whether PyAV can encode with SVT-AV1, and with which; its wheels carry one on every system."""

import functools
import sys
from pathlib import Path

from reencodarr.errors import ProgramError
from reencodarr.tools import programs, svt
from reencodarr.units import Seconds

SAMPLE_FRAMES = 4

_PATIENCE = Seconds(60.0)
# In a process of its own: SVT-AV1 tells its version on standard error only, and a crash would be ours.
_SAMPLE = """
import av, sys
from fractions import Fraction
with av.open(sys.argv[1], "w", format=sys.argv[2]) as container:
    stream = container.add_stream("libsvtav1", rate=24, width=192, height=108, pix_fmt="yuv420p10le")
    stream.time_base, stream.options = Fraction(1, 24), {"preset": "12"}
    for number in range(int(sys.argv[3])):
        frame = av.VideoFrame(192, 108, "yuv420p10le")
        frame.pts, frame.time_base = number, stream.time_base
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
"""


@functools.cache
def svt_version() -> str:
    """SVT-AV1's version from an encode of one frame; empty where PyAV cannot encode with it."""
    try:
        return _encoded("-", "null", 1)
    except ProgramError:
        return ""


def encode_sample(path: Path) -> str:
    """Encode `SAMPLE_FRAMES` frames into a new Matroska file; SVT-AV1's version.

    Raises ProgramError where PyAV cannot.
    """
    return _encoded(str(path), "matroska", SAMPLE_FRAMES)


def _encoded(path: str, container: str, frames: int) -> str:
    command = [sys.executable, "-c", _SAMPLE, path, container, str(frames)]
    done = programs.run(command, environment=svt.TALKATIVE, stall_deadline=_PATIENCE)
    return svt.version(done.stderr)
