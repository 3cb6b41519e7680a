"""What to do about failures: the remedy for one cause, and what a whole report calls for. Pure.

The thresholds are those of the Elixir Reencodarr's reports (a stage with more than 10 failures of which more than
70 % stand; more than 3 for lack of resources; more than 5 of machines or files), on categories that really occur.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from reencodarr.errors import Category
from reencodarr.library.reading.causes import FailureGroup, FailureReport

LASTING = timedelta(hours=6)
"""A lack of room or a network that is away for so long does not pass by itself."""
MANY = 10
"""Videos with one cause within a day that say something about the system, not about the videos."""
RECENT = timedelta(days=1)
_STAGE_FAILURES, _STAGE_SHARE = 10, 0.7
_RESOURCES, _SYSTEM = 3, 5


class Remedy(StrEnum):
    """What helps against a cause."""

    MEND = "mend"
    """Something outside the film must be put right; then try again."""
    RETRY = "retry"
    """Trying again may help as it is."""
    EXCLUDE = "exclude"
    """The film is the cause: get it again, or exclude it."""
    LOOK = "look"
    """Somebody has to look at the example first."""


class Urgency(StrEnum):
    """How soon somebody should look."""

    HIGH = "high"
    MEDIUM = "medium"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What to do about one cause."""

    remedy: Remedy
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """What a whole report calls for."""

    urgency: Urgency
    words: str


_BY_CODE = {
    "no_space": Advice(remedy=Remedy.MEND, words="Make room on the disk that is full, then retry."),
    "bucket_full": Advice(remedy=Remedy.MEND, words="Make room on the bucket's disk or raise its quota, then retry."),
    "program_not_started": Advice(remedy=Remedy.MEND, words="Give the machine more memory or fewer jobs, then retry."),
    "program_interrupted": Advice(
        remedy=Remedy.RETRY,
        words="Retry. If the system ended it, the machine ran out of memory: give it fewer jobs at once.",
    ),
    "worker_lost": Advice(remedy=Remedy.RETRY, words="See that the machine is up and stays so, then retry."),
    "destination_read_only": Advice(
        remedy=Remedy.MEND, words="Let the server write to the films' folders, then retry."
    ),
    "trash_unavailable": Advice(remedy=Remedy.MEND, words="Let the server write to the library's root, then retry."),
    "destination_taken": Advice(remedy=Remedy.MEND, words="Move the other file of that name away, then retry."),
    "target_unreachable": Advice(
        remedy=Remedy.EXCLUDE, words="No CRF reaches the target: exclude them, or lower the policy's target and retry."
    ),
    "not_smaller": Advice(
        remedy=Remedy.EXCLUDE, words="Nothing would be saved: exclude them, or let the policy allow larger results."
    ),
    "not_a_video": Advice(remedy=Remedy.EXCLUDE, words="They are no films: exclude them, or remove them."),
    "arr_stale": Advice(
        remedy=Remedy.MEND, words="See that Sonarr or Radarr sees the films where its mapping says, then retry."
    ),
    "sidecar_missing": Advice(
        remedy=Remedy.MEND,
        words="Look into the recycle bin of Sonarr or Radarr, put back what you want, then retry to acknowledge.",
    ),
    "replacement_missing": Advice(
        remedy=Remedy.MEND, words="Search for another release by hand, then retry to acknowledge."
    ),
    "program_failed": Advice(
        remedy=Remedy.LOOK, words="Read the example's last lines. If one machine has them all, it is at fault."
    ),
}
_BY_CATEGORY = {
    Category.CONFIGURATION: Advice(remedy=Remedy.MEND, words="Correct the setting that the message names, then retry."),
    Category.FILE_ACCESS: Advice(remedy=Remedy.MEND, words="See that the files are there and readable, then retry."),
    Category.UNREADABLE_MEDIA: Advice(
        remedy=Remedy.EXCLUDE, words="The files are damaged: get them again, or exclude them."
    ),
    Category.QUALITY: Advice(remedy=Remedy.EXCLUDE, words="Exclude them, or change the policy and retry."),
    Category.SIZE: Advice(remedy=Remedy.EXCLUDE, words="Exclude them, or change the policy and retry."),
    Category.PROGRAM: Advice(remedy=Remedy.LOOK, words="Read the example's last lines, then retry one."),
    Category.RESOURCES: Advice(remedy=Remedy.MEND, words="See what the machine lacks, then retry."),
    Category.TIMEOUT: Advice(remedy=Remedy.RETRY, words="Retry. If it stays, the disk or the machine is too slow."),
    Category.VERIFICATION: Advice(
        remedy=Remedy.LOOK,
        words="The result was not the same film; the original is untouched. Retry once, else exclude.",
    ),
    Category.FILE_OPERATION: Advice(remedy=Remedy.MEND, words="See that the disk can be written, then retry."),
    Category.STATE: Advice(remedy=Remedy.RETRY, words="Somebody else was faster: retry."),
    Category.DATABASE: Advice(remedy=Remedy.MEND, words="See that the database answers and has room, then retry."),
    Category.STORAGE: Advice(remedy=Remedy.MEND, words="See that the bucket answers, then retry."),
    Category.ARR: Advice(remedy=Remedy.MEND, words="See that Sonarr or Radarr answers, then retry; nothing is lost."),
    Category.UNKNOWN: Advice(remedy=Remedy.LOOK, words="Nobody foresaw it: read the example, and report it as a bug."),
}
_ALWAYS = frozenset({Category.CONFIGURATION, Category.STORAGE, Category.DATABASE})
"""Never a film's fault, and nothing that passes."""


