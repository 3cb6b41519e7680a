"""Every error Reencodarr raises on purpose, as one tree; one module a family, and callers import all from here.

Each class carries the facts that retry policy, failure page and command line share: the failure `stage` and
`category`, a stable `code`, and whether trying again later can help (`transient`). A message says what
happened, to which file, and what to do.

    ReencodarrError
    ├── SettingsError, PolicyError     settings: what the owner has set is wrong
    ├── ProgramError, NoSpace          tools: an outside program cannot do its part, a disk is full
    ├── MediaError                     media: a file cannot be understood as a film
    ├── SearchError                    quality: no CRF could be found
    ├── EncodeError, ProofError        encoding: no result, or not provably the same film
    ├── SwapError                      swap: not put in the original's place, or not put back
    ├── LibraryError                   library: a library cannot be worked on as a whole
    ├── WorkError                      work: a worker cannot take, do or hand over a job
    ├── StorageError                   storage: bytes do not come into the bucket, or out of it
    ├── ArrError                       arr: a Sonarr or Radarr cannot be asked or told something
    └── DatabaseError                  database: it cannot be used
"""

from reencodarr.errors.arr import (
    ArrBusy,
    ArrError,
    ArrFailed,
    ArrIsNot,
    ArrNotFound,
    ArrRefused,
    ArrStale,
    ArrUnreachable,
    ArrVersion,
    RemedyRefused,
    ReplacementMissing,
    SidecarMissing,
    SyncBusy,
)
from reencodarr.errors.base import Category, ReencodarrError, Stage
from reencodarr.errors.database import DatabaseError, DatabaseOutdated, DatabaseTooNew, DatabaseUnavailable
from reencodarr.errors.encoding import EncodeError, NotSmaller, ProofError, SourceGone, SourceVanished
from reencodarr.errors.library import (
    DecisionUnreadable,
    LibraryBusy,
    LibraryError,
    LibraryOverlap,
    RootMissing,
    StateConflict,
    TooManyGone,
    TooManyUnlisted,
)
from reencodarr.errors.media import DamagedSource, EmptyFile, FileUnreadable, IndexUnreadable, MediaError, NotAVideo
from reencodarr.errors.quality import (
    EngineFailed,
    ExcerptUnusable,
    FilmUnsuitable,
    FramesMispaired,
    SearchError,
    TargetUnreachable,
)
from reencodarr.errors.settings import PolicyError, SettingsError
from reencodarr.errors.storage import (
    BucketFull,
    BucketRefused,
    BucketUnreachable,
    ObjectDamaged,
    ObjectMissing,
    StorageError,
    TransferBroken,
    UploadLost,
    UrlExpired,
)
from reencodarr.errors.swap import (
    DestinationReadOnly,
    DestinationTaken,
    OriginalChanged,
    ResultDamaged,
    SwapError,
    TrashUnavailable,
    UndoRefused,
)
from reencodarr.errors.tools import (
    NoSpace,
    ProgramError,
    ProgramFailed,
    ProgramInterrupted,
    ProgramMissing,
    ProgramNotStarted,
    ProgramStalled,
)
from reencodarr.errors.work import (
    JobLost,
    JobRefused,
    MachineUnfit,
    OrderUnreadable,
    ServerRefused,
    ServerUnreachable,
    WorkerLost,
    WorkError,
    WorkStopped,
)

__all__ = [
    "ArrBusy",
    "ArrError",
    "ArrFailed",
    "ArrIsNot",
    "ArrNotFound",
    "ArrRefused",
    "ArrStale",
    "ArrUnreachable",
    "ArrVersion",
    "BucketFull",
    "BucketRefused",
    "BucketUnreachable",
    "Category",
    "DamagedSource",
    "DatabaseError",
    "DatabaseOutdated",
    "DatabaseTooNew",
    "DatabaseUnavailable",
    "DecisionUnreadable",
    "DestinationReadOnly",
    "DestinationTaken",
    "EmptyFile",
    "EncodeError",
    "EngineFailed",
    "ExcerptUnusable",
    "FileUnreadable",
    "FilmUnsuitable",
    "FramesMispaired",
    "IndexUnreadable",
    "JobLost",
    "JobRefused",
    "LibraryBusy",
    "LibraryError",
    "LibraryOverlap",
    "MachineUnfit",
    "MediaError",
    "NoSpace",
    "NotAVideo",
    "NotSmaller",
    "ObjectDamaged",
    "ObjectMissing",
    "OrderUnreadable",
    "OriginalChanged",
    "PolicyError",
    "ProgramError",
    "ProgramFailed",
    "ProgramInterrupted",
    "ProgramMissing",
    "ProgramNotStarted",
    "ProgramStalled",
    "ProofError",
    "ReencodarrError",
    "RemedyRefused",
    "ReplacementMissing",
    "ResultDamaged",
    "RootMissing",
    "SearchError",
    "ServerRefused",
    "ServerUnreachable",
    "SettingsError",
    "SidecarMissing",
    "SourceGone",
    "SourceVanished",
    "Stage",
    "StateConflict",
    "StorageError",
    "SwapError",
    "SyncBusy",
    "TargetUnreachable",
    "TooManyGone",
    "TooManyUnlisted",
    "TransferBroken",
    "TrashUnavailable",
    "UndoRefused",
    "UploadLost",
    "UrlExpired",
    "WorkError",
    "WorkStopped",
    "WorkerLost",
]
