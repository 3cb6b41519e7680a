"""After swaps: tell each Sonarr and Radarr that knows a film. Off every swap's path, which nothing here can undo.

Notices are written with the swap; whoever does them may be killed at any point, and the next does them again. What
fails is tried again after growing pauses, and in the end given up under its name, for a person.
"""

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from reencodarr.arr import application, instance
from reencodarr.arr.application import Application
from reencodarr.arr.client import DEFAULT_TIMES, Times
from reencodarr.errors import (
    ArrBusy,
    ArrFailed,
    ArrIsNot,
    ArrNotFound,
    ArrRefused,
    ArrUnreachable,
    ArrVersion,
    DatabaseError,
    FileUnreadable,
    LibraryError,
    ReencodarrError,
    SidecarMissing,
    Stage,
    WorkStopped,
)
from reencodarr.library import database, failures, notices, wishes
from reencodarr.library.notices import Step
from reencodarr.library.tables import ArrNotice, now
from reencodarr.paths import from_text, to_text
from reencodarr.stages.arrs import rescans, sidecars
from reencodarr.stages.arrs.rescans import Told
from reencodarr.stages.arrs.sidecars import Fate
from reencodarr.stages.workplace import Workplace
from reencodarr.transfer.patience import Stop, never

log = logging.getLogger(__name__)

BESIDE = "beside"
"""The step that keeps which files lie beside a film, before anybody is told of it."""
_END = "told"
_ALL_OF_IT = (ArrUnreachable, ArrRefused, ArrIsNot, ArrVersion, ArrBusy)
"""Troubles of a whole instance: its other titles are not asked for in this round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Informed:
    """What came of a round."""

    told: int = 0
    put_off: int = 0
    given_up: int = 0

    @property
    def words(self) -> str:
        """One sentence."""
        return f"{self.told} swaps told, {self.put_off} to be told later, {self.given_up} given up."

    def __add__(self, other: "Informed") -> "Informed":
        return Informed(
            told=self.told + other.told,
            put_off=self.put_off + other.put_off,
            given_up=self.given_up + other.given_up,
        )


def waits(workplace: Workplace) -> bool:
    """Whether there is something to tell now. Reads only."""
    with database.session(workplace.database, reads_only=True) as session:
        return bool(notices.due(session, now()))


def inform(workplace: Workplace, *, stop: Stop = never, times: Times = DEFAULT_TIMES) -> Informed:
    """Do all notices that are due, each title once; two at once share them. May be killed and repeated safely.

    Raises SettingsError, DatabaseError, WorkStopped.
    """
    known = {one.name: one for one in instance.configured(workplace.settings)}
    done = Informed()
    for name, group in groupby(_claimed(workplace), key=lambda row: row.instance):
        rows = list(group)
        if name not in known:
            done += _ended(workplace, rows, f"There is no {name} in the settings any more.")
            continue
        with ExitStack() as stack:
            try:
                app = stack.enter_context(application.connect(known[name], stop=stop, times=times))
            except ReencodarrError as error:
                done += _failed(workplace, rows, error)
                continue
            done += _inform(workplace, app, rows)
    if done != Informed():
        log.info("%s", done.words)
    return done


def _inform(workplace: Workplace, app: Application, rows: Sequence[ArrNotice]) -> Informed:
    """All notices of one instance."""
    done, away = Informed(), None
    for title_id, group in groupby(rows, key=lambda row: row.title_id):
        some = list(group)
        if away is not None:
            done += _failed(workplace, some, away)
            continue
        try:
            done += _tell(workplace, app, title_id, some)
        except DatabaseError:
            raise
        except WorkStopped:
            with database.session(workplace.database) as session:
                for row in some:
                    notices.give_back(session, _id(row))
            raise
        except ReencodarrError as error:
            away = error if isinstance(error, _ALL_OF_IT) else None
            done += _failed(workplace, some, error)
    return done


def _tell(workplace: Workplace, app: Application, title_id: int, rows: Sequence[ArrNotice]) -> Informed:
    """Tell of one title's films, with one rescan for all of them."""
    films: list[Told] = []
    done = Informed()
    for row in rows:
        try:
            path = rescans.find(workplace, app, row.video_id, row.file_id)
            films += [] if path is None else [_film(workplace, row, path)]
        except (LibraryError, FileUnreadable) as error:
            done += _failed(workplace, [row], error)
            continue
        if path is None:
            done += _ended(workplace, [row], "The film is not there any more: there is nothing to tell.")
    if not films:
        return done
    try:
        rescans.rescan(app, title_id, films)
        rescans.rename(workplace, app, title_id, films)
    except (ArrNotFound, ArrFailed) as error:
        if not _title_gone(app, title_id):
            raise
        return done + _ended(workplace, rows, f"It does not know the title any more. {error.message}")
    by_id = {_id(row): row for row in rows}
    for film in films:
        if film.trouble is not None:
            done += _failed(workplace, [by_id[film.notice]], film.trouble)
            continue
        _finish(workplace, app, title_id, film)
        done += Informed(told=1)
    return done


