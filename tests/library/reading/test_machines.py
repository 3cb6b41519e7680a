"""Who works on what, as the read side tells it."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from reencodarr.library import reading
from reencodarr.library.reading import Condition
from reencodarr.library.tables import Worker, now
from reencodarr.work import talk
from tests.stages.machines import farm as farms

LONG_AGO = timedelta(minutes=10)


def worker(session: Session, **changes: object) -> None:
    moment = now()
    values: dict[str, object] = {"joined_at": moment, "beaten_at": moment, "build": "b1", "capabilities": ""}
    session.add(Worker(name="one", pool="linux", secret_hash="x", **(values | changes)))
    session.flush()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Condition.IDLE),
        ({"draining": True}, Condition.DRAINING),
        ({"quarantined_at": now()}, Condition.QUARANTINED),
        ({"joined_at": None, "beaten_at": None}, Condition.INVITED),
        ({"beaten_at": now() - LONG_AGO}, Condition.OFFLINE),
    ],
)
def test_a_machine_is_in_one_condition(session: Session, changes: dict[str, object], expected: Condition) -> None:
    worker(session, **changes)

    [machine] = reading.machines(session)

    assert machine.condition is expected


def test_a_revoked_machine_is_not_told_of(session: Session) -> None:
    worker(session, revoked_at=datetime.now().astimezone())

    assert reading.machines(session) == ()


def test_what_a_machine_said_in_another_version_is_left_out(session: Session) -> None:
    worker(session, capabilities='{"platform": "amiga"}')

    [machine] = reading.machines(session)

    assert (machine.system, machine.fps) == ("", None)


def test_capabilities_are_read(session: Session) -> None:
    worker(session, capabilities=talk.to_json(farms.capabilities()))

    assert reading.machines(session)[0].system == "Debian 12"
