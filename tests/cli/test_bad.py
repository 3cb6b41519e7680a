"""`reencodarr bad` as people call it, with a pretended Sonarr."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reencodarr.library import database
from tests.arr.fake import KEY
from tests.cli.conftest import Program
from tests.stages.arrs import kit as arrs
from tests.stages.arrs.kit import THEIRS, Shelf
from tests.stages.machines import farm


@pytest.fixture
def known(reencodarr: Program, tmp_path: Path) -> Iterator[tuple[Program, Shelf]]:
    """The program, and a Sonarr of which its database knows."""
    root = tmp_path / "films"
    root.mkdir()
    reencodarr.data.mkdir()
    url = f"sqlite:///{reencodarr.data / 'reencodarr.db'}"
    database.upgrade(url)
    opened = database.engine(url)
    with arrs.standing("sonarr", root, farm.made(opened, tmp_path).workplace) as shelf:
        start = "REENCODARR_SONARR__SONARR__"
        said = {f"{start}URL": shelf.fake.url, f"{start}API_KEY": KEY, f"{start}MAPPINGS": f"{THEIRS}={root}"}
        yield replace(reencodarr, environment={**reencodarr.environment, **said}), shelf
    opened.dispose()


@pytest.mark.slow
def test_a_file_is_reported_and_replaced_only_after_a_yes(known: tuple[Program, Shelf]) -> None:
    program, shelf = known
    path, file = shelf.add("bad.mkv")

    reported = program("bad", "report", path, "--reason", "no sound")
    unasked = program("bad", "confirm", "1")
    still_there = path.exists()
    agreed = program("bad", "confirm", "1", "--yes")
    [listed] = json.loads(program("bad", "list", "--json").stdout)

    assert reported.returncode == 0, reported.stderr
    assert (unasked.returncode, still_there) == (3, True)
    assert "Nothing was done." in unasked.stderr
    assert file.path in unasked.stdout
    assert agreed.returncode == 0, agreed.stderr
    assert "delete: Sonarr sonarr deleted" in agreed.stdout
    assert not path.exists()
    assert (listed["state"], listed["reason"]) == ("searching", "no sound")
    assert [step["name"] for step in listed["steps"] if "begun" not in step["name"]] == [
        "monitor",
        "block",
        "delete",
        "search",
        "wait",
    ]


def test_what_cannot_be_is_said(known: tuple[Program, Shelf]) -> None:
    program, _ = known

    unknown = program("bad", "dismiss", "7")

    assert unknown.returncode == 2
    assert "There is no bad file 7" in unknown.stderr
