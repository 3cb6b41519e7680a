"""Flow `look-again`: look at the series and movies that Sonarr and Radarr said changed."""

from prefect import flow

from tasks import stages, syncing, waking

ANALYSIS = "analysis/server"


@flow(name="look-again", flow_run_name="look again")
def look_again() -> str:
    """Fulfil all wishes and wake the analysis; what was found, in words. Twice at once, both see the same."""
    words = syncing.look_again()
    if stages.waiting([], analysis_only=True):
        waking.wake(ANALYSIS)
    return words
