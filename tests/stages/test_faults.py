"""What breaks around a film while it is worked on, and that the next pass finishes it: real programs, real disks."""

import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from reencodarr.errors import RootMissing, UndoRefused
from reencodarr.library import database, reading
from reencodarr.library.states import State
from reencodarr.library.tables import VideoState, now
from reencodarr.stages import encoding, housekeeping, queue, search, step, undoing
from tests import mounts
from tests.stages.conftest import Place, aged

MakePlace = Callable[[Path, Path], Place]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def ours(place: Place) -> list[Path]:
    """What lies around of ours that should not: work folders, staged results, journals."""
    scratch = place.workplace.settings.scratch
    beside = [path for path in place.films.rglob(".reencodarr-*") if path.name != ".reencodarr"]
    return [*scratch.glob("reencodarr-*"), *beside]


def the_waiting(place: Place) -> int:
    return queue.waiting(place.workplace, [])[0]


@pytest.mark.slow
def test_a_killed_ffmpeg_is_not_the_films_fault(place: Place, small_film: Path, tmp_path: Path, ffmpeg: Path) -> None:
    film = place.add(small_film)
    before = digest(film)
    place.analyse()
    place.search()
    killed = tmp_path / "ffmpeg"
    killed.write_text(
        f'#!/bin/sh\ncase "$*" in *-progress*) "{ffmpeg}" "$@" & sleep 0.2; kill -9 $! $$;; esac\n'
        f'exec "{ffmpeg}" "$@"\n'
    )
    killed.chmod(0o755)

    outcome = encoding.encode(place.with_ffmpeg(killed).workplace, the_waiting(place))

    assert outcome.failed
    assert outcome.state is State.CRF_SEARCHED
    assert place.failures() == [("encode", "program_interrupted")]
    assert digest(film) == before
    assert ours(place) == []
    assert [outcome.state for outcome in place.all_stages()] == [State.REPLACED], place.states()
    assert place.failures() == []


@pytest.mark.slow
def test_a_film_that_stops_decoding_half_way_fails_alone(place: Place, small_film: Path) -> None:
    film, good = place.add(small_film, "damaged.mkv"), place.add(small_film, "good.mkv")
    content = bytearray(film.read_bytes())
    half = len(content) // 2
    content[half : half + 200_000] = random.Random(1).randbytes(200_000)
    film.write_bytes(content)
    aged(film)

    place.all_stages()

    assert place.states()[film.name] == ("failed", "damaged_source")
    assert place.state(good) is State.REPLACED
    assert film.read_bytes() == content
    assert ours(place) == []


@pytest.mark.slow
def test_a_read_only_library_costs_no_encode_and_loses_no_result(
    make_place: MakePlace, small_film: Path, tmp_path: Path
) -> None:
    place = make_place(tmp_path / "films", tmp_path / "data")
    film = place.add(small_film)
    before = digest(film)
    with mounts.mounted("--bind", place.films, at=place.films):
        mounts.make_read_only(place.films, read_only=True)
        analysed, searched, refused = place.analyse(), place.search(), place.encode()
        mounts.make_read_only(place.films, read_only=False)
        encoded = place.encode()
        mounts.make_read_only(place.films, read_only=True)
        not_swapped = place.finalize()

        assert [one.state for one in [*analysed, *searched]] == [State.ANALYZED, State.CRF_SEARCHED]
        assert [one.state for one in [*refused, *encoded]] == [State.CRF_SEARCHED, State.ENCODED]
        assert "cannot be written" in refused[0].words
        assert [one.state for one in not_swapped] == [State.ENCODED]
        assert not_swapped[0].failed
        assert len(list(place.workplace.results.iterdir())) == 1
        assert digest(film) == before
        assert ours(place) == []

        mounts.make_read_only(place.films, read_only=False)
        assert [one.state for one in place.finalize()] == [State.REPLACED]
        assert place.failures() == []


