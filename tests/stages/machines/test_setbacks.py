"""What the bucket did not take is brought to it later and later, and sooner or later again."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from reencodarr.stages.machines import setbacks
from reencodarr.stages.machines.setbacks import LONGEST, SHORTEST, Rests, Setback, Taken

START = datetime(2026, 1, 1, tzinfo=UTC)


def setback(seconds: float, *, film: int = 1) -> Setback:
    return Setback(video_id=film, at=START + timedelta(seconds=seconds), words="The bucket is full.")


def tries(hours: float) -> list[float]:
    """When a film is tried within so many hours of a trouble, if it is looked at every 30 s: seconds from its start."""
    made: list[Setback] = []
    for second in range(0, int(hours * 3600), 30):
        if not setbacks.rests(made, START + timedelta(seconds=second)).hold(1):
            made.append(setback(second))
    return [(one.at - START).total_seconds() for one in made]


def test_each_wait_is_as_long_as_the_trouble_until_the_longest() -> None:
    assert tries(1.0) == [0, 30, 60, 120, 240, 480, 960, 1860, 2760]


@given(st.lists(st.tuples(st.floats(0, 10_000), st.integers(1, 3)), max_size=20), st.floats(0, 20_000))
def test_nothing_rests_longer_than_the_longest_wait_after_its_last_setback(
    events: list[tuple[float, int]], moment: float
) -> None:
    made = [setback(at, film=film) for at, film in sorted(events) if at <= moment]

    found = setbacks.rests(made, START + timedelta(seconds=moment))

    for film, end in found.films.items():
        last = max(one.at for one in made if one.video_id == film)
        assert last + SHORTEST <= end <= last + LONGEST
    if found.everything is not None:
        assert found.everything <= made[-1].at + LONGEST
    assert (found == Rests()) == (not found.words)


def test_a_film_that_alone_is_not_taken_hinders_no_other() -> None:
    found = setbacks.rests([setback(0), setback(30)], START + timedelta(seconds=31))

    assert found.hold(1)
    assert not found.hold(2)


def test_two_films_that_are_not_taken_hold_all_of_them() -> None:
    found = setbacks.rests([setback(0), setback(5, film=2)], START + timedelta(seconds=6))

    assert found.hold(3)
    assert "00:00:15" in found.words


def test_a_trouble_that_is_long_over_makes_nobody_wait() -> None:
    before = [setback(second) for second in range(0, 3600, 600)]

    found = setbacks.rests([*before, setback(3000 + 3600)], START + timedelta(seconds=6600 + 11))

    assert not found.hold(1)


def test_a_film_that_is_taken_ends_the_trouble_of_all_but_of_those_that_are_not() -> None:
    made = [setback(0), setback(5, film=2), setback(600), setback(605, film=2)]
    taken = [Taken(video_id=2, at=START + timedelta(seconds=700))]

    found = setbacks.rests(made, START + timedelta(seconds=701), taken)

    assert found.everything is None
    assert found.hold(1)
    assert not found.hold(2)
    assert not found.hold(3)


def test_a_new_trouble_after_a_film_was_taken_begins_with_the_shortest_wait() -> None:
    made = [setback(0), setback(600), setback(1200, film=2), setback(1201, film=3)]
    taken = [Taken(video_id=1, at=START + timedelta(seconds=700))]

    found = setbacks.rests(made, START + timedelta(seconds=1202), taken)

    assert found.everything == START + timedelta(seconds=1201) + SHORTEST
    assert not setbacks.rests(made, START + timedelta(seconds=1212), taken).hold(2)