def about(group: FailureGroup) -> Advice:
    """What to do about one cause."""
    return _BY_CODE.get(group.code) or _BY_CATEGORY[_category(group)]


def needs_a_person(group: FailureGroup, moment: datetime) -> bool:
    """Whether this will not go away by itself and is more than one film's own fault."""
    if group.last_at < moment - RECENT:
        return False
    category = _category(group)
    if category in _ALWAYS or (category is not Category.RESOURCES and about(group).remedy is Remedy.MEND):
        return True
    lasts = group.last_at - group.first_at >= LASTING
    return (category is Category.RESOURCES and lasts) or (group.videos >= MANY and group.first_at >= moment - RECENT)


def recommendations(report: FailureReport) -> tuple[Recommendation, ...]:
    """What the failures together say, the urgent first."""
    found = [*_of_stages(report), *_of_categories(report)]
    return tuple(sorted(found, key=lambda one: list(Urgency).index(one.urgency)))


def _of_stages(report: FailureReport) -> Iterator[Recommendation]:
    for stage in report.stages:
        if stage.total > _STAGE_FAILURES and stage.open > _STAGE_SHARE * stage.total:
            share = f"{stage.open} of {stage.total} failures of {stage.name} still stand"
            yield Recommendation(urgency=Urgency.HIGH, words=f"{share}: begin with its most frequent cause.")


def _of_categories(report: FailureReport) -> Iterator[Recommendation]:
    standing = {category.name: category.open for category in report.categories}
    short = standing.get(Category.RESOURCES.value, 0)
    if short > _RESOURCES:
        words = f"{short} failures for lack of disk, memory or network: see to the machines before anything is retried."
        yield Recommendation(urgency=Urgency.HIGH, words=words)
    for category in (Category.CONFIGURATION, Category.FILE_ACCESS, Category.FILE_OPERATION, Category.STORAGE):
        if (number := standing.get(category.value, 0)) > _SYSTEM:
            words = f"{number} failures of {category.value.replace('_', ' ')}: not the films are at fault."
            yield Recommendation(urgency=Urgency.MEDIUM, words=words)


def _category(group: FailureGroup) -> Category:
    """What another version called otherwise is unknown."""
    return Category(group.category) if group.category in set(Category) else Category.UNKNOWN
