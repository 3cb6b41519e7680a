"""What ffmpeg's `-progress` says, as values. Pure; who asks for it gives `-progress pipe:1`."""

from dataclasses import dataclass

from reencodarr.units import Bytes, Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One report of a running ffmpeg."""

    frames: int
    """Encoded and handed to the container so far."""
    fps: float | None
    size: Bytes
    """Written so far, all tracks together."""
    time: Seconds | None
    """Presentation time reached."""
    last: bool
    """True for the report at the end."""


class Reader:
    """Gathers `key=value` lines; each report ends with its `progress` line."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def line(self, text: str) -> Moment | None:
        """Take one line; the report, when this line completes it."""
        key, equals, value = text.partition("=")
        if not equals:
            return None
        self._values[key.strip()] = value.strip()
        if key.strip() != "progress":
            return None
        values, self._values = self._values, {}
        microseconds = _number(values.get("out_time_us"))
        return Moment(
            frames=int(_number(values.get("frame")) or 0),
            fps=_number(values.get("fps")) or None,
            size=Bytes(int(_number(values.get("total_size")) or 0)),
            time=None if microseconds is None else Seconds(microseconds / 1_000_000),
            last=values["progress"] == "end",
        )


def _number(text: str | None) -> float | None:
    """A number; None for what is missing or `N/A`."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
