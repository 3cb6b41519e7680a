"""Disks that get full under a film's way: scratch, the library, the database's folder; each small and really full."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from reencodarr.errors import DatabaseUnavailable
from reencodarr.library import database
from reencodarr.library.states import State
from reencodarr.library.tables import VideoState
from reencodarr.progress import Progress, Report
from reencodarr.stages import encoding, finalizing, housekeeping, queue, search
from reencodarr.stages.step import Outcome
from tests import mounts
from tests.stages.conftest import Place
from tests.stages.test_faults import ours

MakePlace = Callable[[Path, Path], Place]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def filling(disk: Path, *, at: str) -> Report:
    """A listener that fills a disk at the first word of a stage."""

    def heard(progress: Progress) -> None:
        if progress.stage == at and not (disk / "filler").exists():
            mounts.fill(disk)

    return heard


def make_room(disk: Path) -> None:
    (disk / "filler").unlink()


def _filling_ffmpeg(place: Place, disk: Path, folder: Path) -> Path:
    """An ffmpeg that finds the disk full when it encodes a film."""
    wrapper = folder / "ffmpeg"
    wrapper.write_text(
        f'#!/bin/sh\ncase "$*" in *-progress*libsvtav1*) cat /dev/zero > "{disk}/filler" 2> /dev/null;; esac\n'
        f'exec "{place.workplace.ffmpeg}" "$@"\n'
    )
    wrapper.chmod(0o755)
    return wrapper


def the_waiting(place: Place) -> int:
    return queue.waiting(place.workplace, [])[0]


@pytest.mark.slow
def test_full_scratch_stops_a_search_and_an_encode_for_now(place: Place, small_film: Path, tmp_path: Path) -> None:
    film = place.add(small_film)
    before = digest(film)
    with mounts.disk(tmp_path / "scratch", "16m") as disk:
        place = place.with_settings(scratch_dir=disk)
        place.analyse()
        video = the_waiting(place)

        searched = search.search(place.workplace, video, report=filling(disk, at="crf_search"))
        left_by_search = ours(place)
        make_room(disk)
        place.search()
        encoded = place.with_ffmpeg(_filling_ffmpeg(place, disk, tmp_path)).encode()[0]
        make_room(disk)
        measured = encoding.encode(place.workplace, video, report=filling(disk, at="encode"))

        stopped = [searched, encoded, measured]
        assert [one.state for one in stopped] == [State.ANALYZED, State.CRF_SEARCHED, State.CRF_SEARCHED]
        assert all(one.failed for one in stopped)
        assert set(place.failures()) == {("encode", "no_space")}
        assert left_by_search == ours(place) == []
        assert digest(film) == before

        make_room(disk)
        assert [one.state for one in place.all_stages()] == [State.REPLACED]
        assert place.failures() == []


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "during"])
def test_a_full_library_keeps_its_film_and_the_result_waits(
    make_place: MakePlace, small_film: Path, tmp_path: Path, moment: str
) -> None:
    with mounts.disk(tmp_path / "films", "16m") as disk:
        place = make_place(disk, tmp_path / "data")
        film = place.add(small_film)
        before = digest(film)
        place.analyse()
        place.search()
        place.encode()
        if moment == "before":
            mounts.fill(disk)

        outcome = finalizing.finalize(
            place.workplace, the_waiting(place), batch="b" * 32, report=filling(disk, at="swap")
        )

        assert outcome.failed
        assert outcome.state is State.ENCODED
        assert place.failures() == [("swap", "no_space")]
        assert str(film) in outcome.words or str(disk) in outcome.words
        assert len(list(place.workplace.results.iterdir())) == 1
        assert digest(film) == before
        assert ours(place) == []

        make_room(disk)
        assert [one.state for one in place.finalize()] == [State.REPLACED]
        assert place.failures() == []
        place.workplace.database.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["crf_search", "swap"])
def test_a_database_without_room_ends_the_pass_by_name(
    make_place: MakePlace, small_film: Path, tmp_path: Path, stage: str
) -> None:
    with mounts.disk(tmp_path / "data", "8m") as disk:
        place = make_place(tmp_path / "films", disk).with_settings(scratch_dir=tmp_path / "scratch")
        film = place.add(small_film)
        before = digest(film)
        place.analyse()
        video = the_waiting(place)
        heard = filling(disk, at=stage)
        if stage == "swap":
            place.search()
            place.encode()

        def step() -> Outcome:
            if stage == "swap":
                return finalizing.finalize(place.workplace, video, batch="b" * 32, report=heard)
            return search.search(place.workplace, video, report=heard)

        with pytest.raises(DatabaseUnavailable, match=r"reencodarr\.db is on a full disk"):
            step()

        assert digest(film) == before
        assert ours(place) == []

        make_room(disk)
        _another_run_begins(place)
        if stage == "swap":
            assert [one.state for one in place.finalize()] == [State.REPLACED]
        else:
            assert [one.state for one in place.search()] == [State.CRF_SEARCHED]
        assert ours(place) == []
        place.workplace.database.dispose()


def _another_run_begins(place: Place) -> None:
    """What the process does first that comes after the one which just died."""
    dead = place.workplace.holder.split(":")[0] + ":999999:1"
    with database.session(place.workplace.database) as session:
        for number in queue.below(session, []):
            claimed = session.get_one(VideoState, number)
            claimed.claimed_by = dead if claimed.claimed_by else ""
            session.add(claimed)
    housekeeping.recover(place.workplace)
