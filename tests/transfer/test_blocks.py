import hashlib
import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reencodarr.errors import ObjectDamaged
from reencodarr.transfer import blocks
from reencodarr.transfer.blocks import BLOCK, Digests
from reencodarr.units import Bytes

SIZES = [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK + 17]


@pytest.mark.parametrize("size", SIZES)
def test_digests_are_those_of_the_plain_slices(size: int) -> None:
    data = random.Random(size).randbytes(size)

    made = blocks.digests(io.BytesIO(data))

    slices = [data[start : start + BLOCK] for start in range(0, size, BLOCK)]
    assert made.packed == b"".join(hashlib.blake2b(piece, digest_size=16).digest() for piece in slices)
    assert made.sha256 == hashlib.sha256(data).hexdigest()
    assert (made.size, made.count) == (size, len(slices))
    assert all(made.check(number, piece) for number, piece in enumerate(slices))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, BLOCK + BLOCK // 2), max_size=6))
def test_the_size_of_the_pieces_changes_nothing(sizes: list[int]) -> None:
    data = random.Random(len(sizes)).randbytes(sum(sizes))
    tally = blocks.Tally()

    for number, size in enumerate(sizes):
        start = sum(sizes[:number])
        tally.update(data[start : start + size])

    assert tally.digests() == blocks.digests(io.BytesIO(data))
    assert tally.digests() == tally.digests()


@settings(deadline=None)
@given(st.integers(0, 2 * BLOCK), st.integers(0, 2))
def test_one_changed_bit_is_noticed_in_its_block_only(at: int, number: int) -> None:
    data = bytearray(2 * BLOCK + 1)
    made = blocks.digests(io.BytesIO(data))
    data[at] ^= 1

    assert made.check(number, data[number * BLOCK : (number + 1) * BLOCK]) == (at // BLOCK != number)


def test_a_block_of_another_length_is_wrong() -> None:
    made = blocks.digests(io.BytesIO(bytes(BLOCK + 5)))

    assert made.check(1, bytes(5))
    assert not made.check(1, bytes(6))
    assert not made.check(0, b"")


def test_digests_that_do_not_fit_the_size_are_refused() -> None:
    with pytest.raises(ObjectDamaged, match="do not fit"):
        Digests(size=Bytes(BLOCK + 1), sha256="00", packed=bytes(16))


@settings(deadline=None)
@given(st.integers(0, 5 * BLOCK), st.integers(0, 5 * BLOCK))
def test_the_blocks_touched_hold_the_range_and_no_block_more(start: int, end: int) -> None:
    touched = blocks.touched(start, end)

    if start >= end:
        assert not touched
    else:
        assert touched.start * BLOCK <= start < (touched.start + 1) * BLOCK
        assert (touched.stop - 1) * BLOCK < end <= touched.stop * BLOCK
