"""Syncing: everything that a Sonarr or Radarr has on its books, streamed, compared and looked at in batches.

A series or movie that makes no sense is named and left as it was; trouble with the instance itself ends the sync. What
is not on its books any more is forgotten at the very end, if it is little enough to be believed.
"""

import logging
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import monotonic

from reencodarr.arr import application as applications
from reencodarr.arr import instance as instances
from reencodarr.arr.application import Application
from reencodarr.arr.client import DEFAULT_TIMES, Times
from reencodarr.arr.instance import Instance
from reencodarr.arr.models import MediaFile, Title
from reencodarr.errors import ArrError, LibraryError, SyncBusy, TooManyUnlisted
from reencodarr.library import arr_files, database, departed, locks
from reencodarr.library.tables import now
from reencodarr.progress import Progress, Report, silent
from reencodarr.stages.arrs import comparing, looking, places
from reencodarr.stages.arrs.comparing import Change
from reencodarr.stages.arrs.looking import Line, Listing, Looked
from reencodarr.stages.arrs.places import Places, Unmapped
from reencodarr.stages.workplace import Workplace
from reencodarr.transfer.patience import Stop, heed, never

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Titles whose files are asked for side by side: more only makes a small NAS slow for its owner."""
AHEAD = 16
BATCH = 500
"""Files that are compared and written together."""
LISTED = 200
"""Lines of each kind that are kept; the numbers count all."""
ASK_AFTER = 5
"""Titles in a row that fail before the instance itself is asked how it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What a sync of one instance came to."""

    instance: str
    titles: int = 0
    files: int = 0
    changes: Mapping[Change, int] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()
    """Files that are new, replaced, renamed or gone; the first of them."""
    failed: int = 0
    """Titles that could not be synced; what was known of them stays."""
    troubles: tuple[Line, ...] = ()
    """The first of them, by name."""
    unmapped: tuple[Unmapped, ...] = ()
    seconds: float = 0.0

    @property
    def words(self) -> str:
        """In one or two sentences."""
        news = comparing.news(self.changes)
        said = f"{_number(self.titles, 'title')}, {_number(self.files, 'file')}: {news}."
        if self.failed:
            first = self.troubles[0]
            said += f" {_number(self.failed, 'title')} failed, the first is {first.title}: {first.words}"
        if self.unmapped:
            folder = self.unmapped[0]
            some = "" if len(self.unmapped) == 1 else f"{folder.files} of them "
            said += f" {_number(sum(one.files for one in self.unmapped), 'file')} cannot be seen here,"
            said += f" {some}in {folder.folder}: {folder.words}"
        return said


def names(workplace: Workplace, wanted: Sequence[str] | None = None) -> list[str]:
    """The instances of these names, or all in the settings; what was known of those that left them is forgotten.

    Where the settings have none at all, nothing is forgotten: they may be those of another shell.

    Raises SettingsError.
    """
    known = instances.configured(workplace.settings)
    if wanted:
        return [instances.find(known, name).name for name in wanted]
    if known:
        with database.session(workplace.database) as session:
            for name in arr_files.forget_others(session, [one.name for one in known]):
                log.info("%s is no longer in the settings; what it said is forgotten", name)
    return [one.name for one in known]


def sync(
    workplace: Workplace, name: str, *, report: Report = silent, stop: Stop = never, times: Times = DEFAULT_TIMES
) -> Synced:
    """Bring everything that is known of an instance up to date, and our films where its list says that they changed.

    May be repeated and killed at any time: what was looked at is written. Only one at a time for an instance.

    Raises SyncBusy, SettingsError, ArrError, TooManyUnlisted, DatabaseError, WorkStopped. ArrError and TooManyUnlisted
    are written down in the instance's row as well.
    """
    instance = instances.find(instances.configured(workplace.settings), name)
    with locks.held(workplace.settings.data_dir, f"sync-{instance.name}") as holder:
        if holder:
            raise SyncBusy(f"{instance} is being synced by another run ({holder}).", advice="Wait for its end.")
        try:
            with applications.connect(instance, stop=stop, times=times) as connection:
                return _synced(workplace, connection, _Tally(instance, report), stop)
        except (ArrError, LibraryError) as error:
            _note(workplace, instance, failing=True, sync_words=str(error))
            raise


class _Tally:
    """What a sync has come to so far. Of a title it keeps the number, of a file nothing but that it is gone."""

    def __init__(self, instance: Instance, report: Report) -> None:
        self.instance = instance
        self.began = monotonic()
        self.titles: set[int] = set()
        self.listed = self.settled = self.files = self.failed = self.failed_in_row = self.known = 0
        self.whole = True
        """Whether every title that it has is known by its id."""
        self.changes: Counter[Change] = Counter()
        self.lines: list[Line] = []
        self.troubles: list[Line] = []
        self.unlisted: list[Looked] = []
        self._report = report

    def unreadable(self, words: str) -> None:
        """A title whose very entry makes no sense: nobody knows which it is."""
        self.whole = False
        self.trouble(Line(what="failed", title="?", words=words))

    def trouble(self, line: Line) -> None:
        log.warning("%s: %s could not be synced: %s", self.instance, line.title, line.words)
        self.failed += 1
        self._keep(self.troubles, [line])

    def count(self, titles: int) -> None:
        """Of how many titles it is, before the first comes."""
        self.listed = titles

    def add(self, looked: Looked, *, titles: int = 0) -> None:
        self.settled += titles
        self.files += looked.files
        self.changes.update(looked.changes)
        self._keep(self.lines, looked.lines)
        for line in looked.troubles:
            self.trouble(line)
        if looked.unlisted:
            self.unlisted.append(replace(looked, lines=(), troubles=()))
        fraction = min((self.settled + self.failed) / self.listed, 1.0) if self.listed else None
        detail = f"{self.settled} of {self.listed} titles, {self.files} files"
        self._report(Progress(stage="sync", label=str(self.instance), fraction=fraction, detail=detail))

    def synced(self, unmapped: tuple[Unmapped, ...]) -> Synced:
        return Synced(
            instance=self.instance.name,
            titles=len(self.titles),
            files=self.files,
            changes=dict(self.changes),
            lines=tuple(self.lines),
            failed=self.failed,
            troubles=tuple(self.troubles),
            unmapped=unmapped,
            seconds=monotonic() - self.began,
        )

    def _keep(self, kept: list[Line], lines: Sequence[Line]) -> None:
        kept.extend(lines[: LISTED - len(kept)])


def _synced(workplace: Workplace, connection: Application, tally: _Tally, stop: Stop) -> Synced:
    instance, began = tally.instance, now()
    _note(workplace, instance, version=connection.status().version)
    with database.session(workplace.database, reads_only=True) as session:
        tally.known = arr_files.known(session, instance.name)
    where = Places(instance, looking.libraries(workplace))
    batch: list[Listing] = []
    for listing in _listings(connection, tally):
        heed(stop)
        batch.append(listing)
        if sum(len(one.files) + 1 for one in batch) >= BATCH:
            tally.add(looking.settle(workplace, instance, where, batch), titles=len(batch))
            batch.clear()
    if batch:
        tally.add(looking.settle(workplace, instance, where, batch), titles=len(batch))
    _depart(workplace, tally, began)
    done = tally.synced(where.unmapped)
    log.info("synced %s in %.1f s: %s", instance, done.seconds, done.words)
    _note(
        workplace, instance,
        failing=False, synced_at=now(), sync_words=done.words, unmapped=places.to_json(done.unmapped),
    )  # fmt: skip
    return done


def _listings(connection: Application, tally: _Tally) -> Iterator[Listing]:
    """Every title with its files, a few asked for side by side; those that fail are counted.

    Raises ArrError when the instance itself is in trouble.
    """
    tags, asked = connection.tags(), now()
    ahead: deque[tuple[Title, Future[tuple[datetime, list[MediaFile]]]]] = deque()
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sync")
    try:
        for title in connection.titles(unreadable=tally.unreadable, counted=tally.count):
            tally.titles.add(title.id)
            if title.files is not None:
                yield looking.listing(title, title.files, tags=tags, asked=asked)
                continue
            ahead.append((title, pool.submit(_files, connection, title.id)))
            if len(ahead) == AHEAD:
                yield from _answered(connection, tally, ahead, tags)
        while ahead:
            yield from _answered(connection, tally, ahead, tags)
    finally:
        pool.shutdown(cancel_futures=True)


def _files(connection: Application, title_id: int) -> tuple[datetime, list[MediaFile]]:
    return now(), connection.files(title_id)


def _answered(
    connection: Application,
    tally: _Tally,
    ahead: deque[tuple[Title, Future[tuple[datetime, list[MediaFile]]]]],
    tags: Mapping[int, str],
) -> Iterator[Listing]:
    """The title that was asked for first, if its answer makes sense."""
    title, answer = ahead.popleft()
    try:
        asked, files = answer.result()
    except ArrError as error:
        tally.trouble(Line(what="failed", title=looking.name_of(title), words=str(error)))
        tally.failed_in_row += 1
        if tally.failed_in_row % ASK_AFTER == 0:
            connection.status()
        return
    tally.failed_in_row = 0
    yield looking.listing(title, files, tags=tags, asked=asked)


def _depart(workplace: Workplace, tally: _Tally, began: datetime) -> None:
    """Forget what is not listed any more, if the brake allows it.

    Raises TooManyUnlisted; then nothing is forgotten.
    """
    name = tally.instance.name
    rows = [row for looked in tally.unlisted for row in looked.unlisted]
    if tally.whole:
        with database.session(workplace.database, reads_only=True) as session:
            rows += arr_files.of_titles(session, name, arr_files.title_ids(session, name) - tally.titles)
    most = departed.allowed(tally.known, workplace.settings.gone_limit)
    # One that has come in its place counts against each that went: after a restore all of them have other ids.
    lost = len(rows) - tally.changes[Change.NEW]
    if lost > most:
        raise TooManyUnlisted(
            f"{tally.instance} no longer lists {len(rows)} of {tally.known} known files, the first is"
            f" {rows[0].theirs}; more than {most} is not believed. Nothing was forgotten.",
            advice="Check it and its disks. If they are meant to be gone, run once with REENCODARR_GONE_LIMIT=1.",
        )
    if rows:
        tally.add(looking.depart(workplace, tally.instance, rows, began))


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _note(workplace: Workplace, instance: Instance, **values: object) -> None:
    with database.session(workplace.database) as session:
        arr_files.note(session, instance.name, instance.kind.value, **values)
