"""Sampling plans on invented timestamps: whole frames, no overlap, spread over the film, repeatable."""

from fractions import Fraction
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.media.packets import PacketIndex
from reencodarr.quality import windows

MILLISECOND = Fraction(1, 1000)


def film(pts: list[int], sizes: list[int] | None = None, keyframes: list[int] | None = None) -> PacketIndex:
    return PacketIndex(
        stream=0,
        time_base=MILLISECOND,
        start_time=pts[0] if pts else 0,
        end_time=windows.end_of(pts) if pts else 0,
        pts=pts,
        sizes=sizes or [1000] * len(pts),
        keyframes=keyframes or pts[:1],
    )


def steady(seconds: float, fps: int = 25, start: int = 0) -> list[int]:
    return [start + frame * 1000 // fps for frame in range(int(seconds * fps))]


HOUR = steady(3600)

gaps = st.lists(st.integers(1, 3000), min_size=1, max_size=400)
films = st.builds(lambda gaps, start: list(accumulate([start, *gaps])), gaps, st.integers(-2000, 10_000))


@given(films, st.text(max_size=5))
def test_windows_hold_whole_frames_in_order_without_overlap(pts: list[int], seed: str) -> None:
    plan = windows.plan(film(pts), seed=seed)

    assert plan
    for window in plan:
        assert window.frames >= 1
        assert window.start_pts == pts[window.first]
        assert [p for p in pts if window.start_pts <= p < window.end_pts] == pts[window.first : window.end]
    assert all(a.end <= b.first and a.end_pts <= b.start_pts for a, b in pairwise(plan))


@given(films, st.text(max_size=5))
def test_a_plan_is_the_same_for_the_same_film_and_seed(pts: list[int], seed: str) -> None:
    assert windows.plan(film(pts), seed=seed) == windows.plan(film(pts), seed=seed)


def test_another_seed_moves_the_windows() -> None:
    pts = steady(600)

    assert windows.plan(film(pts), seed="a") != windows.plan(film(pts), seed="b")


@pytest.mark.parametrize("seconds", [0.04, 2, 10, 20])
def test_a_short_film_is_one_window_from_its_first_frame_to_its_end(seconds: float) -> None:
    pts = steady(seconds, start=80)

    (window,) = windows.plan(film(pts), seed="")

    assert (window.first, window.frames) == (0, len(pts))
    assert window.start_pts == 80
    assert window.end_pts > pts[-1]


@pytest.mark.parametrize(("seconds", "count"), [(60, 8), (1200, 8), (1260, 9), (5400, 36), (7200, 48), (14400, 48)])
def test_the_number_of_windows_follows_the_running_time(seconds: int, count: int) -> None:
    plan = windows.plan(film(steady(seconds)), seed="film")

    assert len(plan) == count
    assert all(62 <= window.frames <= 63 for window in plan)


@given(st.text(max_size=8))
def test_the_windows_of_a_long_film_are_spread_over_it_and_leave_out_both_ends(seed: str) -> None:
    plan = windows.plan(film(HOUR), seed=seed)

    assert plan[0].start_pts >= 0.02 * 3_600_000
    assert plan[-1].end_pts <= 0.98 * 3_600_000
    sixths = [(window.start_pts - 72_000) * 6 // 3_456_000 for window in plan]
    assert [sixths.count(sixth) for sixth in range(6)] == [4] * 6


keyframes = st.lists(st.integers(1, 249), min_size=20, max_size=60).map(lambda gaps: list(accumulate(gaps, initial=0)))


@given(keyframes, st.text(max_size=5))
def test_windows_begin_at_keyframes_where_these_are_near(places: list[int], seed: str) -> None:
    pts = steady(600)
    keys = [pts[place * 25 // 10] for place in places if place * 25 // 10 < len(pts)]

    plan = windows.plan(film(pts, keyframes=keys), seed=seed)

    apart = max(b - a for a, b in pairwise([*keys, pts[-1]]))
    assert apart > 12_000 or all(window.start_pts in keys for window in plan)


@given(st.text(max_size=5))
def test_windows_are_taken_from_all_bitrates_alike(seed: str) -> None:
    pts = steady(600)
    loud = [1000 * (1 + frame // 125 % 4) for frame in range(len(pts))]

    plan = windows.plan(film(pts, sizes=loud, keyframes=pts[::125]), seed=seed)

    found = [loud[window.first] for window in plan]
    assert sum(found) / len(found) == pytest.approx(2500, abs=500)  # at random 790 would be the 95 % interval


def test_a_pilot_takes_windows_of_middling_bitrates() -> None:
    pts = steady(600)
    whole = film(pts, sizes=[1000 * (1 + frame // 125 % 4) for frame in range(len(pts))], keyframes=pts[::125])
    plan = windows.plan(whole, seed="")

    pilot = windows.pilot(whole, plan)

    assert set(pilot) < set(plan)
    assert sorted(whole.sizes[window.first] for window in pilot) in ([2000, 3000], [2000, 4000])
    assert len(windows.pilot(film(HOUR), windows.plan(film(HOUR), seed=""))) == 6


def test_a_film_that_is_scored_whole_has_no_pilot() -> None:
    short = film(steady(20))

    assert windows.pilot(short, windows.plan(short, seed="")) == ()


def test_a_slide_show_gets_longer_windows_instead_of_empty_ones() -> None:
    pts = steady(3600, fps=1)

    plan = windows.plan(film(pts), seed="")

    assert all(window.frames == windows.LEAST_FRAMES for window in plan)


def test_a_pause_that_swallows_windows_leaves_no_empty_ones() -> None:
    pts = [*steady(20), *steady(20, start=300_000)]

    plan = windows.plan(film(pts), seed="")

    assert plan
    assert all(window.frames > 0 for window in plan)


def test_one_window_in_each_minute_measures_a_finished_film() -> None:
    pts = steady(1200)

    plan = windows.every(pts, time_base=MILLISECOND, spacing=Fraction(60))

    assert len(plan) == 20
    assert [window.start_pts // 60_000 for window in plan] == list(range(20))
    assert windows.share(plan, pts) == pytest.approx(4 / 60)


def test_nothing_to_show_is_no_window() -> None:
    assert windows.plan(film([]), seed="") == ()
