"""Every error Reencodarr raises on purpose, as one tree.

Each class carries the facts that retry policy, failure page and command line share: the failure `stage` and
`category`, a stable `code`, and whether trying again later can help (`transient`). A message says what
happened, to which file, and what to do.

    ReencodarrError
    ├── SettingsError              a setting or variable is wrong
    ├── PolicyError                the policy file is wrong; names file and line
    ├── ProgramError
    │   ├── ProgramMissing         a program is not there or cannot do its part
    │   ├── ProgramNotStarted      the system has no means left to start it
    │   ├── ProgramFailed          exit code other than 0
    │   │   └── ProgramInterrupted ended by a signal from outside
    │   └── ProgramStalled         no sign of life for too long; it was ended
    ├── MediaError
    │   ├── FileUnreadable         missing, no permission, I/O error
    │   ├── EmptyFile              zero bytes
    │   ├── NotAVideo              no video stream that could be encoded
    │   ├── DamagedSource          the source does not decode cleanly to its end
    │   └── IndexUnreadable        bytes that should be a packed packet index are none
    ├── SearchError
    │   ├── TargetUnreachable      no CRF in range meets the lowest accepted target
    │   ├── FramesMispaired        source and encode have different frame counts
    │   ├── EngineFailed           the search engine broke
    │   ├── FilmUnsuitable         no search of that film would mean anything; says why
    │   └── ExcerptUnusable        a film cannot be sampled in parts; the whole of it is needed
    ├── EncodeError
    │   ├── NotSmaller             the result would exceed the policy's size ceiling
    │   └── SourceVanished         the source was deleted or replaced during the encode
    │       └── SourceGone         it is not there any more, while its library is
    ├── ProofError                 the result is not the same film; lists every difference
    ├── SwapError
    │   ├── OriginalChanged        the original is not the file that was analysed
    │   ├── DestinationTaken       another file has the name the result needs
    │   ├── DestinationReadOnly    the folder of the film cannot be written
    │   ├── ResultDamaged          the staged copy differs from the proven result
    │   └── TrashUnavailable       no folder on the same filesystem can keep the original
    ├── NoSpace                    a disk is full, or would be
    ├── LibraryError
    │   ├── RootMissing            the library's mount is absent or is not the one that was scanned
    │   ├── LibraryOverlap         a library would lie inside another
    │   ├── TooManyGone            a scan would drop more known files than the brake allows
    │   │   └── TooManyUnlisted    a sync would forget more files of a Sonarr or Radarr than that
    │   ├── LibraryBusy            another run works on this library
    │   ├── StateConflict          a video was not in the state that the step expected
    │   └── DecisionUnreadable     a stored decision is of a version that this one does not understand
    ├── WorkError
    │   ├── OrderUnreadable        an order or a result is of a version that this one does not understand
    │   ├── JobLost                the server gave the job to somebody else, or ended it
    │   ├── JobRefused             this worker may not have the job; says why in a word
    │   ├── WorkerLost             a worker went silent in the middle of a job
    │   ├── WorkStopped            the run was cancelled, or the worker is stopping
    │   ├── MachineUnfit           this machine cannot do the work; says what it lacks
    │   ├── ServerUnreachable      the server does not answer
    │   └── ServerRefused          the server does not accept this worker
    ├── StorageError
    │   ├── BucketUnreachable      the bucket does not answer, or answers that it is in trouble
    │   ├── BucketRefused          wrong key, no right, or no such bucket
    │   ├── BucketFull             the bucket's server has no room left
    │   ├── ObjectMissing          there is no object of that key
    │   ├── ObjectDamaged          an object's size or digest is not what was announced
    │   ├── UploadLost             the bucket does not know a multipart upload any more
    │   ├── TransferBroken         the bytes do not come through, try after try
    │   └── UrlExpired             a presigned URL is refused, a fresh one as well
    ├── ArrError                   a Sonarr or Radarr; names the instance
    │   ├── ArrUnreachable         it does not answer: refused, no route, TLS, too slow
    │   ├── ArrRefused             it does not accept our API key
    │   ├── ArrIsNot               what answers there is no Sonarr or Radarr, or the other one
    │   ├── ArrVersion             it is too old, or has no API that we speak
    │   ├── ArrNotFound            it does not know that series, movie, file or command (any more)
    │   ├── ArrBusy                it answers that it is in trouble or overloaded, or takes too long
    │   ├── ArrFailed              it did not do what it was asked; its own words
    │   ├── SyncBusy               another run already syncs it
    │   ├── ArrStale               it still does not know a file as it is
    │   ├── SidecarMissing         what lay beside a film is gone since it was told of it
    │   ├── ReplacementMissing     no other release of a bad file has come
    │   └── RemedyRefused          a bad file cannot be replaced as asked
    └── DatabaseError
        ├── DatabaseOutdated       migrations are missing
        ├── DatabaseTooNew         written by a newer Reencodarr
        └── DatabaseUnavailable    cannot be opened, read or written
"""

