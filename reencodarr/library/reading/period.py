"""What happened since a moment, from the ledger. Reads only."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from reencodarr.library.reading.rows import ledger
from reencodarr.units import Bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What the ledger says of a stretch of time."""

    replaced: int
    """Films."""
    saved: Bytes
    """Original minus result of these films; the disk has it when their originals leave the trash."""
    freed: Bytes
    """What originals that left the trash gave back, results taken off."""
    undone: int


def period(session: Session, since: datetime) -> Period:
    """What was replaced, freed and undone since a moment. Reads only."""
    saved = func.sum(ledger.c.bytes_before - ledger.c.bytes_after)
    query = select(ledger.c.kind, func.count(), saved).where(ledger.c.at >= since).group_by(ledger.c.kind)
    found = {kind: (number, int(amount)) for kind, number, amount in session.execute(query)}
    none = (0, 0)
    return Period(
        replaced=found.get("replaced", none)[0],
        saved=Bytes(found.get("replaced", none)[1]),
        freed=Bytes(found.get("freed", none)[1]),
        undone=found.get("undone", none)[0],
    )
