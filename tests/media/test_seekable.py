"""Which films can be opened in their middle without reading up to there."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reencodarr.media import seekable
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs
from reencodarr.units import KIB
from tests.media.counting import Counting

Remux = Callable[..., Path]


@pytest.fixture
def remux(ffmpeg: Path, bikes: Path, tmp_path: Path) -> Remux:
    """`bikes` five times over in another container: 50 s."""

    def made(name: str, *words: str) -> Path:
        looped = ["-stream_loop", "4", "-i", bikes]
        programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-v", "error", *looped, "-c", "copy", *words, tmp_path / name])
        return tmp_path / name

    return made


@pytest.mark.parametrize(
    ("name", "words", "indexed"),
    [
        ("end.mkv", (), True),
        ("front.mkv", ("-cues_to_front", "1"), True),
        ("reserved.mkv", ("-reserve_index_space", "20000"), True),
        ("live.mkv", ("-live", "1"), False),
        ("end.mp4", (), True),
        ("front.mp4", ("-movflags", "+faststart"), True),
        ("film.mov", (), True),
        ("fragments.mp4", ("-movflags", "+frag_keyframe+empty_moov"), False),
        ("film.avi", (), True),
        ("film.ts", (), False),
        ("film.flv", (), False),
    ],
)
def test_an_index_is_told_from_none(name: str, words: tuple[str, ...], indexed: bool, remux: Remux) -> None:
    film = Counting(remux(name, *words), most=700)

    assert seekable.has_index(film, label=name) is indexed
    assert film.moved < 700 * KIB


def test_a_matroska_that_was_cut_off_has_no_cues(remux: Remux) -> None:
    film = remux("film.mkv")
    film.write_bytes(film.read_bytes()[: film.stat().st_size * 2 // 3])

    assert not seekable.has_index(film)


def test_an_avi_that_was_cut_off_has_no_index(remux: Remux) -> None:
    film = remux("film.avi")
    content = film.read_bytes()
    film.write_bytes(content[: content.rindex(b"idx1")])

    assert not seekable.has_index(film)


def test_real_webms_have_cues(media: Path) -> None:
    assert seekable.has_index(media / "vp8_270p_echo_hereweare.webm")
    assert seekable.has_index(media / "vp9_320x240_movie300.webm")
