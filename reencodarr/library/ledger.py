"""The ledger: bytes won, bytes really free, bytes still in the trash. Appended only; figures come from nowhere else."""

from dataclasses import dataclass

from sqlalchemy import func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from reencodarr.library.tables import LedgerEntry, SwapRow
from reencodarr.units import Bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What all swaps together did."""

    replaced: int
    """Films whose result is in place."""
    undone: int
    saved: Bytes
    """Original minus result of the films in place, whether freed already or not."""
    freed: Bytes
    """What the disks really have more; negative while originals wait in the trash."""
    in_trash: Bytes
    """Originals that are kept still."""


def replaced(session: Session, video_id: int, swap_id: str, *, before: Bytes, after: Bytes, note: str = "") -> None:
    """A result is in place and its original in the trash: the disk has less, by the result. May be repeated safely."""
    _append(session, "replaced", video_id, swap_id, sizes=(before, after), freed=-after, note=note)


def freed(session: Session, video_id: int, swap_id: str, *, bytes_freed: Bytes, note: str = "") -> None:
    """An original left the trash; 0 bytes are free where another hard link keeps them. May be repeated safely."""
    sizes = _sizes(session, video_id, swap_id)
    _append(session, "freed", video_id, swap_id, sizes=sizes, freed=bytes_freed, note=note)


def undone(session: Session, video_id: int, swap_id: str, *, bytes_more: Bytes, note: str = "") -> None:
    """An original has its place again and the result is deleted, by which the disk has more. May be repeated safely."""
    sizes = _sizes(session, video_id, swap_id)
    _append(session, "undone", video_id, swap_id, sizes=sizes, freed=bytes_more, note=note)


def totals(session: Session) -> Totals:
    """The sums of all entries. Reads only."""
    query = select_columns(
        col(LedgerEntry.kind),
        func.count(),
        func.coalesce(func.sum(LedgerEntry.bytes_before), 0),
        func.coalesce(func.sum(LedgerEntry.bytes_after), 0),
        func.coalesce(func.sum(LedgerEntry.bytes_freed), 0),
    ).group_by(col(LedgerEntry.kind))
    sums = {kind: tuple(int(value) for value in rest) for kind, *rest in session.execute(query).all()}
    none = (0, 0, 0, 0)
    done, gone, back = (sums.get(kind, none) for kind in ("replaced", "freed", "undone"))
    return Totals(
        replaced=done[0] - back[0],
        undone=back[0],
        saved=Bytes((done[1] - back[1]) - (done[2] - back[2])),
        freed=Bytes(done[3] + gone[3] + back[3]),
        in_trash=Bytes(done[1] - gone[1] - back[1]),
    )


def _sizes(session: Session, video_id: int, swap_id: str) -> tuple[int, int]:
    """Before and after, as the swap's first entry says; a crash may have lost that one, and it is made up for."""
    first = select(LedgerEntry).where(LedgerEntry.swap_id == swap_id, LedgerEntry.kind == "replaced")
    entry = session.exec(first).first()
    if entry is not None:
        return entry.bytes_before, entry.bytes_after
    swap = session.get_one(SwapRow, swap_id)
    replaced(session, video_id, swap_id, before=Bytes(swap.size_before), after=Bytes(swap.size_after))
    return swap.size_before, swap.size_after


def _append(
    session: Session, kind: str, video_id: int, swap_id: str, *, sizes: tuple[int, int], freed: int, note: str
) -> None:
    known = select(LedgerEntry.id).where(LedgerEntry.swap_id == swap_id, LedgerEntry.kind == kind)
    if session.exec(known).first() is not None:
        return
    before, after = sizes
    session.add(
        LedgerEntry(
            video_id=video_id,
            swap_id=swap_id,
            kind=kind,
            bytes_before=before,
            bytes_after=after,
            bytes_freed=freed,
            note=note,
        )
    )
    session.flush()
