"""How our webhook stands in each Sonarr and Radarr, and when it last called."""

from enum import StrEnum

from sqlmodel import Session

from reencodarr.library import arr_files
from reencodarr.library.tables import now


class Standing(StrEnum):
    """How our webhook stands in an instance."""

    UNKNOWN = ""
    REGISTERED = "registered"
    MISSING = "missing"
    FOREIGN = "foreign"
    """There is one of ours, but not as it should be."""


def stands(session: Session, name: str, kind: str, standing: Standing) -> None:
    """Note how it stands. May be repeated safely."""
    arr_files.note(session, name, kind, webhook=standing.value)


def called(session: Session, name: str, kind: str) -> None:
    """Note that a webhook of an instance came in this moment. May be repeated safely."""
    arr_files.note(session, name, kind, webhook_at=now())
