"""Workers with something wrong: another encoder, no room, a clock of their own, an ffmpeg that fails at every film.

Each test has a site of its own, because what a worker did wrong is remembered.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from sqlmodel import col

from reencodarr.cli import exits
from reencodarr.library import database, reading
from reencodarr.library.reading import Condition
from reencodarr.library.states import State
from reencodarr.library.tables import Job, Worker, now
from reencodarr.work import talk, token
from reencodarr.work.talk import Claim, Refusal
from tests import mounts
from tests.faults import gates, machines
from tests.faults import rig as rigs
from tests.faults.promises import after
from tests.faults.rig import Rig
from tests.flows.conftest import eventually
from tests.servers import patient

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1800)]


@pytest.fixture
def rig(tmp_path: Path, ffmpeg: Path, fast_policy: Path) -> Iterator[Rig]:
    with rigs.running(tmp_path, ffmpeg, fast_policy) as running:
        yield running


def condition(rig: Rig, name: str) -> Condition:
    with database.session(rig.place.workplace.database, reads_only=True) as session:
        [found] = [one for one in reading.machines(session) if one.name == name]
    return found.condition


def go_silent(rig: Rig, name: str) -> None:
    """As if nothing had been heard of a worker for a quarter of an hour."""
    with database.session(rig.place.workplace.database) as session:
        long_ago = now() - timedelta(minutes=15)
        session.exec(update(Worker).where(col(Worker.name) == name).values(beaten_at=long_ago))


def status(rig: Rig) -> dict[str, Any]:
    """What `reencodarr status --json` says."""
    command = [sys.executable, "-m", "reencodarr.cli", "status", "--json"]
    environment = {**os.environ, **rig.api.environment}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def claim(rig: Rig, name: str, row: Job) -> httpx.Response:
    """What a worker is answered that claims some job."""
    joined = token.from_file(rig.folder / name / "data" / "token")
    asked = talk.to_json(Claim(attempt=row.attempt, flow_run=row.flow_run))
    address = f"{joined.server}{talk.job_path(row.key or '', 'claim')}"
    with patient.client("", auth=(joined.name, joined.secret)) as client:
        return client.post(address, content=asked)


def test_an_encode_goes_to_nobody_with_another_encoder(
    rig: Rig, small_film: Path, ffmpeg: Path, tmp_path: Path
) -> None:
    film = rig.waiting(small_film, "first.mkv", "encode")
    other = str(machines.another_build(tmp_path / "programs-of-another", ffmpeg))

    with rig.worker("same") as same, rig.worker("other", FFMPEG_PATH=other) as another:
        same.process.suspend()
        row = rig.given(film)
        refused = claim(rig, "other", row)
        same.process.resume()
        rig.finish(film)

        second = rig.waiting(small_film, "second.mkv", "encode")
        same.process.suspend()
        go_silent(rig, "same")
        rig.step()
        rig.step()
        waits = rig.place.state(second), status(rig)["jobs"]
        same.process.resume()
        eventually(lambda: condition(rig, "same") is not Condition.OFFLINE)
        rig.finish(second)

        assert refused.status_code == 409
        assert talk.from_json(Refusal, refused.content).code == "other_build"
        assert waits == (State.CRF_SEARCHED, [])
        assert [row.worker for film in (film, second) for row in rig.jobs_of(film) if row.worker] == ["same", "same"]
        after(rig, same, another)


@pytest.mark.parametrize("work", gates.ONE_WORK)
def test_a_worker_whose_disk_gets_full_costs_its_film_one_attempt(
    rig: Rig, small_film: Path, tmp_path: Path, work: str
) -> None:
    film = rig.waiting(small_film, "film.mkv", work)
    with (
        mounts.disk(tmp_path / "disk", "600m") as disk,  # A search wants 512 MiB before it begins.
        rig.worker("large") as large,
        rig.worker("small", REENCODARR_SCRATCH_DIR=str(disk)) as small,
    ):
        large.process.suspend()
        with rig.encoder.slow(work):
            rig.given(film)
            encoder = rig.encoder.caught(work)
        filler = mounts.fill(disk)
        os.kill(encoder.pid, signal.SIGCONT)
        assert rig.ended(film) == "failed"
        filler.unlink()
        large.process.resume()
        rig.finish(film)

        first, *rest = rig.jobs_of(film)
        assert (first.worker, {row.outcome for row in rest}) == ("small", {"done"})
        assert rest[0].worker == "large"
        assert rig.failures(film) == ["no_space"]
        eventually(lambda: not list(disk.glob("reencodarr-*")))
        after(rig, large, small)


@pytest.mark.parametrize("seconds", [pytest.param(1800, marks=pytest.mark.more), -1800], ids=["ahead", "behind"])
def test_a_clock_that_is_wrong_is_told_and_hurts_nothing(
    rig: Rig, small_film: Path, seconds: int, tmp_path: Path
) -> None:
    film = rig.add(small_film, "film.mkv")

    with rig.worker("skewed", **machines.clock(seconds, tmp_path / "clock")) as worker:
        rig.finish(film)

        assert worker.says("clock is")
        assert rig.outcomes(film) == ["done", "done"]
        assert rig.failures(film) == []
        after(rig, worker)


def test_a_worker_that_fails_at_every_film_is_quarantined_and_the_films_go_elsewhere(
    rig: Rig, small_film: Path, ffmpeg: Path, tmp_path: Path
) -> None:
    films = [rig.add(small_film, f"{number}.mkv") for number in range(3)]
    broken = str(machines.breaks(tmp_path / "broken-programs", ffmpeg))

    def given_up() -> bool:
        rig.step()
        return condition(rig, "broken") is Condition.QUARANTINED

    with rig.worker("broken", FFMPEG_PATH=broken) as bad:
        eventually(given_up, every=1.0)
        assert {rig.place.state(film) for film in films} == {State.ANALYZED}
        assert [(one["name"], one["condition"]) for one in status(rig)["machines"]] == [("broken", "quarantined")]
        eventually(lambda: bad.says("gives no work"))
        rig.step()
        assert rig.open_jobs() == []

        with rig.worker("sound") as good:
            for film in films:
                rig.finish(film)
            tried = [[row.worker for row in rig.jobs_of(film, "crf_search")] for film in films]
            assert tried == [["broken", "sound"]] * 3
            assert status(rig)["failures"] == []
            after(rig, bad, good)


def test_a_film_that_fails_on_two_workers_is_a_named_failure(
    rig: Rig, small_film: Path, ffmpeg: Path, tmp_path: Path
) -> None:
    film = rig.add(small_film, "film.mkv")
    deadly = str(machines.dies(tmp_path / "deadly-programs", ffmpeg))

    with rig.worker("one", FFMPEG_PATH=deadly) as one, rig.worker("two", FFMPEG_PATH=deadly) as two:
        rig.until(film, State.FAILED)
        rig.step()

        assert rig.outcomes(film) == ["failed", "failed"]
        assert {row.worker for row in rig.jobs_of(film)} == {"one", "two"}
        assert rig.failures(film) == ["program_interrupted"] * 2
        assert rig.place.states()[film.name] == ("failed", "program_interrupted")
        assert [one["code"] for one in status(rig)["failures"]] == ["program_interrupted"]
        assert Condition.QUARANTINED not in {condition(rig, "one"), condition(rig, "two")}
        after(rig, one, two)


def test_a_worker_that_is_stopped_while_the_api_is_away_ends_well(rig: Rig) -> None:
    with rig.worker("left") as worker:
        rig.api.kill()
        worker.process.send_signal(signal.SIGTERM)

        assert worker.process.wait(300) == exits.DONE
        assert "Traceback" not in worker.log.read_text()


def test_with_no_worker_up_work_waits_and_is_shown_as_waiting(rig: Rig, small_film: Path) -> None:
    films = [rig.add(small_film, "searched.mkv"), rig.waiting(small_film, "encoded.mkv", "encode")]

    rig.step()
    rig.step()
    said = status(rig)
    with database.session(rig.place.workplace.database, reads_only=True) as session:
        waiting = reading.backlog(session)

    assert (waiting.searches, waiting.encodes) == (1, 1)
    assert (said["states"]["analyzed"], said["states"]["crf_searched"], said["jobs"]) == (1, 1, [])
    with rig.worker("late") as late:
        for film in films:
            rig.finish(film)
        after(rig, late)
