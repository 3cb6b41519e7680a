"""What failures call for, as tables."""

from datetime import UTC, datetime, timedelta

import pytest

from reencodarr import errors
from reencodarr.errors import Category, ReencodarrError
from reencodarr.library.reading import FailureGroup, FailureReport, Tally, advice
from reencodarr.library.reading.advice import Remedy, Urgency

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def group(
    category: str = "program", code: str = "program_failed", *, videos: int = 1, first: float = 1, last: float = 0
) -> FailureGroup:
    """Failures whose first was `first` hours before noon and whose last `last` hours before it."""
    return FailureGroup(
        stage="encode",
        category=category,
        code=code,
        number=videos,
        videos=videos,
        resolved=0,
        first_at=NOON - timedelta(hours=first),
        last_at=NOON - timedelta(hours=last),
        machines=(),
        message="It broke.",
        advice="",
        video=1,
        film="Film.mkv",
        context=(),
    )


def every_error(root: type[ReencodarrError] = ReencodarrError) -> list[type[ReencodarrError]]:
    return [root, *(found for child in root.__subclasses__() for found in every_error(child))]


@pytest.mark.parametrize(
    ("category", "code", "remedy"),
    [
        ("resources", "no_space", Remedy.MEND),
        ("resources", "worker_lost", Remedy.RETRY),
        ("configuration", "program_missing", Remedy.MEND),
        ("unreadable_media", "damaged_source", Remedy.EXCLUDE),
        ("quality", "target_unreachable", Remedy.EXCLUDE),
        ("size", "not_smaller", Remedy.EXCLUDE),
        ("timeout", "program_stalled", Remedy.RETRY),
        ("file_access", "destination_read_only", Remedy.MEND),
        ("storage", "transfer_broken", Remedy.MEND),
        ("program", "program_failed", Remedy.LOOK),
        ("of a later version", "new_code", Remedy.LOOK),
    ],
)
def test_a_cause_has_a_remedy(category: str, code: str, remedy: Remedy) -> None:
    assert advice.about(group(category, code)).remedy is remedy


def test_every_error_there_is_has_one() -> None:
    found = {one.code: advice.about(group(one.category.value, one.code)) for one in every_error()}

    assert len(found) > 40
    assert all(one.words.endswith(".") for one in found.values())
    assert advice._BY_CODE.keys() <= found.keys()
    assert advice._BY_CATEGORY.keys() == set(Category)
    assert errors.NoSpace.code in advice._BY_CODE


@pytest.mark.parametrize(
    ("found", "needed"),
    [
        (group("configuration", "program_missing"), True),
        (group("storage", "transfer_broken"), True),
        (group("file_access", "destination_read_only"), True),
        (group("configuration", "program_missing", first=60, last=30), False),  # it is old news
        (group("resources", "no_space", first=1), False),  # it may pass
        (group("resources", "no_space", first=7), True),  # it lasts
        (group("resources", "no_space", first=40, last=35), False),
        (group("unreadable_media", "damaged_source"), False),  # one film's own fault
        (group("unreadable_media", "damaged_source", videos=10, first=5), True),  # many at once
        (group("unreadable_media", "damaged_source", videos=10, first=500), False),  # many in three weeks
        (group("quality", "target_unreachable", videos=9), False),
    ],
)
def test_who_is_told(found: FailureGroup, needed: bool) -> None:
    assert advice.needs_a_person(found, NOON) is needed


def tally(name: str, total: int, resolved: int = 0) -> Tally:
    return Tally(name=name, total=total, resolved=resolved)


@pytest.mark.parametrize(
    ("stages", "categories", "urgencies"),
    [
        ([tally("encode", 10)], [], []),
        ([tally("encode", 11)], [], [Urgency.HIGH]),
        ([tally("encode", 20, 6)], [], []),
        ([tally("encode", 20, 5)], [], [Urgency.HIGH]),
        ([], [tally("resources", 3)], []),
        ([], [tally("resources", 4)], [Urgency.HIGH]),
        ([], [tally("resources", 9, 6)], []),
        ([], [tally("file_access", 6)], [Urgency.MEDIUM]),
        ([], [tally("file_access", 6), tally("resources", 6)], [Urgency.HIGH, Urgency.MEDIUM]),
        ([], [tally("unreadable_media", 600)], []),
    ],
)
def test_what_a_report_calls_for(stages: list[Tally], categories: list[Tally], urgencies: list[Urgency]) -> None:
    report = FailureReport(groups=(), stages=tuple(stages), categories=tuple(categories), excluded=())

    assert [one.urgency for one in advice.recommendations(report)] == urgencies
