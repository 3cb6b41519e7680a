"""Sampling plans on invented timestamps: whole frames, no overlap, spread over the film, repeatable."""

from fractions import Fraction
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.quality import windows

MILLISECOND = Fraction(1, 1000)


def steady(seconds: float, fps: int = 25, start: int = 0) -> list[int]:
    return [start + frame * 1000 // fps for frame in range(int(seconds * fps))]


HOUR = steady(3600)

gaps = st.lists(st.integers(1, 3000), min_size=1, max_size=400)
films = st.builds(lambda gaps, start: list(accumulate([start, *gaps])), gaps, st.integers(-2000, 10_000))


@given(films, st.text(max_size=5))
def test_windows_hold_whole_frames_in_order_without_overlap(pts: list[int], seed: str) -> None:
    plan = windows.plan(pts, time_base=MILLISECOND, seed=seed)

    assert plan
    for window in plan:
        assert window.frames >= 1
        assert window.start_pts == pts[window.first]
        assert [p for p in pts if window.start_pts <= p < window.end_pts] == pts[window.first : window.end]
    assert all(a.end <= b.first and a.end_pts <= b.start_pts for a, b in pairwise(plan))


@given(films, st.text(max_size=5))
def test_a_plan_is_the_same_for_the_same_film_and_seed(pts: list[int], seed: str) -> None:
    assert windows.plan(pts, time_base=MILLISECOND, seed=seed) == windows.plan(pts, time_base=MILLISECOND, seed=seed)


def test_another_seed_moves_the_windows() -> None:
    pts = steady(600)

    assert windows.plan(pts, time_base=MILLISECOND, seed="a") != windows.plan(pts, time_base=MILLISECOND, seed="b")


@pytest.mark.parametrize("seconds", [0.04, 2, 10, 45])
def test_a_short_film_is_one_window_from_its_first_frame_to_its_end(seconds: float) -> None:
    pts = steady(seconds, start=80)

    (window,) = windows.plan(pts, time_base=MILLISECOND, seed="")

    assert (window.first, window.frames) == (0, len(pts))
    assert window.start_pts == 80
    assert window.end_pts > pts[-1]


@pytest.mark.parametrize(("seconds", "count"), [(60, 8), (1200, 8), (1260, 9), (5400, 36), (7200, 48), (14400, 48)])
def test_the_number_of_windows_follows_the_running_time(seconds: int, count: int) -> None:
    plan = windows.plan(steady(seconds), time_base=MILLISECOND, seed="film")

    assert len(plan) == count
    assert all(window.frames == 100 for window in plan)


@given(st.text(max_size=8))
def test_the_windows_of_a_long_film_are_even_and_leave_out_both_ends(seed: str) -> None:
    plan = windows.plan(HOUR, time_base=MILLISECOND, seed=seed)

    assert plan[0].start_pts >= 0.02 * 3_600_000
    assert plan[-1].end_pts <= 0.98 * 3_600_000
    distances = [b.start_pts - a.start_pts for a, b in pairwise(plan)]
    assert max(distances) - min(distances) <= 40


def test_a_slide_show_gets_longer_windows_instead_of_empty_ones() -> None:
    pts = steady(3600, fps=1)

    plan = windows.plan(pts, time_base=MILLISECOND, seed="")

    assert all(window.frames == windows.LEAST_FRAMES for window in plan)


def test_a_pause_that_swallows_windows_leaves_no_empty_ones() -> None:
    pts = [*steady(20), *steady(20, start=300_000)]

    plan = windows.plan(pts, time_base=MILLISECOND, seed="")

    assert plan
    assert all(window.frames > 0 for window in plan)


def test_one_window_in_each_minute_measures_a_finished_film() -> None:
    pts = steady(1200)

    plan = windows.every(pts, time_base=MILLISECOND, spacing=Fraction(60))

    assert len(plan) == 20
    assert [window.start_pts // 60_000 for window in plan] == list(range(20))
    assert windows.share(plan, pts) == pytest.approx(4 / 60)


def test_nothing_to_show_is_no_window() -> None:
    assert windows.plan([], time_base=MILLISECOND, seed="") == ()
