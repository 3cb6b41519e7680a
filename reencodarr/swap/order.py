"""What a swap is: its order, its states, and the port through which the database hears of it. Pure values.

Names follow from the order alone, so that whoever finds one piece of a swap finds all of them: the hidden files
beside the film carry the swap's id, and the trash holds the original together with a label that is the order.
"""

import dataclasses
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Protocol

from pydantic import PlainSerializer, PlainValidator

from reencodarr import paths
from reencodarr.media.fingerprint import Fingerprint
from reencodarr.units import Bytes

HIDDEN = ".reencodarr-"
"""Every file of ours beside a film starts with it; media servers and scans ignore names with a leading dot."""
TRASH = (".reencodarr", "trash")
KEPT = ".orig"
LABEL = ".json"

_SWAP_ID = re.compile(r"[0-9a-f]{32}")


class SwapState(StrEnum):
    """How far a swap got. Written before the next step begins, first beside the film, then to the database."""

    PREPARED = "prepared"
    """Announced; whatever is under the part's name is incomplete."""
    STAGED = "staged"
    """The result is complete and durable beside the film, under a hidden name."""
    VERIFIED = "verified"
    """The staged file was read back and is the proven result; the visible step may have happened or not."""
    SWAPPED = "swapped"
    """The result has the film's name, durably."""
    TRASHED = "trashed"
    """The original is in the trash, durably."""
    DONE = "done"
    ROLLED_BACK = "rolled_back"
    """The film is what it was before the swap."""
    UNDOING = "undoing"
    """An undo was begun and may have happened or not."""
    UNDONE = "undone"
    """The original has its name again; the result is gone."""


CLOSED = frozenset({SwapState.DONE, SwapState.ROLLED_BACK, SwapState.UNDONE})
"""States in which nothing is left to do at start."""


def _from_text(value: object) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str):
        raise ValueError("a path is text")
    return paths.from_text(value)


AnyPath = Annotated[Path, PlainValidator(_from_text), PlainSerializer(paths.to_text)]
"""A path that survives JSON whatever bytes it has; one that is not UTF-8 is percent-encoded behind `bytes:`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapOrder:
    """Put `result` in the place of `original` and keep the original in `trash` until `keep_until`.

    Raises ValueError where the names contradict one another: that is a mistake of the caller, not of the disk.
    """

    swap_id: str
    """`uuid4().hex`"""
    video_id: int
    batch: str = ""
    """The run that ordered it, so that a whole run can be undone."""
    original: AnyPath
    """Absolute and resolved: a symlink is refused."""
    fingerprint: Fingerprint
    """Of the original that was analysed; nothing else is ever replaced."""
    result: AnyPath
    """The proven film in scratch, on any filesystem; it stays there, the scratch folder's owner deletes it."""
    result_size: Bytes
    result_sha256: str
    destination: AnyPath
    """The result's final name, in the original's folder; another extension makes it another name."""
    trash: AnyPath
    """From `trash.place`."""
    keep_until: datetime

    def __post_init__(self) -> None:
        problems = {
            "the id is no uuid4().hex": not _SWAP_ID.fullmatch(self.swap_id),
            "the original is not absolute": not self.original.is_absolute(),
            "the destination is in another folder": self.destination.parent != self.original.parent,
            "the result is the film itself": self.result in (self.original, self.destination),
            "the trash is no trash": not in_trash(self.trash) or self.trash.name != f"{self.swap_id}{KEPT}",
            "the time to keep it has no zone": self.keep_until.tzinfo is None,
        }
        wrong = [problem for problem, there in problems.items() if there]
        if wrong:
            raise ValueError(f"Swap order for {self.original}: {', '.join(wrong)}.")

    @property
    def same_name(self) -> bool:
        return self.original == self.destination

    @property
    def folder(self) -> Path:
        return self.original.parent

    def renamed(self, film: Path) -> "SwapOrder":
        """The order after somebody named the result `film`: the original goes by that name as well, with its own
        extension."""
        original = film if self.same_name else film.with_suffix(self.original.suffix)
        return dataclasses.replace(self, original=original, destination=film)

    @property
    def part(self) -> Path:
        """Where the result waits beside the film, and where an undo puts it aside."""
        return self.folder / f"{HIDDEN}{self.swap_id}.part"

    @property
    def journal(self) -> Path:
        return self.folder / f"{HIDDEN}{self.swap_id}{LABEL}"

    @property
    def label(self) -> Path:
        """Beside the original in the trash: the order, for when nothing else is left that knows of it."""
        return self.trash.with_suffix(LABEL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A swap that is done."""

    swap_id: str
    destination: Path
    trash: Path
    size_before: Bytes
    size_after: Bytes
    fingerprint: Fingerprint
    """Of the film now; its `links` do not count the scratch copy."""
    not_kept: tuple[str, ...] = ()
    """Attributes of the original that the film could not be given, in words."""
    recorded: bool = True
    """False when the database could not be told; the journal beside the film stays, and recovery tells it."""


class JournalStore(Protocol):
    """The database's side of the journal."""

    def record(self, order: SwapOrder, state: SwapState) -> None:
        """Note how far a swap got; repeated for the same state at times.

        Raises DatabaseError. Before the visible step that stops the swap, after it the file journal stays.
        """


class FileJournalOnly:
    """A store that keeps nothing: the journal beside the film is enough."""

    def record(self, order: SwapOrder, state: SwapState) -> None:
        return


def in_trash(path: Path) -> bool:
    """Whether a path lies directly in one of our trash folders, by its name."""
    return path.parent.parts[-2:] == TRASH


def is_ours(path: Path) -> bool:
    """Whether a name is one that only we give: a hidden file beside a film, or a file in a trash."""
    return path.name.startswith(HIDDEN) or in_trash(path)
