"""A person pauses, resumes and cancels what this machine works on: real programs, a real database."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from sqlmodel import select

from reencodarr.library import database, holds, jobs, transitions
from reencodarr.library.states import State
from reencodarr.library.tables import Job, VideoState, now
from reencodarr.stages import forecast, heeding, holding, queue, search, step
from reencodarr.stages.step import Outcome
from reencodarr.work.halting import Halt
from tests import paused
from tests.stages.conftest import Place

ME = psutil.Process()


@pytest.fixture
def slow(place: Place, small_film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A place with one film whose probes take seconds each."""
    monkeypatch.setattr(heeding, "LOOK_EVERY", 0.2)
    patient = place.with_policy("[[video.presets]]\nfrom_lines = 0\npreset = 4\n", tmp_path)
    patient.add(small_film)
    patient.analyse()
    return patient


def searching(place: Place, halt: Halt | None = None) -> tuple[threading.Thread, list[Outcome]]:
    """A search that runs, and where its outcome will be."""
    ended: list[Outcome] = []
    (video,) = queue.waiting(place.workplace, [str(place.films)])

    def work() -> None:
        ended.append(search.search(place.workplace, video, halt=halt))

    thread = threading.Thread(target=work)
    thread.start()
    paused.eventually(lambda: paused.encoders(ME))
    return thread, ended


def attempts(place: Place) -> list[str]:
    with database.session(place.workplace.database, reads_only=True) as session:
        return list(session.exec(select(Job.outcome).where(Job.kind == "crf_search")).all())


@pytest.mark.slow
def test_a_search_is_paused_and_resumed(slow: Place) -> None:
    thread, ended = searching(slow)
    videos = holding.under_way(slow.workplace)

    said = holding.pause(slow.workplace, videos)
    paused.eventually(lambda: paused.rests(ME))
    assert [one.done and one.under_way for one in said] == [True]
    assert holding.resting(slow.workplace) == videos
    holding.resume(slow.workplace, videos)
    paused.eventually(lambda: paused.works(ME))
    holding.cancel(slow.workplace, videos)
    thread.join(120)

    assert ended[0].state is State.ANALYZED


@pytest.mark.slow
def test_a_paused_search_keeps_its_claim(slow: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "RENEW_EVERY", 0.3)
    monkeypatch.setattr(step, "LEASE", timedelta(seconds=10))
    thread, _ = searching(slow)
    videos = holding.under_way(slow.workplace)

    holding.pause(slow.workplace, videos)
    paused.eventually(lambda: paused.rests(ME))
    until = now() + timedelta(seconds=11)

    def kept() -> bool:
        with database.session(slow.workplace.database) as session:
            assert transitions.reset_stale(session, now()) == []
            row = session.get_one(VideoState, videos[0])
            return row.claimed_until is not None and row.claimed_until > until

    paused.eventually(kept)
    holding.cancel(slow.workplace, videos)
    thread.join(120)
    assert not thread.is_alive()


def test_a_cancelled_search_ends_with_its_programs_and_waits_until_it_is_resumed(slow: Place) -> None:
    thread, ended = searching(slow)
    videos = holding.under_way(slow.workplace)
    names = [str(slow.films)]

    holding.cancel(slow.workplace, videos)
    thread.join(120)

    assert not thread.is_alive()
    assert (ended[0].state, ended[0].failed) == (State.ANALYZED, False)
    assert "cancelled" in ended[0].words
    assert paused.encoders(ME) == []
    assert attempts(slow) == ["returned"]
    assert slow.failures() == []
    assert not list(slow.workplace.settings.scratch.glob("reencodarr-*"))
    assert queue.waiting(slow.workplace, names) == []
    assert [one.reason for one in forecast.forecast(slow.workplace, names).intentions] == ["cancelled"]
    assert "until `reencodarr resume`" in search.search(slow.workplace, videos[0]).words
    holding.resume(slow.workplace, videos)
    assert queue.waiting(slow.workplace, names) == videos


def test_a_paused_search_that_is_interrupted_waits_paused(slow: Place) -> None:
    halt = Halt()
    thread, ended = searching(slow, halt)
    videos = holding.under_way(slow.workplace)

    holding.pause(slow.workplace, videos)
    paused.eventually(lambda: paused.rests(ME))
    halt.ask("the run was ended")
    thread.join(120)

    assert ended[0].words == "the run was ended"
    assert slow.state(next(slow.films.glob("*.mkv"))) is State.ANALYZED
    assert queue.waiting(slow.workplace, [str(slow.films)]) == []
    assert holding.resting(slow.workplace) == videos


def test_what_is_not_searched_or_encoded_cannot_be_paused(place: Place, small_film: Path) -> None:
    film = place.add(small_film)
    place.scan()
    video = queue.find(place.workplace, str(film))

    assert [one.done for one in holding.pause(place.workplace, [video])] == [False]
    assert [one.done for one in holding.resume(place.workplace, [video])] == [False]
    assert holding.resting(place.workplace) == []


@pytest.mark.slow
def test_a_hold_ends_when_the_film_is_replaced(place: Place, small_film: Path) -> None:
    film = place.add(small_film)
    place.analyse()
    place.search()
    place.encode()
    (video,) = queue.waiting(place.workplace, [str(place.films)])
    with database.session(place.workplace.database) as session:
        holds.keep(session, video, holds.PAUSED)

    place.finalize()

    assert place.state(film) is State.REPLACED
    assert holding.resting(place.workplace) == []


def test_a_stopped_process_keeps_its_claim_beyond_the_lease(
    place: Place, small_film: Path, sleeper: Callable[[], psutil.Popen]
) -> None:
    place.add(small_film)
    place.analyse()
    (video,) = queue.waiting(place.workplace, [str(place.films)])
    process = sleeper()
    holder = transitions.holder_name(process.pid)
    with database.session(place.workplace.database) as session:
        attempt = transitions.claim(session, video, State.ANALYZED, holder=holder, lease=timedelta(seconds=-1))
        jobs.start(session, video, "crf_search", attempt=attempt, worker=holder)
    process.suspend()
    paused.eventually(lambda: process.status() == psutil.STATUS_STOPPED)

    with database.session(place.workplace.database) as session:
        assert transitions.reset_stale(session, now()) == []
    process.resume()
    paused.eventually(lambda: process.status() != psutil.STATUS_STOPPED)
    with database.session(place.workplace.database) as session:
        assert transitions.reset_stale(session, now()) == [video]
