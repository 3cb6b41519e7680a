"""What a worker imports is there, and needs nothing that only the server or another system has."""

import importlib
import pkgutil
from pathlib import Path

import pytest

import reencodarr

ROOMS = ("units", "paths", "errors", "progress", "tools", "media", "encoding", "quality", "proof", "transfer", "work")
"""The rooms that run on a worker."""
HERE = Path(reencodarr.__file__).parent
OTHER_SYSTEMS = {f"reencodarr.tools.platforms.{name}" for name in ("linux", "macos", "posix", "watchdog")}


@pytest.mark.parametrize("room", [room for room in ROOMS if list(HERE.glob(f"{room}*"))])
def test_every_module_of_a_room_is_imported(room: str) -> None:
    package = importlib.import_module(f"reencodarr.{room}")

    modules = [
        module.name for module in pkgutil.walk_packages(getattr(package, "__path__", []), f"{package.__name__}.")
    ]

    for name in set(modules) - OTHER_SYSTEMS:
        importlib.import_module(name)
