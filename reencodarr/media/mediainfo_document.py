"""MediaInfo's JSON as tracks of clean strings and numbers.

Knows how MediaInfo writes values («3.9», «1000 cd/m2», «8 / 6», «Yes») and that `track` may be one object instead
of a list; leaves the meaning of every field to the modules of tracks.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_UNSTORABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One track; fields that MediaInfo does not state are absent."""

    kind: str
    """`General`, `Video`, `Audio`, `Text`, `Image`, `Menu` or `Other`."""
    fields: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        """The field as one line of printable words; None when absent or empty."""
        return self.fields.get(name) or None

    def parts(self, name: str) -> tuple[str, ...]:
        """The values of a field that holds several, «HDR10 / HLG»; empty ones are kept in their place."""
        value = self.fields.get(name)
        return tuple(part.strip() for part in value.split(" / ")) if value else ()

    def number(self, name: str) -> Fraction | None:
        """The first number in the field, exactly as written."""
        found = _NUMBER.search(self.fields.get(name, ""))
        return Fraction(found[0]) if found else None

    def whole(self, name: str) -> int | None:
        """The first number in the field, without decimals («3.9» is 3)."""
        number = self.number(name)
        return None if number is None else int(number)

    def flag(self, name: str) -> bool:
        """True when the field says Yes."""
        return self.fields.get(name) == "Yes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What MediaInfo says of one file."""

    general: Track
    tracks: tuple[Track, ...]
    """All but the general one, in MediaInfo's order: by kind, then as in the file."""

    def of_kind(self, kind: str) -> tuple[Track, ...]:
        """Tracks of one kind in the order in which the container numbers them."""
        found = [track for track in self.tracks if track.kind == kind]
        orders = [_stream_order(track) for track in found]
        if len({order for order in orders if order is not None}) < len(found):
            return tuple(found)
        return tuple(sorted(found, key=lambda track: _stream_order(track) or ()))


def parse(text: str) -> Document:
    """MediaInfo's JSON for one file as a Document.

    Raises ValueError when it is no such JSON.
    """
    # strict=False: tags of a film may hold raw line breaks and tabs.
    root = json.loads(text, strict=False)
    media = root.get("media") if isinstance(root, dict) else None
    found = media.get("track") if isinstance(media, dict) else None
    if isinstance(found, dict):
        found = [found]
    if not isinstance(found, list):
        raise ValueError("it lists no tracks")
    tracks = tuple(_track(entry) for entry in found if isinstance(entry, dict))
    general = next((track for track in tracks if track.kind == "General"), Track(kind="General"))
    return Document(general=general, tracks=tuple(track for track in tracks if track.kind != "General"))


def _track(entry: dict[str, object]) -> Track:
    extra = entry.get("extra")
    return Track(kind=str(entry.get("@type", "")), fields=_strings(entry), extra=_strings(extra))


def _strings(entry: object) -> dict[str, str]:
    if not isinstance(entry, dict):
        return {}
    return {
        str(name): _UNSTORABLE.sub(" ", str(value)).strip()
        for name, value in entry.items()
        if isinstance(value, str | int | float)
    }


def _stream_order(track: Track) -> tuple[int, ...] | None:
    """«3» or, in transport streams, «0-3» (programme, stream)."""
    numbers = re.findall(r"\d+", track.fields.get("StreamOrder", ""))
    return tuple(int(number) for number in numbers) or None
