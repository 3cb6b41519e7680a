"""Which entries of a folder a scan takes for films."""

import os
from pathlib import Path

import pytest

from reencodarr.library import walk
from reencodarr.library.walk import Kind, ScanOptions
from tests.library import films
from tests.library.conftest import unprivileged


def seen(root: Path, *roots: Path, within: Path | None = None, **options: object) -> dict[str, Kind]:
    chosen = ScanOptions(**{"stable_seconds": 60.0, **options})  # type: ignore[arg-type]
    found = walk.walk(root, chosen, roots=roots or (root,), within=within)
    return {str(sighting.path.relative_to(root)): sighting.kind for sighting in found}


@pytest.mark.parametrize("extension", sorted(walk.EXTENSIONS))
def test_video_files_are_found_whatever_their_case(root: Path, extension: str) -> None:
    films.write(root / f"a.{extension}")
    films.write(root / f"b.{extension.upper()}")

    assert set(seen(root)) == {f"a.{extension}", f"b.{extension.upper()}"}


@pytest.mark.parametrize(
    "name",
    [
        ".hidden.mkv",
        ".reencodarr-0123.part",
        "film.mkv.part",
        "film.mkv.tmp",
        "film.temp.mkv",
        "film.tmp.mkv",
        "film.mkv~",
        "~film.mkv",
        "film.mkv.crdownload",
        "film.nfo",
        "mkv",
        ".mkv",
        ".trash/film.mkv",
        ".reencodarr/trash/film.mkv",
        "#recycle/film.mkv",
        "$RECYCLE.BIN/film.mkv",
        "tv/@eaDir/film.mkv",
    ],
)
def test_hidden_and_unfinished_files_are_nobodys_business(root: Path, name: str) -> None:
    films.write(root / name)

    assert seen(root) == {}


@pytest.mark.parametrize(
    "name", ["Mockingjay.Part.mkv", "-rf.mkv", "a b'c\"d\n.mkv", "🎬.mkv", "x.y.z.mkv", "temp.mkv"]
)
def test_odd_names_are_films_all_the_same(root: Path, name: str) -> None:
    films.write(root / name)

    assert seen(root) == {name: Kind.FILM}


def test_names_that_are_not_utf8_are_films_too(root: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(root) + b"/\xff\xfe.mkv"))
    films.write(path)

    assert seen(root) == {path.name: Kind.FILM}


def test_a_folder_named_like_a_film_is_walked(root: Path) -> None:
    films.write(root / "x.mkv" / "film.mkv")

    assert seen(root) == {"x.mkv/film.mkv": Kind.FILM}


def test_a_pipe_named_like_a_film_is_passed_over(root: Path) -> None:
    os.mkfifo(root / "x.mkv")

    assert seen(root) == {}


def test_young_files_are_still_being_written(root: Path) -> None:
    films.write(root / "young.mkv", age=5)
    films.write(root / "clock a little off.mkv", age=-5)
    films.write(root / "from the future.mkv", age=-1e7)
    films.write(root / "old.mkv")

    assert seen(root) == {
        "young.mkv": Kind.UNSTABLE,
        "clock a little off.mkv": Kind.UNSTABLE,
        "from the future.mkv": Kind.FILM,
        "old.mkv": Kind.FILM,
    }


def test_patterns_leave_out_files_and_whole_folders(root: Path) -> None:
    for name in ("keep.mkv", "a.sample.mkv", "tv/Extras/1.mkv", "tv/Extras/more/2.mkv", "tv/1.mkv"):
        films.write(root / name)

    found = seen(root, exclude=("**/*.SAMPLE.*", "**/extras"))

    assert found == {
        "keep.mkv": Kind.FILM,
        "tv/1.mkv": Kind.FILM,
        "a.sample.mkv": Kind.EXCLUDED,
        "tv/Extras": Kind.EXCLUDED,
    }


def test_links_are_followed_nowhere_and_named_when_they_lead_out(root: Path, tmp_path: Path) -> None:
    films.write(root / "film.mkv")
    films.write(tmp_path / "elsewhere" / "secret.mkv")
    films.write(tmp_path / "second" / "film.mkv")
    for name, target in {
        "same.mkv": root / "film.mkv",
        "loop": root,
        "circle.mkv": root / "circle.mkv",
        "dead.mkv": tmp_path / "nothing",
        "out.mkv": tmp_path / "elsewhere" / "secret.mkv",
        "out": tmp_path / "elsewhere",
        "library two": tmp_path / "second",
        "notes.txt": tmp_path / "elsewhere" / "secret.mkv",
    }.items():
        (root / name).symlink_to(target)

    assert seen(root, root, tmp_path / "second") == {
        "film.mkv": Kind.FILM,
        "circle.mkv": Kind.OUTSIDE,
        "dead.mkv": Kind.OUTSIDE,
        "out.mkv": Kind.OUTSIDE,
        "out": Kind.OUTSIDE,
    }


def test_a_folder_that_cannot_be_listed_is_named_and_the_rest_goes_on(open_folder: Path) -> None:
    films.write(open_folder / "closed" / "a.mkv")
    films.write(open_folder / "open" / "b.mkv")
    (open_folder / "closed").chmod(0)

    with unprivileged():
        found = seen(open_folder)

    assert found == {"closed": Kind.UNREADABLE, "open/b.mkv": Kind.FILM}


def test_a_walk_can_be_limited_to_one_folder(root: Path) -> None:
    films.write(root / "tv" / "Extras" / "a.mkv")
    films.write(root / "tv" / "b.mkv")
    films.write(root / "c.mkv")

    found = seen(root, within=root / "tv", exclude=("tv/Extras",))

    assert found == {"tv/b.mkv": Kind.FILM, "tv/Extras": Kind.EXCLUDED}


def test_what_a_walk_finds_is_what_the_filter_wants(root: Path) -> None:
    names = ["a.mkv", ".b.mkv", "Extras/c.mkv", "d.txt", "#recycle/e.mkv", "f.tmp.mkv", "tv/g.MP4"]
    for name in names:
        films.write(root / name)
    options = ScanOptions(exclude=("extras",))
    chosen = walk.selected(root, options)

    found = {s.path for s in walk.walk(root, options, roots=(root,)) if s.kind is Kind.FILM}

    assert found == {root / name for name in names if chosen.wants(root / name)} == {root / "a.mkv", root / "tv/g.MP4"}
