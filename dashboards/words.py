"""How figures, times, states and names read for people. Pure."""

import re
from datetime import datetime, tzinfo

from reencodarr.encoding.plan import LeaveReason
from reencodarr.library.states import State
from reencodarr.units import GIB, KIB, MIB

NOTHING = "–"
_TIB = 1024 * GIB
_MARKUP = re.compile(r"([!-/:-@\[-`{-~])")

STATES = {
    State.NEEDS_ANALYSIS: "Needs analysis",
    State.ANALYZING: "Analyzing",
    State.ANALYZED: "Analyzed",
    State.CRF_SEARCHING: "CRF searching",
    State.CRF_SEARCHED: "CRF searched",
    State.ENCODING: "Encoding",
    State.ENCODED: "Encoded",
    State.REPLACED: "Replaced",
    State.SKIPPED: "Skipped",
    State.FAILED: "Failed",
    State.GONE: "Gone",
}
"""In the order of a video's way."""

_REASONS = {
    LeaveReason.ALREADY_AV1.value: "already AV1",
    LeaveReason.DOLBY_VISION.value: "Dolby Vision",
    LeaveReason.HDR10_PLUS.value: "HDR10+",
    LeaveReason.HARD_LINKED.value: "hard-linked",
    LeaveReason.OWN_RESULT.value: "our own result",
}


def plain(text: str) -> str:
    """The text with every character escaped that Markdown or Streamlit would take for markup."""
    return _MARKUP.sub(r"\\\1", text)


def reason(value: str) -> str:
    """A reason or a code in words; what is a sentence already stays as it is."""
    return _REASONS.get(value, value.replace("_", " ") if value.isidentifier() else value)


def size(count: float) -> str:
    """A number of bytes in binary units, with three digits that count."""
    for unit, name in ((_TIB, "TiB"), (GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if abs(count) >= unit:
            value = count / unit
            return f"{value:.{0 if abs(value) >= 99.95 else 1}f} {name}"
    return f"{count:.0f} B"


def saved(before: int, after: int) -> str:
    """What a smaller file saves: `saved 1.2 GiB (62 %)`."""
    if after > before:
        return f"grew by {size(after - before)}"
    return f"saved {size(before - after)} ({share(before - after, before)})"


def share(part: float, whole: float) -> str:
    """A share in per cent; nothing of nothing is 0."""
    return f"{100 * part / whole if whole else 0:.0f} %"


def duration(seconds: float) -> str:
    """A time span in the two units that count."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole < 600 and whole % 60 else f"{round(seconds / 60)} min"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02} min"


def moment(at: datetime, zone: tzinfo | None) -> str:
    """A time in the viewer's zone: `20 Nov 2025, 18:00`."""
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %Y, %H:%M}"


def day(at: datetime, zone: tzinfo | None) -> str:
    """A date in the viewer's zone: `20 Dec 2025`."""
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %Y}"


def bitrate(bits_per_second: int) -> str:
    """A bit rate: `6.0 Mbit/s`, `448 kbit/s`."""
    if bits_per_second >= 1_000_000:
        return f"{bits_per_second / 1_000_000:.1f} Mbit/s"
    return f"{bits_per_second / 1000:.0f} kbit/s"


def picture(width: int | None, height: int | None) -> str:
    """The size of the picture: `1920 × 1080`."""
    return f"{width} × {height}" if width and height else NOTHING
