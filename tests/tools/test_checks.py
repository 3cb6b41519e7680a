"""Checks of the Python that runs us tell what is wrong and what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reencodarr.tools import checks
from reencodarr.tools.checks import State


def foreign(site: Path, name: str, distribution: str) -> None:
    """Install a package into `site` as pip does."""
    (site / name).mkdir(parents=True)
    (site / name / "__init__.py").touch()
    info = site / f"{distribution}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "RECORD").write_text(f"{name}/__init__.py,,\n{distribution}-1.0.dist-info/METADATA,,\n")
    (info / "top_level.txt").write_text(f"{name}\n")


def collisions_with(site: Path) -> str:
    code = "from reencodarr.tools import checks\ncheck = checks.collisions()\nprint(check.state, check.found, sep='|')"
    environment = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run([sys.executable, "-P", "-c", code], env=environment, capture_output=True, text=True)
    return done.stdout.strip() or done.stderr


def test_this_python_its_packages_and_libraries_are_fine() -> None:
    found = [checks.python(), checks.packages(), checks.collisions(), checks.mediainfo(), checks.pyav()]

    assert [check.state for check in found] == [State.OK] * 5, found
    assert not any(check.advice for check in found)
    assert checks.mediainfo().found[0].isdigit()


def test_an_old_python_is_refused() -> None:
    check = checks.python((3, 10))

    assert check.state is State.FAILED
    assert "3.11" in check.advice


@pytest.mark.parametrize(
    ("requirement", "found", "advice"),
    [
        ("pytest<2", r"pytest .* is not <2", '"pytest<2"'),
        ("no-such-package-of-ours>=1", "no-such-package-of-ours is missing", '"no-such-package-of-ours>=1"'),
    ],
)
def test_a_package_that_does_not_fit_is_named_with_the_command(requirement: str, found: str, advice: str) -> None:
    import re

    check = checks.packages(["pytest>=2", requirement])

    assert check.state is State.FAILED
    assert re.fullmatch(found, check.found)
    assert check.advice == f"Run `pip install {advice}`."


def test_a_requirement_of_another_platform_does_not_count() -> None:
    check = checks.packages(['no-such-package-of-ours; sys_platform == "atari"'])

    assert check.state is State.OK


@pytest.mark.parametrize("name", ["flows", "tasks", "dashboards"])
def test_a_package_of_another_project_in_our_place_is_found(tmp_path: Path, name: str) -> None:
    foreign(tmp_path, name, "somebody-elses")

    found = collisions_with(tmp_path)

    assert found.startswith(f"failed|taken by another project: {name} of somebody-elses, {name} in {tmp_path}")


def test_other_packages_do_not_matter(tmp_path: Path) -> None:
    foreign(tmp_path, "flowers", "somebody-elses")

    assert collisions_with(tmp_path).startswith("ok|")
