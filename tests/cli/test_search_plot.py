"""A plot that cannot be drawn is refused before hours go into it."""

import sys
from pathlib import Path

import pytest

from reencodarr.cli import search_plot
from reencodarr.errors import ProgramMissing, SettingsError


@pytest.mark.parametrize("plot", ["curve.jpg", "none/curve.svg", "folder.svg"])
def test_a_plot_that_cannot_be_drawn_is_refused_before_the_search(tmp_path: Path, plot: str) -> None:
    (tmp_path / "folder.svg").mkdir()

    with pytest.raises(SettingsError, match="Name"):
        search_plot.require_drawable(tmp_path / plot)


def test_a_plot_without_its_package_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)

    with pytest.raises(ProgramMissing, match=r"pip install 'reencodarr\[plot\]'"):
        search_plot.require_drawable(tmp_path / "curve.svg")
