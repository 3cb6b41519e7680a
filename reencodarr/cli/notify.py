"""`reencodarr notify`: tell people what needs them, as the hourly run does; or try whether messages arrive."""

from typing import Annotated

from cyclopts import Parameter

from reencodarr import settings
from reencodarr.cli import exits
from reencodarr.cli.console import err, out, safe

Flag = Annotated[bool, Parameter(negative="")]


def notify(*, test: Flag = False, summary: Flag = False) -> int:
    """Tell the people behind REENCODARR_NOTIFY__URLS what needs them and was not told today.

    Parameters
    ----------
    test
        Send a test message to each of them instead, and say which arrived.
    summary
        Send the summary of what happened since the last one instead.
    """
    from reencodarr.stages import notifying
    from reencodarr.stages.workplace import open_workplace

    loaded = settings.load()
    if not loaded.notify.urls:
        err.print(
            "There is nobody to tell. Set REENCODARR_NOTIFY__URLS to Apprise URLs, for example ntfy://ntfy.sh/topic."
        )
        return exits.CANNOT_WORK
    workplace = open_workplace(loaded)
    if not test:
        out.print(safe(notifying.summarise(workplace) if summary else notifying.tell(workplace)))
        return exits.DONE
    deliveries = notifying.test(workplace)
    for one in deliveries:
        out.print(f"{safe(one.address)}: " + ("[green]delivered[/]" if one.delivered else f"[red]{safe(one.words)}[/]"))
    return exits.DONE if all(one.delivered for one in deliveries) else exits.SOME_FAILED
