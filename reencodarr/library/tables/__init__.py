"""The tables. Columns that come from outside (scan, MediaInfo) and columns that the pipeline writes never share one."""

from reencodarr.library.tables.arr import ArrFile, ArrInstance, ArrNotice, ArrWish, BadFile
from reencodarr.library.tables.columns import PathText, PlainText, Unsigned64, UtcDateTime, now, plain
from reencodarr.library.tables.decisions import Facts, MediaInfoDocument, PlanRow
from reencodarr.library.tables.failures import Failure, Told
from reencodarr.library.tables.machines import Job, RunOwner, StagedFilm, Worker
from reencodarr.library.tables.results import Encode, Search, VmafProbe
from reencodarr.library.tables.swaps import LedgerEntry, SwapRow
from reencodarr.library.tables.videos import Exclusion, Hold, Library, StateChange, Video, VideoState

__all__ = [
    "ArrFile",
    "ArrInstance",
    "ArrNotice",
    "ArrWish",
    "BadFile",
    "Encode",
    "Exclusion",
    "Facts",
    "Failure",
    "Hold",
    "Job",
    "LedgerEntry",
    "Library",
    "MediaInfoDocument",
    "PathText",
    "PlainText",
    "PlanRow",
    "RunOwner",
    "Search",
    "StagedFilm",
    "StateChange",
    "SwapRow",
    "Told",
    "Unsigned64",
    "UtcDateTime",
    "Video",
    "VideoState",
    "VmafProbe",
    "Worker",
    "now",
    "plain",
]
