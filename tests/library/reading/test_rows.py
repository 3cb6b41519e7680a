import os
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from reencodarr.library import reading
from reencodarr.library.states import State
from reencodarr.library.tables import Search
from reencodarr.units import GIB, MIB
from tests.library import specimens
from tests.library.specimens import Specimens


def _row(session: Session, video: int) -> reading.Row:
    return reading.summary(session, ids=[video])[0]


def test_a_replaced_video_tells_its_sizes_from_the_ledger(session: Session, ids: dict[str, int]) -> None:
    row = _row(session, ids["replaced"])

    assert (row.name, row.folder, row.state) == ("Blue Hill.mkv", "Blue Hill (2010)", State.REPLACED)
    assert (row.size_before, row.size_after, row.saved) == (4 * GIB, 1536 * MIB, 2560 * MIB)
    assert (row.crf, row.predicted, row.achieved) == (33.5, 95.1, 95.3)
    assert row.seconds == 4 * 30 + 3600


def test_an_undone_swap_saves_nothing_and_shows_no_old_result(session: Session, ids: dict[str, int]) -> None:
    row = _row(session, ids["undone"])

    assert (row.size_before, row.size_after, row.saved) == (4 * GIB, None, None)
    assert (row.crf, row.predicted, row.achieved, row.seconds) == (None, None, None, None)


def test_an_encoded_video_has_a_size_after_but_has_saved_nothing_yet(session: Session, ids: dict[str, int]) -> None:
    row = _row(session, ids["encoded"])

    assert (row.size_before, row.size_after, row.saved) == (3 * GIB, 1 * GIB, None)
    assert row.achieved == 95.3


def test_a_newer_search_makes_an_older_encode_stale(session: Session, ids: dict[str, int]) -> None:
    later = specimens.START + timedelta(hours=9)
    answer = {"crf": 28.0, "predicted": 96.0, "interval": 0.2, "percent": 44.0, "target": 96.0, "met": True}
    session.add(
        Search(video_id=ids["encoded"], search_key="k2", engine="native", build="b", searched_at=later, **answer)
    )
    session.flush()

    row = _row(session, ids["encoded"])

    assert (row.crf, row.predicted, row.achieved, row.size_after) == (28.0, 96.0, None, None)


def test_a_video_replaced_twice_saved_the_sum(session: Session, ids: dict[str, int]) -> None:
    made = Specimens.__new__(Specimens)
    made.session, made.ids = session, ids
    made.swap("freed", before=1 * GIB, after=512 * MIB)

    row = _row(session, ids["freed"])

    assert (row.size_before, row.size_after) == (4 * GIB, 512 * MIB)
    assert row.saved == 4 * GIB - 512 * MIB


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        (b"plain name.mkv", "plain name.mkv"),
        (b"caf\xe9.mkv", "caf\ufffd.mkv"),
        (b"two\nlines\x7f", "two␊lines␡"),
        ("🎬 \u200d émoji".encode(), "🎬 \u200d émoji"),
    ],
)
def test_any_name_can_be_shown(name: bytes, seen: str) -> None:
    found = reading.shown(Path(os.fsdecode(name)))

    assert found == seen
    assert found.encode()
