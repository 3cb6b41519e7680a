"""Their paths and ours: where Sonarr or Radarr sees a folder elsewhere than this machine does.

Their side may be a Windows host (`D:\\tv`, `\\\\nas\\tv`), where case means nothing; ours is this machine's. Looks at
no disk: whether a path is there is left to others.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

_DRIVE = re.compile(r"[A-Za-z]:(?=[\\/]|$)")
_SHARE = re.compile(r"\\\\([^\\/]+)[\\/]+([^\\/]+)")
_VERBATIM = re.compile(r"\\\\\?\\(UNC\\)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """A folder of theirs, and what it is here. A slash at the end means nothing."""

    theirs: str
    ours: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """An absolute path taken apart; `root` is `/`, `D:\\` or `\\\\nas\\tv\\`."""

    root: str
    names: tuple[str, ...]

    @property
    def windows(self) -> bool:
        return self.root != "/"

    def below(self, folder: "_Parts") -> tuple[str, ...] | None:
        """The names after `folder`; None where this is not below it. Windows ignores case."""
        if self.windows != folder.windows or len(self.names) < len(folder.names):
            return None
        mine = (self.root, *self.names[: len(folder.names)])
        wanted = (folder.root, *folder.names)
        same = [_folded(one) for one in mine] == [_folded(one) for one in wanted] if self.windows else mine == wanted
        return self.names[len(folder.names) :] if same else None


def to_ours(path: str, mappings: Sequence[Mapping]) -> Path | None:
    """Where a path of theirs is on this machine; None where no mapping leads there.

    The longest folder that holds it decides. Without any mapping, paths of theirs are taken as ours, unless they are
    a Windows host's and this machine is none. A path with `..` in it leads nowhere.
    """
    given = _parts(path)
    if given is None:
        return None
    if not mappings:
        return Path(path) if given.windows == _windows_here() else None
    best: tuple[int, Path] | None = None
    for one in mappings:
        folder = _parts(one.theirs)
        rest = given.below(folder) if folder else None
        if folder and rest is not None and (best is None or len(folder.names) > best[0]):
            best = len(folder.names), one.ours.joinpath(*rest)
    return best[1] if best else None


def to_theirs(path: Path, mappings: Sequence[Mapping]) -> str | None:
    """How they call a path of ours, in their own way of writing; None where no mapping leads there."""
    given = _parts(str(path))
    if given is None:
        return None
    if not mappings:
        return str(path)
    best: tuple[int, str] | None = None
    for one in mappings:
        folder = _parts(str(one.ours))
        rest = given.below(folder) if folder else None
        if folder and rest is not None and (best is None or len(folder.names) > best[0]):
            best = len(folder.names), _written(one.theirs, rest)
    return best[1] if best else None


def folder_of(path: str) -> str:
    """The folder that a path of theirs lies in, in their own way of writing: what a missing mapping is named by."""
    parts = _parts(path)
    if parts is None or not parts.names:
        return path
    return _written(parts.root, parts.names[:-1])


def unusable(theirs: str) -> str:
    """What is wrong with a mapping's folder of theirs; empty when nothing is."""
    return "" if _parts(theirs) else f"{theirs!r} is no absolute path"


def _parts(text: str) -> _Parts | None:
    """None for what is not absolute or leads upwards."""
    text, verbatim = _plain(text)
    if drive := _DRIVE.match(text):
        root, rest, separators = f"{drive[0].upper()}\\", text[drive.end() :], r"[\\/]+"
    elif verbatim or text.startswith("\\\\"):
        share = _SHARE.match(text)
        if share is None:
            return None
        root, rest, separators = f"\\\\{share[1]}\\{share[2]}\\", text[share.end() :], r"[\\/]+"
    elif text.startswith("/"):
        # A backslash is part of a name here.
        root, rest, separators = "/", text, "/+"
    else:
        return None
    names = tuple(name for name in re.split(separators, rest) if name not in {"", "."})
    return None if ".." in names else _Parts(root=root, names=names)


def _plain(text: str) -> tuple[str, bool]:
    """Without the prefix that Windows puts before long paths, and whether that named a share."""
    found = _VERBATIM.match(text)
    if found is None:
        return text, False
    return ("\\\\" if found[1] else "") + text[found.end() :], bool(found[1])


def _written(folder: str, names: Sequence[str]) -> str:
    """Names put after a folder, with the separator that the folder is written with."""
    parts = _parts(folder)
    windows = parts is not None and parts.windows
    separator = "\\" if windows and ("\\" in folder or "/" not in folder) else "/"
    start = folder.rstrip("\\/" if windows else "/")
    return separator.join((start, *names)) if names else folder


def _folded(name: str) -> str:
    return name.casefold()


def _windows_here() -> bool:
    return PurePath("a\\b").name == "b"
