"""Facts about a file from MediaInfo's library, which comes inside pymediainfo's wheel.

Knows how MediaInfo's tracks become `MediaFacts` and which files are no films; leaves the library itself to
`mediainfo_child`, the words of single tracks to `video_tracks`, `audio_tracks` and `text_tracks`, and everything
about frame times to `packets`.
"""

import logging
import os
import re
import stat
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from reencodarr.errors import (
    EmptyFile,
    MediaError,
    NotAVideo,
    ReencodarrError,
)
from reencodarr.media import (
    audio_tracks,
    codecs,
    mediainfo_child,
    mediainfo_document,
    text_tracks,
    video_tracks,
    year,
)
from reencodarr.media.facts import MediaFacts
from reencodarr.media.mediainfo_document import Document, Track
from reencodarr.units import Bytes, Seconds

log = logging.getLogger(__name__)

_CHAPTER = re.compile(r"_\d\d_\d\d_\d\d_\d{3}")
_PICTURE_NAME = re.compile(r"\.(?:jpe?g|png|gif|bmp|webp|tiff?)$", re.IGNORECASE)
_YEAR_TAGS = ("Original_Released_Date", "Released_Date", "Recorded_Date")
_TOGETHER = 50
"""Files that are looked at together: a start is then a seventh of their time (measured)."""
_PLAYLISTS = frozenset({"HLS", "DASH MPD", "ISM", "HDS F4M", "IMF CPL", "DCP CPL"})

STALL_DEADLINE = Seconds(180.0)
"""How long MediaInfo may be silent over one file.

It reads some tens of megabytes at most, but a disk may have to wake up.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What was read from one file."""

    facts: MediaFacts
    document: str
    """MediaInfo's raw JSON."""


def read(path: Path) -> Probed:
    """Read a file's facts from its headers. Reads only; 80 ms CPU, most of it to start a process (measured).

    A file with audio alone is no error: `facts.video` is None. May be called from several threads at once.

    Raises FileUnreadable, EmptyFile, NotAVideo (no video and no audio in it), DamagedSource, ProgramError.
    """
    (_, found), *_ = read_many([path])
    if isinstance(found, ReencodarrError):
        raise found
    return found


def read_many(
    paths: Sequence[Path], *, stall_deadline: Seconds = STALL_DEADLINE
) -> Generator[tuple[Path, Probed | ReencodarrError], None, None]:
    """Each file with its facts, or with the error that `read` raises for it; in order, as they come. Reads only.

    One process reads many files: 10 ms CPU each. A file on which it crashes, or is silent for `stall_deadline`,
    never blocks the others. Closing the iterator ends the process; it is bound to the thread that asks first.
    """
    for first in range(0, len(paths), _TOGETHER):
        yield from _read_together(paths[first : first + _TOGETHER], stall_deadline=stall_deadline)


def _read_together(
    paths: Sequence[Path], *, stall_deadline: Seconds
) -> Generator[tuple[Path, Probed | ReencodarrError], None, None]:
    sizes = [_size_or_error(path) for path in paths]
    regular = [path for path, size in zip(paths, sizes, strict=True) if not isinstance(size, MediaError)]
    with closing(mediainfo_child.documents(regular, stall_deadline=stall_deadline)) as answers:
        for path, size in zip(paths, sizes, strict=True):
            yield path, size if isinstance(size, MediaError) else _probed(next(answers), path=path, size=size)
        next(answers, None)  # The process ends by itself.


def _probed(answer: str | ReencodarrError, *, path: Path, size: Bytes) -> Probed | ReencodarrError:
    if isinstance(answer, ReencodarrError):
        return answer
    try:
        found = facts(answer, path=path, size=size)
    except MediaError as error:
        return error
    log.debug("%r: %s, %d audio, %d text", path, found.video, len(found.audio), len(found.text))
    return Probed(facts=found, document=answer)


def facts(document: str, *, path: Path, size: Bytes) -> MediaFacts:
    """MediaInfo's JSON about `path` as facts. Reads nothing.

    Raises NotAVideo, DamagedSource.
    """
    try:
        parsed = mediainfo_document.parse(document)
        _require_media(parsed, path)
        return _facts(parsed, path=path, size=size)
    except ValueError as error:
        raise mediainfo_child.damaged(path, str(error)) from error


