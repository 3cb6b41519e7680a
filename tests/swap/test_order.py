"""Orders and their way through JSON."""

import dataclasses
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.media.fingerprint import Fingerprint
from reencodarr.swap import journal
from reencodarr.swap.order import SwapOrder, SwapState
from reencodarr.units import Bytes

SWAP_ID = "0123456789abcdef0123456789abcdef"
NAMES = (
    st.binary(min_size=1, max_size=40)
    .filter(lambda name: b"/" not in name and b"\0" not in name)
    .filter(lambda name: name not in (b".", b".."))
)


def order(name: bytes = b"film.mkv") -> SwapOrder:
    film = Path("/films", os.fsdecode(name))
    return SwapOrder(
        swap_id=SWAP_ID,
        video_id=7,
        original=film,
        fingerprint=Fingerprint(device=1, inode=2, size=Bytes(3), mtime_ns=4, sparse_hash="5", links=1),
        result=Path("/scratch/result.mkv"),
        result_size=Bytes(2),
        result_sha256="ab",
        destination=film,
        trash=Path(f"/films/.reencodarr/trash/{SWAP_ID}.orig"),
        keep_until=datetime(2030, 1, 1, tzinfo=UTC),
    )


@given(NAMES, st.sampled_from(SwapState))
def test_any_path_survives_the_journal(name: bytes, state: SwapState) -> None:
    entry = journal.Entry(order=order(name), state=state)

    assert journal.parsed(journal.text(entry)) == entry
    assert journal.order_from(journal.order_text(entry.order)) == entry.order


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"swap_id": "../../etc"}, "no uuid4"),
        ({"original": Path("film.mkv"), "destination": Path("film.mkv")}, "not absolute"),
        ({"destination": Path("/elsewhere/film.mkv")}, "another folder"),
        ({"result": Path("/films/film.mkv")}, "the film itself"),
        ({"trash": Path("/films/film.mkv")}, "no trash"),
        ({"trash": Path("/films/.reencodarr/trash/other.orig")}, "no trash"),
        ({"keep_until": datetime(2030, 1, 1)}, "no zone"),  # noqa: DTZ001 - that is the mistake
    ],
)
def test_an_order_that_contradicts_itself_cannot_be_made(change: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        dataclasses.replace(order(), **change)


def test_everything_of_ours_is_hidden_and_carries_the_id() -> None:
    made = order()

    for path in (made.part, made.journal):
        assert path.name.startswith(f".reencodarr-{SWAP_ID}.")
        assert path.parent == made.folder
        assert path.suffix not in (".mkv", ".mp4")
    assert made.label.parent == made.trash.parent
