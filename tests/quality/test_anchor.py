"""Pilots at the level of all windows."""

from dataclasses import replace

import pytest

from reencodarr.quality import anchor, curve
from reencodarr.quality.engine import Probe, WindowScore
from reencodarr.units import Bytes, Crf, Seconds, VmafScore


def probe(crf: float, scores: dict[int, float], *, pilot: bool = False, size: int = 1000) -> Probe:
    windows = tuple(
        WindowScore(
            start_pts=start,
            end_pts=start + 3,
            frames=72,
            mean=VmafScore(score),
            lowest_2s=VmafScore(score),
            size=Bytes(size),
        )
        for start, score in scores.items()
    )
    mean = sum(scores.values()) / len(scores)
    return Probe(
        crf=Crf(crf), mean=VmafScore(mean), p5=VmafScore(mean - 3), percent=size / 20, seconds=Seconds(1),
        cpu_seconds=Seconds(1), windows=windows, pilot=pilot,
    )  # fmt: skip


def fallen(score: float, by: float) -> float:
    """A score whose loss grew by a factor of e to the `by`."""
    return curve.score(curve.loss(score) + by)


ALL = probe(36, {0: 97.0, 10: 95.0, 20: 93.0, 30: 91.0}, size=1000)


def test_a_pilot_takes_the_level_of_all_windows_and_keeps_its_own_fall() -> None:
    pilot = probe(30, {0: fallen(97, -0.36), 20: fallen(93, -0.36)}, pilot=True, size=1500)

    moved, full = anchor.anchored([pilot, ALL])

    assert full == ALL
    assert (moved.crf, moved.pilot) == (30, True)
    assert moved.mean == pytest.approx(fallen(94, -0.36), abs=0.15)
    assert moved.p5 == pytest.approx(fallen(91, -0.36), abs=0.2)
    assert moved.percent == pytest.approx(75, rel=0.05)


def test_pilots_that_were_probed_otherwise_are_led_to_the_level_along_their_own_line() -> None:
    pilots = [
        replace(probe(crf, {0: fallen(98, 0.06 * (crf - 36)), 20: fallen(98, 0.06 * (crf - 36))}, pilot=True), preset=8)
        for crf in (30, 40)
    ]

    low, full, high = anchor.anchored([*pilots, ALL])

    assert full == ALL
    assert low.mean == pytest.approx(fallen(94, -0.36), abs=0.05)
    assert high.mean == pytest.approx(fallen(94, 0.24), abs=0.05)


def test_without_a_probe_of_all_windows_pilots_stay_as_they_are() -> None:
    pilots = (probe(30, {0: 96.0}, pilot=True), probe(40, {0: 92.0}, pilot=True))

    assert anchor.anchored(pilots) == pilots


def test_a_pilot_at_the_crf_of_all_windows_is_left_out() -> None:
    assert anchor.anchored([probe(36, {0: 97.5}, pilot=True), ALL]) == (ALL,)


def test_presets_are_compared_on_the_windows_that_both_have_seen() -> None:
    pilots = [
        replace(probe(crf, {0: score, 20: score}, pilot=True, size=size), preset=8)
        for crf, score, size in ((34, 95.0, 1100), (38, 94.0, 1000))
    ]

    seen = anchor.proxy_seen([*pilots, ALL])

    assert seen is not None
    assert seen.offset == pytest.approx(95 - 94.5, abs=0.05)
    assert seen.size == pytest.approx(1000 / 1049, abs=0.01)
    assert anchor.proxy_seen([ALL]) is None
    assert anchor.proxy_seen([replace(pilots[0], preset=None), ALL]) is None
