import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reencodarr.storage import sizes
from reencodarr.transfer import parts
from reencodarr.units import GIB, MIB, Bytes


@settings(deadline=None)
@given(st.integers(0, 200 * MIB), st.integers(1 * MIB, 70 * MIB))
def test_parts_follow_one_another_and_cover_the_file(size: int, part_size: int) -> None:
    pieces = parts.pieces(Bytes(size), Bytes(part_size))

    assert [piece.number for piece in pieces] == list(range(1, len(pieces) + 1))
    assert [piece.start for piece in pieces] == [sum(piece.size for piece in pieces[:n]) for n in range(len(pieces))]
    assert sum(piece.size for piece in pieces) == size
    assert all(piece.size == part_size for piece in pieces[:-1])


@settings(deadline=None)
@given(st.integers(0, 5000 * GIB))
def test_worker_and_server_divide_alike(size: int) -> None:
    pieces = parts.pieces(Bytes(size), sizes.part_size(Bytes(size)))

    assert len(pieces) == sizes.part_count(Bytes(size)) <= parts.MOST


def test_too_many_parts_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 10000"):
        parts.pieces(Bytes(10_001 * MIB), Bytes(MIB))
