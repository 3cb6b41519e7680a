"""What a long piece of work says while it runs. The listener decides where it is shown."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from reencodarr.units import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One moment of one stage of one video."""

    stage: str
    label: str
    """The file's name, for people."""
    fraction: float | None = None
    """0 to 1; None while the total is unknown."""
    fps: float | None = None
    eta: Seconds | None = None
    detail: str = ""
    """A few words: «probe 2, CRF 31.5», «size so far 34 %»."""


Report = Callable[[Progress], None]


listener: ContextVar[Report | None] = ContextVar("listener", default=None)
"""Whoever in this process also wants to see progress (the command line's bars)."""


def silent(_: Progress) -> None:
    """Discard progress; for callers that show none."""