from enum import StrEnum
from pathlib import Path
from typing import ClassVar


class Stage(StrEnum):
    """Where in a video's way something failed."""

    SETUP = "setup"
    SCAN = "scan"
    ANALYSIS = "analysis"
    CRF_SEARCH = "crf_search"
    ENCODE = "encode"
    PROOF = "proof"
    SWAP = "swap"
    TRANSFER = "transfer"
    SYNC = "sync"


class Category(StrEnum):
    """What kind of cause it has; failures are grouped and explained by it."""

    CONFIGURATION = "configuration"
    FILE_ACCESS = "file_access"
    UNREADABLE_MEDIA = "unreadable_media"
    QUALITY = "quality"
    SIZE = "size"
    PROGRAM = "program"
    RESOURCES = "resources"
    TIMEOUT = "timeout"
    VERIFICATION = "verification"
    FILE_OPERATION = "file_operation"
    STATE = "state"
    DATABASE = "database"
    STORAGE = "storage"
    ARR = "arr"
    UNKNOWN = "unknown"


class ReencodarrError(Exception):
    """The root: everything Reencodarr raises on purpose."""

    stage: ClassVar[Stage] = Stage.SETUP
    category: ClassVar[Category] = Category.UNKNOWN
    code: ClassVar[str] = "unknown"
    transient: ClassVar[bool] = False

    def __init__(self, message: str, *, path: Path | None = None, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".rstrip()


class SettingsError(ReencodarrError):
    """Raised when a setting or environment variable is unknown or has a wrong value."""

    category = Category.CONFIGURATION
    code = "settings"


class PolicyError(ReencodarrError):
    """Raised when a policy file cannot be used; the message names the file and the line."""

    category = Category.CONFIGURATION
    code = "policy"


class ProgramError(ReencodarrError):
    """Raised when an outside program cannot do what was asked of it."""

    category = Category.PROGRAM
    code = "program"


class ProgramMissing(ProgramError):
    """Raised when a program is not installed or lacks a needed capability."""

    category = Category.CONFIGURATION
    code = "program_missing"


class ProgramNotStarted(ProgramError):
    """Raised when the system has no memory, processes or open files left to start a program."""

    category = Category.RESOURCES
    code = "program_not_started"
    transient = True


class ProgramFailed(ProgramError):
    """Raised when a program ended with an exit code other than 0."""

    code = "program_failed"

    def __init__(
        self, message: str, *, command: str, exit_code: int, stderr: str, path: Path | None = None, advice: str = ""
    ) -> None:
        super().__init__(message, path=path, advice=advice)
        self.command = command
        self.exit_code = exit_code
        self.stderr = stderr


class ProgramInterrupted(ProgramFailed):
    """Raised when a program was ended from outside (a cancel, the system); it says nothing about the film."""

    category = Category.RESOURCES
    code = "program_interrupted"
    transient = True


class ProgramStalled(ProgramError):
    """Raised when a program showed no sign of life for too long and was ended."""

    category = Category.TIMEOUT
    code = "program_stalled"
    transient = True


class MediaError(ReencodarrError):
    """Raised when a file cannot be understood as a film."""

    stage = Stage.ANALYSIS
    category = Category.UNREADABLE_MEDIA
    code = "media"


class FileUnreadable(MediaError):
    """Raised when a file is missing, forbidden, or fails while it is read."""

    category = Category.FILE_ACCESS
    code = "file_unreadable"
    transient = True


class EmptyFile(MediaError):
    """Raised when a file has zero bytes."""

    code = "empty_file"


class NotAVideo(MediaError):
    """Raised when a file holds no video stream (audio only, a picture, text)."""

    code = "not_a_video"


class DamagedSource(MediaError):
    """Raised when a source does not decode cleanly to its end."""

    code = "damaged_source"


class IndexUnreadable(MediaError):
    """Raised when bytes that should be a packed packet index are damaged, or of another version."""

    category = Category.VERIFICATION
    code = "index_unreadable"


class SearchError(ReencodarrError):
    """Raised when no CRF could be found."""

    stage = Stage.CRF_SEARCH
    category = Category.QUALITY
    code = "search"


class TargetUnreachable(SearchError):
    """Raised when no CRF in range meets even the lowest accepted target."""

    code = "target_unreachable"


class FramesMispaired(SearchError):
    """Raised when source and encode have different frame counts, so that no score could be trusted."""

    category = Category.VERIFICATION
    code = "frames_mispaired"


class EngineFailed(SearchError):
    """Raised when a search engine broke instead of answering."""

    category = Category.PROGRAM
    code = "engine_failed"


class FilmUnsuitable(SearchError):
    """Raised when no search of a film would mean anything, for instance since it is AV1 already."""

    category = Category.UNREADABLE_MEDIA
    code = "film_unsuitable"


class ExcerptUnusable(SearchError):
    """Raised when a film cannot be sampled in parts, or an excerpt lacks what is asked of it."""

    category = Category.VERIFICATION
    code = "excerpt_unusable"


class EncodeError(ReencodarrError):
    """Raised when an encode did not produce a result."""

    stage = Stage.ENCODE
    category = Category.PROGRAM
    code = "encode"


class NotSmaller(EncodeError):
    """Raised when a result is or becomes larger than the policy's ceiling."""

    category = Category.SIZE
    code = "not_smaller"


class SourceVanished(EncodeError):
    """Raised when a source was deleted or replaced while it was worked on."""

    category = Category.FILE_ACCESS
    code = "source_vanished"


class SourceGone(SourceVanished):
    """Raised when a source is not there any more, while its library and its folder are."""

    code = "source_gone"


class ProofError(ReencodarrError):
    """Raised when a result is not provably the same film; `differences` lists each finding."""

    stage = Stage.PROOF
    category = Category.VERIFICATION
    code = "proof"

    def __init__(self, message: str, *, differences: tuple[str, ...], path: Path | None = None) -> None:
        super().__init__(message, path=path)
        self.differences = differences

    def __str__(self) -> str:
        return f"{self.message} {'; '.join(self.differences)}".rstrip()


class SwapError(ReencodarrError):
    """Raised when a result could not be put in the original's place. The original is where it was."""

    stage = Stage.SWAP
    category = Category.FILE_OPERATION
    code = "swap"


class OriginalChanged(SwapError):
    """Raised when the original is not the file that was analysed; the result is discarded."""

    code = "original_changed"


class DestinationTaken(SwapError):
    """Raised when another file already has the name that the result needs."""

    code = "destination_taken"


class DestinationReadOnly(SwapError):
    """Raised when the film's folder cannot be written."""

    category = Category.FILE_ACCESS
    code = "destination_read_only"
    transient = True


class ResultDamaged(SwapError):
    """Raised when the staged copy differs from the result that was proven."""

    category = Category.VERIFICATION
    code = "result_damaged"
    transient = True


class TrashUnavailable(SwapError):
    """Raised when no folder on the original's filesystem can keep it."""

    code = "trash_unavailable"
    transient = True


class UndoRefused(SwapError):
    """Raised when an original cannot be put back: the film is not our result any more, or the trash has expired."""

    category = Category.STATE
    code = "undo_refused"


class NoSpace(ReencodarrError):
    """Raised when a disk is full, or would be; nothing was written that stays."""

    category = Category.RESOURCES
    code = "no_space"
    transient = True


class WorkError(ReencodarrError):
    """Raised when a worker cannot take, do or hand over a job, whatever the film is like."""

    stage = Stage.SETUP
    category = Category.STATE
    code = "work"


class OrderUnreadable(WorkError):
    """Raised when an order or a result was written by a version that this one does not understand."""

    category = Category.CONFIGURATION
    code = "order_unreadable"


class JobLost(WorkError):
    """Raised when an attempt no longer holds its job: what it made is not wanted any more."""

    code = "job_lost"
    transient = True


class JobRefused(WorkError):
    """Raised when a worker may not have a job; `refusal` is the word of `work.talk.Refusal`."""

    code = "job_refused"
    transient = True

    def __init__(self, message: str, *, refusal: str, advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.refusal = refusal


class WorkerLost(WorkError):
    """Raised when a worker went silent in the middle of a job, so that nobody knows what came of it."""

    category = Category.RESOURCES
    code = "worker_lost"
    transient = True


class WorkStopped(WorkError):
    """Raised when a run is cancelled or its worker stops; nothing is wrong with the film."""

    code = "work_stopped"
    transient = True


class MachineUnfit(WorkError):
    """Raised when a machine cannot do the work of a worker; the message lists what it lacks."""

    category = Category.CONFIGURATION
    code = "machine_unfit"


class ServerUnreachable(WorkError):
    """Raised when the server does not answer for as long as it is worth waiting."""

    category = Category.RESOURCES
    code = "server_unreachable"
    transient = True


class ServerRefused(WorkError):
    """Raised when the server does not accept this worker: wrong or revoked secret, wrong pool, other version."""

    category = Category.CONFIGURATION
    code = "server_refused"


class StorageError(ReencodarrError):
    """Raised when bytes cannot be brought into the bucket, or out of it."""

    stage = Stage.TRANSFER
    category = Category.STORAGE
    code = "storage"


class BucketUnreachable(StorageError):
    """Raised when the bucket's server does not answer, or answers that it is in trouble itself."""

    code = "bucket_unreachable"
    transient = True


class BucketRefused(StorageError):
    """Raised when the bucket's server does not accept our key, denies a right, or has no such bucket."""

    category = Category.CONFIGURATION
    code = "bucket_refused"


class BucketFull(StorageError):
    """Raised when the bucket's server has no room left, or a quota of its own is used up."""

    category = Category.RESOURCES
    code = "bucket_full"
    transient = True


class ObjectMissing(StorageError):
    """Raised when there is no object of that key."""

    code = "object_missing"


class ObjectDamaged(StorageError):
    """Raised when an object's size or digest is not what was announced; it is not used."""

    category = Category.VERIFICATION
    code = "object_damaged"
    transient = True


class UploadLost(StorageError):
    """Raised when the bucket does not know a multipart upload any more: it was aborted, expired or forgotten."""

    code = "upload_lost"
    transient = True


class TransferBroken(StorageError):
    """Raised when bytes do not come through a presigned URL, try after try; what came through is kept."""

    code = "transfer_broken"
    transient = True


class UrlExpired(StorageError):
    """Raised when a presigned URL is refused, and a fresh one as well."""

    code = "url_expired"
    transient = True


class LibraryError(ReencodarrError):
    """Raised when a library cannot be worked on as a whole."""

    stage = Stage.SCAN
    category = Category.STATE
    code = "library"


class RootMissing(LibraryError):
    """Raised when a library's root is absent, or is not the disk that was scanned before."""

    category = Category.FILE_ACCESS
    code = "root_missing"
    transient = True


class LibraryOverlap(LibraryError):
    """Raised when one library's root would lie inside another's, so that a film would be in both."""

    category = Category.CONFIGURATION
    code = "library_overlap"


class TooManyGone(LibraryError):
    """Raised when a scan would drop more known files than the brake allows."""

    code = "too_many_gone"


class TooManyUnlisted(TooManyGone):
    """Raised when a sync would forget more known files of a Sonarr or Radarr than the brake allows."""

    stage = Stage.SYNC
    code = "too_many_unlisted"


class LibraryBusy(LibraryError):
    """Raised when another run already works on this library."""

    code = "library_busy"
    transient = True


class StateConflict(LibraryError):
    """Raised when a video was not in the state that a step expected; somebody else was faster."""

    code = "state_conflict"
    transient = True


class DecisionUnreadable(LibraryError):
    """Raised when a stored decision is of a version that this one does not understand; analysis makes a new one."""

    code = "decision_unreadable"


class ArrError(ReencodarrError):
    """Raised when a Sonarr or Radarr cannot be asked or told something. No message holds its API key."""

    stage = Stage.SYNC
    category = Category.ARR
    code = "arr"


class ArrUnreachable(ArrError):
    """Raised when it does not answer: connection refused, no route, a certificate that is not trusted, silence."""

    code = "arr_unreachable"
    transient = True


class ArrRefused(ArrError):
    """Raised when it does not accept our API key."""

    category = Category.CONFIGURATION
    code = "arr_refused"


class ArrIsNot(ArrError):
    """Raised when what answers is not that application: a proxy's page, another program, a wrong URL base."""

    category = Category.CONFIGURATION
    code = "arr_is_not"


class ArrVersion(ArrError):
    """Raised when it is older than what we were written for, or speaks no API that we know."""

    category = Category.CONFIGURATION
    code = "arr_version"


class ArrNotFound(ArrError):
    """Raised when it does not know what it was asked about (any more)."""

    category = Category.STATE
    code = "arr_not_found"


class ArrBusy(ArrError):
    """Raised when it answers that it is in trouble or overloaded, or a command of ours takes longer than agreed."""

    code = "arr_busy"
    transient = True


class ArrFailed(ArrError):
    """Raised when it refuses a request or a command of ours failed there; the message has its own words."""

    code = "arr_failed"


class ArrStale(ArrError):
    """Raised when it was told of a file and still does not know it as it is."""

    code = "arr_stale"
    transient = True


class SidecarMissing(ArrError):
    """Raised when what lay beside a film is gone since it was told of that film."""

    category = Category.FILE_OPERATION
    code = "sidecar_missing"


class ReplacementMissing(ArrError):
    """Raised when no other release of a bad file has come for as long as it is worth waiting."""

    code = "replacement_missing"


class RemedyRefused(ArrError):
    """Raised when a bad file cannot be replaced as asked: nobody knows it, it changed, or today's limit is reached."""

    category = Category.STATE
    code = "remedy_refused"


class SyncBusy(ArrError):
    """Raised when another run already syncs this Sonarr or Radarr."""

    category = Category.STATE
    code = "sync_busy"
    transient = True


class DatabaseError(ReencodarrError):
    """Raised when the database cannot be used."""

    category = Category.DATABASE
    code = "database"


class DatabaseOutdated(DatabaseError):
    """Raised when the database lacks migrations; `reencodarr db upgrade` adds them."""

    code = "database_outdated"


class DatabaseTooNew(DatabaseError):
    """Raised when the database was written by a newer Reencodarr."""

    code = "database_too_new"


class DatabaseUnavailable(DatabaseError):
    """Raised when the database cannot be opened, read or written."""

    code = "database_unavailable"
    transient = True
