"""The Windows machine, made once for all tests that use it, by one module at a time."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.windows.rig import Rig


@pytest.fixture(scope="module")
def rig() -> "Iterator[Rig]":
    """The Windows machine; skips, with the reason, where it cannot be made.

    A module gives it back at its end: another of pytest's workers may wait for it.
    """
    from tests.windows import rig as rigs  # This file is also read on Windows, where a rig cannot be imported.

    try:
        with rigs.rig() as made:
            yield made
    except rigs.Unavailable as reason:
        pytest.skip(str(reason))
