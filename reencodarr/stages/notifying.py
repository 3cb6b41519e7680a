"""Telling people: what needs one, and the daily summary. Off every job's path; nothing here is awaited by one.

What was told is kept in the database, so that nobody is told twice in a day. A message that reached nobody counts as
not told, and the next run tries again.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, select

from reencodarr.errors import RootMissing
from reencodarr.library import database, reading, roots, telling
from reencodarr.library.tables import ArrInstance, Library, now
from reencodarr.stages import news
from reencodarr.stages.news import Day, Silent, Trouble
from reencodarr.stages.workplace import Workplace
from reencodarr.tools import messages
from reencodarr.tools.messages import Delivery, Message

log = logging.getLogger(__name__)

SUMMARY = "summary"
"""The topic of the daily summary."""
_FIRST_DAY = timedelta(days=1)
_TEST = Message(title="Reencodarr: a test", body="Messages of Reencodarr arrive here.")
_NOBODY = "There is nobody to tell: REENCODARR_NOTIFY__URLS is not set."


def test(workplace: Workplace) -> tuple[Delivery, ...]:
    """Send a test message to everybody who would be told. Raises nothing."""
    return messages.send(_urls(workplace), _TEST)


def tell(workplace: Workplace) -> str:
    """Tell of what needs a person and was not told today; in words, what was done. May be repeated safely.

    Raises DatabaseError.
    """
    if not _urls(workplace):
        return _NOBODY
    if not workplace.settings.notify.failures:
        return "Failures are not told: REENCODARR_NOTIFY__FAILURES is off."
    moment, found = now(), troubles(workplace)
    claimed: list[tuple[Trouble, datetime | None]] = []
    with database.session(workplace.database) as session:
        for trouble in found:
            told_at = telling.when(session, trouble.topic)
            due = news.is_due(trouble, told_at, moment)
            if due and telling.claim(session, trouble.topic, told_at, moment):
                claimed.append((trouble, told_at))
    if not claimed:
        return f"{len(found)} things need a person, nothing that was not told today."
    topics = {trouble.topic: before for trouble, before in claimed}
    return _send(workplace, news.alarm([trouble for trouble, _ in claimed]), topics, moment)


def summary_is_due(workplace: Workplace) -> bool:
    """Whether today's summary is to be sent now. Reads only.

    Raises DatabaseError.
    """
    notify = workplace.settings.notify
    if not notify.summary or not notify.urls:
        return False
    with database.session(workplace.database, reads_only=True) as session:
        told_at = telling.when(session, SUMMARY)
    return news.summary_is_due(notify.summary_hour, told_at, now().astimezone())


def summarise(workplace: Workplace) -> str:
    """Send the summary of what happened since the last one; in words, what was done. Two at once send it once.

    Raises DatabaseError.
    """
    if not _urls(workplace):
        return _NOBODY
    moment = now()
    with database.session(workplace.database, reads_only=True) as session:
        told_at = telling.when(session, SUMMARY)
        day = _day(session, told_at or moment - _FIRST_DAY)
    with database.session(workplace.database) as session:
        if not telling.claim(session, SUMMARY, told_at, moment):
            return "Somebody else sends it."
    return _send(workplace, news.summary(day), {SUMMARY: told_at}, moment)


def troubles(workplace: Workplace) -> tuple[Trouble, ...]:
    """What needs a person now, told already or not. Reads only.

    Raises DatabaseError.
    """
    with database.session(workplace.database, reads_only=True) as session:
        groups, machines = reading.failures(session), reading.machines(session)
        failing = session.exec(select(ArrInstance).where(ArrInstance.failing)).all()
        libraries = session.exec(select(Library)).all()
        counts = {library.id: reading.counts(session, library=library.id).total for library in libraries}
    silent = [Silent(kind="arr", name=one.name, words=_words(one)) for one in failing]
    silent += _away([(library, counts[library.id]) for library in libraries])
    return news.troubles(groups, machines, silent, now())


def _words(instance: ArrInstance) -> str:
    return f"{instance.kind.capitalize()} {instance.name} cannot be synced. {instance.sync_words}".strip()


def _away(libraries: Sequence[tuple[Library, int]]) -> list[Silent]:
    found = []
    for library, known in libraries:
        try:
            roots.check_mounted(library, known=known)
        except RootMissing as error:
            found.append(Silent(kind="library", name=str(library.id), words=str(error)))
    return found


def _day(session: Session, since: datetime) -> Day:
    return Day(
        since=since.astimezone(),
        period=reading.period(session, since),
        savings=reading.savings(session),
        states=reading.counts(session).states,
        backlog=reading.backlog(session),
        failures=reading.failures(session),
        machines=reading.machines(session),
    )


def _send(
    workplace: Workplace, message: Message, topics: dict[str, datetime | None], moment: datetime
) -> str:  # fmt: skip
    """Send what was claimed; a message that reaches nobody is taken back, to be tried again."""
    deliveries = messages.send(_urls(workplace), message)
    reached = sum(delivery.delivered for delivery in deliveries)
    if not reached:
        with database.session(workplace.database) as session:
            for topic, before in topics.items():
                telling.take_back(session, topic, before, moment)
    log.info("%r reached %d of %d", message.title, reached, len(deliveries))
    return f"{message.title}. It reached {reached} of {len(deliveries)}."


def _urls(workplace: Workplace) -> list[str]:
    return [url.get_secret_value() for url in workplace.settings.notify.urls]
