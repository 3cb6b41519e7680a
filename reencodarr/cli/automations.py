"""Prefect's automations that ours rests on: silent runs of the server are crashed, and ends of runs wake dispatch.

Both are hints that make things quicker; what they would miss, the leases and the schedule of dispatch catch. Of work on
other machines the lease alone decides: when Prefect's server was away for some minutes, it takes all runs for silent.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

    from prefect.events.schemas.automations import AutomationCore

OF_THE_SERVER = "prefect.tag.server"
SILENCE = timedelta(seconds=200)
"""Three heartbeats of a run (60 s in the template) and a bit: with less, runs that lived were crashed (measured)."""
DISPATCH = "dispatch/server"
WAKES = "prefect.tag.wakes-dispatch"
"""Dispatch itself must not bear it, or it would wake itself for ever."""
ENDS = ("Completed", "Failed", "Crashed", "Cancelled")


def ensure() -> None:
    """Make both, or bring them up to date. May be repeated safely; needs the deployment of dispatch."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        dispatch = client.read_deployment_by_name(DISPATCH).id
        for wanted in (_crash_silent_runs(), _wake_dispatch(dispatch)):
            present = client.read_automations_by_name(wanted.name)
            if present:
                client.update_automation(present[0].id, wanted)
            else:
                client.create_automation(wanted)


def _crash_silent_runs() -> "AutomationCore":
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

    return AutomationCore(
        name="crash-silent-runs",
        description="A run that is silent has lost its process. Its result, if there is one, counts all the same.",
        trigger=EventTrigger(
            posture=Posture.Proactive,
            threshold=1,
            within=SILENCE,
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.*"},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            match_related={"prefect.resource.role": "tag", "prefect.resource.id": OF_THE_SERVER},
            for_each={"prefect.resource.id"},
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, name="Crashed", message="no heartbeat")],
    )


def _wake_dispatch(dispatch: "UUID") -> "AutomationCore":
    from prefect.events.actions import RunDeployment
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

    return AutomationCore(
        name="wake-dispatch",
        description="The end of a search, an encode or a staging is something for dispatch to see.",
        trigger=EventTrigger(
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
            expect={f"prefect.flow-run.{state}" for state in ENDS},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related={"prefect.resource.role": "tag", "prefect.resource.id": WAKES},
        ),
        actions=[RunDeployment(source="selected", deployment_id=dispatch)],
    )
