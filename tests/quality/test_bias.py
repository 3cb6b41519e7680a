"""What deviations of finished films teach."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.quality import bias


def test_few_films_teach_nothing() -> None:
    assert bias.learned([0.5] * (bias.FEWEST - 1)) == 0


def test_many_films_are_believed_more_than_few() -> None:
    few, many = bias.learned([0.4] * 5), bias.learned([0.4] * 100)

    assert few == pytest.approx(0.2)
    assert few < many < 0.4


@given(st.lists(st.floats(-20, 20), max_size=30))
def test_a_bias_is_never_large(deviations: list[float]) -> None:
    assert abs(bias.learned(deviations)) <= bias.LARGEST
