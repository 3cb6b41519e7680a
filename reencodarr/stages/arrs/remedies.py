"""What replacing a bad file would do, exactly, before anybody agrees to it. Asks and reads; changes nothing."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reencodarr.arr import application, instance, mapping
from reencodarr.arr.application import Application
from reencodarr.arr.client import DEFAULT_TIMES, Times
from reencodarr.arr.models import GRABBED, IMPORTED, HistoryRecord, MediaFile
from reencodarr.errors import ArrNotFound, RemedyRefused
from reencodarr.library import bad_files, database, journal
from reencodarr.library.bad_files import BadState, Subject
from reencodarr.library.tables import BadFile, Video
from reencodarr.stages.workplace import Workplace


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Where a file came from, as far as the history tells."""

    grabbed: int = 0
    """The record of its grab; 0 where there is none."""
    download: str = ""
    name: str = ""
    files: int = 1
    """That came in with it, this one among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What would be done, to which file."""

    row: BadFile
    film: Path
    """As we know it."""
    instance: str
    title: str
    file: MediaFile
    release: Release
    recycle_bin: str
    subject: Subject
    left_today: int
    undo_until: datetime | None
    """Until when its original is in our trash."""

    @property
    def lines(self) -> Iterator[str]:
        """For the person who is to agree."""
        parts = f"{len(self.subject.parts)} episodes in one file" if len(self.subject.parts) > 1 else "one part"
        yield f"{self.instance} will delete {self.file.path} ({self.file.size} bytes),"
        yield f"its file {self.file.id} of {self.title}, {parts}. Reason: {self.row.reason}"
        if self.recycle_bin:
            yield f"It goes to its recycle bin, {self.recycle_bin}."
        else:
            yield "WARNING: it has no recycle bin. The file will be deleted for good."
        if not self.release.grabbed:
            yield "Its history knows no grab of this file: no release is blocked, and the same may come again."
        else:
            yield f"The release {self.release.name} is blocked."
        if self.release.files > 1:
            yield f"WARNING: {self.release.files} files came with that release; it is blocked for all of them."
        yield f"Then another release is looked for; {self.left_today} more may be today."
        if self.undo_until is not None:
            until = f"{self.undo_until:%Y-%m-%d}"
            yield f"NOTE: its original is in our trash until {until}: `reencodarr undo` brings it back."


def connected(workplace: Workplace, row: BadFile, *, times: Times = DEFAULT_TIMES) -> Application:
    """The application that has the file. Raises SettingsError where it is not in the settings any more."""
    return application.connect(instance.find(instance.configured(workplace.settings), row.instance), times=times)


def propose(workplace: Workplace, bad_id: int, *, times: Times = DEFAULT_TIMES) -> Proposal:
    """Find out what replacing a bad file would do.

    Raises RemedyRefused where it cannot be, ArrError, SettingsError, DatabaseError.
    """
    with database.session(workplace.database, reads_only=True) as session:
        row = bad_files.found(session, bad_id)
        film = session.get_one(Video, row.video_id).path
        used = bad_files.today(session)
        swaps = journal.undoable(session, videos=[row.video_id])
    if row.state != BadState.REPORTED.value:
        raise RemedyRefused(f"Bad file {bad_id} is {row.state}: there is nothing to confirm.")
    most = workplace.settings.arr_searches_a_day
    with connected(workplace, row, times=times) as app:
        file, title = _file(app, row, film)
        release = _release(app, row)
        others = tuple(sorted(one.id for one in app.files(row.title_id) if one.id != file.id))
        subject = Subject(
            path=file.path,
            size=file.size,
            parts=app.parts(file),
            others=others,
            edition=file.edition,
            grabbed=release.grabbed,
            download=release.download,
            redownloads=app.redownloads(),
        )
        return Proposal(
            row=row,
            film=film,
            instance=str(app.instance),
            title=title,
            file=file,
            release=release,
            recycle_bin=app.recycle_bin(),
            subject=subject,
            left_today=max(0, most - used - 1),
            undo_until=swaps[0].keep_until if swaps else None,
        )


def confirm(workplace: Workplace, proposal: Proposal) -> None:
    """Note that a person agreed to exactly this.

    Raises RemedyRefused when today's limit is reached, StateConflict when somebody was faster.
    """
    with database.session(workplace.database) as session:
        most = workplace.settings.arr_searches_a_day
        bad_files.confirm(session, proposal.row, proposal.subject, most=most)


def _file(app: Application, row: BadFile, film: Path) -> tuple[MediaFile, str]:
    """The file and its title, if they are what was reported."""
    try:
        title = app.title(row.title_id).title
    except ArrNotFound as error:
        raise RemedyRefused(f"{app.instance} does not know the title of {film.name} any more.") from error
    try:
        file = app.file(row.file_id)
    except ArrNotFound as error:
        raise RemedyRefused(
            f"{app.instance} has {film.name} no more under that number: it was deleted or replaced.",
            advice="Sync, then report it again if it is still bad.",
        ) from error
    ours = mapping.to_ours(file.path, app.instance.mappings)
    if ours is None or os.path.realpath(ours) != str(film):
        raise RemedyRefused(
            f"{app.instance} calls file {file.id} {file.path}, which is not {film}.",
            advice="Sync, then report it again.",
        )
    return file, title


def _release(app: Application, row: BadFile) -> Release:
    """The grab whose download was imported as this file."""
    records = list(app.history(row.title_id))
    imported = [one for one in records if one.event in IMPORTED and one.download_id]
    download = next((one.download_id for one in imported if one.file_id == row.file_id), "")
    grab: HistoryRecord | None = next(
        (one for one in records if one.event == GRABBED and download and one.download_id == download), None
    )
    if grab is None:
        return Release()
    files = {one.file_id for one in imported if one.download_id == download}
    return Release(grabbed=grab.id, download=download, name=grab.source_title, files=len(files))
