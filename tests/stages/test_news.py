"""What people are told, as values and words."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from reencodarr.library.reading import Backlog, Condition, Machine, Period, Savings, advice
from reencodarr.library.states import State
from reencodarr.stages import news
from reencodarr.stages.news import Day, Silent, Trouble
from reencodarr.units import GIB, Bytes
from tests.library.reading.test_advice import NOON, group

KATHMANDU = timezone(timedelta(hours=5, minutes=45))


def machine(name: str, condition: Condition, reason: str = "") -> Machine:
    return Machine(
        name=name,
        pool="linux",
        condition=condition,
        reason=reason,
        local=False,
        slots=1,
        busy=0,
        build="b",
        version="1",
        system="Debian",
        fps=None,
        beaten_at=None,
    )


def trouble(topic: str = "t", *, newest: datetime | None = None) -> Trouble:
    return Trouble(topic=topic, words=f"About {topic}.", newest=newest)


def test_machines_disks_and_causes_become_troubles_with_topics_that_last() -> None:
    machines = [machine("attic", Condition.QUARANTINED, "3 films in a row."), machine("nas", Condition.IDLE)]
    silent = [Silent(kind="library", name="1", words="The library /films is empty.")]
    groups = [group("configuration", "program_missing"), group("quality", "target_unreachable")]

    found = news.troubles(groups, machines, silent, NOON)

    topics = [one.topic for one in found]
    assert topics == ["worker/attic", "library/1", "failures/encode/configuration/program_missing"]
    assert "reencodarr workers release attic" in found[0].words
    assert "reencodarr failures --stage encode --code program_missing --retry" in found[2].words
    assert "Film.mkv: It broke." in found[2].words
    assert found[2].newest == NOON


@pytest.mark.parametrize(
    ("newest", "told_hours_ago", "due"),
    [
        (None, None, True),
        (None, 23, False),
        (None, 24, True),
        (0.5, None, True),
        (0.5, 3, False),  # told today
        (0.5, 24, True),
        (30, 25, False),  # nothing new since
    ],
)
def test_a_cause_is_told_once_a_day_and_only_when_there_is_news(
    newest: float | None, told_hours_ago: float | None, due: bool
) -> None:
    happened = None if newest is None else NOON - timedelta(hours=newest)
    told_at = None if told_hours_ago is None else NOON - timedelta(hours=told_hours_ago)

    assert news.is_due(trouble(newest=happened), told_at, NOON) is due


def test_a_message_with_many_troubles_stays_short() -> None:
    one = news.alarm([trouble("a")])
    many = news.alarm([trouble(f"n{number}") for number in range(25)])

    assert one.title == "Reencodarr: something needs you"
    assert one.body == "About a."
    assert many.title == "Reencodarr: 25 things need you"
    assert many.body.count("About") == news.AT_MOST
    assert many.body.endswith("... and 15 more: reencodarr failures")


@pytest.mark.parametrize(
    ("local_hour", "told", "due"),
    [
        (7, None, False),
        (8, None, True),
        (23, None, True),
        (9, datetime(2026, 3, 1, 8, 1, tzinfo=KATHMANDU), False),
        (9, datetime(2026, 2, 28, 23, 59, tzinfo=KATHMANDU), True),
        (9, datetime(2026, 2, 28, 18, 30, tzinfo=UTC), False),  # 0:15 of the same day there
    ],
)
def test_the_summary_is_due_once_a_day_by_this_machines_own_clock(
    local_hour: int, told: datetime | None, due: bool
) -> None:
    local = datetime(2026, 3, 1, local_hour, 20, tzinfo=KATHMANDU)

    assert news.summary_is_due(8, told, local) is due


def day(**changes: object) -> Day:
    values: dict[str, object] = {
        "since": NOON,
        "period": Period(replaced=3, saved=Bytes(5 * GIB), freed=Bytes(2 * GIB), undone=0),
        "savings": Savings(
            freed=Bytes(90 * GIB),
            pending=Bytes(7 * GIB),
            trash=Bytes(9 * GIB),
            next_expiry=None,
            projected=Bytes(0),
            projected_videos=0,
            replaced_videos=40,
            bytes_before=Bytes(300 * GIB),
        ),
        "states": {State.NEEDS_ANALYSIS: 4, State.FAILED: 2},
        "backlog": Backlog(searches=5, encodes=6),
        "failures": (),
        "machines": (),
    }
    return Day(**(values | changes))  # type: ignore[arg-type]


def test_the_summary_tells_what_was_done_what_waits_and_what_failed() -> None:
    said = news.summary(day(failures=[group(videos=2)], machines=[machine("attic", Condition.OFFLINE)]))

    assert said.title == "Reencodarr: 3 films replaced, 5.0 GiB saved"
    assert said.body.splitlines() == [
        "Since 2026-03-01 12:00 UTC: 3 films replaced, 2.0 GiB freed.",
        "In all: 90.0 GiB freed, 7.0 GiB when the trash expires.",
        "Waiting: 4 for analysis, 5 for a search, 6 for an encode.",
        "Machines: attic offline.",
        "Failures that stand (2 films failed):",
        f"- 2 films: encode, program failed. {advice.about(group()).words}",
    ]


def test_a_quiet_day_and_a_terrible_one_both_fit_a_message() -> None:
    undone = Period(replaced=1, saved=Bytes(-2048), freed=Bytes(0), undone=1)

    quiet = news.summary(day(period=undone))
    terrible = news.summary(day(failures=[group(code=f"code_{number}") for number in range(40)]))

    assert quiet.title == "Reencodarr: 1 film replaced, -2.0 KiB saved"
    assert "Undone: 1 film." in quiet.body
    assert quiet.body.endswith("No failures stand.")
    assert terrible.body.endswith("- and 30 more causes: reencodarr failures")
