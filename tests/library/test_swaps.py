"""The database's journal of swaps, and the ledger; with the swap room's own orders and states."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from reencodarr.library import database, journal, ledger
from reencodarr.library.ledger import Totals
from reencodarr.library.tables import LedgerEntry, SwapRow, Video, now
from reencodarr.media.fingerprint import Fingerprint
from reencodarr.swap import order as swaps
from reencodarr.swap.order import JournalStore, SwapOrder, SwapState
from reencodarr.units import Bytes
from tests.library import films

ID = "0123456789abcdef" * 2


def order(engine: Engine, video_id: int, *, swap_id: str = ID, **changes: object) -> SwapOrder:
    with database.session(engine) as session:
        path = session.get_one(Video, video_id).path
    values: dict[str, object] = {
        "batch": "b",
        "original": path,
        "fingerprint": Fingerprint(device=2**63, inode=2**64 - 1, size=Bytes(1000), mtime_ns=5, sparse_hash="0"),
        "result": Path("/scratch/r.mkv"),
        "result_size": Bytes(400),
        "result_sha256": "0" * 64,
        "destination": path.with_suffix(".mkv"),
        "trash": path.parent / ".reencodarr" / "trash" / f"{swap_id}.orig",
        "keep_until": now() + timedelta(days=30),
    }
    return SwapOrder(swap_id=swap_id, video_id=video_id, **(values | changes))  # type: ignore[arg-type]


def record(engine: Engine, of: SwapOrder, *states: SwapState) -> None:
    store: JournalStore = journal.DatabaseJournal(engine)
    for state in states:
        store.record(of, state)


def rows(engine: Engine) -> list[SwapRow]:
    with database.session(engine) as session:
        return list(session.exec(select(SwapRow)).all())


def test_both_rooms_mean_the_same_states() -> None:
    assert frozenset(state.value for state in swaps.CLOSED) == journal.CLOSED
    assert SwapState.DONE.value == journal.DONE


def test_the_journal_keeps_the_order_and_how_far_it_got(engine: Engine, video: int) -> None:
    made = order(engine, video)

    record(engine, made, SwapState.PREPARED, SwapState.STAGED, SwapState.STAGED)

    (row,) = rows(engine)
    assert (row.id, row.video_id, row.batch, row.state) == (ID, video, "b", "staged")
    assert (row.original, row.trash, row.size_before, row.size_after) == (made.original, made.trash, 1000, 400)
    assert row.keep_until == made.keep_until
    assert swaps_from(row.document) == made


def swaps_from(document: str) -> SwapOrder:
    from reencodarr.swap import journal as swap_journal

    return swap_journal.order_from(document)


def test_a_name_of_any_bytes_comes_back_from_the_journal(engine: Engine, root: Path) -> None:
    path = films.write(Path(os.fsdecode(os.fsencode(root) + b"/\xff.mp4")))
    films.scanned(engine, root)
    made = order(engine, films.ids(engine)[0])

    record(engine, made, SwapState.PREPARED)

    (row,) = rows(engine)
    assert row.original == path
    assert swaps_from(row.document) == made


def test_an_order_of_a_lost_database_finds_its_film_by_name(
    engine: Engine, make_videos: Callable[[int], list[int]]
) -> None:
    first, second = make_videos(2)
    made = order(engine, second)

    record(engine, order(engine, second, original=made.original), SwapState.DONE)
    stranger = SwapOrder(**{name: getattr(made, name) for name in made.__slots__} | {"video_id": first})
    with database.session(engine) as session:
        session.delete(session.get_one(SwapRow, ID))
    record(engine, stranger, SwapState.DONE)

    assert [row.video_id for row in rows(engine)] == [second]


def test_a_swap_of_a_film_that_is_not_known_stops_nothing(engine: Engine, video: int) -> None:
    elsewhere = Path("/elsewhere/a.mkv")
    made = order(engine, video, original=elsewhere, destination=elsewhere)
    object.__setattr__(made, "video_id", 99)

    record(engine, made, SwapState.DONE)

    assert rows(engine) == []


def names(found: tuple[SwapRow, ...]) -> list[str]:
    return [row.id[:1] for row in found]


def test_open_swaps_and_unwritten_ledgers_are_unsettled(
    engine: Engine, make_videos: Callable[[int], list[int]]
) -> None:
    wanted = {
        "a": SwapState.PREPARED,
        "b": SwapState.SWAPPED,
        "c": SwapState.DONE,
        "d": SwapState.DONE,
        "e": SwapState.ROLLED_BACK,
        "f": SwapState.UNDOING,
    }
    for video_id, (letter, state) in zip(make_videos(6), wanted.items(), strict=True):
        record(engine, order(engine, video_id, swap_id=letter * 32), SwapState.PREPARED, state)
        if letter == "c":
            with database.session(engine) as session:
                ledger.replaced(session, video_id, letter * 32, before=Bytes(1000), after=Bytes(400))

    with database.session(engine) as session:
        assert names(journal.unsettled(session)) == ["a", "b", "d", "f"]


def test_originals_are_due_and_undoable_until_they_left_the_trash(
    engine: Engine, make_videos: Callable[[int], list[int]]
) -> None:
    old, young, freed = make_videos(3)
    past = now() - timedelta(days=1)
    record(engine, order(engine, old, swap_id="a" * 32, keep_until=past), SwapState.DONE)
    record(engine, order(engine, young, swap_id="b" * 32, batch="other"), SwapState.DONE)
    record(engine, order(engine, freed, swap_id="c" * 32, keep_until=past), SwapState.DONE)
    with database.session(engine) as session:
        ledger.freed(session, freed, "c" * 32, bytes_freed=Bytes(1000))

    with database.session(engine) as session:
        assert names(journal.due(session, now())) == ["a"]
        assert names(journal.undoable(session)) == ["b", "a"]
        assert names(journal.undoable(session, batch="b")) == ["a"]
        assert names(journal.undoable(session, videos=[young, freed])) == ["b"]
        assert journal.undoable(session, videos=[]) == ()


def totals(engine: Engine) -> Totals:
    with database.session(engine) as session:
        return ledger.totals(session)


def figures(**values: int) -> Totals:
    zero = {"replaced": 0, "undone": 0, "saved": 0, "freed": 0, "in_trash": 0}
    return Totals(**(zero | values))  # type: ignore[arg-type]


def test_the_ledger_tells_saved_from_freed_from_kept(engine: Engine, make_videos: Callable[[int], list[int]]) -> None:
    one, two = make_videos(2)
    assert totals(engine) == figures()

    with database.session(engine) as session:
        for _ in range(2):  # recovery may say it again
            ledger.replaced(session, one, "1", before=Bytes(1000), after=Bytes(400))
            ledger.replaced(session, two, "2", before=Bytes(5000), after=Bytes(3000))
    assert totals(engine) == figures(replaced=2, saved=2600, freed=-3400, in_trash=6000)

    with database.session(engine) as session:
        for _ in range(2):
            ledger.freed(session, one, "1", bytes_freed=Bytes(1000))
    assert totals(engine) == figures(replaced=2, saved=2600, freed=-2400, in_trash=5000)

    with database.session(engine) as session:
        for _ in range(2):
            ledger.undone(session, two, "2", bytes_more=Bytes(3000))
    assert totals(engine) == figures(replaced=1, undone=1, saved=600, freed=600)


def test_an_entry_that_a_crash_lost_is_made_up_for(engine: Engine, video: int) -> None:
    record(engine, order(engine, video), SwapState.DONE)

    with database.session(engine) as session:
        ledger.freed(session, video, ID, bytes_freed=Bytes(1000))

    assert totals(engine) == figures(replaced=1, saved=600, freed=600)
    with database.session(engine) as session:
        assert [row.kind for row in session.exec(select(LedgerEntry)).all()] == ["replaced", "freed"]


@pytest.mark.parametrize("size", [2**45])
def test_sums_beyond_32_bits_are_right(engine: Engine, video: int, size: int) -> None:
    with database.session(engine) as session:
        for number in range(20):
            ledger.replaced(session, video, str(number), before=Bytes(size), after=Bytes(1))

    assert totals(engine).in_trash == 20 * size
