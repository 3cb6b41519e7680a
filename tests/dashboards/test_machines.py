"""The page of machines with its real code and a real database, without a browser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from dashboards import data, launch
from reencodarr.library import database, workers
from reencodarr.stages import holding
from reencodarr.stages.machines import jobs_desk
from reencodarr.units import Seconds
from reencodarr.work.talk import JobBeat, Moment
from tests.library import films
from tests.stages.machines import farm as farms
from tests.stages.machines.farm import Farm


@pytest.fixture
def farm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Farm]:
    """A server with two films that wait for their search."""
    url = f"sqlite:///{tmp_path}/reencodarr.db"
    database.upgrade(url)
    monkeypatch.setenv("REENCODARR_DATABASE_URL", url)
    engine: Engine = database.engine(url)
    root = tmp_path / "films"
    films.write(root / "One *film*.mkv")
    films.write(root / "Two.mkv")
    made = farms.made(engine, tmp_path)
    made.analysed(films.scanned(engine, root))
    yield made
    engine.dispose()


@pytest.fixture
def visit() -> Callable[[], AppTest]:
    def page() -> AppTest:
        data.machines.clear()
        app = AppTest.from_file(launch.APP, default_timeout=60)
        app.run()
        return app.switch_page("views/machines.py").run()

    return page


def text(app: AppTest) -> str:
    assert not app.exception
    return "\n".join(str(one.value) for kind in (app.markdown, app.error, app.code) for one in kind)


def test_without_a_machine_the_page_says_how_one_joins(farm: Farm, visit: Callable[[], AppTest]) -> None:
    said = text(visit())

    assert "2 videos wait for their CRF search" in said
    assert "No machine takes work now" in said
    assert "reencodarr up" in said


def test_machines_and_their_jobs_are_shown_with_progress(farm: Farm, visit: Callable[[], AppTest]) -> None:
    farm.machine("attic", local=True)
    farm.dispatch()
    [row] = farm.jobs()
    order = farm.claim(row, "attic")
    moment = Moment(stage="crf_search", fraction=0.25, eta=Seconds(125.0), detail="probe 2")
    jobs_desk.beat(farm.workplace, "attic", order.job, JobBeat(attempt=order.attempt, moment=moment))

    app = visit()

    assert "1 videos wait" in text(app)
    assert "No machine takes work" not in text(app)
    machines, jobs = (table.value for table in app.dataframe)
    assert list(machines["Machine"]) == ["attic"]
    assert list(machines["Condition"]) == ["working"]
    assert list(jobs["Where"]) == ["attic"]
    assert list(jobs["Progress"]) == [0.25]
    assert list(jobs["Doing"]) == ["crf search, probe 2"]
    assert list(jobs["Left"]) == ["2 min 5 s"]


def test_a_paused_job_is_shown_as_such_once_its_machine_heeds_it(farm: Farm, visit: Callable[[], AppTest]) -> None:
    farm.machine("attic", local=True)
    farm.dispatch()
    [row] = farm.jobs()
    farm.claim(row, "attic")
    holding.pause(farm.workplace, [1, 2])

    before = visit()
    beat = JobBeat(attempt=row.attempt, moment=Moment(stage="crf_search", fraction=0.25, paused=True))
    jobs_desk.beat(farm.workplace, "attic", row.key or "", beat)
    after = visit()

    assert list(before.dataframe[1].value["Doing"]) == ["is being paused"]
    assert list(after.dataframe[1].value["Doing"]) == ["paused"]
    assert "1 of them were paused or cancelled" in text(after)
    page = after.switch_page("views/video.py")
    page.query_params["video"] = str(row.video_id)
    assert ":orange-badge[paused]" in text(page.run())


def test_a_quarantined_machine_is_shown_with_the_reason(farm: Farm, visit: Callable[[], AppTest]) -> None:
    farm.machine("attic", local=True)
    with database.session(farm.workplace.database) as session:
        workers.quarantine(session, "attic", "3 films in a row failed with program_failed on it.")

    app = visit()

    assert "program\\_failed" in text(app)
    assert list(app.dataframe[0].value["Condition"]) == ["quarantined"]
