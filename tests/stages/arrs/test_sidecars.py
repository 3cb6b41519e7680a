"""What lies beside a film, and what became of it after it was renamed or looked at by another program."""

from pathlib import Path

import pytest

from reencodarr.stages.arrs import sidecars
from reencodarr.stages.arrs.sidecars import Fate


def test_the_films_own_files_and_the_folders_are_beside_it_but_not_its_neighbours(tmp_path: Path) -> None:
    for name in ("Show 1.mkv", "Show 1.en.srt", "Show 1-thumb.jpg", "Show 10.mkv", "Show 10.nfo", "folder.jpg"):
        (tmp_path / name).touch()
    (tmp_path / "Show 1.trickplay").mkdir()
    (tmp_path / ".reencodarr-x.part").touch()

    found = sidecars.beside(tmp_path / "Show 1.mkv")

    assert found == ("Show 1-thumb.jpg", "Show 1.en.srt", "Show 1.trickplay", "folder.jpg")


@pytest.mark.parametrize(
    ("before", "here", "now", "fate"),
    [
        (("a.srt", "x.jpg"), ("a.srt", "x.jpg"), "a", Fate()),
        (("a.en.srt", "a.nfo"), ("b.en.srt", "b.nfo"), "b", Fate()),
        (("a.eng.srt",), ("b.en.srt",), "b", Fate()),
        (("a.en.srt", "a.de.srt"), ("b.en.srt",), "b", Fate(missing=("a.de.srt",))),
        (("a.srt", "x.jpg"), ("a.srt",), "a", Fate(missing=("x.jpg",))),
        (("a.trickplay", "a.srt"), ("a.trickplay", "b.srt"), "b", Fate(left=("a.trickplay",))),
        (("x.jpg",), ("b.jpg",), "b", Fate(missing=("x.jpg",))),
        ((), ("new.srt",), "a", Fate()),
    ],
)
def test_what_became_of_them_is_known_by_their_names(
    before: tuple[str, ...], here: tuple[str, ...], now: str, fate: Fate
) -> None:
    assert sidecars.fate(before, here, stem="a", now=now) == fate


def test_what_stayed_in_a_former_folder_is_left_behind_not_missing() -> None:
    found = sidecars.fate(("a.srt", "a.nfo"), ("a.srt",), stem="a", now="a", behind=("a.nfo",))

    assert found == Fate(left=("a.nfo",))
