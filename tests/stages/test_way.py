"""A film's whole way, and what happens when it is disturbed: real ffmpeg, real files, no Prefect."""

import hashlib
import os
from pathlib import Path

import pytest

from reencodarr.library import database, reading, transitions
from reencodarr.library.states import State
from reencodarr.media import mediainfo
from reencodarr.stages import housekeeping, queue, search, settling, undoing
from tests.stages.conftest import Place, aged


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_film_is_searched_encoded_proven_and_replaced_and_comes_back(place: Place, small_film: Path) -> None:
    film = place.add(small_film)
    original, inode = digest(film), film.stat().st_ino

    outcomes = place.all_stages()

    assert [outcome.state for outcome in outcomes] == [State.REPLACED], outcomes
    assert mediainfo.read(film).facts.video.codec == "av1"
    assert film.stat().st_ino != inode
    with database.session(place.workplace.database, reads_only=True) as session:
        row = reading.summary(session)[0]
        savings = reading.savings(session)
    assert row.achieved == pytest.approx(row.predicted, abs=0.5)
    assert savings.pending == row.saved == row.size_before - film.stat().st_size
    assert not list(place.workplace.results.iterdir())

    order = undoing.orders(place.workplace, [str(film)])[0]
    undoing.undo(place.workplace, order)

    assert digest(film) == original
    assert place.states()[film.name] == ("skipped", "undone")
    assert place.analyse() == []


def test_what_is_no_film_fails_by_name_and_the_rest_goes_on(place: Place, small_film: Path, ffmpeg: Path) -> None:
    from reencodarr.tools import programs
    from reencodarr.tools.ffmpeg import QUIET

    (place.films / "empty.mkv").touch()
    (place.films / "text.mkv").write_text("no film\n" * 1000)
    programs.run([ffmpeg, *QUIET, "-f", "lavfi", "-i", "testsrc", "-frames:v", "1", place.films / "picture.png"])
    (place.films / "picture.png").rename(place.films / "picture.mp4")
    programs.run([ffmpeg, *QUIET, "-f", "lavfi", "-i", "sine=d=1", place.films / "sound.mkv"])
    (place.films / "folder.mkv").mkdir()
    (place.films / "cut.mkv").write_bytes(small_film.read_bytes()[:200])
    for name in ("empty.mkv", "text.mkv", "picture.mp4", "sound.mkv", "cut.mkv"):
        aged(place.films / name)
    place.add(small_film, "folder.mkv/good.mkv")
    before = {path: digest(path) for path in place.films.rglob("*") if path.is_file()}

    place.analyse()

    states = place.states()
    assert states["good.mkv"] == ("analyzed", "")
    assert states["empty.mkv"] == ("failed", "empty_file")
    assert states["text.mkv"] == ("failed", "not_a_video")
    assert states["picture.mp4"][0] in {"failed", "skipped"}
    assert states["sound.mkv"] == ("skipped", "no_video")
    assert states["cut.mkv"][0] == "failed"
    assert "folder.mkv" not in states
    assert {path: digest(path) for path in before} == before


@pytest.mark.slow
def test_hostile_names_are_replaced_like_any_other(place: Place, small_film: Path) -> None:
    name = os.fsdecode(b'- it\'s "a"\nfilm \xf0\x9f\x8e\xac %d [x] \xff.mkv')
    film = place.add(small_film, name)

    outcomes = place.all_stages()

    assert [outcome.state for outcome in outcomes] == [State.REPLACED], outcomes
    assert mediainfo.read(film).facts.video.codec == "av1"


