"""What works between us and a Sonarr or Radarr, line by line, and what to do about the rest. Changes nothing there."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from reencodarr.arr import application as applications
from reencodarr.arr.application import Application
from reencodarr.arr.client import DEFAULT_TIMES, Times
from reencodarr.arr.instance import Instance
from reencodarr.arr.models import MediaFile, Title
from reencodarr.arr.registration import Action, Registration
from reencodarr.errors import ArrError, ArrRefused, ArrUnreachable, ArrVersion, ReencodarrError, SettingsError
from reencodarr.library import database
from reencodarr.library.tables import ArrInstance
from reencodarr.stages.arrs import looking, registering
from reencodarr.stages.arrs.places import Places
from reencodarr.stages.workplace import Workplace

_MOST_FOLDERS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that works or does not."""

    what: str
    good: bool
    words: str


def lines(workplace: Workplace, instance: Instance, *, times: Times = DEFAULT_TIMES) -> Iterator[Line]:
    """Each thing that must work, in order; what rests on one that does not is left out.

    Raises DatabaseError.
    """
    try:
        with applications.connect(instance, times=times) as connection:
            for found in _greeted(connection):
                yield found
                if not found.good:
                    return
            yield from _paths(workplace, connection)
            yield from _webhook(workplace, connection)
    except (ArrError, SettingsError) as error:
        yield _bad("answers", error)


def greeting(instance: Instance, *, times: Times = DEFAULT_TIMES) -> Iterator[Line]:
    """The first of these lines: it is reached, takes our key, and is what we speak to. Needs no database."""
    try:
        with applications.connect(instance, times=times) as connection:
            yield from _greeted(connection)
    except SettingsError as error:
        yield _bad("address", error)


def _greeted(connection: Application) -> Iterator[Line]:
    """It is reached, takes our key, and is what we speak to."""
    try:
        status = connection.status()
    except ArrUnreachable as error:
        yield _bad("reachable", error)
        return
    except ArrError as error:
        yield Line(what="reachable", good=True, words=f"{connection.instance.url} answers")
        of = "key" if isinstance(error, ArrRefused) else "version" if isinstance(error, ArrVersion) else "application"
        yield _bad(of, error)
        return
    yield Line(what="reachable", good=True, words=f"{connection.instance.url} answers")
    yield Line(what="key", good=True, words="it accepts our API key")
    yield Line(what="version", good=True, words=f"{status.app_name} {status.version}")


def _paths(workplace: Workplace, connection: Application) -> Iterator[Line]:
    """Its folders are ours."""
    where, titles = Places(connection.instance, looking.libraries(workplace)), 0
    for title in connection.titles(unreadable=lambda words: None):
        titles += 1
        where.of(title, _imagined(title))
    lost = where.unmapped
    for one in lost[:_MOST_FOLDERS]:
        yield Line(what="paths", good=False, words=f"{one.folder} ({one.files} of {titles} titles): {one.words}")
    if len(lost) > _MOST_FOLDERS:
        yield Line(what="paths", good=False, words=f"and {len(lost) - _MOST_FOLDERS} more folders")
    if not lost:
        yield Line(what="paths", good=True, words=f"the folders of all {titles} titles are in our libraries")


def _webhook(workplace: Workplace, connection: Application) -> Iterator[Line]:
    """Our webhook is there, and what it sends arrives."""
    try:
        found = registering.look(workplace, connection)
    except (ArrError, SettingsError) as error:
        yield _bad("webhook", error)
        return
    yield _standing(connection.instance, found)
    yield _event(workplace, connection, found)


def _standing(instance: Instance, found: Registration) -> Line:
    advice = f"Run `reencodarr arr register {instance.name}`."
    if found.action is Action.CREATE:
        return Line(what="webhook", good=False, words=f"It is not there. {advice}")
    if found.action is Action.REPAIR:
        return Line(what="webhook", good=False, words=f"It is wrong: {', '.join(found.differences)}. {advice}")
    if found.surplus:
        return Line(what="webhook", good=False, words=f"It is there {1 + len(found.surplus)} times. {advice}")
    return Line(what="webhook", good=True, words="it is registered, for all that changes files")


def _event(workplace: Workplace, connection: Application, found: Registration) -> Line:
    """A test event, from its sending there to its arrival in our database."""
    before = _called_at(workplace, connection.instance)
    try:
        registering.test(workplace, connection, found)
    except ArrError as error:
        return _bad("event", error)
    after = _called_at(workplace, connection.instance)
    if after is None or after == before:
        words = "It was sent, and this server's database does not have it: another server took it."
        return Line(what="event", good=False, words=words)
    return Line(what="event", good=True, words="a test event arrived")


def _called_at(workplace: Workplace, instance: Instance) -> datetime | None:
    with database.session(workplace.database, reads_only=True) as session:
        row = session.get(ArrInstance, instance.name)
        return None if row is None else row.webhook_at


def _imagined(title: Title) -> MediaFile:
    """A file in a title's folder."""
    separator = "\\" if "\\" in title.path else "/"
    return MediaFile(id=1, title_id=title.id, path=f"{title.path}{separator}film", size=0)


def _bad(what: str, error: ReencodarrError) -> Line:
    return Line(what=what, good=False, words=str(error))
