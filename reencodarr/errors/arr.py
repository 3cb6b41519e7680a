"""Sonarr and Radarr: asked, told, synced. Each message names the instance, none holds its API key.

ArrError                   a Sonarr or Radarr; names the instance
├── ArrUnreachable         it does not answer: refused, no route, TLS, too slow
├── ArrRefused             it does not accept our API key
├── ArrIsNot               what answers there is no Sonarr or Radarr, or the other one
├── ArrVersion             it is too old, or has no API that we speak
├── ArrNotFound            it does not know that series, movie, file or command (any more)
├── ArrBusy                it answers that it is in trouble or overloaded, or takes too long
├── ArrFailed              it did not do what it was asked; its own words
├── SyncBusy               another run already syncs it
├── ArrStale               it still does not know a file as it is
├── SidecarMissing         what lay beside a film is gone since it was told of it
├── ReplacementMissing     no other release of a bad file has come
└── RemedyRefused          a bad file cannot be replaced as asked
"""

from reencodarr.errors.base import Category, ReencodarrError, Stage


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
