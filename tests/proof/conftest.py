"""Films that several tests spoil, encoded once."""

from pathlib import Path

import pytest

from tests.proof import kit
from tests.proof.kit import Film


@pytest.fixture(scope="session")
def rich(ffmpeg: Path, media: Path, tmp_path_factory: pytest.TempPathFactory) -> Film:
    """Four audio tracks, three kinds of subtitles, a font and chapters around 3 seconds of film."""
    folder = tmp_path_factory.mktemp("rich")
    source = kit.cut(ffmpeg, media / "made_rich_480p24.mkv", folder, seconds=3)
    return kit.encoded(ffmpeg, source, folder)


@pytest.fixture(scope="session")
def small(ffmpeg: Path, small_film: Path, tmp_path_factory: pytest.TempPathFactory) -> Film:
    """The small film that is there without the corpus."""
    return kit.encoded(ffmpeg, small_film, tmp_path_factory.mktemp("small-encoded"))
