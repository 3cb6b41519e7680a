"""What the deployments promise to do by themselves, and how often."""

from pathlib import Path

import pytest
import yaml
from prefect.events.schemas.automations import EventTrigger

from reencodarr.cli import automations

DEPLOYMENTS = Path(__file__).parents[2] / "prefect.yaml"
HOUR = 3600


@pytest.mark.parametrize(("flow", "interval"), [("sync", 6 * HOUR), ("look_again", 600), ("inform", 600)])
def test_sonarr_and_radarr_are_asked_and_told_without_being_asked_to(flow: str, interval: int) -> None:
    listed = yaml.safe_load(DEPLOYMENTS.read_text())["deployments"]

    [deployment] = [one for one in listed if one["entrypoint"] == f"flows.{flow}.{flow}"]

    assert [one["interval"] for one in deployment["schedules"]] == [interval]


def test_only_the_servers_own_runs_are_crashed_when_they_are_silent() -> None:
    """Prefect takes every run for silent when its server was away for some minutes, and encodes go on meanwhile."""
    listed = yaml.safe_load(DEPLOYMENTS.read_text())["deployments"]
    silent = automations._crash_silent_runs().trigger
    assert isinstance(silent, EventTrigger)

    named = silent.match_related.root if hasattr(silent.match_related, "root") else {}
    tagged = {one["work_pool"]["name"] for one in listed if "server" in one["tags"]}
    others = {one["work_pool"]["name"] for one in listed if "server" not in one["tags"]}

    assert named == {"prefect.resource.role": "tag", "prefect.resource.id": automations.OF_THE_SERVER}
    assert (tagged, others) == ({"server"}, {"linux", "windows", "macos"})