@pytest.mark.slow
def test_a_truncated_film_is_never_replaced(place: Place, small_film: Path) -> None:
    film = place.films / "truncated.mkv"
    film.write_bytes(small_film.read_bytes()[: small_film.stat().st_size // 2])
    aged(film)
    before = digest(film)

    place.all_stages()

    assert place.state(film) is not State.REPLACED
    assert digest(film) == before


@pytest.mark.slow
def test_a_changed_file_is_analysed_again_and_its_old_probes_are_dropped(
    place: Place, small_film: Path, bikes: Path
) -> None:
    film = place.add(small_film)
    place.analyse()
    place.search()
    assert place.state(film) is State.CRF_SEARCHED

    film.write_bytes(small_film.read_bytes() + b"\0" * 100)
    aged(film, 1800)
    outcome = place.encode()[0]
    place.analyse()

    assert outcome.state is State.NEEDS_ANALYSIS
    assert place.state(film) is State.ANALYZED
    with database.session(place.workplace.database, reads_only=True) as session:
        assert reading.film(session, outcome.video_id).probes == ()


@pytest.mark.slow
def test_a_film_replaced_during_its_encode_wins(place: Place, small_film: Path, tmp_path: Path, ffmpeg: Path) -> None:
    film = place.add(small_film)
    place.analyse()
    place.search()
    wrapper = tmp_path / "ffmpeg"
    upgrade = tmp_path / "upgrade.mkv"
    upgrade.write_bytes(small_film.read_bytes() + b"\0" * 64)
    wrapper.write_text(
        f'#!/bin/sh\n"{ffmpeg}" "$@"; c=$?\ncase "$*" in *-progress*) cp "{upgrade}" "{film}";; esac\nexit $c\n'
    )
    wrapper.chmod(0o755)

    outcome = place.with_ffmpeg(wrapper).encode()[0]

    assert outcome.state is State.NEEDS_ANALYSIS
    assert not outcome.failed
    assert film.read_bytes() == upgrade.read_bytes()


@pytest.mark.slow
def test_a_film_deleted_before_its_swap_is_not_brought_back(place: Place, small_film: Path) -> None:
    film = place.add(small_film)
    place.add(small_film, "other.mkv")
    place.analyse()
    place.search()
    place.encode()
    film.unlink()

    outcomes = place.finalize()

    assert not film.exists()
    assert State.REPLACED in {outcome.state for outcome in outcomes}
    assert place.states()[film.name][0] != "replaced"


def test_an_interrupted_step_puts_the_video_back(place: Place, small_film: Path) -> None:
    film = place.add(small_film)
    place.analyse()
    video = queue.waiting(place.workplace, [])[0]

    def interrupt(_progress: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search.search(place.workplace, video, report=interrupt)

    assert place.state(film) is State.ANALYZED
    assert not list(place.workplace.settings.scratch.glob("reencodarr-search*"))


def test_a_claim_of_a_dead_process_ends_at_the_next_start(place: Place, small_film: Path) -> None:
    from datetime import timedelta

    film = place.add(small_film)
    place.analyse()
    video = queue.waiting(place.workplace, [])[0]
    dead = place.workplace.holder.split(":")[0] + ":999999:1"
    with database.session(place.workplace.database) as session:
        transitions.claim(session, video, State.ANALYZED, holder=dead, lease=timedelta(hours=1))

    housekeeping.recover(place.workplace)

    assert place.state(film) is State.ANALYZED


@pytest.mark.slow
def test_a_swap_that_died_before_the_database_heard_is_settled_at_the_next_start(
    place: Place, small_film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = place.add(small_film)
    place.analyse()
    place.search()
    place.encode()

    def dies(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(settling, "record", dies)
        with pytest.raises(KeyboardInterrupt):
            place.finalize()
    assert mediainfo.read(film).facts.video.codec == "av1"
    assert place.state(film) is State.ENCODED

    housekeeping.recover(place.workplace)
    housekeeping.recover(place.workplace)

    assert place.state(film) is State.REPLACED
    with database.session(place.workplace.database, reads_only=True) as session:
        assert reading.savings(session).replaced_videos == 1
    assert place.analyse() == []


def test_another_policy_decides_again_without_reading_the_file(place: Place, small_film: Path, tmp_path: Path) -> None:
    from reencodarr.stages import redeciding

    film = place.add(small_film)
    place.analyse()
    strict = place.with_policy("[source]\nshortest_seconds = 60\n", tmp_path)

    number = redeciding.redecide(strict.workplace, [str(place.films)])

    assert number == 1
    assert place.states()[film.name] == ("skipped", "too_short")
    assert redeciding.redecide(place.workplace, [str(place.films)]) == 1
    assert place.state(film) is State.ANALYZED
    assert redeciding.redecide(place.workplace, [str(place.films)]) == 0


def test_hard_linked_films_are_left_alone(place: Place, small_film: Path) -> None:
    film = place.add(small_film)
    os.link(film, place.films.parent / "seed.mkv")

    place.analyse()

    assert place.states()[film.name] == ("skipped", "hard_linked")


@pytest.mark.slow
def test_a_film_with_a_wrong_extension_gets_the_right_one_and_its_own_back(place: Place, small_film: Path) -> None:
    film = place.add(small_film, "wrong.avi")
    result = film.with_suffix(".mkv")
    original = digest(film)

    outcomes = place.all_stages()

    assert [outcome.state for outcome in outcomes] == [State.REPLACED], outcomes
    assert not film.exists()
    assert mediainfo.read(result).facts.video.codec == "av1"
    assert place.analyse() == []

    undoing.undo(place.workplace, undoing.orders(place.workplace, [str(place.films)])[0])

    assert digest(film) == original
    assert not result.exists()
    assert place.analyse() == []
