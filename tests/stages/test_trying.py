"""A search that only looks: what it remembers, what it refuses, and that nobody notices it afterwards."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from reencodarr.errors import EmptyFile, FilmUnsuitable, NotAVideo, SourceVanished
from reencodarr.quality import dynamic_range
from reencodarr.quality.engine import Probe, SearchResult
from reencodarr.settings import Settings
from reencodarr.stages import trying
from reencodarr.stages.trying import Wish
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs
from reencodarr.units import VmafScore
from tests.stages.conftest import Place

Cut = Callable[..., Path]
SMALL = ("-vf", "scale=320:136")


@pytest.fixture
def cut(ffmpeg: Path, bikes: Path, tmp_path: Path) -> Cut:
    def made(name: str, *words: str) -> Path:
        film = tmp_path / name
        programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-v", "error", "-i", bikes, "-frames:v", "2", *words, film])
        return film

    return made


@pytest.fixture
def settings(tmp_path: Path, fast_policy: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", policy=fast_policy)


def searched(settings: Settings, film: Path, wish: Wish) -> tuple[SearchResult, tuple[Probe, ...], list[Probe]]:
    """The result, what was remembered, and what was tried."""
    tried: list[Probe] = []
    with trying.prepared(settings, film, wish) as trial:
        return trying.search(trial, on_probe=tried.append), trial.terms.known, tried


def content(database: Path) -> list[str]:
    with sqlite3.connect(database) as opened:
        return list(opened.iterdump())


@pytest.mark.slow
def test_what_a_run_found_is_remembered_and_nothing_is_added_to_it(place: Place, cut: Cut, tmp_path: Path) -> None:
    film = place.add(cut("film.mkv", *SMALL, "-c:v", "libx264", "-crf", "1"))
    place.analyse()
    place.search()
    elsewhere = tmp_path / "elsewhere.mkv"
    elsewhere.write_bytes(film.read_bytes())
    settings = place.workplace.settings
    before = content(settings.data_dir / "reencodarr.db")

    here = searched(settings, film, Wish())
    there = searched(settings, elsewhere, Wish())
    other = searched(settings, film, Wish(preset=13))
    cold = searched(settings, film, Wish(cold=True))

    result, known, tried = here
    assert known
    assert tried == []
    assert there == here
    assert (other[1], cold[1]) == ((), ())
    assert len(cold[2]) == len(cold[0].probes) > 0
    assert cold[0].crf == result.crf
    assert content(settings.data_dir / "reencodarr.db") == before
    assert [path.name for path in settings.scratch.iterdir() if path.name.startswith("reencodarr-")] == []


def test_a_database_that_cannot_be_asked_is_a_note(settings: Settings, cut: Cut) -> None:
    film = cut("film.mkv", *SMALL, "-c:v", "libx264", "-crf", "1")
    settings.data_dir.mkdir()
    (settings.data_dir / "reencodarr.db").write_text("no database " * 500)

    with trying.prepared(settings, film, Wish()) as trial:
        notes = trial.notes

    assert trial.terms.known == ()
    assert any("Nothing is remembered" in note and "reencodarr.db" in note for note in notes), notes


def test_a_wish_goes_before_the_policy(settings: Settings, cut: Cut) -> None:
    film = cut("film.mkv", *SMALL, "-c:v", "libx264", "-crf", "1")

    with trying.prepared(settings, film, Wish(target=VmafScore(91.5), preset=9)) as trial:
        target = trial.terms.target

    assert (target.mean, target.lowest_mean, target.floor_p5) == (91.5, 90, 85.5)
    assert trial.terms.video.preset == 9
    assert not settings.data_dir.exists()


def test_what_the_policy_forbids_to_replace_can_still_be_looked_at(settings: Settings, cut: Cut) -> None:
    film = cut("film.mkv", *SMALL, "-c:v", "libx264", "-crf", "1")
    film.with_name("other name.mkv").hardlink_to(film)

    with trying.prepared(settings, film, Wish()) as trial:
        notes = trial.notes

    assert any(note.startswith("A run would leave this film alone") and "hard links" in note for note in notes)


def test_a_film_that_is_no_sdr_is_marked(settings: Settings, cut: Cut) -> None:
    colours = ("-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc")
    told = "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:log-level=none"
    hdr = cut("hdr.mkv", *SMALL, "-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-x265-params", told, *colours)
    plain = cut("plain.mkv", *SMALL, "-c:v", "libx264")

    with trying.prepared(settings, hdr, Wish()) as marked, trying.prepared(settings, plain, Wish()) as unmarked:
        pass

    assert marked.hdr
    assert dynamic_range.NOTE in marked.notes
    assert not unmarked.hdr
    assert dynamic_range.NOTE not in unmarked.notes


def test_what_cannot_be_searched_is_refused_by_name(settings: Settings, cut: Cut, tmp_path: Path) -> None:
    av1 = cut("av1.mkv", *SMALL, "-c:v", "libsvtav1", "-preset", "12")
    full_chroma = cut("full.mkv", *SMALL, "-c:v", "libx264", "-pix_fmt", "yuv444p")
    empty = tmp_path / "empty.mkv"
    empty.touch()
    text = tmp_path / "text.mkv"
    text.write_text("no film " * 500)

    for film, error, words in (
        (av1, FilmUnsuitable, "already is AV1"),
        (full_chroma, FilmUnsuitable, "4:4:4"),
        (empty, EmptyFile, "empty"),
        (text, NotAVideo, "no film"),
    ):
        with pytest.raises(error, match=words), trying.prepared(settings, film, Wish()):
            pass


def test_a_film_that_changes_meanwhile_gives_no_answer(settings: Settings, cut: Cut) -> None:
    film = cut("film.mkv", *SMALL, "-c:v", "libx264", "-crf", "1")

    def change(_: Probe) -> None:
        with film.open("ab") as file:
            file.write(b"\0")

    with trying.prepared(settings, film, Wish()) as trial, pytest.raises(SourceVanished, match="changed while"):
        trying.search(trial, on_probe=change)
