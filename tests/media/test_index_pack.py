"""A packed packet index is small, and exactly the same when it is unpacked."""

import random
from array import array
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reencodarr.errors import IndexUnreadable
from reencodarr.media import index_pack, packets
from reencodarr.media.packets import PacketIndex
from reencodarr.units import KIB

NUMBER = st.integers(min_value=-(2**63), max_value=2**63 - 1)
SMALL = st.integers(min_value=0, max_value=2**31)


def numbers(values: list[int]) -> "array[int]":
    return array("q", values)


@st.composite
def indexes(draw: st.DrawFn) -> PacketIndex:
    pts = draw(st.lists(NUMBER, max_size=40).map(sorted))
    return PacketIndex(
        stream=draw(SMALL),
        time_base=draw(st.fractions(min_value=Fraction(1, 10**9), max_value=1)),
        start_time=draw(NUMBER),
        end_time=draw(NUMBER),
        pts=numbers(pts),
        sizes=numbers(draw(st.lists(SMALL, min_size=len(pts), max_size=len(pts)))),
        keyframes=numbers([time for time in pts if draw(st.booleans())]),
        corrupt=draw(SMALL),
    )


@given(indexes())
@settings(deadline=None)
def test_any_index_comes_back_exactly(index: PacketIndex) -> None:
    assert index_pack.unpack(index_pack.pack(index)) == index


def test_the_index_of_a_real_film_comes_back_exactly(bikes: Path) -> None:
    index = packets.index(bikes)

    assert index_pack.unpack(index_pack.pack(index)) == index


def test_a_film_of_two_hours_takes_far_less_than_a_megabyte() -> None:
    dice = random.Random(7)
    frames = 200_000
    pts = list(accumulate(dice.choice([41, 42, 42]) for _ in range(frames)))
    index = PacketIndex(
        stream=0,
        time_base=Fraction(1, 1000),
        start_time=pts[0],
        end_time=pts[-1] + 42,
        pts=numbers(pts),
        sizes=numbers([int(dice.expovariate(1 / 20_000)) for _ in range(frames)]),
        keyframes=numbers(pts[::48]),
    )

    packed = index_pack.pack(index)

    assert len(packed) < 600 * KIB
    assert index_pack.unpack(packed) == index


@given(st.data())
@settings(deadline=None)
def test_damaged_bytes_are_a_named_failure(data: st.DataObject) -> None:
    packed = bytearray(index_pack.pack(data.draw(indexes())))
    place = data.draw(st.integers(min_value=0, max_value=len(packed) - 1))
    packed[place] ^= data.draw(st.integers(min_value=1, max_value=255))

    with pytest.raises(IndexUnreadable):
        index_pack.unpack(bytes(packed))


@given(indexes(), st.integers(min_value=1, max_value=20))
@settings(deadline=None)
def test_bytes_that_end_early_are_a_named_failure(index: PacketIndex, missing: int) -> None:
    with pytest.raises(IndexUnreadable):
        index_pack.unpack(index_pack.pack(index)[:-missing])


def test_another_versions_bytes_are_a_named_failure(bikes: Path) -> None:
    packed = bytearray(index_pack.pack(packets.index(bikes)))
    packed[4] += 1

    with pytest.raises(IndexUnreadable, match="version 1"):
        index_pack.unpack(bytes(packed))
