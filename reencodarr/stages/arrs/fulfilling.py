"""Fulfilling wishes: look again at the series and movies that somebody said changed, each once, however often."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reencodarr.arr import application as applications
from reencodarr.arr import instance as instances
from reencodarr.arr.application import Application
from reencodarr.arr.client import DEFAULT_TIMES, Times
from reencodarr.arr.instance import Instance
from reencodarr.errors import ArrError, LibraryError, SyncBusy
from reencodarr.library import database, wishes
from reencodarr.library.tables import ArrWish
from reencodarr.progress import Progress, Report, silent
from reencodarr.stages.arrs import comparing, looking, syncing
from reencodarr.stages.arrs.comparing import Change
from reencodarr.stages.arrs.looking import Line
from reencodarr.stages.arrs.syncing import LISTED
from reencodarr.stages.workplace import Workplace
from reencodarr.transfer.patience import Stop, heed, never

log = logging.getLogger(__name__)

AT_ONCE = 500
"""Wishes of one run; the next takes the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fulfilled:
    """What a run came to."""

    titles: int
    changes: Mapping[Change, int]
    lines: tuple[Line, ...]
    troubles: tuple[Line, ...]
    left: int
    """Wishes that wait for the next run: their instance is in trouble, or they were made anew meanwhile."""

    @property
    def words(self) -> str:
        news = comparing.news(self.changes)
        said = f"{self.titles} {'title' if self.titles == 1 else 'titles'} looked at: {news}."
        said += f" {len(self.troubles)} in trouble, the first: {self.troubles[0].words}" if self.troubles else ""
        return said + (f" {self.left} wishes are left." if self.left else "")


class _Tally:
    def __init__(self) -> None:
        self.wanted = self.titles = 0
        self.changes: Counter[Change] = Counter()
        self.lines: list[Line] = []
        self.troubles: list[Line] = []

    def add(self, titles: int, changes: Mapping[Change, int], lines: Sequence[Line], troubles: Sequence[Line]) -> None:
        self.titles += titles
        self.changes.update(changes)
        self.lines.extend(lines[: LISTED - len(self.lines)])
        self.troubles.extend(troubles[: LISTED - len(self.troubles)])


def fulfil(
    workplace: Workplace, *, report: Report = silent, stop: Stop = never, times: Times = DEFAULT_TIMES
) -> Fulfilled:
    """Look at what is wished, and at what is wished meanwhile; oldest first within each instance.

    A wish ends when its title was looked at and nobody asked again meanwhile. Where an instance is in trouble its
    wishes stay for the next run; a title that makes no sense is named, and left to the next sync. May be killed, and
    run twice at once.

    Raises SettingsError, DatabaseError, WorkStopped.
    """
    known = {one.name: one for one in instances.configured(workplace.settings)}
    tally = _Tally()
    tried: set[tuple[object, ...]] = set()
    while waiting := _waiting(workplace, tried):
        tally.wanted += len(waiting)
        tried.update(_key(wish) for wish in waiting)
        for name in dict.fromkeys(wish.instance for wish in waiting):
            some = [wish for wish in waiting if wish.instance == name]
            if name in known:
                _of_instance(workplace, known[name], some, tally, report=report, stop=stop, times=times)
            else:
                _end(workplace, some)
                log.info("%s is in no setting; %d wishes for it are forgotten", name, len(some))
    with database.session(workplace.database, reads_only=True) as session:
        left = len(wishes.waiting(session, AT_ONCE))
    done = Fulfilled(
        titles=tally.titles,
        changes=dict(tally.changes),
        lines=tuple(tally.lines),
        troubles=tuple(tally.troubles),
        left=left,
    )
    log.info("%s", done.words)
    return done


def _waiting(workplace: Workplace, tried: set[tuple[object, ...]]) -> list[ArrWish]:
    """Wishes that this run did not try. One that a look made itself, for a file in motion, is left to the next."""
    with database.session(workplace.database, reads_only=True) as session:
        found = wishes.waiting(session, AT_ONCE)
    titles = {key[:2] for key in tried}
    return [
        wish
        for wish in found
        if _key(wish) not in tried
        and not (wish.event == looking.IN_MOTION and (wish.instance, wish.title_id) in titles)
    ]


def _key(wish: ArrWish) -> tuple[object, ...]:
    return wish.instance, wish.title_id, wish.events, wish.asked_at


def _of_instance(
    workplace: Workplace,
    instance: Instance,
    some: Sequence[ArrWish],
    tally: _Tally,
    *,
    report: Report,
    stop: Stop,
    times: Times,
) -> None:
    try:
        if any(wish.title_id == wishes.ALL for wish in some):
            synced = syncing.sync(workplace, instance.name, report=report, stop=stop, times=times)
            tally.add(synced.titles, synced.changes, synced.lines, synced.troubles)
            _end(workplace, some)
            return
        with applications.connect(instance, stop=stop, times=times) as connection:
            tags = connection.tags()
            for wish in some:
                heed(stop)
                _title(workplace, connection, wish, tags, tally)
                fraction = tally.titles / tally.wanted
                report(Progress(stage="sync", label=str(instance), fraction=min(fraction, 1.0)))
    except SyncBusy as error:
        log.info("%s", error)
    except (ArrError, LibraryError) as error:
        log.warning("%s", error)
        tally.add(0, {}, (), [Line(what="failed", title=str(instance), words=str(error))])


def _title(
    workplace: Workplace, connection: Application, wish: ArrWish, tags: Mapping[int, str], tally: _Tally
) -> None:
    """Look at one title. Raises the ArrError of an instance that is in trouble."""
    try:
        looked = looking.look(workplace, connection, wish.title_id, tags=tags)
    except ArrError as error:
        connection.status()
        if error.transient:
            raise
        tally.add(1, {}, (), [Line(what="failed", title=f"title {wish.title_id}", words=str(error))])
    else:
        tally.add(1, looked.changes, looked.lines, looked.troubles)
    _end(workplace, [wish])


def _end(workplace: Workplace, some: Sequence[ArrWish]) -> None:
    """Forget wishes that nobody made anew; one that a look made itself (a file still being written) is newer."""
    with database.session(workplace.database) as session:
        for wish in some:
            wishes.fulfilled(session, wish)
