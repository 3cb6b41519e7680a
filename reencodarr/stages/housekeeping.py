"""Between runs: finish what a crash left, expire the trash, sweep leftovers, end dead claims."""

import logging
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from reencodarr.errors import StorageError
from reencodarr.library import database, jobs, journal, ledger, transitions
from reencodarr.library.tables import Video, now
from reencodarr.stages import settling, unstaging
from reencodarr.stages.workplace import Workplace
from reencodarr.storage.bucket import Bucket
from reencodarr.swap import journal as swap_journal
from reencodarr.swap import recovery, trash
from reencodarr.swap.order import SwapState
from reencodarr.swap.recovery import Recovered
from reencodarr.swap.sight import Outcome
from reencodarr.tools import scratch
from reencodarr.units import MIB, Bytes

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidied:
    """What a round of housekeeping did."""

    expired: int
    freed: Bytes
    swept: Bytes
    released: int
    objects: int = 0
    """That left the bucket, where there is one."""

    @property
    def words(self) -> str:
        """One sentence."""
        return (
            f"{self.expired} originals left the trash ({self.freed // MIB} MiB freed), "
            f"{self.swept // MIB} MiB of scratch swept, {self.released} dead claims ended"
            f"{f', {self.objects} objects left the bucket' if self.objects else ''}."
        )


def recover(workplace: Workplace) -> list[str]:
    """End dead claims and finish or roll back open swaps; one sentence for each swap. May be repeated safely.

    Open swaps are found by the database's rows; where these were lost, `recover_below` finds them by the disk.
    """
    with database.session(workplace.database) as session:
        _end_dead_claims(session)
        pending = journal.unsettled(session)
    words = []
    for row in pending:
        order = swap_journal.order_from(row.document)
        recovered = recovery.recover_order(order, SwapState(row.state), journal.DatabaseJournal(workplace.database))
        _settle(workplace, recovered)
        words.append(f"{order.original.name}: the interrupted swap was {recovered.outcome}. {recovered.words}".strip())
    return words


def recover_below(workplace: Workplace, root: Path) -> list[str]:
    """The same by the journals that lie beside films, for a database that was lost. Walks the whole library."""
    found = recovery.recover(recovery.find_journals(root), journal.DatabaseJournal(workplace.database))
    for recovered in found:
        _settle(workplace, recovered)
    return [f"{one.journal.name}: {one.outcome}. {one.words}".strip() for one in found]


def tidy(workplace: Workplace, bucket: Bucket | None = None) -> Tidied:
    """Expire the trash, sweep scratch and bucket, discard results nobody waits for. May be repeated safely."""
    with database.session(workplace.database) as session:
        released = _end_dead_claims(session)
    expired, freed = _expire(workplace)
    swept = scratch.sweep(workplace.settings.scratch) + settling.discard_results(workplace)
    gone = 0 if bucket is None else _tidy_bucket(workplace, bucket)
    tidied = Tidied(expired=expired, freed=freed, swept=Bytes(swept), released=len(released), objects=gone)
    log.info("%s", tidied.words)
    return tidied


def _end_dead_claims(session: Session) -> list[int]:
    """The videos that wait again. What other machines work on is the server's to end: it alone can hear them."""
    released = transitions.reset_stale(session, now(), awaited=jobs.awaited(session, now()))
    jobs.lose(session, released)
    return released


def _tidy_bucket(workplace: Workplace, bucket: Bucket) -> int:
    """How many objects left it. A bucket that is away is swept the next time."""
    try:
        return unstaging.discard(workplace, bucket) + unstaging.sweep(workplace, bucket).objects
    except StorageError as error:
        log.warning("the bucket was not swept: %s", error)
        return 0


def _expire(workplace: Workplace) -> tuple[int, Bytes]:
    with database.session(workplace.database, reads_only=True) as session:
        due = journal.due(session, now())
        films = {row.video_id: session.get_one(Video, row.video_id).path for row in due}
    expired, freed = 0, 0
    for row in due:
        order = swap_journal.order_from(row.document)
        ended = trash.expire(order, SwapState(row.state), now(), film=films[row.video_id])
        if not ended.deleted:
            log.info("kept %s: %s", order.trash, ended.reason)
            continue
        expired, freed = expired + 1, freed + ended.freed
        if SwapState(row.state) is not SwapState.DONE:
            continue  # an original that an upgrade pushed aside: the ledger never counted it
        with database.session(workplace.database) as session:
            ledger.freed(session, row.video_id, order.swap_id, bytes_freed=ended.freed)
    return expired, Bytes(freed)


def _settle(workplace: Workplace, recovered: Recovered) -> None:
    if recovered.order is None:
        return
    with database.session(workplace.database) as session:
        if recovered.outcome is Outcome.UNDONE:
            settling.undone(session, recovered.order)
        elif recovered.outcome is Outcome.FINISHED and recovered.receipt is not None:
            settling.settle(session, recovered.order, recovered.receipt)
