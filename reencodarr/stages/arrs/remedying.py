"""Replacing bad files that a person confirmed: one step after the other, each noted before it is taken.

Killed between any two steps, the next run goes on: what may be done twice is done again; of what may not, the
application is asked whether it was done. What is deleted is deleted by the Sonarr or Radarr, never by us.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reencodarr.arr.application import Application
from reencodarr.arr.client import DEFAULT_TIMES, Times
from reencodarr.arr.models import BLOCKED, MediaFile
from reencodarr.errors import (
    ArrBusy,
    ArrError,
    ArrNotFound,
    ArrUnreachable,
    RemedyRefused,
    ReplacementMissing,
    SettingsError,
    StateConflict,
)
from reencodarr.library import bad_files, database, failures, transitions
from reencodarr.library.bad_files import BadState, Subject
from reencodarr.library.notices import Step
from reencodarr.library.tables import BadFile, now
from reencodarr.stages.arrs import remedies
from reencodarr.stages.workplace import Workplace

log = logging.getLogger(__name__)

WAIT = timedelta(days=14)
"""For another release, from the confirmation on."""
LEASE = timedelta(minutes=15)
"""A step that another process began is left to it for so long."""
KNOWN_FOR = timedelta(minutes=4)
"""How long an application tells of a command that has ended: five minutes (Sonarr 4, Radarr 5 and 6)."""
_SEARCHES = frozenset({"episodesearch", "moviessearch", "seasonsearch", "seriessearch"})
_BEGUN = " begun"

Say = Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class _Remedy:
    """One bad file on its way."""

    workplace: Workplace
    app: Application
    row: BadFile
    subject: Subject
    say: Say = field(repr=False)

    def note(self, name: str, words: str, *, names: tuple[str, ...] = (), state: BadState | None = None) -> None:
        """Raises StateConflict when somebody else works on it."""
        with database.session(self.workplace.database) as session:
            bad_files.note(session, self.row, Step.taken(name, words, names), state=state)
        if not name.endswith(_BEGUN):
            self.say(f"{name}: {words}")
            log.info("bad file %d: %s: %s", self.row.id, name, words)

    def step(self, name: str) -> Step | None:
        return next((one for one in reversed(bad_files.steps(self.row)) if one.name == name), None)


Act = Callable[[_Remedy, Step | None], str]
"""Takes a step, which was begun before where the second is not None; says what came of it."""


def remedy(workplace: Workplace, bad_id: int, *, say: Say = log.debug, times: Times = DEFAULT_TIMES) -> BadState:
    """Do the next steps for a confirmed bad file, as far as they go now; how far it is. May be repeated safely.

    Raises RemedyRefused where it cannot be done any more, StateConflict while somebody else does it, ArrError,
    SettingsError, DatabaseError.
    """
    with database.session(workplace.database, reads_only=True) as session:
        row = bad_files.found(session, bad_id)
    if BadState(row.state) not in bad_files.OPEN:
        return BadState(row.state)
    with remedies.connected(workplace, row, times=times) as app:
        one = _Remedy(workplace=workplace, app=app, row=row, subject=bad_files.subject(row), say=say)
        if row.state == BadState.CONFIRMED.value:
            _remove(one)
        _look(one)
    return BadState(row.state)


def remedy_all(workplace: Workplace, *, times: Times = DEFAULT_TIMES) -> str:
    """Do the next steps for every bad file that was confirmed; in words, what came of it. May be repeated safely."""
    with database.session(workplace.database, reads_only=True) as session:
        to_do = bad_files.to_do(session)
    ends: list[str] = []
    for bad_id in to_do:
        try:
            ends.append(remedy(workplace, bad_id, times=times).value)
        except (ArrError, SettingsError, StateConflict) as error:
            log.warning("bad file %d is left for now: %s", bad_id, error)
            ends.append("left for now")
            _give_up_if_late(workplace, bad_id, str(error))
    return f"{len(to_do)} bad files: {', '.join(sorted(ends))}." if ends else "No bad file waits."


def _remove(one: _Remedy) -> None:
    """Take the steps up to the search. It looks for another release by itself once one is blocked, by its owner's
    setting: then the file goes before the block, or that search would find that there is nothing to improve.
    """
    acts: Iterable[tuple[str, Act]] = [("monitor", _monitor), ("block", _block), ("delete", _delete)]
    if one.subject.redownloads:
        acts = [("monitor", _monitor), ("delete", _delete), ("block", _block)]
    for name, act in [*acts, ("search", _search)]:
        if one.step(name) is not None:
            continue
        before = one.step(name + _BEGUN)
        _require_free(one, before)
        words = act(one, before)
        one.note(name, words)
    one.note("wait", "Another release is waited for.", state=BadState.SEARCHING)


def _monitor(one: _Remedy, before: Step | None) -> str:
    _begin(one, "monitor")
    one.app.monitor(one.subject.parts)
    parts = len(one.subject.parts)
    return "It is watched." if parts == 1 else f"All {parts} episodes in it are watched."


def _block(one: _Remedy, before: Step | None) -> str:
    if not one.subject.grabbed:
        return "Skipped: the history knows no grab of this file."
    if before is not None and _is_blocked(one):
        return "Its release was blocked already."
    _begin(one, "block")
    try:
        one.app.mark_failed(one.subject.grabbed)
    except ArrNotFound:
        return "Skipped: the history has forgotten the grab."
    return "Its release is blocked."


def _delete(one: _Remedy, before: Step | None) -> str:
    try:
        file = one.app.file(one.row.file_id)
    except ArrNotFound:
        return "It is gone already."
    if (file.path, file.size) != (one.subject.path, one.subject.size):
        refusal = RemedyRefused(
            f"{file.path} is not the file of {one.subject.size} bytes that you agreed to replace; nothing was deleted.",
            advice="Report it again if it is still bad.",
        )
        one.note("delete", str(refusal), state=BadState.FAILED)
        raise refusal
    _begin(one, "delete")
    one.app.delete_file(file.id)
    # Its owner may have set that what is deleted is not watched any more.
    one.app.monitor(one.subject.parts)
    return f"{one.app.instance} deleted {file.path}."


def _search(one: _Remedy, before: Step | None) -> str:
    blocked = one.step("block")
    if one.subject.redownloads and blocked is not None and not blocked.words.startswith("Skipped"):
        return f"{one.app.instance} looks for another release by itself."
    last = max((command.id for command in one.app.commands()), default=0)
    if before is not None and not _may_ask_again(one, before):
        return "It was asked already, or perhaps was: search by hand if nothing comes."
    _begin(one, "search", str(last))
    try:
        command = one.app.search(one.subject.parts)
    except (ArrBusy, ArrUnreachable):
        begun = one.step("search" + _BEGUN)
        if begun is None or not _may_ask_again(one, begun):
            raise
        command = one.app.search(one.subject.parts)
    return f"{one.app.instance} looks for another release (command {command.id})."


def _may_ask_again(one: _Remedy, before: Step) -> bool:
    """Whether a search that was begun certainly was not asked for."""
    known = int(before.names[1])
    asked = [command for command in one.app.commands() if command.id > known and command.name.lower() in _SEARCHES]
    return not asked and now() - datetime.fromisoformat(before.at) < KNOWN_FOR


def _begin(one: _Remedy, name: str, *said: str) -> None:
    one.note(name + _BEGUN, f"by {one.workplace.holder}", names=(one.workplace.holder, *said))


def _require_free(one: _Remedy, before: Step | None) -> None:
    """Raises StateConflict while another process that may live took this step."""
    if before is None or before.names[0] == one.workplace.holder:
        return
    recent = now() - datetime.fromisoformat(before.at) < LEASE
    if recent and transitions.holder_alive(before.names[0]):
        raise StateConflict(f"{before.names[0]} works on bad file {one.row.id}.")


def _is_blocked(one: _Remedy) -> bool:
    records = one.app.history(one.row.title_id)
    return any(record.event == BLOCKED and record.download_id == one.subject.download for record in records)


def _look(one: _Remedy) -> None:
    """See whether a replacement has come; after `WAIT` it is given up."""
    known = {*one.subject.others, one.row.file_id}
    for file in one.app.files(one.row.title_id):
        if file.id not in known and set(one.app.parts(file)) & set(one.subject.parts):
            one.note("replaced", _arrived(one, file), state=BadState.REPLACED)
            return
    _give_up_if_late(one.workplace, one.row.id or 0, "no other release has come")


def _arrived(one: _Remedy, file: MediaFile) -> str:
    edition = f" Its edition is {file.edition or 'none'} now." if file.edition != one.subject.edition else ""
    return f"{file.path} ({file.size} bytes) is in its place.{edition}"


def _give_up_if_late(workplace: Workplace, bad_id: int, words: str) -> None:
    with database.session(workplace.database) as session:
        row = bad_files.found(session, bad_id)
        if BadState(row.state) not in bad_files.OPEN or (row.confirmed_at or now()) > now() - WAIT:
            return
        step = Step.taken("given up", f"After {WAIT.days} days: {words}.")
        bad_files.note(session, row, step, state=BadState.FAILED)
        failures.record(session, row.video_id, _late(row, words), context={"bad_file": bad_id})
    log.warning("bad file %d is given up: %s", bad_id, words)


def _late(row: BadFile, words: str) -> ReplacementMissing:
    return ReplacementMissing(
        f"{row.instance} was to replace a bad file, and {words}, {WAIT.days} days after it was confirmed.",
        advice="Search for it there by hand.",
    )
