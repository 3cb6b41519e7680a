"""Glob patterns that leave files out of a scan. Pure.

A pattern is matched against a path relative to the library's root, without regard to case: `*` and `?` stay inside
one name, `**` crosses folders (`**/Extras` also matches an `Extras` in the root), `[a-c]` and `[!a-c]` are one
character. A pattern that matches a folder leaves out everything below it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True, slots=True)
class Patterns:
    """Some patterns, compiled."""

    compiled: tuple[re.Pattern[str], ...]

    def match(self, relative: str) -> bool:
        """Whether one of them matches exactly this path."""
        return any(pattern.fullmatch(relative) for pattern in self.compiled)

    def leave_out(self, relative: PurePath) -> bool:
        """Whether one of them matches this path or a folder it lies in."""
        above = (parent for parent in relative.parents if parent.name)
        return any(self.match(path.as_posix()) for path in (relative, *above))


def compiled(patterns: Iterable[str]) -> Patterns:
    """The patterns, ready to match."""
    kept = (pattern.strip().strip("/") for pattern in patterns)
    return Patterns(tuple(re.compile(expression(pattern), re.IGNORECASE | re.DOTALL) for pattern in kept if pattern))


def expression(pattern: str) -> str:
    """The regular expression that says what a glob pattern says."""
    parts: list[str] = []
    rest = pattern
    while rest:
        part, rest = _next(rest)
        parts.append(part)
    return "".join(parts)


def _next(rest: str) -> tuple[str, str]:
    if rest.startswith("**/"):
        return "(?:.*/)?", rest[3:].lstrip("/")
    if rest.startswith("**"):
        return ".*", rest.lstrip("*")
    if rest[0] == "*":
        return "[^/]*", rest[1:]
    if rest[0] == "?":
        return "[^/]", rest[1:]
    found = re.match(r"\[([!^]?)(\]?[^\]/]*)\]", rest)
    if found and found[2]:
        inside = found[2].replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^").replace("]", "\\]")
        inside = re.sub(r"([&~|])\1", r"\1\\\1", inside)
        try:
            re.compile(f"[{inside}]")
        except re.error:
            return re.escape(rest[0]), rest[1:]
        return (f"[^{inside}/]" if found[1] else f"[{inside}]"), rest[found.end() :]
    return re.escape(rest[0]), rest[1:]
