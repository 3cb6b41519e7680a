"""A film is opened from a file object as well as from a path, and little of it is read for that."""

from pathlib import Path

import pytest

from reencodarr.errors import DamagedSource, EmptyFile, FileUnreadable
from reencodarr.media import demuxer
from reencodarr.units import KIB, MIB
from tests.media.counting import Counting


def sizes(source: demuxer.Source) -> list[int]:
    return [packet.size for packet in source.container.demux(source.video)]


def test_a_file_object_gives_the_same_packets_as_the_file(small_film: Path) -> None:
    with demuxer.opened(small_film) as whole, demuxer.opened(Counting(small_film, most=1000), label="a.mkv") as parts:
        assert sizes(whole) == sizes(parts)
        assert whole.size == parts.size


def test_a_file_object_stays_open(small_film: Path) -> None:
    with small_film.open("rb") as file:
        for _ in range(2):
            with demuxer.opened(file, label="a.mkv") as source:
                assert source.video.width == 640

        assert not file.closed


def test_opening_and_seeking_read_little_of_a_film(bikes: Path, media: Path) -> None:
    film = Counting(media / "h264_720p24_sintel_trailer.mp4")

    with demuxer.opened(film, label="film.mp4") as source:
        source.container.seek(25_000_000)
        next(source.container.demux(source.video))

    assert film.moved < 512 * KIB
    assert (media / "h264_720p24_sintel_trailer.mp4").stat().st_size > 7 * MIB


@pytest.mark.parametrize(
    ("content", "failure"), [(b"", EmptyFile), (b"\x1aE\xdf\xa3 not a film at all", DamagedSource)]
)
def test_failures_of_a_file_object_name_the_film(content: bytes, failure: type[Exception], tmp_path: Path) -> None:
    (tmp_path / "stored").write_bytes(content)

    with (
        pytest.raises(failure, match=r"The Film\.mkv"),
        demuxer.opened(Counting(tmp_path / "stored"), label="The Film.mkv"),
    ):
        pass


def test_an_error_of_the_file_object_is_not_taken_for_a_damaged_film(small_film: Path) -> None:
    class Torn(Counting):
        def read(self, size: int = -1, /) -> bytes:
            if self.moved > 100 * KIB:
                raise FileUnreadable("the line is down")
            return super().read(size)

    with (
        pytest.raises(FileUnreadable, match="the line is down"),
        demuxer.opened(Torn(small_film), label="a.mkv") as film,
    ):
        sizes(film)
