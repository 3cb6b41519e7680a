"""Progress bars for whoever watches: one for the films, one for what happens to the current film."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from reencodarr import progress
from reencodarr.cli.console import duration_text, err, out, safe
from reencodarr.progress import Report

STAGES = {
    "scan": "looking",
    "analysis": "reading facts",
    "crf_search": "searching",
    "encode": "encoding",
    "measure": "measuring",
    "proof": "proving",
    "swap": "swapping in",
    "sync": "syncing",
}


@contextmanager
def bars() -> Iterator[Report]:
    """Show progress on standard error until the block ends; also listens to tasks of this process."""
    with _columns() as shown:
        line: TaskID = shown.add_task("", total=1.0, detail="")

        def report(one: progress.Progress) -> None:
            shown.update(
                line,
                description=f"{STAGES.get(one.stage, one.stage)} [bold]{safe(one.label)}[/]",
                completed=one.fraction if one.fraction is not None else 0.0,
                total=1.0 if one.fraction is not None else None,
                detail=_detail(one),
            )

        token = progress.listener.set(report)
        try:
            yield report
        finally:
            progress.listener.reset(token)


def _columns() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[detail]}", style="dim"),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        redirect_stdout=out.is_terminal,  # else answers that are written to a file would end up on the terminal
    )


def _detail(one: progress.Progress) -> str:
    parts = [f"{one.fraction:.0%}"] if one.fraction is not None else []
    if one.fps:
        parts.append(f"{one.fps:.1f} fps")
    if one.eta:
        parts.append(f"{duration_text(one.eta)} left")
    if one.detail:
        parts.append(one.detail)
    return " · ".join(parts)
