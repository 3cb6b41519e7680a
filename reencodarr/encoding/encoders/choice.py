"""Which encoder a machine has."""

from pathlib import Path

from reencodarr.encoding.encoders.encoder import Encoder
from reencodarr.encoding.encoders.ffmpeg import Ffmpeg
from reencodarr.encoding.encoders.pyav import Pyav
from reencodarr.tools import ffmpeg as ffmpeg_tool


def encoder(ffmpeg: Path) -> Encoder:
    """ffmpeg's own SVT-AV1; PyAV's where this ffmpeg has none. The same rule makes the build's identity.

    Raises ProgramMissing, ProgramError.
    """
    return Ffmpeg(program=ffmpeg) if ffmpeg_tool.build(ffmpeg).svt_av1 else Pyav(program=ffmpeg)
