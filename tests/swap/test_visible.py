"""The visible step in its three ways, and that it puts back at once what it should not have caught."""

from pathlib import Path

import pytest

from reencodarr.errors import DestinationTaken, OriginalChanged
from reencodarr.swap import visible
from tests.swap import kit

WAYS = {
    "exchange": ({"links": False, "renameat2": False}, ["exchange"]),
    "link": ({"links": False, "renameat2": True}, ["exchange", "link", "rename over"]),
    "aside": (
        {"links": True, "renameat2": True},
        ["exchange", "link", "move aside", "move in", "link", "plain rename"],
    ),
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "film.mkv").write_bytes(b"original")
    (tmp_path / ".reencodarr-part").write_bytes(b"result")
    return tmp_path


def names(place: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in place.iterdir() if path.name != "steps"}


def fine(_: Path) -> None:
    """What was caught is the expected file."""


def wrong(path: Path) -> None:
    raise OriginalChanged("It is another film.", path=path)


@pytest.mark.parametrize("way", WAYS)
def test_the_film_shows_the_result_and_the_original_is_kept(place: Path, way: str) -> None:
    refused, steps = WAYS[way]
    refusals = kit.Refusals(**refused)

    def note(_count: int, step: str, _path: str) -> None:
        if "fsync" not in step:
            with (place / "steps").open("a") as file:
                file.write(f"{step}\n")

    def work() -> None:
        refusals.begin()
        visible.show(place / ".reencodarr-part", place / "film.mkv", place / ".reencodarr-aside", check=fine)

    assert kit.in_child(work, at_step=note) == 0
    kept = ".reencodarr-part" if way == "exchange" else ".reencodarr-aside"
    assert names(place) == {"film.mkv": b"result", kept: b"original"}
    assert (place / "steps").read_text().splitlines() == steps


@pytest.mark.parametrize("way", WAYS)
def test_the_wrong_film_is_put_back_at_once(place: Path, way: str) -> None:
    refusals = kit.Refusals(**WAYS[way][0])
    before = names(place)

    def work() -> None:
        refusals.begin()
        with pytest.raises(OriginalChanged):
            visible.show(place / ".reencodarr-part", place / "film.mkv", place / ".reencodarr-aside", check=wrong)

    assert kit.in_child(work) == 0
    assert names(place) == before


def test_with_two_names_the_wrong_film_is_put_back_too(place: Path) -> None:
    before = names(place)

    with pytest.raises(OriginalChanged):
        visible.show_elsewhere(
            place / ".reencodarr-part",
            place / "film.mkv",
            place / "film.mp4",
            aside=place / ".reencodarr-aside",
            check=wrong,
        )

    assert names(place) == before


def test_a_name_that_was_taken_meanwhile_is_left_and_the_film_put_back(place: Path) -> None:
    (place / "film.mp4").write_bytes(b"somebody else's")
    before = names(place)

    with pytest.raises(DestinationTaken):
        visible.show_elsewhere(
            place / ".reencodarr-part",
            place / "film.mkv",
            place / "film.mp4",
            aside=place / ".reencodarr-aside",
            check=fine,
        )

    assert names(place) == before
