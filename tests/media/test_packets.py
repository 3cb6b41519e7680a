import os
import shutil
from array import array
from bisect import bisect_right
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.errors import DamagedSource, EmptyFile, FileUnreadable, NotAVideo
from reencodarr.media import demuxer, packets
from reencodarr.media.facts import RateMode
from reencodarr.media.packets import PacketIndex
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs

MILLISECONDS = Fraction(1, 1000)

# (frames, keyframes, seconds, rate mode), compared with ffmpeg's own packets (`-c copy -f framecrc`).
CORPUS: dict[str, tuple[int, int, float, RateMode]] = {
    "av1_2160p_dv10.mp4": (119, 4, 3.966, RateMode.CONSTANT),  # one of 120 is discarded by its edit list
    "h264_1080i25_sony_a7m3_pgs.mts": (26, 1, 0.52, RateMode.CONSTANT),  # fields
    "h264_1080x2280_vfr_screen.mp4": (190, 1, 8.379, RateMode.VARIABLE),
    "h264_1280x544_vfr_film.mp4": (160, 3, 10.01, RateMode.VARIABLE),
    "h264_352x288_par_vfr_van.mp4": (712, 3, 28.44, RateMode.VARIABLE),
    "h264_720p24_sintel_trailer.mp4": (1253, 9, 52.208, RateMode.CONSTANT),
    "made_h264_opengop_360p.mkv": (576, 15, 23.999, RateMode.CONSTANT),
    "made_h264_vfr_drop3.mp4": (400, 3, 20.0, RateMode.VARIABLE),
    "made_mpeg2_480i_tff.ts": (360, 25, 12.012, RateMode.CONSTANT),
    "mpeg1_720x405_city_cc0.mpg": (190, 17, 7.6, RateMode.CONSTANT),
    "mpeg2_576_dvd_menu_vobsub.vob": (1, 1, 0.04, RateMode.UNKNOWN),
    "msmpeg4_576p10_vtest.avi": (795, 4, 79.5, RateMode.CONSTANT),
    "vp8_270p_echo_hereweare.webm": (836, 123, 44.566, RateMode.VARIABLE),  # MediaInfo: constant
    "vp9_320x240_movie300.webm": (7200, 60, 299.999, RateMode.CONSTANT),
}


def made(ffmpeg: Path, *arguments: str | Path) -> Path:
    """Run ffmpeg; its last argument is the file that it makes."""
    programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-y", *arguments])
    return Path(arguments[-1])


def spaced(times: list[int], time_base: Fraction = MILLISECONDS) -> PacketIndex:
    """An index of frames at these times."""
    return PacketIndex(
        stream=0,
        time_base=time_base,
        start_time=times[0] if times else 0,
        end_time=times[-1] + 1 if times else 0,
        pts=times,
        sizes=[1] * len(times),
        keyframes=times[::10],
    )


@pytest.mark.parametrize(("name", "expected"), CORPUS.items())
def test_a_real_film_has_the_packets_that_ffmpeg_copies(
    media: Path, name: str, expected: tuple[int, int, float, RateMode]
) -> None:
    found = packets.index(media / name)

    facts = (found.frames, len(found.keyframes), round(packets.duration(found), 3), packets.rate_mode(found))
    assert facts == expected


@pytest.mark.parametrize("name", ["made_h264_opengop_360p.mkv", "made_h264_vfr_drop3.mp4", "made_mpeg2_480i_tff.ts"])
def test_times_and_sizes_are_those_that_ffmpeg_copies(media: Path, ffmpeg: Path, name: str) -> None:
    arguments = ["-copyts", "-i", media / name, "-map", "0:v:0", "-c", "copy", "-copyts", "-f", "framecrc", "-"]
    lines = programs.run([ffmpeg, *ffmpeg_tool.QUIET, *arguments]).stdout.splitlines()
    rows = [[column.strip() for column in line.split(",")] for line in lines if not line.startswith("#")]

    found = packets.index(media / name)

    assert list(zip(found.pts, found.sizes, strict=True)) == sorted((int(row[2]), int(row[4])) for row in rows)


def test_a_real_clip_is_indexed_in_the_order_of_presentation(bikes: Path) -> None:
    found = packets.index(bikes)

    assert (found.stream, found.time_base, found.frames) == (0, Fraction(1, 12800), 250)
    assert list(found.pts) == list(range(0, 128_000, 512))
    assert found.keyframes[0] == found.start_time == 0
    assert found.end_time == 128_000
    assert packets.mean_rate(found) == 25


def test_an_attached_picture_before_the_film_is_skipped(ffmpeg: Path, bikes: Path, tmp_path: Path) -> None:
    cover = made(ffmpeg, "-i", bikes, "-frames:v", "1", tmp_path / "cover.png")
    film = made(
        ffmpeg, "-i", bikes, "-i", cover, "-map", "1:v", "-map", "0:v", "-c", "copy", "-t", "1", tmp_path / "film.mkv"
    )

    found = packets.index(film)

    assert found.stream == 1
    assert found.frames > 20


def test_mp4_in_fragments_is_demuxed(ffmpeg: Path, bikes: Path, tmp_path: Path) -> None:
    film = made(
        ffmpeg, "-i", bikes, "-c", "copy", "-movflags", "frag_keyframe+empty_moov", tmp_path / "film.mp4"
    )  # fmt: skip

    with demuxer.opened(film) as source:
        assert packets.from_table(source) is None
    assert packets.index(film).frames == 250


