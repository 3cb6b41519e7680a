"""Every webhook of Sonarr and Radarr, in every shape. What is null is left out, as they do."""

from collections.abc import Sequence
from typing import Any

from tests.arr.fake.library import File, Library, Title
from tests.arr.fake.resources import file as file_resource

Payload = dict[str, Any]

FLAGS = {
    "Grab": "onGrab",
    "Download": "onDownload",
    "Rename": "onRename",
    "SeriesAdd": "onSeriesAdd",
    "SeriesDelete": "onSeriesDelete",
    "EpisodeFileDelete": "onEpisodeFileDelete",
    "MovieAdded": "onMovieAdded",
    "MovieDelete": "onMovieDelete",
    "MovieFileDelete": "onMovieFileDelete",
    "Health": "onHealthIssue",
    "HealthRestored": "onHealthRestored",
    "ApplicationUpdate": "onApplicationUpdate",
    "ManualInteractionRequired": "onManualInteractionRequired",
}
REASONS = ("missingFromDisk", "manual", "upgrade", "noLinkedEpisodes", "manualOverride")
"""For which a file goes."""
_DOWNLOAD = {"downloadClient": "qBittorrent", "downloadClientType": "qBittorrent", "downloadId": "ABC123"}
_FORMATS = {"customFormatInfo": {"customFormats": [{"id": 1, "name": "x264"}], "customFormatScore": 5}}
_RELEASE = {"releaseTitle": "Some.Release.1080p-GRP", "indexer": "Indexer", "size": 1_500_000_000}


def flag(payload: Payload) -> str:
    """The flag of a notification that asks for this event."""
    if payload["eventType"] == "Download" and payload.get("isUpgrade"):
        return "onUpgrade"
    if "episodeFiles" in payload:
        return "onImportComplete"
    own = FLAGS[payload["eventType"]]
    return f"{own}ForUpgrade" if payload.get("deleteReason") == "upgrade" else own


def test(kind: str) -> Payload:
    """What a press of the Test button sends: shaped like a grab, of a title that is none."""
    if kind == "sonarr":
        series = {"id": 1, "title": "Test Title", "path": "C:\\testpath", "tvdbId": 1234}
        episodes = [{"id": 123, "episodeNumber": 1, "seasonNumber": 1, "title": "Test title", "seriesId": 1}]
        return _event(kind, "Test", series=series, episodes=episodes)
    movie = {"id": 1, "title": "Test Title", "year": 1970, "folderPath": "C:\\testpath"}
    remote = {"tmdbId": 1234, "imdbId": "5678", "title": "Test title", "year": 1970}
    release = {"quality": "Test Quality", "qualityVersion": 1, "releaseGroup": "Test Group", "indexer": "Test Indexer"}
    return _event(kind, "Test", movie=movie, remoteMovie=remote, release=release)


def grab(library: Library, title: Title) -> Payload:
    release = {**_RELEASE, "quality": "WEBDL-1080p", "qualityVersion": 1, "customFormatScore": 5, "customFormats": []}
    return _event(library.kind, "Grab", **_subject(library, title), release=release, **_DOWNLOAD, **_FORMATS)


def download(library: Library, title: Title, file: File, *, replaced: Sequence[File] = ()) -> Payload:
    """One file that came in; an upgrade says what it replaced. There is no event «Upgrade»."""
    name = "episodeFile" if library.kind == "sonarr" else "movieFile"
    deleted = [{**_file(library, one), "recycleBinPath": f"/bin/{one.id}.mkv"} for one in replaced]
    said = {name: _file(library, file) | {"sourcePath": "/downloads/x.mkv"}, "isUpgrade": bool(replaced)}
    extra: Payload = {"deletedFiles": deleted} if deleted else {}
    if library.kind == "radarr":
        extra["remoteMovie"] = {"tmdbId": 600 + title.id, "imdbId": "tt1", "title": title.title, "year": title.year}
    said |= {**extra, "release": _RELEASE, **_DOWNLOAD, **_FORMATS}
    return _event(library.kind, "Download", **_subject(library, title, [file]), **said)


def import_complete(library: Library, title: Title, files: Sequence[File]) -> Payload:
    """A season that came in: Sonarr's other shape of a download."""
    said = {"episodeFiles": [_file(library, one) for one in files], "sourcePath": "/downloads/x"}
    subject = _subject(library, title, files)
    return _event("sonarr", "Download", **subject, **said, destinationPath=title.path, release=_RELEASE, **_DOWNLOAD)


def renamed(library: Library, title: Title, files: Sequence[tuple[File, str]]) -> Payload:
    """Files that it named anew, each with its previous path."""
    name = "renamedEpisodeFiles" if library.kind == "sonarr" else "renamedMovieFiles"
    said = [
        {**_file(library, one), "previousPath": before, "previousRelativePath": before.removeprefix(title.path)[1:]}
        for one, before in files
    ]
    return _event(library.kind, "Rename", **{**_subject(library, title), name: said})


