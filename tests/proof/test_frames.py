"""Comparing times: what rounding does is no difference, and nothing else is excused."""

from array import array
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.proof import frames
from reencodarr.proof.frames import Times
from reencodarr.proof.tracks import Track
from tests.encoding import made_facts

MS = Fraction(1, 1000)
BASES = st.sampled_from([Fraction(1, 90_000), Fraction(1, 12_800), Fraction(1001, 30_000), Fraction(1, 1_000_000), MS])
GAPS = st.lists(st.integers(1, 5000), min_size=1, max_size=60)


def track(pts: list[int], *, codec: str = "h264", base: Fraction = MS, untimed: int = 0) -> Track:
    return Track(
        kind="video",
        place=0,
        codec=codec,
        time_base=base,
        pts=array("q", pts),
        end=(pts[-1] if pts else 0) + 40,
        heard=pts[0] if pts else None,
        digest="",
        untimed=untimed,
    )


def rounded(source: Times) -> Times:
    return Times(pts=[round(pts * source.time_base / MS) for pts in source.pts], time_base=MS)


@given(base=BASES, gaps=GAPS)
def test_rounding_to_milliseconds_is_no_difference(base: Fraction, gaps: list[int]) -> None:
    source = Times(pts=[sum(gaps[:place]) for place in range(len(gaps) + 1)], time_base=base)

    assert frames.video_differences(source, rounded(source)) == ()


@given(base=BASES, gaps=GAPS, place=st.integers(0, 59), late=st.integers(3, 10_000), sign=st.sampled_from([-1, 1]))
def test_a_frame_that_is_more_than_a_tick_away_is_always_found(
    base: Fraction, gaps: list[int], place: int, late: int, sign: int
) -> None:
    source = Times(pts=[sum(gaps[:at]) for at in range(len(gaps) + 1)], time_base=base)
    wrong = place % len(source.pts)
    coarser = max(1, round(base / MS))
    result = list(rounded(source).pts)
    result[wrong] += sign * late * coarser

    assert frames.unequal(source, Times(pts=result, time_base=MS)) == [wrong]


def test_only_a_broadcast_clock_may_be_moved() -> None:
    source, result = Times(pts=[90_000, 93_600], time_base=Fraction(1, 90_000)), Times(pts=[0, 40], time_base=MS)

    assert frames.shift(source, result, made_facts.film(container="mpegts")) == 1
    assert frames.shift(source, result, made_facts.film(container="matroska")) == 0


@pytest.mark.parametrize(
    ("codec", "packets", "shown", "interlaced", "missing"),
    [
        ("h264", range(100), range(100), False, 0),
        ("h264", range(100), range(99), False, 0),  # one cut off at the end
        ("h264", range(100), range(98), False, 2),
        ("h264", range(100), range(10, 100), False, 0),  # leading pictures of a broken-off group
        ("h264", range(100), [*range(40), *range(60, 100)], False, 20),
        ("h264", range(100), range(0, 100, 2), True, 0),  # two fields a frame
        ("h264", range(100), range(0, 100, 2), False, 50),
        ("vp8", range(100), range(80), False, 0),  # frames that are only referred to
        ("vp8", range(100), range(74), False, 26),
        ("vp9", range(100), range(80), False, 20),
    ],
)
def test_packets_without_a_picture_are_excused_only_where_that_is_as_it_should_be(
    codec: str, packets: range, shown: list[int], interlaced: bool, missing: int
) -> None:
    found = frames.packets_without_picture(
        track(list(packets), codec=codec), Times(pts=list(shown), time_base=MS), interlaced=interlaced
    )

    wanted = (f"{missing} of the source's 100 packets gave no picture: it is damaged",) if missing else ()
    assert found == wanted


def test_packets_without_times_are_counted_all_the_same() -> None:
    found = frames.packets_without_picture(
        track(list(range(50)), untimed=50), Times(pts=list(range(90)), time_base=MS), interlaced=False
    )

    assert found == ("10 of the source's 100 packets gave no picture: it is damaged",)
