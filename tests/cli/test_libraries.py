"""Libraries of a server: nothing is replaced in one that nobody confirmed."""

from pathlib import Path

import pytest

from reencodarr.cli import exits
from tests.cli.conftest import Program


@pytest.mark.slow
def test_a_library_is_added_only_when_somebody_says_so(reencodarr: Program, tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()

    asked = reencodarr("libraries", "add", films)
    told = reencodarr("libraries", "add", films, "--yes")
    again = reencodarr("libraries", "add", films, "--yes")
    listed = reencodarr("libraries", "list")

    assert asked.returncode == exits.NOT_CONFIRMED
    assert told.returncode == again.returncode == exits.DONE, told.stderr
    assert "does not run" in told.stdout
    assert str(films) in listed.stdout
    assert "yes" in listed.stdout


def test_a_folder_that_is_not_there_is_a_named_error(reencodarr: Program, tmp_path: Path) -> None:
    done = reencodarr("libraries", "add", tmp_path / "none", "--yes")

    assert done.returncode == exits.CANNOT_WORK
    assert "RootMissing" in done.stderr
