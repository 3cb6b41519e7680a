"""How fast this machine encodes: learnt from its own finished encodes, remembered between its runs."""

import json
import logging
from pathlib import Path

from reencodarr.units import Seconds

log = logging.getLogger(__name__)

_FILE = "measured.json"
_LINES = 1920 * 1080
_NEW = 0.3
"""Share of the newest encode in the figure: about the last ten count."""
_SHORTEST = Seconds(20.0)
"""An encode that took less says more about the start of programs."""


def equivalent(*, frames: int, seconds: Seconds, width: int, height: int) -> float:
    """Frames a second, if its pictures had had 1920x1080 pixels."""
    return frames / seconds * (width * height) / _LINES


def measured(data_dir: Path, build: str) -> float | None:
    """1080p frames a second with that encoder build; None until an encode was finished."""
    value = _read(data_dir).get(build)
    return None if value is None else round(value, 2)


def note(data_dir: Path, build: str, fps: float, *, seconds: Seconds) -> None:
    """Learn from a finished encode. What cannot be written is not learnt, and no error."""
    if seconds < _SHORTEST:
        return
    known = _read(data_dir)
    before = known.get(build)
    known[build] = fps if before is None else (1 - _NEW) * before + _NEW * fps
    try:
        (data_dir / _FILE).write_text(json.dumps(known), encoding="utf-8")
    except OSError as error:
        log.warning("%s cannot be written: %s", data_dir / _FILE, error.strerror)


def _read(data_dir: Path) -> dict[str, float]:
    """What was learnt; a file that is damaged was never written."""
    try:
        found = json.loads((data_dir / _FILE).read_text(encoding="utf-8"))
        return {str(build): float(fps) for build, fps in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
