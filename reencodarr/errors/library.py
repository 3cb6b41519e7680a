"""A library as a whole, and what the database holds of its films.

LibraryError
├── RootMissing            the library's mount is absent or is not the one that was scanned
├── LibraryOverlap         a library would lie inside another
├── TooManyGone            a scan would drop more known files than the brake allows
│   └── TooManyUnlisted    a sync would forget more files of a Sonarr or Radarr than that
├── LibraryBusy            another run works on this library
├── StateConflict          a video was not in the state that the step expected
└── DecisionUnreadable     a stored decision is of a version that this one does not understand
"""

from reencodarr.errors.base import Category, ReencodarrError, Stage


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
