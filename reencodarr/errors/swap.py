"""A result that is not put in its original's place, or an original that is not put back.

SwapError
├── OriginalChanged        the original is not the file that was analysed
├── DestinationTaken       another file has the name the result needs
├── DestinationReadOnly    the folder of the film cannot be written
├── ResultDamaged          the staged copy differs from the proven result
├── TrashUnavailable       no folder on the same filesystem can keep the original
└── UndoRefused            the original cannot be put back any more
"""

from reencodarr.errors.base import Category, ReencodarrError, Stage


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