def _facts(document: Document, *, path: Path, size: Bytes) -> MediaFacts:
    general = document.general
    films, still = video_tracks.split(document.of_kind("Video"))
    attachments, attached_pictures = _attachments(general)
    pictures = len(still) + len(document.of_kind("Image"))
    recorded = next((date for tag in _YEAR_TAGS if (date := general.text(tag))), None)
    return MediaFacts(
        container=codecs.container(general),
        size=size,
        duration=_duration(general, films),
        bitrate=general.whole("OverallBitRate"),
        title=general.text("Title"),
        video=video_tracks.video_track(films[0]) if films else None,
        other_videos=max(0, len(films) - 1),
        pictures=pictures or attached_pictures or len(_covers(general)),
        audio=tuple(audio_tracks.audio_track(track) for track in document.of_kind("Audio")),
        text=tuple(text_tracks.text_track(track) for track in document.of_kind("Text") if text_tracks.is_stream(track)),
        attachments=attachments,
        chapters=max((_chapters(track) for track in document.of_kind("Menu")), default=0),
        data_tracks=len(document.of_kind("Other")),
        edit_list=bool(films) and video_tracks.edited(films[0]),
        content_year=year.content_year(path, recorded=recorded),
    )


def _require_media(document: Document, path: Path) -> None:
    """Raise NotAVideo for what holds no film of its own: text, pictures, playlists, a header cut short."""
    if document.general.text("Format") in _PLAYLISTS or any("Source" in track.extra for track in document.tracks):
        raise NotAVideo(f"{path} only points to other files.", path=path, advice="Look at those instead.")
    if document.of_kind("Video") or document.of_kind("Audio"):
        return
    if document.of_kind("Image"):
        raise NotAVideo(f"{path} is a picture.", path=path, advice="Move or exclude it, or correct its extension.")
    name = document.general.text("Format")
    what = f"its {name} header lists no video and no audio" if name else "it is in no format of films"
    raise NotAVideo(
        f"{path} holds no film: {what}.",
        path=path,
        advice="It may be cut short or misnamed; fetch it again or exclude it.",
    )


def _duration(general: Track, films: Sequence[Track]) -> Seconds | None:
    stated = (track.number("Duration") for track in (general, *films[:1]))
    return next((Seconds(float(duration)) for duration in stated if duration), None)


def _attachments(general: Track) -> tuple[int, int]:
    """Attached files of Matroska as (others, pictures): ffmpeg shows attached pictures as video streams."""
    names = [name for name in general.extra.get("Attachments", "").split(" / ") if name]
    pictures = sum(1 for name in names if _PICTURE_NAME.search(name))
    return len(names) - pictures, pictures


def _covers(general: Track) -> tuple[str, ...]:
    """Cover art that MediaInfo reports only as a property of the file."""
    return general.parts("Cover_Type") or general.parts("Cover")


def _chapters(menu: Track) -> int:
    """Entries of a menu that are points of time; a transport stream's menus are its programmes."""
    return sum(1 for name in menu.extra if _CHAPTER.match(name))


def _size_or_error(path: Path) -> Bytes | MediaError:
    try:
        return _size(path)
    except MediaError as error:
        return error


def _size(path: Path) -> Bytes:
    try:
        mode = path.stat().st_mode
        # Only then opened: a pipe would be waited for.
        size = _size_when_open(path) if stat.S_ISREG(mode) else None
    except OSError as error:
        raise mediainfo_child.unreadable(path, error.strerror or str(error)) from error
    if size is None:
        raise mediainfo_child.unreadable(path, "it is a folder" if stat.S_ISDIR(mode) else "it is no regular file")
    if size == 0:
        raise EmptyFile(f"{path} is empty.", path=path, advice="Fetch it again; it is left as it is.")
    return size


def _size_when_open(path: Path) -> Bytes:
    with path.open("rb") as file:
        return Bytes(os.fstat(file.fileno()).st_size)
