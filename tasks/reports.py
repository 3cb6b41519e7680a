"""Reports of a flow run: one line a film in the log, one table at the end."""

import logging
from collections.abc import Sequence

from prefect.artifacts import create_table_artifact

from reencodarr.library.scan import ScanSummary
from reencodarr.stages.step import Outcome

log = logging.getLogger("reencodarr.reports")

LISTED = 500
"""Rows of a table artifact: Prefect keeps it as one document."""


def scanned(path: str, summary: ScanSummary) -> str:
    """What a scan found, in one sentence."""
    return (
        f"{path}: {summary.found} films, {summary.new} new, {summary.changed} changed, {summary.moved} moved, "
        f"{summary.gone} gone, {summary.ignored_unstable} still being written, {len(summary.unreadable)} unreadable."
    )


def lines(outcomes: Sequence[Outcome]) -> None:
    """One log line for each outcome."""
    for outcome in outcomes:
        log.info("video %d: %s. %s", outcome.video_id, outcome.state, outcome.words)


def table(outcomes: Sequence[Outcome]) -> None:
    """The run's table: each film, where it got to and why."""
    create_table_artifact(
        key="films",
        table=[
            {"video": outcome.video_id, "state": outcome.state.value, "what happened": outcome.words}
            for outcome in outcomes[:LISTED]
        ],
        description=f"What happened to {len(outcomes)} films; the first {LISTED} are listed",
    )
