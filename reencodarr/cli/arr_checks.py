"""What `doctor` says of the Sonarrs and Radarrs in the settings: each is reached, takes our key, and we speak to it.

All are asked at once and once only. The main job works without them, so that none of them fails it. What rests on a
database or a running server, paths and webhooks, is `reencodarr arr test`'s.
"""

import threading
import time
from collections.abc import Iterator

from reencodarr.arr import instance as instances
from reencodarr.arr.client import Times
from reencodarr.arr.instance import Instance
from reencodarr.errors import SettingsError
from reencodarr.settings import Settings
from reencodarr.stages.arrs import checkup
from reencodarr.stages.arrs.checkup import Line
from reencodarr.tools import checks
from reencodarr.tools.checks import Check
from reencodarr.units import Seconds

PATIENCE = Seconds(10.0)
"""For all of them, whatever they or a name server do."""
_ONCE = Times(connect=Seconds(5.0), answer=Seconds(8.0), tries=1)


def found(loaded: Settings, *, patience: Seconds = PATIENCE) -> Iterator[tuple[str, tuple[Check, ...]]]:
    """Each instance and its checks, after `patience` at the latest; nothing where none is set."""
    try:
        known = instances.configured(loaded)
    except SettingsError as error:  # No film's policy can be chosen with such settings.
        yield "Sonarr and Radarr", (checks.refused("settings", error, advice="Correct the variable, or unset it."),)
        return
    asked = [_Asked(one) for one in known]
    for one in asked:
        one.start()
    end = time.monotonic() + patience
    for one in asked:
        one.join(max(0.0, end - time.monotonic()))
        yield str(one.instance), tuple(_heard(one, patience))


class _Asked(threading.Thread):
    """One that is being asked. A daemon, for nothing ends a look-up of a name that hangs."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(name=f"doctor asks {instance}", daemon=True)
        self.instance = instance
        self.lines: list[Line] = []

    def run(self) -> None:
        for line in checkup.greeting(self.instance, times=_ONCE):
            self.lines.append(line)


def _heard(asked: _Asked, patience: Seconds) -> Iterator[Check]:
    late = asked.is_alive()
    for line in tuple(asked.lines):
        yield checks.ok(line.what, line.words) if line.good else _trouble(asked.instance, line.what, line.words)
    if late:
        yield _trouble(asked.instance, "answer", f"{asked.instance.url} has not answered within {patience:g} s.")


def _trouble(instance: Instance, what: str, words: str) -> Check:
    advice = (
        f"Films are re-encoded all the same. When it is mended, `reencodarr arr test {instance.name}` says the rest."
    )
    return checks.warning(what, words, advice=advice)