def file_deleted(library: Library, title: Title, file: File, reason: str) -> Payload:
    event, name = ("EpisodeFileDelete", "episodeFile") if library.kind == "sonarr" else ("MovieFileDelete", "movieFile")
    said = {name: _file(library, file), "deleteReason": reason}
    return _event(library.kind, event, **_subject(library, title, [file]), **said)


def added(library: Library, title: Title) -> Payload:
    if library.kind == "sonarr":
        return _event(library.kind, "SeriesAdd", **_subject(library, title))
    return _event(library.kind, "MovieAdded", **_subject(library, title), addMethod="manual")


def deleted(library: Library, title: Title, *, with_files: bool) -> Payload:
    event = "SeriesDelete" if library.kind == "sonarr" else "MovieDelete"
    extra = {"movieFolderSize": 1_500_000_000} if library.kind == "radarr" else {}
    return _event(library.kind, event, **_subject(library, title), deletedFiles=with_files, **extra)


def health(kind: str, *, restored: bool = False) -> Payload:
    event = "HealthRestored" if restored else "Health"
    said = {"level": "warning", "message": "No indexers", "type": "IndexerStatusCheck", "wikiUrl": "https://wiki"}
    return _event(kind, event, **said)


def update(kind: str) -> Payload:
    said = {"message": "Updated", "previousVersion": "4.0.0.1", "newVersion": "4.0.0.2"}
    return _event(kind, "ApplicationUpdate", **said)


def manual(library: Library, title: Title) -> Payload:
    info = {"quality": "WEBDL-1080p", "qualityVersion": 1, "title": "Some.Release", "indexer": "Indexer", "size": 1}
    messages = [{"title": "Some.Release", "messages": ["Not an upgrade"]}]
    said = {"downloadInfo": info, "downloadStatus": "Warning", "downloadStatusMessages": messages, "release": _RELEASE}
    return _event(
        library.kind, "ManualInteractionRequired", **_subject(library, title), **said, **_DOWNLOAD, **_FORMATS
    )


def every(library: Library, title: Title, files: Sequence[File]) -> dict[str, Payload]:
    """Each event in each of its shapes, by a name that says which. `files` are two or more of the title."""
    first, other = files[0], files[1]
    found = {
        "Test": test(library.kind),
        "Grab": grab(library, title),
        "Download": download(library, title, first),
        "Download, upgrade": download(library, title, first, replaced=[other]),
        "Rename": renamed(library, title, [(first, other.path)]),
        "added": added(library, title),
        "deleted": deleted(library, title, with_files=False),
        "deleted with files": deleted(library, title, with_files=True),
        "Health": health(library.kind),
        "HealthRestored": health(library.kind, restored=True),
        "ApplicationUpdate": update(library.kind),
        "ManualInteractionRequired": manual(library, title),
    }
    for reason in REASONS:
        found[f"file deleted, {reason}"] = file_deleted(library, title, first, reason)
    if library.kind == "sonarr":
        found["Download, import complete"] = import_complete(library, title, files)
    return found


def _event(kind: str, event: str, **said: Any) -> Payload:
    name = kind.capitalize()
    return {**said, "eventType": event, "instanceName": name, "applicationUrl": f"http://{kind}.local"}


def _subject(library: Library, title: Title, files: Sequence[File] = ()) -> Payload:
    shared = {
        "id": title.id,
        "title": title.title,
        "year": title.year,
        "tags": [library.tags[one] for one in title.tags],
    }
    if library.kind == "radarr":
        movie = {**shared, "folderPath": title.path, "tmdbId": 600 + title.id, "releaseDate": f"{title.year}-01-01"}
        held = {"filePath": files[0].path} if files else {}
        return {"movie": movie | held}
    series = {**shared, "titleSlug": title.title.lower(), "path": title.path, "tvdbId": 70000 + title.id}
    parts = [(number, one.season) for one in files for number in one.parts]
    episodes = [{"id": number, "episodeNumber": 1, "seasonNumber": season, "title": "E"} for number, season in parts]
    return {"series": series | {"type": "standard"}, "episodes": episodes} if files else {"series": series}


def _file(library: Library, file: File) -> Payload:
    """Like the file in the API, but for a flat quality and other media fields."""
    said = file_resource(library, file)
    names = ("id", "relativePath", "path", "releaseGroup", "sceneName", "size", "dateAdded", "languages")
    info = {
        "audioChannels": 5.1,
        "audioCodec": "EAC3",
        "audioLanguages": ["eng"],
        "height": 1080,
        "width": 1920,
        "subtitles": ["eng"],
        "videoCodec": "x264",
        "videoDynamicRange": "",
        "videoDynamicRangeType": "",
    }
    kept = {name: said[name] for name in names if said[name] is not None}
    return {**kept, "quality": "WEBDL-1080p", "qualityVersion": 1, "mediaInfo": info}
