"""Which full encodes are made."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.crf_search.films import Film
from benchmarks.crf_search.reference import HIGHEST, LOWEST, Point, Reference
from reencodarr.encoding.plan import VideoPlan


class Invented(Reference):
    """A reference whose encodes follow a straight line in ln(100.3 - VMAF)."""

    slope: float
    level: float

    def at(self, crf: float) -> Point:
        if crf not in self.points:
            vmaf = max(100.3 - math.exp(self.level + self.slope * crf), 0.0)
            size = round(1e9 * 0.93**crf)
            self.points[crf] = Point(
                crf=crf, vmaf=vmaf, size=size, frames=1, subsample=1, encode_cpu_s=0.0, score_cpu_s=0.0
            )
        return self.points[crf]


def invented(*, duration: float, slope: float, crf95: float) -> Invented:
    film = Film(name="f", path=Path("f"), key="", frames=1, duration=duration, width=1, height=1, source_size=1)
    made = Invented(film=film, video=VideoPlan(preset=8), folder=Path("nowhere"))
    made.slope, made.level = slope, math.log(5.3) - slope * crf95
    return made


@given(st.sampled_from([5.0, 400.0]), st.floats(0.03, 0.13), st.floats(14, 50))
def test_neighbours_of_the_grid_enclose_each_target(duration: float, slope: float, crf95: float) -> None:
    made = invented(duration=duration, slope=slope, crf95=crf95)

    made.reach([93.0, 95.0])

    for target in (93.0, 95.0):
        good = max((p.crf for p in made.points.values() if p.vmaf >= target), default=None)
        bad = min((p.crf for p in made.points.values() if p.vmaf < target), default=None)
        if good is None or bad is None:
            assert good == HIGHEST or bad == LOWEST
        else:
            assert bad - good == made.grid
    assert 3 <= len(made.points) <= 12
    assert all(crf % made.grid == 0 for crf in made.points)


@given(st.floats(0.03, 0.13), st.floats(16, 48))
def test_the_best_crf_is_found_between_the_encodes(slope: float, crf95: float) -> None:
    made = invented(duration=400.0, slope=slope, crf95=crf95)

    made.reach([95.0])

    assert made.best(95.0) == pytest.approx(math.floor(crf95 * 4) / 4, abs=0.25)


def test_a_long_film_takes_few_full_encodes() -> None:
    made = invented(duration=400.0, slope=0.06, crf95=33.5)

    made.reach([93.0, 95.0])

    assert sorted(made.points) == [32, 36, 40]


def test_a_crf_beyond_the_grid_is_enclosed_when_it_was_chosen() -> None:
    made = invented(duration=400.0, slope=0.06, crf95=33.5)
    made.reach([95.0])

    made.cover(26.25)

    assert {24, 28} <= set(made.points)
