"""Prefect's own command in a checkout: `prefect deploy --all`, where git knows of no remote."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.flows.conftest import ROOT, Prefect

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_everything_is_deployed_and_nothing_is_pulled(prefect_server: Prefect, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    for room in ("flows", "tasks", "reencodarr", "dashboards"):
        shutil.copytree(ROOT / room, checkout / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "prefect.yaml", checkout)
    subprocess.run(["git", "init", "-q", checkout], check=True)
    environment = {**os.environ, **prefect_server.environment}
    subprocess.run([sys.executable, "-m", "reencodarr.cli", "pools"], env=environment, check=True)

    prefect_server.command("deploy", "--all", cwd=checkout)

    wanted = {one["entrypoint"] for one in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]}
    found = prefect_server.post("/deployments/filter", {})
    assert isinstance(found, list)
    assert {one["entrypoint"] for one in found} == wanted
    assert all(one["pull_steps"] == [] and one["path"] is None for one in found)
    assert all(len(one["description"]) > 40 for one in found)
