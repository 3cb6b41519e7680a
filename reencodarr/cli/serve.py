"""`reencodarr serve PART`: one part of the server alone, in this terminal or under a service manager."""

from typing import Literal

from reencodarr import settings
from reencodarr.cli import exits, parts, stopping
from reencodarr.cli.console import err, safe
from reencodarr.tools.supervisor import Supervisor

PartName = Literal["bucket", "api", "work", "dispatch", "worker", "dashboard"]


def serve(part: PartName, /) -> int:
    """Run one part of the server until a signal: bucket, api, work, dispatch, worker or dashboard.

    The same settings as for `reencodarr up`. `api` also brings pools and deployments up to date.

    Parameters
    ----------
    part
        Which one.
    """
    place = parts.site(settings.load())
    made = parts.part(part, place)
    supervisor = Supervisor([made], tell=lambda words: err.print(safe(words)))
    asked = stopping.Asked()
    with asked.by_signals():
        try:
            supervisor.start(stop=asked.once)
            if part == "api" and not asked.once():
                parts.deploy(place)
            err.print(f"[bold]{part}[/] runs: {parts.ABOUT[part]}. Its log is {safe(str(made.log_path))}.")
            supervisor.watch(stop=asked.once)
        finally:
            supervisor.stop()
    return exits.DONE
