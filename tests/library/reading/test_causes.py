"""Failures by cause, with machines, example and what was resolved; on SQLite and PostgreSQL."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import Session, col

from reencodarr.library import exclusions, jobs, reading
from reencodarr.library.failures import Which
from reencodarr.library.reading import causes
from reencodarr.library.tables import Failure
from tests.library import specimens
from tests.library.specimens import Specimens


@pytest.fixture
def made(session: Session, ids: dict[str, int]) -> Specimens:
    found = Specimens.__new__(Specimens)
    found.session, found.ids = session, ids
    return found


def fail(session: Session, video: int, code: str, *, worker: str = "", attempt: int = 1, hours: float = 1) -> None:
    if worker:
        jobs.start(session, video, "encode", attempt=attempt, worker=worker)
    session.add(
        Failure(
            video_id=video,
            stage="encode",
            category="resources",
            code=code,
            message=f"{code} of {video}",
            context=json.dumps({"worker": worker, "command": "ffmpeg"}),
            attempt=attempt,
            failed_at=specimens.START + timedelta(hours=hours),
        )
    )
    session.flush()


def test_a_cause_names_the_machines_that_were_involved(session: Session, ids: dict[str, int]) -> None:
    fail(session, ids["dovi"], "no_space", worker="attic", attempt=1)
    fail(session, ids["dovi"], "no_space", worker="attic", attempt=2, hours=3)
    fail(session, ids["own"], "no_space", worker="nas:17:1700000000", hours=2)
    fail(session, ids["new"], "no_space", worker="nas:18:1700000099", hours=4)
    fail(session, ids["freed"], "no_space", worker="nas:19:1700000100", hours=2)

    group = next(one for one in reading.failures(session) if one.code == "no_space")

    assert (group.number, group.videos) == (5, 4)
    assert group.machines == (("nas", 3), ("attic", 2))
    assert group.first_at == specimens.START + timedelta(hours=1)
    assert group.last_at == specimens.START + timedelta(hours=4)
    assert (group.video, group.film) == (ids["freed"], "Cold Coast (2012).mkv")
    assert dict(group.context)["command"] == "ffmpeg"


def test_without_a_job_the_example_itself_names_the_machine(session: Session, ids: dict[str, int]) -> None:
    fail(session, ids["dovi"], "no_space")
    session.exec(update(Failure).where(col(Failure.code) == "no_space").values(context='{"machine": "attic"}'))
    session.flush()

    assert next(one.machines for one in reading.failures(session) if one.code == "no_space") == (("attic", 1),)


def test_resolved_failures_count_in_rates_and_never_stand(session: Session, ids: dict[str, int]) -> None:
    report = reading.report(session)

    assert (report.total, report.resolved) == (3, 1)
    assert [group.code for group in report.groups] == ["damaged_source"]
    [stage] = report.stages
    assert (stage.name, stage.total, stage.resolved, stage.open) == ("analysis", 3, 1, 2)
    assert [one.name for one in report.categories] == ["unreadable_media"]


def test_days_stages_categories_and_codes_narrow_a_report(session: Session, ids: dict[str, int]) -> None:
    fail(session, ids["dovi"], "no_space", hours=100)
    fail(session, ids["own"], "bucket_full", hours=2)

    def codes(**wanted: object) -> set[str]:
        return {group.code for group in reading.report(session, **wanted).groups}  # type: ignore[arg-type]

    assert codes() == {"damaged_source", "no_space", "bucket_full"}
    assert codes(since=specimens.START + timedelta(hours=50)) == {"no_space"}
    assert codes(which=Which(stage="encode")) == {"no_space", "bucket_full"}
    assert codes(which=Which(category="unreadable_media")) == {"damaged_source"}
    assert codes(which=Which(stage="encode", code="bucket_full")) == {"bucket_full"}
    assert codes(library=99) == set()


def test_what_a_person_excluded_is_counted_by_cause(session: Session, ids: dict[str, int]) -> None:
    cause = Which(stage="encode", category="size", code="not_smaller")
    for key in ("dovi", "own"):
        exclusions.keep(session, ids[key], cause)
        exclusions.keep(session, ids[key], cause)
    session.flush()

    [found] = reading.report(session).excluded

    assert (found.stage, found.category, found.code, found.videos) == ("encode", "size", "not_smaller", 2)
    assert reading.report(session, which=Which(code="no_space")).excluded == ()
    assert reading.report(session, library=99).excluded == ()


def test_a_context_of_another_version_is_left_out() -> None:
    assert causes.document("[1]") == ()
    assert causes.document("{") == ()
    assert causes.document('{"a": "b", "c": [1]}') == (("a", "b"), ("c", "[1]"))


def test_a_period_counts_what_happened_in_it(session: Session) -> None:
    whole = reading.period(session, specimens.START)
    none = reading.period(session, specimens.START + timedelta(days=2))

    assert (whole.replaced, whole.undone) == (3, 1)
    assert whole.freed == 3 * 2**30
    assert (none.replaced, none.saved, none.freed, none.undone) == (0, 0, 0, 0)
