"""What holds after every fault, whatever died: no original is touched, every job has an end, nothing leaks, and the
database says what happened.
"""

import contextlib
from datetime import timedelta
from pathlib import Path
from unittest import mock

import psutil
from sqlmodel import col, select

from reencodarr.library import database
from reencodarr.library.states import State
from reencodarr.library.tables import Encode, Failure, Job, now
from reencodarr.stages import housekeeping, unstaging
from tests.faults.rig import Member, Rig, digest
from tests.flows.conftest import eventually

LATER = timedelta(days=3)
"""Housekeeping gives uploads two days; this is the housekeeping of the day after."""


def after(rig: Rig, *workers: Member) -> None:
    """The four promises, for every film of the site. No work may be under way."""
    rig.step()
    originals_are_safe(rig)
    every_job_has_an_end(rig)
    nothing_leaks(rig, *workers)
    the_database_tells(rig)


def originals_are_safe(rig: Rig) -> None:
    """An original is where it was, bit for bit, or it lies in the trash and a proven film is in its place."""
    trashed = {digest(path) for path in rig.place.films.glob(".reencodarr/trash/*.orig")}
    for film, known in rig.originals.items():
        if film.exists() and digest(film) == known:
            continue
        assert rig.place.state(film) is State.REPLACED, film
        assert known in trashed, film
        with database.session(rig.place.workplace.database, reads_only=True) as session:
            query = select(Encode).where(Encode.video_id == rig.video(film)).order_by(col(Encode.id).desc())
            newest = session.exec(query).first()
        assert newest is not None
        assert (newest.verdict, newest.sha256) == ("proven", digest(film))


def every_job_has_an_end(rig: Rig) -> None:
    """In the database, in Prefect, and in the states of the films: nobody holds what nobody works on."""
    assert rig.open_jobs() == []
    with database.session(rig.place.workplace.database, reads_only=True) as session:
        assert session.exec(select(Job).where(Job.outcome == "")).all() == []
    resting = {State.ANALYZED, State.CRF_SEARCHED, State.ENCODED, State.REPLACED, State.FAILED}
    assert {State(state) for state, _ in rig.place.states().values()} <= resting
    eventually(lambda: not rig.engine.alive())


def nothing_leaks(rig: Rig, *workers: Member) -> None:
    """Neither in the bucket nor in any scratch folder, nor among the processes."""
    with mock.patch.object(unstaging, "now", return_value=now() + LATER):
        housekeeping.tidy(rig.place.workplace, rig.bucket)
    assert [one.key for prefix in ("jobs/", "sources/") for one in rig.bucket.keys(prefix)] == []
    assert [one.key for one in rig.bucket.uploads()] == []
    for scratch in {rig.place.workplace.settings.scratch, *(worker.scratch for worker in workers)}:
        eventually(lambda scratch=scratch: not _folders(scratch))
    results = rig.place.workplace.results
    assert not results.exists() or list(results.iterdir()) == []
    no_program_is_left(rig)


def no_program_is_left(rig: Rig) -> None:
    """What was killed may take a moment to be gone."""
    eventually(lambda: not programs_of(rig), patience=30, every=0.1)


def the_database_tells(rig: Rig) -> None:
    """Every attempt that failed or was lost is a failure with words, every one given back a change with a note."""
    for film in rig.originals:
        changes = rig.changes(film)
        assert changes[-1].after == rig.place.state(film).value
        with database.session(rig.place.workplace.database, reads_only=True) as session:
            failures = session.exec(select(Failure).where(Failure.video_id == rig.video(film))).all()
        told = {failure.attempt: failure for failure in failures}
        for row in rig.jobs_of(film):
            if row.outcome in {"failed", "lost"}:
                assert told[row.attempt].message, rig.story(film)
                assert any(told[row.attempt].message == change.note for change in changes), rig.story(film)
            assert row.ended_at is not None
        if rig.place.state(film) is State.REPLACED:
            assert all(failure.resolved_at is not None for failure in failures)


def programs_of(rig: Rig) -> list[str]:
    """Programs that still work on a film of this site."""
    places = [str(rig.folder), str(rig.place.workplace.settings.scratch)]
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            line = " ".join(process.cmdline())
            ours = any(f"{place}/" in line for place in places) and "reencodarr-" in line
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(line)
    return found


def _folders(scratch: Path) -> list[Path]:
    return sorted(scratch.glob("reencodarr-*"))
