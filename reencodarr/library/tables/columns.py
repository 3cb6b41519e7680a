"""What the columns of all tables are made of.

Paths are stored through `PathText`, so that any name a filesystem allows survives; times are aware UTC; states and
reasons are stored by value in plain string columns.
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Dialect, Text, TypeDecorator
from sqlmodel import Field, SQLModel

from reencodarr import paths

_UNSTORABLE = re.compile(r"[\ud800-\udfff\x00]")

# Migrations can only alter what has a name, and SQLite gives unnamed constraints none.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class PathText(TypeDecorator[Path]):
    """A path as text; one that is not valid UTF-8 is stored percent-encoded behind `bytes:`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Path | str | None, dialect: Dialect) -> str | None:
        return None if value is None else paths.to_text(Path(value))

    def process_result_value(self, value: Any, dialect: Dialect) -> Path | None:
        return None if value is None else paths.from_text(str(value))


class PlainText(TypeDecorator[str]):
    """Words for people. What no database stores (lone surrogates of a file's name, NUL) becomes a visible escape."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else plain(value)


def plain(text: str) -> str:
    """The text with everything escaped that a database refuses; `\\xff` for the byte 255 of a file's name."""
    return _UNSTORABLE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


class Unsigned64(TypeDecorator[int]):
    """A device or inode number, up to 2^64 - 1 on some network filesystems; databases count to 2^63 - 1."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        return value - 2**64 if value is not None and value >= 2**63 else value

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        return None if value is None else int(value) % 2**64


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time; SQLite forgets the zone, so it is put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        found: datetime = value
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def now() -> datetime:
    """The present, aware UTC."""
    return datetime.now(UTC)


def path(**options: Any) -> Any:
    """A column of a path."""
    return Field(sa_column=Column(PathText(), nullable=False, **options))


def time(*, nullable: bool = False) -> Any:
    """A column of a time; the present, unless it may be null."""
    if nullable:
        return Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    return Field(default_factory=now, sa_column=Column(UtcDateTime(), nullable=False))


def big(*, nullable: bool = False) -> Any:
    """A column of a number of bytes, or of another that may be large."""
    if nullable:
        return Field(default=None, sa_column=Column(BigInteger(), nullable=True))
    return Field(sa_column=Column(BigInteger(), nullable=False))


def text(*, nullable: bool = False) -> Any:
    """A column of words; none, unless it may be null."""
    if nullable:
        return Field(default=None, sa_column=Column(PlainText(), nullable=True))
    return Field(default="", sa_column=Column(PlainText(), nullable=False))
