"""A file as a film: it cannot be read, or is none.

MediaError
├── FileUnreadable         missing, no permission, I/O error
├── EmptyFile              zero bytes
├── NotAVideo              no video stream that could be encoded
├── DamagedSource          the source does not decode cleanly to its end
└── IndexUnreadable        bytes that should be a packed packet index are none
"""

from reencodarr.errors.base import Category, ReencodarrError, Stage


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
