"""Telling real receivers what needs them: once, in time, and never with a secret in a log."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import update
from sqlmodel import select

from reencodarr.errors import Category
from reencodarr.library import database, workers
from reencodarr.library.tables import ArrInstance, Failure, Told, now
from reencodarr.settings import NotifySettings
from reencodarr.stages import notifying
from reencodarr.stages.workplace import Workplace
from tests.receiver import Receiver, receiving
from tests.stages.machines.farm import Farm
from tests.stages.test_excluding import fail

MakeAnalysed = Callable[[int], list[int]]


@pytest.fixture
def somebody() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def telling(farm: Farm, *receivers: Receiver, **changes: object) -> Workplace:
    """The server's workplace, with people to tell."""
    urls = tuple(SecretStr(one.url) for one in receivers)
    notify = NotifySettings(urls=urls, **changes)  # type: ignore[arg-type]
    return replace(farm.workplace, settings=farm.workplace.settings.model_copy(update={"notify": notify}))


def make_older(farm: Farm, hours: float) -> None:
    """Everything that was told, was told so many hours earlier."""
    with database.session(farm.workplace.database) as session:
        for row in session.exec(select(Told)).all():
            row.told_at -= timedelta(hours=hours)
            session.add(row)


def test_a_cause_is_told_once_and_again_after_a_day_when_it_goes_on(
    farm: Farm, make_analysed: MakeAnalysed, somebody: Receiver
) -> None:
    first, second = make_analysed(2)
    place = telling(farm, somebody)
    fail(farm, first, "program_missing", category=Category.CONFIGURATION)

    notifying.tell(place)
    notifying.tell(place)
    fail(farm, second, "program_missing", category=Category.CONFIGURATION)
    notifying.tell(place)
    assert len(somebody.got) == 1
    make_older(farm, 24)
    notifying.tell(place)
    notifying.tell(place)

    assert len(somebody.got) == 2
    assert "1 film failed in crf_search (program missing)" in str(somebody.got[0]["message"])
    assert "2 films failed" in str(somebody.got[1]["message"])


def test_one_films_own_fault_is_nobodys_alarm(farm: Farm, make_analysed: MakeAnalysed, somebody: Receiver) -> None:
    [video] = make_analysed(1)
    fail(farm, video, "target_unreachable", category=Category.QUALITY)

    words = notifying.tell(telling(farm, somebody))

    assert somebody.got == []
    assert words == "0 things need a person, nothing that was not told today."


def test_quarantine_a_missing_disk_and_a_failing_sonarr_are_told_in_one_message(
    farm: Farm, make_analysed: MakeAnalysed, root: Path, somebody: Receiver
) -> None:
    make_analysed(1)
    farm.machine("attic")
    with database.session(farm.workplace.database) as session:
        workers.quarantine(session, "attic", "3 films in a row failed on it.")
        session.add(ArrInstance(name="main", kind="sonarr", failing=True, sync_words="It does not answer."))
    root.rename(root.parent / "unplugged")

    notifying.tell(telling(farm, somebody))

    [message] = somebody.got
    assert message["title"] == "Reencodarr: 3 things need you"
    said = str(message["message"])
    assert "Worker attic is in quarantine" in said
    assert "Sonarr main cannot be synced. It does not answer." in said
    assert str(root) in said


def test_what_reached_nobody_is_told_by_the_next_run(
    farm: Farm, make_analysed: MakeAnalysed, somebody: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    [video] = make_analysed(1)
    place = telling(farm, somebody)
    fail(farm, video, "program_missing", category=Category.CONFIGURATION)
    somebody.status = 500

    first = notifying.tell(place)
    somebody.status = 200
    second = notifying.tell(place)

    assert first.endswith("It reached 0 of 1.")
    assert second.endswith("It reached 1 of 1.")
    assert len(somebody.got) == 1
    assert "s3cret-token" not in caplog.text


def test_two_who_tell_at_once_tell_once(farm: Farm, make_analysed: MakeAnalysed, somebody: Receiver) -> None:
    [video] = make_analysed(1)
    place = telling(farm, somebody)
    fail(farm, video, "program_missing", category=Category.CONFIGURATION)

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda _: notifying.tell(place), range(4)))

    assert sum("It reached 1 of 1." in words for words in told) == 1
    assert somebody.titles == ["Reencodarr: something needs you"]


def test_it_is_enough_that_one_of_two_is_reached(farm: Farm, make_analysed: MakeAnalysed, somebody: Receiver) -> None:
    [video] = make_analysed(1)
    fail(farm, video, "program_missing", category=Category.CONFIGURATION)
    with receiving() as refuses:
        refuses.status = 403
        place = telling(farm, refuses, somebody)

        words = notifying.tell(place)
        notifying.tell(place)

    assert words.endswith("It reached 1 of 2.")
    assert len(somebody.got) == 1


def test_who_wants_to_hear_nothing_hears_nothing(farm: Farm, make_analysed: MakeAnalysed, somebody: Receiver) -> None:
    [video] = make_analysed(1)
    fail(farm, video, "program_missing", category=Category.CONFIGURATION)

    off = notifying.tell(telling(farm, somebody, failures=False))
    nobody = notifying.tell(telling(farm))

    assert "FAILURES is off" in off
    assert "nobody to tell" in nobody
    assert somebody.got == []
    with database.session(farm.workplace.database, reads_only=True) as session:
        assert session.exec(select(Told)).all() == []


def test_the_summary_is_sent_once_a_day_and_tells_of_what_stands(
    farm: Farm, make_analysed: MakeAnalysed, somebody: Receiver
) -> None:
    [video] = make_analysed(1)
    fail(farm, video, "no_space")
    place = telling(farm, somebody, summary_hour=0)

    assert notifying.summary_is_due(place)
    notifying.summarise(place)

    assert not notifying.summary_is_due(place)
    make_older(farm, 24)
    assert notifying.summary_is_due(place)
    [message] = somebody.got
    assert message["title"] == "Reencodarr: 0 films replaced, 0 B saved"
    assert "- 1 film: crf_search, no space." in str(message["message"])


def test_a_summary_that_reached_nobody_is_due_again(farm: Farm, somebody: Receiver) -> None:
    place = telling(farm, somebody, summary_hour=0)
    somebody.status = 500

    notifying.summarise(place)

    assert notifying.summary_is_due(place)


def test_no_summary_is_due_where_none_is_wanted(farm: Farm, somebody: Receiver) -> None:
    assert not notifying.summary_is_due(telling(farm, somebody, summary_hour=0, summary=False))
    assert not notifying.summary_is_due(telling(farm, summary_hour=0))


def test_old_news_is_not_told_to_somebody_new(farm: Farm, make_analysed: MakeAnalysed, somebody: Receiver) -> None:
    [video] = make_analysed(1)
    fail(farm, video, "program_missing", category=Category.CONFIGURATION)
    with database.session(farm.workplace.database) as session:
        session.exec(update(Failure).values(failed_at=now() - timedelta(days=30)))

    notifying.tell(telling(farm, somebody))

    assert somebody.got == []
