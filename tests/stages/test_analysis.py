"""Many films are analysed in batches: each is claimed, judged and recorded by itself."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from reencodarr.errors import DatabaseUnavailable
from reencodarr.library import database, facts, transitions
from reencodarr.library.states import State
from reencodarr.library.tables import Job, StateChange, VideoState
from reencodarr.media import mediainfo
from reencodarr.progress import Progress
from reencodarr.stages import analysis, queue, step
from reencodarr.units import Seconds
from tests.stages.conftest import Place, aged


def waiting(place: Place) -> list[int]:
    return queue.waiting(place.workplace, [str(place.films)], analysis_only=True)


def claims(place: Place) -> int:
    with database.session(place.workplace.database, reads_only=True) as session:
        return len(session.exec(select(VideoState).where(VideoState.claimed_by != "")).all())


def add(place: Place, film: Path, number: int) -> None:
    for one in range(number):
        place.add(film, f"film {one:03d}.mp4")


def crasher(media: Path) -> bytes:
    """A real film with one byte changed, on which MediaInfo 24.12 crashes; another version may read it."""
    content = bytearray((media / "audio_dts_hd_ma_71.mkv").read_bytes())
    content[205_952] = 0xFF
    return bytes(content)


def test_whatever_is_in_a_batch_each_file_has_its_own_verdict(place: Place, bikes: Path, media: Path) -> None:
    for name in ("a good.mp4", "c good.mp4", "f good.mp4"):
        place.add(bikes, name)
    (place.films / "b crasher.mkv").write_bytes(crasher(media))
    (place.films / "d empty.mkv").touch()
    (place.films / "e text.mkv").write_text("just words\n" * 100)
    place.add(bikes, "e gone.mp4")
    for film in place.films.iterdir():
        aged(film)
    place.scan()
    (place.films / "e gone.mp4").unlink()

    alone = place.with_settings(analysis_workers=1)
    outcomes = list(analysis.analyse(alone.workplace, waiting(place)))

    assert len(outcomes) == 7
    states = place.states()
    assert {states[name] for name in ("a good.mp4", "c good.mp4", "f good.mp4")} == {("analyzed", "")}
    assert states["b crasher.mkv"] in {("failed", "damaged_source"), ("skipped", "no_video")}
    assert states["d empty.mkv"] == ("failed", "empty_file")
    assert states["e text.mkv"] == ("failed", "not_a_video")
    assert states["e gone.mp4"] == ("needs_analysis", "")
    assert ("analysis", "file_unreadable") in place.failures()
    assert claims(place) == 0


@pytest.mark.parametrize("workers", [1, 3])
def test_outcomes_come_in_the_given_order_and_progress_ends_with_all(
    place: Place, bikes: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setattr(analysis, "BATCH", 4)
    add(place, bikes, 11)
    place.scan()
    ids = waiting(place)[::-1]
    reports: list[Progress] = []

    outcomes = list(
        analysis.analyse(place.with_settings(analysis_workers=workers).workplace, ids, report=reports.append)
    )

    assert [outcome.video_id for outcome in outcomes] == ids
    assert {outcome.state for outcome in outcomes} == {State.ANALYZED}
    assert (reports[-1].label, reports[-1].fraction) == ("11 of 11", 1.0)
    assert claims(place) == 0


def test_nothing_to_analyse_is_nothing_done(place: Place) -> None:
    assert list(analysis.analyse(place.workplace, [])) == []


def test_a_film_that_somebody_else_analyses_is_left_to_him(place: Place, bikes: Path) -> None:
    add(place, bikes, 3)
    place.scan()
    ids = waiting(place)
    with database.session(place.workplace.database) as session:
        transitions.claim(session, ids[1], State.NEEDS_ANALYSIS, holder="elsewhere:1", lease=timedelta(hours=1))

    outcomes = list(analysis.analyse(place.workplace, ids))

    assert [outcome.state for outcome in outcomes] == [State.ANALYZED, State.ANALYZING, State.ANALYZED]
    assert not any(outcome.failed for outcome in outcomes)


@pytest.fixture
def pause_at_third(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """MediaInfo's third answer waits: (it was reached, it may go on)."""
    reached, go_on = threading.Event(), threading.Event()
    real = mediainfo._probed
    seen = []

    def paused(*arguments: object, **named: object) -> object:
        seen.append(1)
        if len(seen) == 3:
            reached.set()
            go_on.wait(30)
        return real(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(mediainfo, "_probed", paused)
    return reached, go_on


def test_a_verdict_is_recorded_before_the_next_file_is_read_and_an_interrupt_puts_the_rest_back(
    place: Place, bikes: Path, pause_at_third: tuple[threading.Event, threading.Event]
) -> None:
    reached, go_on = pause_at_third
    add(place, bikes, 6)
    place.scan()
    seen: list[tuple[int, int]] = []

    def interrupt(_progress: Progress) -> None:
        if reached.wait(0.1):
            seen.append((sum(state == "analyzed" for state, _ in place.states().values()), claims(place)))
            threading.Timer(0.5, go_on.set).start()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(analysis.analyse(place.with_settings(analysis_workers=1).workplace, waiting(place), report=interrupt))

    assert seen == [(2, 4)]
    states = [state for state, _ in place.states().values()]
    assert (states.count("analyzed"), states.count("needs_analysis")) == (3, 3)
    assert claims(place) == 0
    assert place.failures() == []
    with database.session(place.workplace.database, reads_only=True) as session:
        assert not session.exec(select(Job).where(col(Job.ended_at).is_(None))).all()
        notes = session.exec(select(StateChange.note).where(StateChange.after == "needs_analysis")).all()
    assert notes.count("interrupted") == 3
    assert {outcome.state for outcome in place.analyse()} == {State.ANALYZED}


def test_whoever_takes_no_more_outcomes_ends_the_analysis(
    place: Place, bikes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analysis, "BATCH", 2)
    add(place, bikes, 30)
    place.scan()
    outcomes = analysis.analyse(place.with_settings(analysis_workers=1).workplace, waiting(place))

    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]

    states = [state for state, _ in place.states().values()]
    assert 2 <= states.count("analyzed") <= 10
    assert states.count("analyzed") + states.count("needs_analysis") == 30


