from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from dashboards import words
from reencodarr.encoding.plan import LeaveReason
from reencodarr.library.states import State
from reencodarr.units import GIB, KIB, MIB


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (KIB, "1.0 KiB"),
        (700 * MIB, "700 MiB"),
        (1.25 * GIB, "1.2 GiB"),
        (99.96 * GIB, "100 GiB"),
        (5000 * GIB, "4.9 TiB"),
        (-3 * GIB, "-3.0 GiB"),
    ],
)
def test_sizes_are_in_binary_units(count: float, text: str) -> None:
    assert words.size(count) == text


def test_a_saving_is_bytes_and_share_and_growth_is_no_saving() -> None:
    assert words.saved(2 * GIB, GIB // 2) == "saved 1.5 GiB (75 %)"
    assert words.saved(GIB, 2 * GIB) == "grew by 1.0 GiB"
    assert words.saved(0, 0) == "saved 0 B (0 %)"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59.6, "1 min"),
        (125, "2 min 5 s"),
        (1230, "20 min"),
        (3599, "60 min"),
        (5400, "1 h 30 min"),
        (7199, "2 h 00 min"),
    ],
)
def test_durations_have_two_units(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


def test_times_are_the_viewers() -> None:
    at = datetime(2025, 11, 20, 23, 30, tzinfo=UTC)

    assert words.moment(at, ZoneInfo("Europe/Berlin")) == "21 Nov 2025, 00:30"
    assert words.day(at, ZoneInfo("America/New_York")) == "20 Nov 2025"


def test_every_state_and_reason_has_words() -> None:
    assert set(words.STATES) == set(State)
    assert all("_" not in words.reason(reason.value) for reason in LeaveReason)
    assert words.reason("a_b.mkv is cut short.") == "a_b.mkv is cut short."


def test_markup_in_a_name_is_shown_as_it_is() -> None:
    assert words.plain("a_*b*$c$:d:") == r"a\_\*b\*\$c\$\:d\:"
    assert words.plain("Über 42 ✓") == "Über 42 ✓"


def test_rates_and_pictures_read_well() -> None:
    assert (words.bitrate(6_000_000), words.bitrate(448_000)) == ("6.0 Mbit/s", "448 kbit/s")
    assert (words.picture(1920, 1080), words.picture(None, 1080)) == ("1920 × 1080", words.NOTHING)
