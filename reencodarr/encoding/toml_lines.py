"""Where in a TOML text a key stands. `tomllib` names lines only for syntax errors, not for values."""

import tomllib
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

Place = Sequence[str | int]
"""Keys and list indices from the root to a value: `("video", "presets", 0, "preset")`."""

_ENDINGS = ("", "\n]", "\n]]", "\n]]]")
"""What completes a text that was cut inside an array, so that an item on a line of its own is found there."""


def line_of(text: str, place: Place) -> int | None:
    """The line, from 1, on which `place` is written; of the nearest table or list above it where it is not.

    None when not even its first key is there. `text` must be valid TOML. The text is parsed up to each line in
    question, so quoted keys, dotted keys, inline tables and arrays over several lines are read as TOML reads them.
    """
    lines = [line + "\n" for line in text.split("\n")]
    for length in range(len(place), 0, -1):
        wanted = place[:length]
        last = bisect_left(range(1, len(lines) + 1), True, key=lambda n: _holds(_parsed(lines, n)[1], wanted)) + 1
        if last <= len(lines):
            return _parsed(lines, last - 1)[0] + 1
    return None


def _parsed(lines: list[str], count: int) -> tuple[int, dict[str, Any]]:
    """The longest head of at most `count` lines that is TOML: how many lines, and what it says."""
    for length in range(count, 0, -1):
        head = "".join(lines[:length])
        for ending in _ENDINGS:
            try:
                return length, tomllib.loads(head + ending)
            except tomllib.TOMLDecodeError:
                continue
    return 0, {}


def _holds(data: Any, place: Place) -> bool:
    for key in place:
        if isinstance(data, dict) and key in data:
            data = data[str(key)]
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
        else:
            return False
    return True
