"""Entries of a library in the words of Sonarr and Radarr, with fields that the real ones send and we do not read."""

from typing import Any

from tests.arr.fake.library import File, Library, Title

VERSIONS = {"sonarr": "4.0.19.2979", "radarr": "6.0.4.10291"}
_DATE = "2024-01-01T00:00:00Z"
_QUALITY = {
    "quality": {"id": 3, "name": "WEBDL-1080p", "source": "web", "resolution": 1080},
    "revision": {"version": 1, "real": 0, "isRepack": False},
}
_MOVIE_QUALITY = {
    "quality": {"id": 3, "name": "WEBDL-1080p", "source": "webdl", "resolution": 1080, "modifier": "none"},
    "revision": {"version": 1, "real": 0, "isRepack": False},
}
_MEDIA_INFO = {
    "audioBitrate": 0,
    "audioChannels": 5.1,
    "audioCodec": "EAC3",
    "audioLanguages": "eng/jpn",
    "audioStreamCount": 2,
    "videoBitDepth": 8,
    "videoBitrate": 0,
    "videoCodec": "x264",
    "videoFps": 23.976,
    "videoDynamicRange": "",
    "videoDynamicRangeType": "",
    "resolution": "1920x1080",
    "runTime": "42:13",
    "scanType": "Progressive",
    "subtitles": "eng/spa",
}
_FLAGS = {
    "sonarr": "onGrab onDownload onUpgrade onImportComplete onRename onSeriesAdd onSeriesDelete onEpisodeFileDelete "
    "onEpisodeFileDeleteForUpgrade onHealthIssue onHealthRestored onApplicationUpdate onManualInteractionRequired",
    "radarr": "onGrab onDownload onUpgrade onRename onMovieAdded onMovieDelete onMovieFileDelete "
    "onMovieFileDeleteForUpgrade onHealthIssue onHealthRestored onApplicationUpdate onManualInteractionRequired",
}


def status(kind: str, *, url_base: str, version: str) -> dict[str, Any]:
    name = kind.capitalize()
    return {
        "appName": name,
        "instanceName": name,
        "version": version,
        "urlBase": url_base,
        "osName": "debian",
        "isDocker": True,
        "isWindows": False,
        "databaseType": "sqLite",
        "startTime": _DATE,
    }


def title(library: Library, one: Title) -> dict[str, Any]:
    files = library.files_of(one.id)
    size = sum(file.size for file in files)
    shared = {
        "id": one.id,
        "title": one.title,
        "sortTitle": one.title.lower(),
        "path": one.path,
        "year": one.year,
        "monitored": one.monitored,
        "tags": one.tags,
        "titleSlug": one.title.lower().replace(" ", "-"),
        "added": _DATE,
        "genres": ["Drama"],
        "qualityProfileId": 1,
        "overview": None,
    }
    if library.kind == "sonarr":
        counted = {"seasonCount": 1, "episodeFileCount": len(files), "sizeOnDisk": size}
        return {**shared, "tvdbId": 70000 + one.id, "seriesType": "standard", "statistics": counted}
    held = {"movieFile": file(library, files[0]), "movieFileId": files[0].id} if files else {"movieFileId": 0}
    return {**shared, "tmdbId": 600 + one.id, "hasFile": bool(files), "sizeOnDisk": size, **held}


def file(library: Library, one: File) -> dict[str, Any]:
    folder = library.title(one.title_id)
    shared = {
        "id": one.id,
        "path": one.path,
        "relativePath": one.path.removeprefix(folder.path)[1:] if folder else one.path,
        "size": one.size,
        "dateAdded": _DATE,
        "sceneName": one.scene_name,
        "releaseGroup": "GRP",
        "languages": [{"id": 1, "name": "English"}],
        "customFormats": [],
        "customFormatScore": 0,
        "qualityCutoffNotMet": False,
    } | ({"mediaInfo": _MEDIA_INFO} if one.media_info else {})
    if library.kind == "sonarr":
        return {**shared, "seriesId": one.title_id, "seasonNumber": one.season, "quality": _QUALITY}
    return {**shared, "movieId": one.title_id, "edition": one.edition, "quality": _MOVIE_QUALITY}


def episode(number: int, *, title_id: int, file_id: int, year: int, season: int, monitored: bool) -> dict[str, Any]:
    return {
        "id": number,
        "seriesId": title_id,
        "episodeFileId": file_id,
        "seasonNumber": season,
        "episodeNumber": 1,
        "title": f"Episode {number}",
        "airDate": f"{year}-01-15",
        "airDateUtc": f"{year}-01-15T20:00:00Z",
        "hasFile": file_id > 0,
        "monitored": monitored,
    }


def rename(library: Library, one: File, name: str) -> dict[str, Any]:
    before = file(library, one)["relativePath"]
    if library.kind == "sonarr":
        own: dict[str, Any] = {"seriesId": one.title_id, "episodeFileId": one.id, "seasonNumber": one.season}
    else:
        own = {"movieId": one.title_id, "movieFileId": one.id}
    return {**own, "existingPath": before, "newPath": name}


def record(library: Library, one: dict[str, Any]) -> dict[str, Any]:
    if library.kind == "sonarr":
        own = {"seriesId": one["title_id"], "episodeId": one["part"], "quality": _QUALITY}
    else:
        own = {"movieId": one["title_id"], "quality": _MOVIE_QUALITY}
    return {
        "id": one["id"],
        "sourceTitle": one["release"],
        "date": _DATE,
        "downloadId": one["release"],
        "eventType": one["event"],
        "data": one["data"],
        **own,
    }


def command(number: int, name: str, status: str, result: str) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "commandName": name,
        "status": status,
        "result": result,
        "priority": "normal",
        "queued": _DATE,
        "trigger": "manual",
        "message": "Completed" if status == "completed" else None,
    }


def download_settings(redownloads: bool) -> dict[str, Any]:
    return {"id": 1, "enableCompletedDownloadHandling": True, "autoRedownloadFailed": redownloads}


def media_settings(recycle_bin: str) -> dict[str, Any]:
    return {"id": 1, "recycleBin": recycle_bin, "recycleBinCleanupDays": 7, "copyUsingHardlinks": True}


def webhook_schema(kind: str) -> dict[str, Any]:
    """What a new webhook is offered as."""
    flags = _FLAGS[kind].split()
    supports = {f"supports{flag[0].upper()}{flag[1:]}": True for flag in flags}
    offered: list[tuple[str, Any, str]] = [
        ("url", None, "url"),
        ("method", 1, "select"),
        ("username", None, "textbox"),
        ("password", None, "password"),
        ("headers", [], "keyValueList"),
    ]
    return {
        "id": 0,
        "name": "",
        "implementationName": "Webhook",
        "implementation": "Webhook",
        "configContract": "WebhookSettings",
        "infoLink": "https://wiki.servarr.com",
        "tags": [],
        "presets": [],
        "fields": [
            {"order": place, "name": name, "label": name, "value": value, "type": type_, "advanced": False}
            for place, (name, value, type_) in enumerate(offered)
        ],
        "includeHealthWarnings": False,
        **dict.fromkeys(flags, False),
        **supports,
    }
