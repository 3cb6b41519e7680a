import shutil
from pathlib import Path

import pytest

from reencodarr.errors import DamagedSource
from reencodarr.media import demuxer, packets, sample_table
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs

MP4 = {".mp4", ".mov"}


def made(ffmpeg: Path, *arguments: str | Path) -> Path:
    """Run ffmpeg; its last argument is the file that it makes."""
    programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-y", *arguments])
    return Path(arguments[-1])


def both_ways(path: Path) -> tuple[packets.PacketIndex | None, packets.PacketIndex]:
    with demuxer.opened(path) as source:
        table = packets.from_table(source)
    with demuxer.opened(path) as source:
        return table, packets.from_packets(source)


def test_the_header_says_of_every_mp4_of_the_corpus_what_its_packets_say(media: Path) -> None:
    films = [path for path in sorted(media.iterdir()) if path.suffix in MP4 and not path.name.startswith("audio")]

    different = []
    for film in films:
        table, scanned = both_ways(film)
        if table != scanned:
            different.append(film.name)

    assert len(films) > 20
    assert different == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["-c", "copy", "-movflags", "faststart"],
        ["-c", "copy", "-movflags", "negative_cts_offsets"],
        ["-c", "copy", "-video_track_timescale", "90000"],
        ["-frames:v", "60", "-c:v", "libx264", "-bf", "3", "-x264-params", "open-gop=1:keyint=20"],
        ["-frames:v", "60", "-c:v", "libx264", "-bf", "0"],
        ["-ss", "2.1", "-c", "copy"],
    ],
    ids=["header first", "negative offsets", "fine clock", "open GOP", "no B-frames", "cut"],
)
def test_the_header_says_what_the_packets_say(ffmpeg: Path, bikes: Path, tmp_path: Path, arguments: list[str]) -> None:
    seek = arguments[:2] if arguments[0] == "-ss" else []
    film = made(ffmpeg, *seek, "-i", bikes, *arguments[len(seek) :], tmp_path / "film.mp4")

    table, scanned = both_ways(film)

    assert table == scanned


def test_only_a_little_of_the_film_is_read(ffmpeg: Path, bikes: Path, tmp_path: Path) -> None:
    film = made(ffmpeg, "-stream_loop", "19", "-i", bikes, "-c", "copy", tmp_path / "film.mp4")
    size = film.stat().st_size

    with demuxer.opened(film) as source:
        before = _bytes_read()
        found = packets.from_table(source)
        read = _bytes_read() - before

    assert found is not None
    assert found.frames == 5000
    assert read < size / 10


def _bytes_read() -> int:
    words = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(words["rchar"])


def test_a_header_that_contradicts_the_packets_is_not_believed(bikes: Path, tmp_path: Path) -> None:
    film = Path(shutil.copy(bikes, tmp_path / "film.mp4"))

    with demuxer.opened(film) as source:
        film_is = source.video.id
        with film.open("rb") as file:
            honest = sample_table.presentation_offsets(file, size=source.size, track=film_is, samples=250)
        assert sample_table.read(source) is not None
    assert honest is not None

    content = bytearray(film.read_bytes())
    place = content.index(b"ctts")
    # The last run of offsets loses its meaning for us: libavformat reads the table that it was given when it opened.
    runs = int.from_bytes(content[place + 8 : place + 12], "big")
    with demuxer.opened(film) as source:
        content[place + 12 + 8 * (runs - 1) + 7] ^= 0xFF
        film.write_bytes(content)
        assert sample_table.read(source) is None


def test_a_table_of_the_wrong_length_is_not_believed(bikes: Path) -> None:
    with bikes.open("rb") as file:
        size = bikes.stat().st_size

        assert sample_table.presentation_offsets(file, size=size, track=1, samples=249) is None
        assert sample_table.presentation_offsets(file, size=size, track=1, samples=251) is None
        assert sample_table.presentation_offsets(file, size=size, track=2, samples=250) is None
        assert file.tell() == 0


def test_a_film_cut_short_is_damaged_though_its_header_is_whole(ffmpeg: Path, bikes: Path, tmp_path: Path) -> None:
    film = made(ffmpeg, "-i", bikes, "-c", "copy", "-movflags", "faststart", tmp_path / "film.mp4")
    film.write_bytes(film.read_bytes()[:400_000])

    with pytest.raises(DamagedSource, match=r"cut short: \d+ of its 250 frames"):
        packets.index(film)
