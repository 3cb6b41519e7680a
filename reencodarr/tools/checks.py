"""What a check finds, and the checks of this Python: its version, its packages, the libraries inside them.

Checks never raise: what is wrong is their result. What ffmpeg can do is checked in `ffmpeg_checks`, folders in
`folder_checks`.
"""

import importlib.metadata
import importlib.util
import json
import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement

import reencodarr
from reencodarr.errors import ReencodarrError

OLDEST_PYTHON = (3, 11)
OWN_PACKAGES = ("reencodarr", "flows", "tasks", "dashboards")
"""Installed side by side. The last three are names that other projects use as well, and pip overwrites silently."""

_REINSTALL = "Install Reencodarr again, into an environment of its own."


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    """The main job works, but not as well as it could."""
    FAILED = "failed"
    """The main job cannot work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: State
    found: str
    """What there is, in a few words."""
    advice: str = ""
    """What to do; never empty when something is wrong."""


def ok(name: str, found: str) -> Check:
    """A check that found what it wanted."""
    return Check(name=name, state=State.OK, found=found)


def warning(name: str, found: str, *, advice: str) -> Check:
    """A check that found something to improve."""
    return Check(name=name, state=State.WARNING, found=found, advice=advice)


def failed(name: str, found: str, *, advice: str) -> Check:
    """A check that found why the main job cannot work."""
    return Check(name=name, state=State.FAILED, found=found, advice=advice)


def refused(name: str, error: ReencodarrError, *, advice: str) -> Check:
    """A check that was answered with an error; `advice` is for errors that bring none."""
    return failed(name, error.message, advice=error.advice or advice)


def python(version: tuple[int, int] = sys.version_info[:2]) -> Check:
    """Whether this Python is new enough."""
    found = f"{'.'.join(map(str, version))} on {platform.system()} {platform.machine()}"
    if version < OLDEST_PYTHON:
        needed = ".".join(map(str, OLDEST_PYTHON))
        return failed("Python", found, advice=f"Install Python {needed} or newer.")
    return ok("Python", found)


def packages(requirements: Iterable[str] | None = None) -> Check:
    """Whether the packages beside Reencodarr are those it asks for.

    A wrong pair is not always loud: with a newer SQLAlchemy than Prefect knows, no schedule ever fires (measured).
    `requirements` are Reencodarr's own by default.
    """
    try:
        wanted = importlib.metadata.requires("reencodarr") or [] if requirements is None else requirements
    except importlib.metadata.PackageNotFoundError:
        return failed("packages", "Reencodarr itself is not installed", advice=_REINSTALL)
    environment = {key: str(value) for key, value in default_environment().items()}
    needed = [one for one in map(Requirement, wanted) if one.marker is None or one.marker.evaluate(environment)]
    wrong = [words for one in needed if (words := _violation(one))]
    if wrong:
        asked = " ".join(f'"{one.name}{one.specifier}"' for one in needed if _violation(one))
        return failed("packages", "; ".join(wrong), advice=f"Run `pip install {asked}`.")
    prefect = next((one for one in needed if one.name == "prefect"), None)
    version = f", Prefect {importlib.metadata.version('prefect')}" if prefect else ""
    return ok("packages", f"{len(needed)} as required{version}")


def collisions(home: Path = Path(reencodarr.__file__).parents[1]) -> Check:
    """Whether another distribution put its own package in the place of one of ours. `home` is where ours lie."""
    owners = importlib.metadata.packages_distributions()
    foreign = [f"{name} of {owner}" for name in OWN_PACKAGES for owner in owners.get(name, []) if owner != "reencodarr"]
    for name in OWN_PACKAGES:
        spec = importlib.util.find_spec(name)
        place = Path(spec.origin).parents[1] if spec is not None and spec.origin else None
        if place != home:
            foreign.append(f"{name} in {place or 'no place at all'}")
    if foreign:
        return failed("package names", f"taken by another project: {', '.join(foreign)}", advice=_REINSTALL)
    return ok("package names", "flows, tasks and dashboards are ours")


def mediainfo() -> Check:
    """Whether MediaInfo's library, which reads what a file says about itself, can be loaded."""
    try:
        from pymediainfo import MediaInfo

        document = json.loads(str(MediaInfo.parse(__file__, output="JSON")))
        version = document["creatingLibrary"]["version"]
    except (ImportError, OSError, RuntimeError, ValueError, LookupError) as error:
        advice = "Reinstall the package pymediainfo; where it has no wheel, install the system's libmediainfo."
        return failed("MediaInfo", f"cannot be used: {error}", advice=advice)
    return ok("MediaInfo", str(version))


def pyav() -> Check:
    """Whether PyAV, which reads packets, can be loaded."""
    try:
        import av
    except (ImportError, OSError) as error:
        return failed("PyAV", f"cannot be used: {error}", advice="Reinstall the package av.")
    return ok("PyAV", f"{av.__version__} (libavformat {'.'.join(map(str, av.library_versions['libavformat']))})")


def _violation(requirement: Requirement) -> str:
    """What is wrong with an installed package, in words; empty when nothing is."""
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return f"{requirement.name} is missing"
    if requirement.specifier.contains(version, prereleases=True):
        return ""
    return f"{requirement.name} {version} is not {requirement.specifier}"
