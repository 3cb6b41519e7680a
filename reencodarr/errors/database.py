"""The database: of another version, or it cannot be used.

DatabaseError
├── DatabaseOutdated       migrations are missing
├── DatabaseTooNew         written by a newer Reencodarr
└── DatabaseUnavailable    cannot be opened, read or written
"""

from reencodarr.errors.base import Category, ReencodarrError


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
