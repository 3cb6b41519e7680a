"""Whether an encode can still become small enough, and how long it takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.encoding import prospects
from reencodarr.encoding.ffprogress import Moment
from reencodarr.encoding.prospects import Size
from reencodarr.units import Bytes, Seconds

SIZE = Size(source=Bytes(1000), largest_ratio=0.8)


def moment(size: int = 0, *, frames: int = 0, time: float | None = None) -> Moment:
    return Moment(frames=frames, fps=None, size=Bytes(size), time=None if time is None else Seconds(time), last=False)


@pytest.mark.parametrize("done", [None, 0.01, 0.5, 1.0])
def test_more_than_the_ceiling_is_too_large_at_any_time(done: float | None) -> None:
    assert prospects.too_large(moment(801), SIZE, done=done) == "80% of the source's size is written, 80% is the most"


@pytest.mark.parametrize(
    ("size", "done", "hopeless"),
    [
        (290, 0.29, False),  # before 30 % nothing is judged
        (405, 0.30, False),  # 1.35 expected, 0.8 * 1.7 = 1.36
        (411, 0.30, True),
        (590, 0.50, False),  # 1.18 expected, 0.8 * 1.5 = 1.2
        (605, 0.50, True),
        (300, None, False),
    ],
)
def test_a_rising_projection_is_judged_more_strictly_the_later_it_is(
    size: int, done: float | None, hopeless: bool
) -> None:
    assert bool(prospects.too_large(moment(size), SIZE, done=done)) is hopeless


@given(
    ratio=st.floats(0.05, 2.0),
    shares=st.lists(st.floats(0.01, 1.0), min_size=10, max_size=40),
)
def test_an_encode_that_ends_small_with_an_even_rest_is_never_stopped(ratio: float, shares: list[float]) -> None:
    """Seconds may differ by a factor of two from one another: no film within the ceiling may be given up."""
    seconds = [1 + share for share in shares]
    size = Size(source=Bytes(1_000_000), largest_ratio=ratio)
    scale = size.ceiling / sum(seconds)
    written = 0.0
    for place, weight in enumerate(seconds, start=1):
        written += weight * scale
        told = prospects.too_large(moment(int(written)), size, done=place / len(seconds))

        assert told == ""


def test_frames_tell_the_share_better_than_time() -> None:
    assert prospects.share(moment(frames=25, time=9.0), frames=100, duration=Seconds(10)) == 0.25
    assert prospects.share(moment(frames=25, time=9.0), frames=None, duration=Seconds(10)) == 0.9
    assert prospects.share(moment(frames=25, time=None), frames=None, duration=Seconds(10)) is None
    assert prospects.share(moment(frames=25), frames=None, duration=None) is None


def test_a_share_is_never_more_than_all_or_less_than_nothing() -> None:
    assert prospects.share(moment(frames=120), frames=100, duration=None) == 1.0
    assert prospects.share(moment(time=-0.02), frames=None, duration=Seconds(10)) == 0.0


def test_the_rest_takes_as_long_as_the_part_so_far() -> None:
    assert prospects.remaining(Seconds(30), 0.25) == Seconds(90)
    assert prospects.remaining(Seconds(30), 0.0) is None
    assert prospects.remaining(Seconds(30), None) is None


def test_words_tell_frames_and_the_ratio_so_far() -> None:
    assert prospects.words(moment(200, frames=50), SIZE, done=0.5, frames=100) == ("50 of 100 frames, size so far 40%")
    assert prospects.words(moment(frames=3), SIZE, done=None, frames=None) == "3 frames"
