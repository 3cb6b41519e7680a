"""Flow `dispatch`: one pass over everything that waits and everything that was given away."""

from prefect import flow

from tasks import dispatching


@flow(name="dispatch", flow_run_name="dispatch")
def dispatch() -> str:
    """Settle, start, give away; what was done, in words. May be killed at any point and run twice at once."""
    if dispatching.too_late():
        return "This pass should have been made a while ago; a later one does its work."
    return str(dispatching.dispatch())
