"""`reencodarr sync`: ask Sonarr and Radarr what they have, and look at what changed."""

import json as jsonlib
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from reencodarr import settings
from reencodarr.cli import exits, live
from reencodarr.cli.console import duration_text, err, out, safe
from reencodarr.errors import ArrError, LibraryError

if TYPE_CHECKING:
    from reencodarr.stages.arrs.syncing import Synced

Flag = Annotated[bool, Parameter(negative="")]
_SHOWN = 20
"""Lines of what changed; all that are kept are in the JSON."""


def sync(*instances: str, json: Flag = False) -> int:
    """Bring what Sonarr and Radarr know up to date, as the scheduled sync does, and look at films that changed.

    Nothing is analysed: the next run, or the server, does that.

    Parameters
    ----------
    instances
        Names from the settings, such as main for REENCODARR_SONARR__MAIN__URL; all where none is said.
    json
        Print what came of it as JSON.
    """
    from reencodarr.stages.arrs import syncing
    from reencodarr.stages.workplace import open_workplace

    workplace = open_workplace(settings.load())
    names = syncing.names(workplace, instances)
    if not names:
        err.print(
            "There is no Sonarr or Radarr. Set REENCODARR_SONARR__MAIN__URL and REENCODARR_SONARR__MAIN__API_KEY."
        )
        return exits.CANNOT_WORK
    done: list[Synced] = []
    failed: dict[str, str] = {}
    with live.bars() as report:
        for name in names:
            try:
                done.append(syncing.sync(workplace, name, report=report))
            except (ArrError, LibraryError) as error:
                failed[name] = str(error)
    if json:
        out.print_json(jsonlib.dumps({"synced": [_document(one) for one in done], "failed": failed}))
    else:
        _print(done, failed)
    if not done:
        return exits.CANNOT_WORK
    return exits.SOME_FAILED if failed or any(one.failed for one in done) else exits.DONE


def _print(done: "list[Synced]", failed: dict[str, str]) -> None:
    for one in done:
        out.print(f"[bold]{one.instance}[/] in {duration_text(one.seconds)}: {safe(one.words)}")
        for line in (*one.troubles, *one.lines)[:_SHOWN]:
            out.print(f"  {line.what:9} {safe(line.title)}: {safe(line.words)}")
        for folder in one.unmapped[1:]:
            out.print(f"  [yellow]cannot see[/] {folder.files} in {safe(folder.folder)}: {safe(folder.words)}")
    for name, words in failed.items():
        err.print(f"[red]{name}[/]: {safe(words)}")


def _document(one: "Synced") -> dict[str, Any]:
    return {
        "instance": one.instance,
        "titles": one.titles,
        "files": one.files,
        "seconds": round(one.seconds, 3),
        "changes": {change.value: number for change, number in one.changes.items()},
        "failed": one.failed,
        "troubles": [{"title": line.title, "words": line.words} for line in one.troubles],
        "lines": [{"what": line.what, "title": line.title, "file": line.words} for line in one.lines],
        "unmapped": [
            {"folder": folder.folder, "files": folder.files, "words": folder.words, "mapping": folder.mapping}
            for folder in one.unmapped
        ],
    }
