"""Standing still and being held still are told apart."""

from hypothesis import given
from hypothesis import strategies as st

from reencodarr.encoding.advance import Advance


def test_an_encode_that_speaks_without_a_new_frame_stands() -> None:
    advance = Advance(100.0)

    for half_second in range(1, 41):
        advance.word(7 if half_second > 1 else 3, 100.0 + half_second / 2)

    assert advance.frames == 7
    assert advance.standing == 19.0
    assert advance.elapsed == 20.0


@given(pause=st.floats(min_value=10.0, max_value=1e6))
def test_a_pause_of_any_length_is_no_standstill(pause: float) -> None:
    advance = Advance(0.0)
    advance.word(5, 1.0)

    advance.word(5, 1.0 + pause)

    assert advance.standing <= 10.0
    assert advance.elapsed <= 11.0
