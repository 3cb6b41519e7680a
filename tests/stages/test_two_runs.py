"""Two processes on one library at once, without the command line's lock: every film is worked on once."""

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from sqlmodel import select

from reencodarr.library import database, reading
from reencodarr.library.states import State
from reencodarr.library.tables import Job
from reencodarr.media import mediainfo
from reencodarr.settings import Settings
from reencodarr.stages import analysis, encoding, finalizing, housekeeping, queue, scanning, search
from reencodarr.stages.workplace import open_workplace
from tests.stages.conftest import Place
from tests.stages.test_faults import ours

FILMS = 3


def _work(settings: Settings, films: str, together: Barrier) -> None:
    """What a run does, until nothing is left that waits for this process; with the housekeeping of a service."""
    workplace = open_workplace(settings)
    together.wait(240)
    housekeeping.recover(workplace)
    scanning.scan(workplace, films)
    list(analysis.analyse(workplace, queue.waiting(workplace, [films], analysis_only=True)))
    for video in queue.waiting(workplace, [films]):
        outcome = search.search(workplace, video)
        if outcome.state is State.CRF_SEARCHED:
            outcome = encoding.encode(workplace, video)
        housekeeping.recover(workplace)
        housekeeping.tidy(workplace)
        if outcome.state is State.ENCODED:
            finalizing.finalize(workplace, video, batch="b" * 32)


@pytest.mark.slow
def test_two_processes_share_a_library_and_do_nothing_twice(place: Place, small_film: Path, tmp_path: Path) -> None:
    for number in range(FILMS):
        film = tmp_path / f"film {number}.mkv"
        film.write_bytes(small_film.read_bytes() + bytes(64 * number))
        place.add(film)
    spawn = multiprocessing.get_context("spawn")
    together = spawn.Barrier(2)
    both = [spawn.Process(target=_work, args=(place.workplace.settings, str(place.films), together)) for _ in range(2)]

    for process in both:
        process.start()
    for process in both:
        process.join(900)

    assert [process.exitcode for process in both] == [0, 0]
    assert set(place.states().values()) == {("replaced", "")}, place.states()
    assert len(place.states()) == FILMS
    assert all(mediainfo.read(film).facts.video.codec == "av1" for film in place.films.glob("*.mkv"))
    assert place.failures() == []
    assert _done(place) == {"analysis": FILMS, "crf_search": FILMS, "encode": FILMS, "swap": FILMS}
    assert ours(place) == []
    assert list(place.workplace.results.iterdir()) == []


def _done(place: Place) -> dict[str, int]:
    """How many steps of each kind were taken; a step that was lost or taken twice shows here."""
    with database.session(place.workplace.database, reads_only=True) as session:
        kinds = [job.kind for job in session.exec(select(Job)).all()]
        assert reading.savings(session).replaced_videos == FILMS
    return {kind: kinds.count(kind) for kind in kinds}