def _film(workplace: Workplace, row: ArrNotice, path: Path) -> Told:
    """A film that is there; what lies beside it is kept before anybody is told."""

    def say(name: str, words: str, names: tuple[str, ...] = ()) -> None:
        with database.session(workplace.database) as session:
            notices.note(session, _id(row), Step.taken(name, words, names))

    film = rescans.told(workplace, row, path, say)
    if _snapshot(row) is None:
        say(BESIDE, to_text(path), sidecars.beside(path))
    return film


def _snapshot(row: ArrNotice) -> Step | None:
    """What lay beside the film before this time that it is told of."""
    for step in reversed(notices.steps(row)):
        if step.name in {BESIDE, _END}:
            return step if step.name == BESIDE else None
    return None


def _finish(workplace: Workplace, app: Application, title_id: int, film: Told) -> None:
    with database.session(workplace.database, reads_only=True) as session:
        row = session.get_one(ArrNotice, film.notice)
    before = _snapshot(row)
    former = from_text(before.words) if before else film.path
    behind = sidecars.beside(former) if former.parent != film.path.parent else ()
    names = before.names if before else ()
    fate = sidecars.fate(names, sidecars.beside(film.path), stem=former.stem, now=film.path.stem, behind=behind)
    words = f"{app.instance} knows it as it is.{_said(fate)}"
    with database.session(workplace.database) as session:
        notices.note(session, film.notice, Step.taken(_END, words), file_id=film.file_id)
        notices.finish(session, film.notice, words)
        if film.file_id != row.file_id or film.path != former:
            wishes.wish(session, app.instance.name, title_id, "swap")
        if fate.missing:
            failures.record(session, film.video_id, _missing(app, film, fate), context={"notice": row.id})
    log.info("%s: %s", film.path.name, words)


def _said(fate: Fate) -> str:
    missing = f" Missing beside it: {', '.join(fate.missing)}." if fate.missing else ""
    left = f" Left under its former name: {', '.join(fate.left)}." if fate.left else ""
    return missing + left


def _missing(app: Application, film: Told, fate: Fate) -> SidecarMissing:
    return SidecarMissing(
        f"Since {app.instance} was told of {film.path.name}, these are missing beside it: {', '.join(fate.missing)}.",
        path=film.path,
        advice="Look into its recycle bin, put back what you want, then acknowledge with --retry.",
    )


def _title_gone(app: Application, title_id: int) -> bool:
    try:
        app.title(title_id)
    except ArrNotFound:
        return True
    return False


def _claimed(workplace: Workplace) -> list[ArrNotice]:
    """What is due and nobody else does, by instance and title."""
    moment = now()
    with database.session(workplace.database, reads_only=True) as session:
        due = notices.due(session, moment)
    if not due:
        return []
    with database.session(workplace.database) as session:
        mine = [row for row in due if notices.claim(session, row, moment)]
    return sorted(mine, key=lambda row: (row.instance, row.title_id, _id(row)))


def _ended(workplace: Workplace, rows: Sequence[ArrNotice], words: str) -> Informed:
    with database.session(workplace.database) as session:
        for row in rows:
            notices.finish(session, _id(row), words)
    return Informed()


def _failed(workplace: Workplace, rows: Sequence[ArrNotice], error: ReencodarrError) -> Informed:
    """Try again later, or give up by name."""
    done = Informed()
    with database.session(workplace.database) as session:
        for row in rows:
            if notices.put_off(session, _id(row), str(error)):
                done += Informed(put_off=1)
                continue
            failures.record(session, row.video_id, error, stage=Stage.SYNC, context={"notice": row.id})
            done += Informed(given_up=1)
    log.warning("%s could not be told of %d swaps: %s", rows[0].instance, len(rows), error)
    return done


def _id(row: ArrNotice) -> int:
    assert row.id is not None
    return row.id