def test_a_database_that_fails_ends_the_analysis_and_no_claim_stays(
    place: Place, bikes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(place, bikes, 4)
    place.scan()
    real = step.conclude

    def fails_at_second(claimed: step.Claim, work: Callable[[], step.Verdict]) -> step.Outcome:
        if claimed.video_id == ids[1]:
            step.put_back(claimed)
            raise DatabaseUnavailable("The database is gone.")
        return real(claimed, work)

    ids = waiting(place)
    monkeypatch.setattr(step, "conclude", fails_at_second)

    with pytest.raises(DatabaseUnavailable):
        list(analysis.analyse(place.with_settings(analysis_workers=1).workplace, ids))

    assert claims(place) == 0
    assert sorted(state for state, _ in place.states().values()) == ["analyzed"] + ["needs_analysis"] * 3


def test_a_batch_that_takes_long_keeps_its_claims(place: Place, bikes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(place, bikes, 3)
    place.scan()
    monkeypatch.setattr(step, "RENEW_EVERY", Seconds(0.0))
    monkeypatch.setattr(step, "LEASE", timedelta(minutes=1))
    until: list[object] = []
    real = mediainfo._probed

    def looks(*arguments: object, **named: object) -> object:
        with database.session(place.workplace.database, reads_only=True) as session:
            until.append(session.get_one(VideoState, ids[2]).claimed_until)
        return real(*arguments, **named)  # type: ignore[arg-type]

    ids = waiting(place)
    monkeypatch.setattr(mediainfo, "_probed", looks)

    outcomes = list(analysis.analyse(place.with_settings(analysis_workers=1).workplace, ids))

    assert until == sorted(set(until))  # type: ignore[type-var]
    assert len(until) == 3
    assert {outcome.state for outcome in outcomes} == {State.ANALYZED}


def test_a_claim_that_was_lost_meanwhile_costs_that_film_only(
    place: Place, bikes: Path, pause_at_third: tuple[threading.Event, threading.Event]
) -> None:
    reached, go_on = pause_at_third
    add(place, bikes, 5)
    place.scan()
    ids = waiting(place)

    def take_away(_progress: Progress) -> None:
        if reached.is_set() and not go_on.is_set():
            with database.session(place.workplace.database) as session:
                transitions.requeue(session, ids[2], "the file changed")
            go_on.set()

    outcomes = list(analysis.analyse(place.with_settings(analysis_workers=1).workplace, ids, report=take_away))

    assert [outcome.state for outcome in outcomes] == [
        State.ANALYZED, State.ANALYZED, State.NEEDS_ANALYSIS, State.ANALYZED, State.ANALYZED,
    ]  # fmt: skip
    with database.session(place.workplace.database, reads_only=True) as session:
        assert facts.of(session, ids[4]).duration == 10.0
    assert claims(place) == 0
