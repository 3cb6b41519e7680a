"""The two places the command line writes to, and how amounts and foreign text read there."""

import math

from rich.console import Console
from rich.markup import escape

out = Console(highlight=False, emoji=False)
"""Answers: tables, JSON."""
err = Console(stderr=True, highlight=False, emoji=False)
"""Everything else: progress, questions, errors."""

_UNITS = ("KiB", "MiB", "GiB", "TiB", "PiB")


def safe(text: str) -> str:
    """Text of any origin (a file's name, a program's words) for a line with markup, on a terminal of any kind."""
    printable = text.encode("utf-8", "replace").decode("utf-8")
    return escape("".join(letter if letter.isprintable() or letter == "\n" else "\ufffd" for letter in printable))


def bytes_text(n: float) -> str:
    """Bytes with three digits that count, in binary units: `0 B`, `1.50 GiB`, `-12.3 MiB`."""
    amount, unit = abs(n), "B"
    if amount < 999.5:
        return f"{n:.0f} B"
    for larger in _UNITS:
        amount, unit = amount / 1024, larger
        if amount < 999.5:
            break
    digits = 2 if amount < 9.995 else 1 if amount < 99.95 else 0
    return f"{'-' if n < 0 else ''}{amount:.{digits}f} {unit}"


def duration_text(s: float) -> str:
    """Seconds as people say them: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 05 min`, `3 d 4 h`; `?` where unknown."""
    if not math.isfinite(s):
        return "?"
    if s < 9.95:
        return f"{s:.1f} s"
    seconds = round(s)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    minutes = round(s / 60)
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    hours = round(s / 3600)
    return f"{hours // 24} d {hours % 24} h"
