"""Where the files of a Sonarr or Radarr are on this machine, and which of its folders lead nowhere and why."""

import dataclasses
import functools
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from reencodarr.arr import mapping
from reencodarr.arr.instance import Instance
from reencodarr.arr.models import MediaFile, Title
from reencodarr.library.tables import Library

_FOLDERS = 10_000
"""Folders whose libraries are remembered: resolving asks the disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a file is to be here."""

    path: Path
    library: Library


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmapped:
    """A folder of theirs with files that we cannot see."""

    folder: str
    """As they call it."""
    files: int
    words: str
    """What is missing, for people."""
    mapping: str = ""
    """What may be meant, as the setting has it; empty where nothing is likely."""


class Places:
    """What the folders of one instance are here. Remembers those that lead nowhere."""

    def __init__(self, instance: Instance, libraries: Sequence[Library]) -> None:
        self._instance = instance
        self._libraries = {library.path: library for library in libraries}
        self._lost: dict[str, int] = {}
        self._here = functools.lru_cache(_FOLDERS)(self._found)
        self._root = functools.lru_cache(_FOLDERS)(self._rooted)

    def of(self, title: Title, file: MediaFile) -> Place | None:
        """Where a file is to be; None where no mapping leads into a library.

        Whether it is there is another question; a root folder that is not counts as one that leads nowhere.
        """
        ours = mapping.to_ours(file.path, self._instance.mappings)
        folder, library = self._here(ours.parent) if ours else (Path(), None)
        root, there = self._root(title.path or mapping.folder_of(file.path))
        if library is None or not there:
            self._lost[root] = self._lost.get(root, 0) + 1
        return Place(path=folder / ours.name, library=library) if ours and library else None

    @property
    def unmapped(self) -> tuple[Unmapped, ...]:
        """Their folders that lead nowhere, by name."""
        return tuple(self._explained(folder, self._lost[folder]) for folder in sorted(self._lost))

    def _found(self, folder: Path) -> tuple[Path, Library | None]:
        """A folder without links, and the library that it is in."""
        real = Path(os.path.realpath(folder))
        inside = (self._libraries[above] for above in (real, *real.parents) if above in self._libraries)
        return real, next(inside, None)

    def _rooted(self, folder: str) -> tuple[str, bool]:
        """The root folder that a title's folder lies in, and whether it is there."""
        root = mapping.folder_of(folder)
        ours = mapping.to_ours(root, self._instance.mappings)
        # Where the title's own folder is mapped, the one above it may lead nowhere.
        return root, ours is None or ours.is_dir()

    def _explained(self, folder: str, files: int) -> Unmapped:
        ours = mapping.to_ours(folder, self._instance.mappings)
        if ours is not None and ours.is_dir():
            words = f"Here it is {ours}, which lies in no library."
            words += f" Run `reencodarr libraries add {ours}`."
            return Unmapped(folder=folder, files=files, words=words)
        setting = self._instance.variable("MAPPINGS")
        likely = self._likely(folder)
        words = "No mapping leads there."
        if ours is not None and self._instance.mappings:
            words = f"Here it would be {ours}, which is not there: its disk is not mounted, or the mapping is wrong."
        if likely is None:
            words += f" Add `{folder}=` and what it is here to {setting}."
            return Unmapped(folder=folder, files=files, words=words)
        meant = f"{folder}={likely}"
        return Unmapped(folder=folder, files=files, words=f"{words} Add `{meant}` to {setting}.", mapping=meant)

    def _likely(self, folder: str) -> Path | None:
        """The library, or a folder at its top, whose name ends as theirs does; the longest such end wins."""
        names = _names(folder)
        best: tuple[int, Path] | None = None
        for root in sorted(self._libraries):
            inside = (root, *(root / name for name in names[-1:] if (root / name).is_dir()))
            for candidate in inside:
                same = _common_end(names, candidate.parts)
                if same > (best[0] if best else 0):
                    best = same, candidate
        return best[1] if best else None


def to_json(unmapped: Sequence[Unmapped]) -> str:
    """What `ArrInstance.unmapped` holds: a list of objects with `folder`, `files`, `words` and `mapping`."""
    return json.dumps([dataclasses.asdict(one) for one in unmapped])


def _names(folder: str) -> tuple[str, ...]:
    windows = "\\" in folder or folder[1:2] == ":"
    pure = PureWindowsPath(folder) if windows else PurePosixPath(folder)
    return pure.parts[1:]


def _common_end(theirs: Sequence[str], ours: Sequence[str]) -> int:
    """How many names at the end are the same, whatever their case."""
    same = 0
    for one, other in zip(reversed(theirs), reversed(ours), strict=False):
        if one.casefold() != other.casefold():
            break
        same += 1
    return same