def test_b_frames_in_avi_get_times(ffmpeg: Path, bikes: Path, tmp_path: Path) -> None:
    film = made(ffmpeg, "-i", bikes, "-frames:v", "30", "-c:v", "mpeg4", "-bf", "2", tmp_path / "film.avi")

    found = packets.index(film)

    assert [pts - found.start_time for pts in found.pts] == list(range(30))


def test_a_stream_without_times_is_a_named_failure(ffmpeg: Path, bikes: Path, tmp_path: Path) -> None:
    film = made(ffmpeg, "-i", bikes, "-c", "copy", "-f", "h264", tmp_path / "film.h264")

    with pytest.raises(DamagedSource, match=r"250 video packets of .* carry no time"):
        packets.index(film)


def test_a_film_that_ends_long_before_its_header_says_is_damaged(media: Path) -> None:
    with pytest.raises(DamagedSource, match=r"after 72 frames \(4.0 s\): its header promises 37.0 s"):
        packets.index(media / "h264_576p24_elephants_truncated.mkv")


def test_sound_that_outlasts_the_picture_is_no_damage(ffmpeg: Path, bikes: Path, tmp_path: Path) -> None:
    film = made(
        ffmpeg, "-i", bikes, "-f", "lavfi", "-i", "sine=duration=30", "-map", "0", "-map", "1", "-c:v", "copy",
        tmp_path / "film.mkv",
    )  # fmt: skip

    assert packets.index(film).frames == 250


@pytest.mark.parametrize("content", [b"just words\n" * 100, bytes(100_000)], ids=["text", "zeros"])
def test_what_is_no_film_is_damaged(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.mkv").write_bytes(content)

    with pytest.raises(DamagedSource, match="cannot be read as a film"):
        packets.index(tmp_path / "x.mkv")


@pytest.mark.parametrize(
    "playlist", ["#EXTM3U\n#EXTINF:10,\nfilm.ts\n#EXT-X-ENDLIST\n", "ffconcat version 1.0\nfile 'film.ts'\n"]
)
def test_a_playlist_opens_no_other_file(
    bikes: Path, ffmpeg: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, playlist: str
) -> None:
    made(ffmpeg, "-i", bikes, "-c", "copy", tmp_path / "film.ts")
    monkeypatch.chdir(tmp_path)
    Path("x.mkv").write_text(playlist)

    with pytest.raises(DamagedSource, match="cannot be read as a film"):
        packets.index(Path("x.mkv"))


def test_sound_alone_is_not_a_video(media: Path) -> None:
    for name in ("made_audio_only_aac51.m4a", "audio_with_cover.mp3", "audio_flac_cover.flac"):
        with pytest.raises(NotAVideo):
            packets.index(media / name)


def test_a_forbidden_file_is_a_named_failure(bikes: Path, unprivileged_folder: Path) -> None:
    film = Path(shutil.copy(bikes, unprivileged_folder / "x.mp4"))
    film.chmod(0)

    with pytest.raises(FileUnreadable, match="Permission denied"):
        packets.index(film)


def test_what_is_no_file_with_content_is_a_named_failure(tmp_path: Path) -> None:
    (tmp_path / "empty.mkv").touch()
    os.mkfifo(tmp_path / "pipe.mkv")

    with pytest.raises(EmptyFile):
        packets.index(tmp_path / "empty.mkv")
    with pytest.raises(FileUnreadable, match="No such file"):
        packets.index(tmp_path / "gone.mkv")
    for name in ("pipe.mkv", "."):
        with pytest.raises(FileUnreadable, match="no regular file"):
            packets.index(tmp_path / name)


RATES = st.sampled_from(
    [Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(50), 60, 120]
)


@given(rate=RATES, frames=st.integers(2, 400), start=st.integers(0, 10**9))
def test_even_frames_are_constant_however_matroska_rounds_them(rate: Fraction, frames: int, start: int) -> None:
    times = [start + round(number * 1000 / rate) for number in range(frames)]

    assert packets.rate_mode(spaced(times)) is RateMode.CONSTANT


@given(rate=RATES, frames=st.integers(60, 400), every=st.integers(3, 15))
def test_dropped_frames_make_a_rate_variable(rate: Fraction, frames: int, every: int) -> None:
    times = [round(number * 1000 / rate) for number in range(frames) if number % every]

    assert packets.rate_mode(spaced(times)) is RateMode.VARIABLE


def test_two_irregular_gaps_of_a_hundred_are_constant_and_three_are_variable() -> None:
    def with_gaps(irregular: int) -> PacketIndex:
        gaps = [40] * (100 - irregular) + [80] * irregular
        return spaced([sum(gaps[:number]) for number in range(101)])

    assert packets.rate_mode(with_gaps(2)) is RateMode.CONSTANT
    assert packets.rate_mode(with_gaps(3)) is RateMode.VARIABLE


def test_one_frame_has_no_rate() -> None:
    alone = spaced([7])

    assert packets.rate_mode(alone) is RateMode.UNKNOWN
    assert packets.mean_rate(alone) is None


@given(keyframes=st.lists(st.integers(0, 1000), min_size=1, unique=True).map(sorted), pts=st.integers(0, 1100))
def test_the_keyframe_before_is_the_last_that_is_not_later(keyframes: list[int], pts: int) -> None:
    film = PacketIndex(
        stream=0, time_base=MILLISECONDS, start_time=0, end_time=1101, pts=[], sizes=[], keyframes=array("q", keyframes)
    )

    before = [key for key in keyframes if key <= pts]

    assert packets.keyframe_before(film, pts) == (before[-1] if before else 0)
    assert bisect_right(keyframes, pts) == len(before)
