"""Tasks of the server's part in the work of many machines: a pass of dispatch, staging a film, putting one first."""

from datetime import UTC, datetime, timedelta

from prefect import task
from prefect.runtime import flow_run

from reencodarr.stages import depot, queue
from reencodarr.stages.machines import dispatching, staging
from reencodarr.stages.machines.dispatching import Passed
from reencodarr.work.halting import Halt
from tasks import jobs, progress, runs, workplace

LATEST = timedelta(minutes=10)
"""A pass that should have been made longer ago than this is one of many that an outage left behind. Less would leave
none: on a busy machine a run begins a minute late (measured), and those behind it are cancelled by its limit.
"""


def too_late() -> bool:
    """Whether this run waited so long for a worker that others came behind it."""
    scheduled = flow_run.scheduled_start_time
    return scheduled is not None and datetime.now(UTC) - scheduled > LATEST


@task(name="dispatch")
def dispatch() -> Passed:
    """Make one pass over everything that waits and everything that was given away."""
    place = workplace.current()
    with runs.connected() as engine:
        return dispatching.dispatch(place, depot.open_bucket(place.settings), engine)


@task(name="stage", task_run_name="stage {label}")
def stage(job: str, attempt: int, label: str) -> str:
    """Bring the film of a job into the bucket, when it is its turn to be moved."""
    place = workplace.current()
    bucket = depot.open_bucket(place.settings)
    if bucket is None:
        return "There is no bucket; nothing is staged."
    with jobs.turn(Halt()):
        return staging.stage(place, bucket, job, attempt, report=progress.reporter("stage", f"Staging of {label}"))


@task(name="prioritise")
def prioritise(video: str) -> int:
    """Put a video before all others; its number."""
    place = workplace.current()
    return queue.prioritise(place, queue.find(place, video))
