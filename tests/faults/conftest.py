"""A site for each module, and a worker that lives for as long; faults happen to them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import rig as rigs
from tests.faults.rig import Member, Rig


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, ffmpeg: Path, fast_policy: Path) -> Iterator[Rig]:
    with rigs.running(tmp_path_factory.mktemp("site"), ffmpeg, fast_policy) as running:
        yield running


@pytest.fixture(scope="module")
def far(rig: Rig) -> Iterator[Member]:
    """A worker on another machine, for tests that leave it alive."""
    with rig.worker("far") as member:
        yield member


@pytest.fixture(autouse=True)
def _anew(request: pytest.FixtureRequest) -> None:
    if "rig" in request.fixturenames:
        request.getfixturevalue("rig").start_anew()
