"""What people are told: which troubles need one, and the words of messages and of the daily summary. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reencodarr.library.reading import Backlog, Condition, FailureGroup, Machine, Period, Savings, advice
from reencodarr.library.states import State
from reencodarr.tools.messages import Message
from reencodarr.units import GIB, KIB, MIB

AT_MOST = 10
"""Troubles or causes of one message; more are counted."""
EVERY = timedelta(hours=23, minutes=30)
"""What was told is not told again for a day, less what an hourly run may come early."""
_LONGEST = 300
_TIB = 1024 * GIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that needs a person."""

    topic: str
    """What it is about, the same every time."""
    words: str
    newest: datetime | None
    """When it last happened; None for what simply is so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """A Sonarr or Radarr that fails, or a library whose disk is away."""

    kind: str
    """`arr` or `library`."""
    name: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What a summary tells of."""

    since: datetime
    period: Period
    savings: Savings
    states: dict[State, int]
    backlog: Backlog
    failures: Sequence[FailureGroup]
    """All that stand."""
    machines: Sequence[Machine]


def troubles(
    groups: Sequence[FailureGroup], machines: Sequence[Machine], silent: Sequence[Silent], moment: datetime
) -> tuple[Trouble, ...]:
    """What needs a person, machines and disks before films."""
    found = [_of_machine(one) for one in machines if one.condition is Condition.QUARANTINED]
    found += [Trouble(topic=f"{one.kind}/{one.name}", words=one.words, newest=None) for one in silent]
    found += [_of_group(one) for one in groups if advice.needs_a_person(one, moment)]
    return tuple(found)


def is_due(trouble: Trouble, told_at: datetime | None, moment: datetime) -> bool:
    """Whether to tell of a trouble now: once a day at most, and of failures only when there are new ones."""
    if told_at is None:
        return True
    return moment - told_at >= EVERY and (trouble.newest is None or trouble.newest > told_at)


def alarm(found: Sequence[Trouble]) -> Message:
    """The message about some troubles; at least one."""
    number = len(found)
    title = "Reencodarr: something needs you" if number == 1 else f"Reencodarr: {number} things need you"
    lines = [one.words for one in found[:AT_MOST]]
    if number > AT_MOST:
        lines.append(f"... and {number - AT_MOST} more: reencodarr failures")
    return Message(title=title, body="\n\n".join(lines))


def summary_is_due(hour: int, told_at: datetime | None, local: datetime) -> bool:
    """Whether today's summary is to be sent: from that hour on, if none was sent today. `local` is aware."""
    return local.hour >= hour and (told_at is None or told_at.astimezone(local.tzinfo).date() < local.date())


def summary(day: Day) -> Message:
    """The daily summary."""
    period = day.period
    title = f"Reencodarr: {_films(period.replaced)} replaced, {size(period.saved)} saved"
    return Message(title=title, body="\n".join(_lines(day)))


def _lines(day: Day) -> Iterator[str]:
    period, savings, states = day.period, day.savings, day.states
    yield f"Since {day.since:%Y-%m-%d %H:%M %Z}: {_films(period.replaced)} replaced, {size(period.freed)} freed."
    if period.undone:
        yield f"Undone: {_films(period.undone)}."
    yield f"In all: {size(savings.freed)} freed, {size(savings.pending)} when the trash expires."
    waiting = states.get(State.NEEDS_ANALYSIS, 0)
    yield f"Waiting: {waiting} for analysis, {day.backlog.searches} for a search, {day.backlog.encodes} for an encode."
    if day.machines:
        yield "Machines: " + ", ".join(f"{one.name} {one.condition.value}" for one in day.machines) + "."
    if not day.failures:
        yield "No failures stand."
        return
    yield f"Failures that stand ({_films(states.get(State.FAILED, 0))} failed):"
    for one in day.failures[:AT_MOST]:
        yield f"- {_films(one.videos)}: {one.stage}, {one.code.replace('_', ' ')}. {advice.about(one).words}"
    if len(day.failures) > AT_MOST:
        yield f"- and {len(day.failures) - AT_MOST} more causes: reencodarr failures"


def _of_machine(machine: Machine) -> Trouble:
    words = f"Worker {machine.name} is in quarantine and gets no work. {machine.reason}"
    release = f"Then: reencodarr workers release {machine.name}"
    return Trouble(topic=f"worker/{machine.name}", words=f"{words}\n{release}", newest=None)


def _of_group(group: FailureGroup) -> Trouble:
    topic = f"failures/{group.stage}/{group.category}/{group.code}"
    where = f" on {', '.join(name for name, _ in group.machines[:3])}" if group.machines else ""
    head = f"{_films(group.videos)} failed in {group.stage} ({group.code.replace('_', ' ')}){where}."
    example = _short(f"For example {group.film}: {group.message}")
    retry = f"Then: reencodarr failures --stage {group.stage} --code {group.code} --retry"
    words = "\n".join((head, example, advice.about(group).words, retry))
    return Trouble(topic=topic, words=words, newest=group.last_at)


def _films(number: int) -> str:
    return "1 film" if number == 1 else f"{number} films"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 4] + " ..."


def size(count: float) -> str:
    """Bytes in binary units with one decimal."""
    for unit, name in ((_TIB, "TiB"), (GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if abs(count) >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count:.0f} B"
