"""A policy file as text: reading it, laying it over the built-in policy, and saying what is wrong with it and where."""

import difflib
import json
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import ErrorDetails

from reencodarr.encoding import toml_lines
from reencodarr.errors import PolicyError

Tables = dict[str, Any]


def text(path: Path) -> str:
    """The file's text.

    Raises PolicyError where it cannot be read or is not UTF-8.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PolicyError(
            f"The policy file {path} cannot be read: {error.strerror or error}.",
            path=path,
            advice="Correct the path, or unset REENCODARR_POLICY to use the built-in policy.",
        ) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PolicyError(f"{path}, line {line}: this is not UTF-8 text. Save the file as UTF-8.", path=path) from error


def parsed(path: Path, text: str) -> Tables:
    """What the text says.

    Raises PolicyError where it is not TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        words, _, place = str(error).rpartition(" (at ")
        last = text.rstrip("\n").count("\n") + 1
        place = place.rstrip(")").replace("end of document", f"line {last}")
        raise PolicyError(f"{path}, {place}: this is not TOML: {words[:1].lower()}{words[1:]}.", path=path) from error


def laid_over(default: Tables, own: Tables) -> Tables:
    """The default with everything replaced that `own` says; tables are merged, lists are not."""
    result = dict(default)
    for key, value in own.items():
        below = default.get(key)
        result[key] = laid_over(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def findings(errors: Iterable[ErrorDetails], *, text: str, default: Tables) -> list[str]:
    """Each fault as `line 12: video.presets[0].preset: what is wrong`, in the order of the lines."""
    found: list[tuple[int, str]] = []
    for error in errors:
        place = [part for part in error["loc"] if part != "[key]"]
        line = toml_lines.line_of(text, place) or 1
        found.append((line, f"line {line}: {_dotted(place)}: {_words(error, place, default)}"))
    return [words for _, words in sorted(found)]


def _dotted(place: Sequence[str | int]) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in place]
    return "".join(parts).removeprefix(".")


def _words(error: ErrorDetails, place: Sequence[str | int], default: Tables) -> str:
    if error["type"] == "extra_forbidden":
        return f"there is no such key. {_meant(place, default)}".rstrip()
    if error["type"] == "missing":
        return "is missing."
    message = error["msg"].removeprefix("Value error, ").replace("Input should", "it should")
    message = message.replace("be an object", "be a table").replace("Tuple should", "it should")
    if error["type"] in {"value_error", "too_short", "too_long"}:
        return f"{message}."
    return f"{message}, not {_shown(error['input'])}."


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list) else json.dumps(value)


def _meant(place: Sequence[str | int], default: Tables) -> str:
    """Where the key was probably meant to stand: a similar name beside it, or the same name in another table."""
    name = str(place[-1])
    close = difflib.get_close_matches(name, _keys(default, place[:-1]), n=1)
    if close:
        return f"Did you mean {close[0]}?"
    elsewhere = [table for table, content in default.items() if name in content]
    return f"Did you mean {name} in [{elsewhere[0]}]?" if elsewhere else ""


def _keys(default: Any, place: Sequence[str | int]) -> list[str]:
    for part in place:
        # Rows of a list all have the keys of its first row.
        default = default[0] if isinstance(part, int) else default[part]
    return list(default)
