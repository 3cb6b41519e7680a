"""Flow `analysis`: facts and decisions for videos that have none."""

from prefect import flow

from tasks import stages

BATCH = 100
"""Videos a task: a task run costs about as much as reading ten files."""


@flow(name="analysis", flow_run_name="analysis")
def analysis(paths: list[str] | None = None) -> int:
    """Analyse what waits for it below `paths`, or everywhere; the number of videos. May be run twice at once."""
    waiting = stages.waiting(stages.libraries(paths), analysis_only=True)
    for first in range(0, len(waiting), BATCH):
        stages.analyse(waiting[first : first + BATCH])
    return len(waiting)
