"""Amounts read the way people say them."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from reencodarr.cli.console import bytes_text, duration_text, err, out, safe


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "0.98 KiB"),
        (1024, "1.00 KiB"),
        (10 * 1024, "10.0 KiB"),
        (10 * 1024 - 1, "10.0 KiB"),
        (1023 * 1024, "1.00 MiB"),
        (123_456_789, "118 MiB"),
        (1_610_612_736, "1.50 GiB"),
        (-12_900_000, "-12.3 MiB"),
        (5 * 1024**6, "5120 PiB"),
    ],
)
def test_bytes_have_three_digits_that_count(amount: int, text: str) -> None:
    assert bytes_text(amount) == text


@given(st.integers(min_value=-(10**17), max_value=10**17))
def test_a_size_never_takes_more_than_nine_letters_and_is_right_to_one_per_cent(amount: int) -> None:
    text = bytes_text(amount)
    number, unit = text.split(" ")
    factor = 1024 ** ["B", "KiB", "MiB", "GiB", "TiB", "PiB"].index(unit)

    assert len(text) <= 9
    assert float(number) * factor == pytest.approx(amount, rel=0.01, abs=0.5)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (0.44, "0.4 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (200, "3 min 20 s"),
        (3599.6, "1 h 00 min"),
        (7500, "2 h 05 min"),
        (86399, "1 d 0 h"),
        (3 * 86400 + 4 * 3600, "3 d 4 h"),
        (float("inf"), "?"),
        (float("nan"), "?"),
    ],
)
def test_durations_are_said_in_two_units_at_most(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_answers_and_remarks_go_different_ways() -> None:
    assert not out.stderr
    assert err.stderr


def test_a_films_name_is_printed_as_it_is_and_never_as_markup() -> None:
    page = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    name = "Film [bluray] :fire: [/bold] \udcff \x1b[31m"

    Console(file=page, emoji=False, width=80).print(f"[bold]{safe(name)}[/bold]")

    page.seek(0)
    assert page.read() == "Film [bluray] :fire: [/bold] ? \ufffd[31m\n"
