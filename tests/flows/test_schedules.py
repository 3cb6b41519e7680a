"""What the deployments promise to do by themselves, and how often."""

from pathlib import Path

import pytest
import yaml

DEPLOYMENTS = Path(__file__).parents[2] / "prefect.yaml"
HOUR = 3600


@pytest.mark.parametrize(("flow", "interval"), [("sync", 6 * HOUR), ("look_again", 600), ("inform", 600)])
def test_sonarr_and_radarr_are_asked_and_told_without_being_asked_to(flow: str, interval: int) -> None:
    listed = yaml.safe_load(DEPLOYMENTS.read_text())["deployments"]

    [deployment] = [one for one in listed if one["entrypoint"] == f"flows.{flow}.{flow}"]

    assert [one["interval"] for one in deployment["schedules"]] == [interval]
