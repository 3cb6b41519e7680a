"""After a swap or an undo: what the database must say, whoever finished it, as often as it is said."""

import logging
from pathlib import Path

from sqlmodel import Session, col, select

from reencodarr.library import database, encodes, jobs, ledger, notices, transitions, videos
from reencodarr.library.states import State
from reencodarr.library.tables import Encode, VideoState
from reencodarr.media import fingerprint as identity
from reencodarr.stages.workplace import Workplace
from reencodarr.swap.order import Receipt, SwapOrder
from reencodarr.tools import scratch
from reencodarr.units import Bytes
from reencodarr.work import orders

log = logging.getLogger(__name__)


def record(session: Session, video_id: int, receipt: Receipt) -> None:
    """The film is the result now: identity, encode, ledger, who is to be told. May be repeated safely."""
    videos.adopt(session, video_id, receipt.destination, receipt.fingerprint)
    encodes.in_place(session, video_id, receipt.destination)
    ledger.replaced(session, video_id, receipt.swap_id, before=receipt.size_before, after=receipt.size_after)
    notices.write(session, video_id, receipt.swap_id)


def settle(session: Session, order: SwapOrder, receipt: Receipt) -> None:
    """The same for a swap that recovery finished, with the state that the dead run could not write."""
    record(session, order.video_id, receipt)
    state = session.get_one(VideoState, order.video_id)
    if State(state.state) is State.ENCODED:
        attempt = state.attempt if state.claimed_by else None
        transitions.move(
            session, order.video_id, State.ENCODED, State.REPLACED, attempt=attempt, note="finished by recovery"
        )


def undone(session: Session, order: SwapOrder) -> None:
    """The original is back: identity, ledger, who is to be told; it is left alone until somebody asks again."""
    videos.adopt(session, order.video_id, order.original, identity.fingerprint(order.original))
    ledger.undone(session, order.video_id, order.swap_id, bytes_more=order.result_size)
    notices.write_again(session, order.video_id, order.swap_id)
    if State(session.get_one(VideoState, order.video_id).state) is State.REPLACED:
        transitions.move(
            session, order.video_id, State.REPLACED, State.SKIPPED, attempt=None, reason="undone", note="undone"
        )


def discard_results(workplace: Workplace) -> Bytes:
    """Delete finished encodes that no video waits for any more; the bytes freed. May be repeated safely."""
    # Listed before the database is asked: what another process keeps from now on is not judged by old news.
    present = scratch.kept(workplace.results)
    with database.session(workplace.database, reads_only=True) as session:
        waiting = session.exec(
            select(col(Encode.result_path))
            .join(VideoState, col(VideoState.video_id) == col(Encode.video_id))
            .where(VideoState.state == State.ENCODED.value)
        ).all()
        encoding = session.exec(select(VideoState).where(VideoState.state == State.ENCODING.value)).all()
        given = jobs.unsettled(session)
    open_jobs = {orders.kept_name(row.key or "", row.attempt) for row in given}
    encodes_wanted = {path.stem for path in waiting} | {result_stem(row.video_id, row.attempt) for row in encoding}

    def wanted(file: Path) -> bool:
        said = file.suffix == ".json"  # a worker's result, of no use once it was applied
        return _name(file) in open_jobs or (not said and _name(file) in encodes_wanted)

    return scratch.discard(file for file in present if not wanted(file))


def _name(file: Path) -> str:
    """What a kept file is the result of."""
    return file.name.partition(".")[0]


def result_stem(video_id: int, attempt: int) -> str:
    """The name, without extension, under which the result of an attempt is kept."""
    return f"{video_id}-{attempt}"