@pytest.mark.parametrize("root", ["empty", "missing"])
def test_a_library_whose_disk_is_away_forgets_no_film(
    make_place: MakePlace, small_film: Path, tmp_path: Path, root: str
) -> None:
    place = make_place(tmp_path / "films", tmp_path / "data")
    with mounts.disk(place.films, "16m"):
        place.add(small_film)
        place.analyse()
        before, video = place.states(), the_waiting(place)
    if root == "missing":
        place.films.rmdir()

    with pytest.raises(RootMissing, match=str(place.films)):
        place.scan()
    outcome = search.search(place.workplace, video)

    assert outcome.failed
    assert outcome.state is State.ANALYZED
    assert place.states() == before
    if root == "empty":
        assert list(place.films.iterdir()) == []


@pytest.mark.slow
def test_an_expired_original_is_freed_and_cannot_come_back(place: Place, small_film: Path) -> None:
    film = place.add(small_film)
    size = film.stat().st_size
    place.with_settings(trash_days=0).all_stages()
    replaced = digest(film)
    order = undoing.orders(place.workplace, [str(film)])[0]
    assert order.trash.stat().st_size == size

    first, second = housekeeping.tidy(place.workplace), housekeeping.tidy(place.workplace)

    assert (first.expired, first.freed) == (1, size)
    assert (second.expired, second.freed) == (0, 0)
    assert not order.trash.exists()
    with database.session(place.workplace.database, reads_only=True) as session:
        savings = reading.savings(session)
    assert savings.freed > 0
    assert savings.pending == 0
    assert undoing.orders(place.workplace, [str(film)]) == []
    with pytest.raises(UndoRefused, match="expired"):
        undoing.undo(place.workplace, order)
    assert digest(film) == replaced
    assert place.state(film) is State.REPLACED


def test_leftovers_of_a_killed_run_are_swept_and_what_is_needed_stays(place: Place, small_film: Path) -> None:
    film = place.add(small_film)
    place.analyse()
    scratch = place.workplace.settings.scratch
    leftover = scratch / "reencodarr-encode-9-1-abcdef"
    leftover.mkdir(parents=True)
    (leftover / "film.mkv").write_bytes(bytes(1000))
    place.workplace.results.mkdir()
    orphan = place.workplace.results / "9-1.mkv"
    orphan.write_bytes(bytes(500))

    tidied = housekeeping.tidy(place.workplace)

    assert tidied.swept == 1500
    assert not leftover.exists()
    assert not orphan.exists()
    assert place.state(film) is State.ANALYZED


def test_a_result_that_another_process_has_just_kept_is_not_discarded(place: Place, small_film: Path) -> None:
    place.add(small_film)
    place.analyse()
    video, attempt = the_waiting(place), 7
    with database.session(place.workplace.database) as session:
        row = session.get_one(VideoState, video)
        row.state, row.attempt = State.ENCODING.value, attempt
        row.claimed_by, row.claimed_until = place.workplace.holder, now() + step.LEASE
        session.add(row)
    place.workplace.results.mkdir(parents=True)
    kept = place.workplace.results / f"{video}-{attempt}.mkv"
    kept.write_bytes(b"not on record yet")

    housekeeping.tidy(place.workplace)

    assert kept.exists()


LEFT_ALONE = {
    "made_audio_only_aac51.m4a": "no_video",
    "hevc10_1080p_hlg_dv84_vfr_rot.mp4": "dolby_vision",
    "hevc10_1080p_hdr10plus_vfr.mp4": "hdr10_plus",
    "h264_444_720p20_cockatoo.mp4": "unsupported_chroma",
}


def test_films_that_would_lose_something_are_left_alone(
    place: Place, media: Path, small_film: Path, tmp_path: Path, ffmpeg: Path
) -> None:
    from reencodarr.tools import programs
    from reencodarr.tools.ffmpeg import QUIET

    for name in LEFT_ALONE:
        place.add(media / name, name.replace(".m4a", ".mp4"))
    two = tmp_path / "two.mkv"
    programs.run([ffmpeg, *QUIET, "-i", small_film, "-map", "0:v", "-map", "0:v", "-c", "copy", two])
    place.add(two)
    before = {path: digest(path) for path in place.films.iterdir()}

    place.analyse()

    states = place.states()
    assert {name: states[name.replace(".m4a", ".mp4")] for name in LEFT_ALONE} == {
        name: ("skipped", reason) for name, reason in LEFT_ALONE.items()
    }
    assert states["two.mkv"] == ("skipped", "several_videos")
    assert {path: digest(path) for path in before} == before
