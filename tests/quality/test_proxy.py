"""When a faster preset stands in for the film's own."""

import pytest

from reencodarr.quality import proxy
from reencodarr.quality.proxy import Proxy, Seen


def seen(*offsets: float, size: float = 0.9) -> list[Seen]:
    return [Seen(offset=offset, size=size) for offset in offsets]


def test_a_fast_preset_needs_no_proxy() -> None:
    assert proxy.of(8, seen(0.4, 0.4, 0.4, 0.4, 0.4)) is None


@pytest.mark.parametrize("films", [(), (0.4, 0.4, 0.4, 0.4), (0.1, 0.9, -0.2, 0.8, 0.3)], ids=["none", "few", "apart"])
def test_an_offset_that_is_not_known_well_only_places_the_search(films: tuple[float, ...]) -> None:
    assert proxy.of(4, seen(*films)) == Proxy(preset=8, offset=None)


def test_an_offset_that_holds_for_a_class_is_trusted() -> None:
    found = proxy.of(6, seen(0.4, 0.5, 0.3, 0.45, 0.35))

    assert found is not None
    assert found.offset == pytest.approx(0.4)
    assert found.size == pytest.approx(0.9)
