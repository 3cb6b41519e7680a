"""Tables for people, and the same as JSON for scripts: the plan before a run, the summary after it."""

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reencodarr.cli.console import bytes_text, duration_text, out, safe
from reencodarr.library import database, holds, reading
from reencodarr.library.reading import Row
from reencodarr.library.states import State
from reencodarr.quality import dynamic_range
from reencodarr.stages import queue
from reencodarr.stages.forecast import Forecast, Intention
from reencodarr.stages.workplace import Workplace

LISTED = 40
"""Films listed one by one; more are counted."""

STYLES = {State.REPLACED: "green", State.FAILED: "red", State.SKIPPED: "dim"}


def plan(found: Forecast, *, console: Console = out) -> None:
    """What would be done, film by film, and what it would save."""
    films = sorted(found.intentions, key=lambda one: -one.estimate.saved if one.estimate else 0)
    if films:
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("film", overflow="fold", ratio=2)
        table.add_column("size", justify="right", no_wrap=True)
        table.add_column("what, and why", overflow="fold", ratio=3)
        table.add_column("may save", justify="right", no_wrap=True)
        for one in films[:LISTED]:
            table.add_row(Text(reading.shown(one.path.name)), bytes_text(one.size), _intent(one), _saving(one))
        console.print(table)
    if len(films) > LISTED:
        console.print(f"... and {len(films) - LISTED} more", style="dim")
    console.print(_forecast_line(found), highlight=False)


def plan_json(found: Forecast) -> str:
    """The plan as JSON: `films`, and `total` with saved bytes (and its 80 % interval) and hours."""
    films = [
        {
            "path": reading.shown(one.path),
            "size": one.size,
            "state": one.state.value,
            "reason": one.reason,
            "why": list(one.sentences),
            "saved": one.estimate.saved if one.estimate else None,
            "saved_low": one.estimate.saved_low if one.estimate else None,
            "saved_high": one.estimate.saved_high if one.estimate else None,
        }
        for one in found.intentions
    ]
    total = found.total
    return json.dumps(
        {
            "films": films,
            "total": {
                "encodes": len(found.encodes),
                "saved": total.saved,
                "saved_low": total.saved_low,
                "saved_high": total.saved_high,
                "hours": round(found.wall / 3600, 3),
            },
        },
        indent=2,
        ensure_ascii=False,
    )


def summary(
    workplace: Workplace,
    paths: Sequence[str],
    *,
    touched: Sequence[int] = (),
    as_json: bool = False,
    batch: str = "",
) -> None:
    """What became of the films below `paths`, and what was saved.

    Of a library with more films than fit a table, only those that this run `touched` are listed, if it touched any.
    """
    with database.session(workplace.database, reads_only=True) as session:
        all_films = queue.below(session, paths)
        listed = touched if touched and len(all_films) > LISTED and not as_json else all_films
        rows = reading.summary(session, ids=listed)
        savings = reading.savings(session)
    if as_json:
        out.print_json(json.dumps({"batch": batch, "films": [_film(row) for row in rows]}))
        return
    out.print(summary_table(rows))
    for row in rows[:LISTED]:
        if row.note:
            out.print(
                f"{safe(row.name)}: {safe(dynamic_range.marked(row.note, row.hdr))}",
                style="dim",
                highlight=False,
                soft_wrap=True,
            )
    out.print(
        f"Saved [bold green]{bytes_text(savings.freed + savings.pending)}[/]: {bytes_text(savings.freed)} are free, "
        f"{bytes_text(savings.pending)} will be when the originals leave the trash "
        f"({bytes_text(savings.trash)} until then).",
        highlight=False,
    )
    if batch and any(row.state is State.REPLACED for row in rows):
        out.print(f"[dim]Not content? reencodarr undo --batch {batch}[/]", highlight=False)


def summary_table(rows: Sequence[Row]) -> Table:
    """One line a film: before, after, CRF, VMAF predicted → achieved, time, and where it got to."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("film", overflow="fold", ratio=2)
    for name in ("before", "after", "CRF", "VMAF", "time"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("state", ratio=1)
    for row in rows[:LISTED]:
        table.add_row(
            Text(row.name),
            bytes_text(row.size_before),
            _after(row),
            f"{row.crf:g}" if row.crf is not None else "",
            _vmaf(row),
            duration_text(row.seconds) if row.seconds is not None else "",
            Text(_state(row), style=STYLES.get(row.state, "")),
        )
    if len(rows) > LISTED:
        table.add_row(f"... and {len(rows) - LISTED} more", style="dim")
    return table


def _intent(one: Intention) -> Text:
    if one.estimate is not None:
        return Text(one.sentences[0] if one.sentences else "encode")
    if one.state is State.REPLACED:
        return Text("already replaced", style="dim")
    if one.reason in {holds.PAUSED, holds.CANCELLED}:
        return Text(f"{one.reason} by a person until `reencodarr resume`", style="yellow")
    why = " ".join(one.sentences) or one.reason.replace("_", " ")
    if one.state is State.SKIPPED:
        return Text(why, style="dim")
    return Text(f"{one.state.value}: {why}", style="red" if one.state is State.FAILED else "dim")


def _saving(one: Intention) -> str:
    if one.estimate is None:
        return ""
    return f"{bytes_text(one.estimate.saved_low)} to {bytes_text(one.estimate.saved_high)}"


def _forecast_line(found: Forecast) -> str:
    if not found.encodes:
        return "[bold]Nothing to encode.[/]"
    total = found.total
    return (
        f"[bold]{len(found.encodes)} of {len(found.intentions)} films to encode[/], saving about "
        f"[bold]{bytes_text(total.saved)}[/] ({bytes_text(total.saved_low)} to {bytes_text(total.saved_high)}) "
        f"in about {duration_text(found.wall)} on this machine."
    )


def _after(row: Row) -> str:
    if row.size_after is None:
        return ""
    share = f" {row.size_after / row.size_before - 1:+.0%}" if row.saved is not None and row.size_before else ""
    return bytes_text(row.size_after) + share


def _vmaf(row: Row) -> str:
    """Predicted, and behind the arrow achieved."""
    predicted = f"{row.predicted:.1f}" if row.predicted is not None else ""
    score = f"{predicted} → {row.achieved:.1f}" if row.achieved is not None else predicted
    return dynamic_range.marked(score, row.hdr)


def _state(row: Row) -> str:
    if row.hold:
        return f"{row.state.value}, {row.hold}"
    return f"{row.state.value}: {row.reason.replace('_', ' ')}" if row.reason else row.state.value


def _film(row: Row) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "folder": row.folder,
        "state": row.state.value,
        "reason": row.reason,
        "bytes_before": row.size_before,
        "bytes_after": row.size_after,
        "crf": row.crf,
        "vmaf_predicted": row.predicted,
        "vmaf_achieved": row.achieved,
        "hdr_scored_as_sdr": dynamic_range.off_model(row.hdr),
        "deviation": row.deviation,
        "note": row.note,
        "seconds": row.seconds,
    }
