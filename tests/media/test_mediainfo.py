import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pymediainfo
import pytest

from reencodarr.errors import DamagedSource, EmptyFile, FileUnreadable, NotAVideo
from reencodarr.media import mediainfo
from reencodarr.media.facts import AudioTrack, Hdr, MediaFacts, Scan, VideoTrack
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs
from reencodarr.units import Bytes
from tests.media import corpus

_known: dict[Path, MediaFacts] = {}


def facts_of(path: Path) -> MediaFacts:
    if path not in _known:
        _known[path] = mediainfo.read(path).facts
    return _known[path]


def video_of(path: Path) -> VideoTrack:
    video = facts_of(path).video
    assert video is not None
    return video


def made(ffmpeg: Path, *arguments: str | Path) -> Path:
    """Run ffmpeg; its last argument is the file that it makes."""
    programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-y", *arguments])
    return Path(arguments[-1])


@pytest.mark.parametrize(("name", "expected"), corpus.VIDEO.items())
def test_a_real_film_has_the_facts_that_ffmpeg_and_the_manifest_tell(
    media: Path, name: str, expected: dict[str, Any]
) -> None:
    video = video_of(media / name)

    assert {field: getattr(video, field) for field in expected} == expected


@pytest.mark.parametrize(("name", "expected"), corpus.FILE.items())
def test_a_real_file_is_known_as_a_whole(media: Path, name: str, expected: dict[str, Any]) -> None:
    found = facts_of(media / name)

    assert {field: getattr(found, field) for field in expected} == expected


@pytest.mark.parametrize(("name", "expected"), corpus.AUDIO.items())
def test_real_audio_is_told_apart(media: Path, name: str, expected: list[tuple[str, int, str]]) -> None:
    tracks = facts_of(media / name).audio

    assert [(track.codec, track.channels, kind(track)) for track in tracks] == expected


def kind(track: AudioTrack) -> str:
    return " ".join(["lossless"] * track.lossless + ["objects"] * track.object_based)


@pytest.mark.parametrize(("name", "expected"), corpus.TEXT.items())
def test_real_subtitles_are_told_apart(media: Path, name: str, expected: list[str]) -> None:
    assert [track.codec for track in facts_of(media / name).text] == expected


def test_tracks_keep_language_title_and_flags(media: Path) -> None:
    found = facts_of(media / "made_rich_480p24.mkv")

    assert [(track.language, track.title, track.default) for track in found.audio] == [
        ("en", "AAC 5.1", True),
        ("en", "TrueHD 5.1", False),
        ("de", "DTS 5.1", False),
        ("fr", "E-AC-3 5.1 commentary", False),
    ]
    assert [(track.language, track.default, track.forced) for track in found.text] == [
        ("en", True, False),
        ("ja", False, True),
        ("de", False, False),
    ]


def test_every_film_of_the_corpus_agrees_with_ffmpeg(media: Path, ffmpeg: Path) -> None:
    films = [path for path in sorted(media.iterdir()) if path.suffix != ".tsv" and not path.name.startswith("audio")]

    with ThreadPoolExecutor(2) as pool:
        told = dict(zip(films, pool.map(lambda path: _ffmpeg_line(ffmpeg, path), films), strict=True))
        list(pool.map(facts_of, films))

    compared = {path.name: _disagreement(facts_of(path), line) for path, line in told.items() if line}
    assert len(compared) >= 40
    assert {name: why for name, why in compared.items() if why} == {}


def _ffmpeg_line(ffmpeg: Path, path: Path) -> str:
    """What `ffmpeg -i` says of the first video stream that is no attached picture and whose codec it knows."""
    words = subprocess.run([ffmpeg, "-hide_banner", "-i", path], capture_output=True).stderr.decode("utf-8", "replace")
    lines = [line for line in words.splitlines() if "Video: " in line and "attached pic" not in line]
    return lines[0] if lines and "Video: none" not in lines[0] else ""


def _disagreement(found: MediaFacts, line: str) -> str:
    told = re.search(r"Video: (\w+).*?, ((?:yuv|rgb)\w+)(?:\(([^)]*)\))?, (\d+)x(\d+)", line)
    video = found.video
    if told is None or video is None:
        return f"not comparable: {line}"
    codec, pixels, colours, width, height = told.groups()
    if (codec, int(width), int(height)) != (video.codec, video.width, video.height):
        return f"{video} is not {line}"
    depth = 10 if "10le" in pixels else 8
    if pixels.startswith("yuv") and (video.bit_depth, video.chroma) != (depth, _chroma(pixels)):
        return f"{video.bit_depth} {video.chroma} is not {pixels}"
    return _colour_disagreement(video, (colours or "").split(", "))


def _chroma(pixels: str) -> str:
    digits = re.search(r"4\d\d", pixels)
    return ":".join(digits[0]) if digits else ""


def _colour_disagreement(video: VideoTrack, colours: list[str]) -> str:
    colour = video.colour
    if colour.range and colours[0] in {"tv", "pc"} and colour.range != colours[0]:
        return f"range {colour.range} is not {colours[0]}"
    named = next((word for word in colours if "/" in word or word in {"bt709", "smpte170m"}), "")
    told = named.split("/") if "/" in named else [named] * 3
    ours = [colour.matrix, colour.primaries, colour.transfer]
    known = [word if word not in {"", "unknown"} else None for word in told]
    return "" if ours == known else f"{ours} is not {known}"


def test_a_file_named_av1_is_not_av1_for_that(bikes: Path, tmp_path: Path) -> None:
    film = Path(shutil.copy(bikes, tmp_path / "Film.AV1.v_av1.mp4"))

    assert mediainfo.read(film).facts.video == video_of(bikes)


def test_the_document_is_the_whole_answer(bikes: Path) -> None:
    probed = mediainfo.read(bikes)

    again = mediainfo.facts(probed.document, path=bikes, size=Bytes(bikes.stat().st_size))

    assert again == probed.facts
    assert '"Encoded_Library_Settings"' in probed.document


def test_cover_art_in_an_mp4_is_a_picture(ffmpeg: Path, bikes: Path, tmp_path: Path) -> None:
    cover = made(ffmpeg, "-i", bikes, "-frames:v", "1", tmp_path / "cover.png")
    film = made(
        ffmpeg, "-i", bikes, "-i", cover, "-map", "0:v", "-map", "1:v", "-c", "copy", "-t", "1",
        "-disposition:v:1", "attached_pic", tmp_path / "film.mp4",
    )  # fmt: skip

    found = mediainfo.read(film).facts

    assert (found.pictures, found.other_videos, video_of(film).codec) == (1, 0, "h264")


def test_a_cover_attached_to_matroska_is_a_picture_and_a_font_is_an_attachment(
    ffmpeg: Path, bikes: Path, tmp_path: Path
) -> None:
    cover = made(ffmpeg, "-i", bikes, "-frames:v", "1", tmp_path / "cover.jpg")
    font = tmp_path / "font.ttf"
    font.write_bytes(b"not really a font")
    film = made(
        ffmpeg, "-i", bikes, "-c", "copy", "-t", "1", "-attach", cover, "-metadata:s:t:0", "mimetype=image/jpeg",
        "-attach", font, "-metadata:s:t:1", "mimetype=font/ttf", tmp_path / "film.mkv",
    )  # fmt: skip

    found = mediainfo.read(film).facts

    assert (found.pictures, found.attachments, found.other_videos) == (1, 1, 0)


def test_a_picture_that_is_a_track_before_the_film_is_no_film(ffmpeg: Path, bikes: Path, tmp_path: Path) -> None:
    cover = made(ffmpeg, "-i", bikes, "-frames:v", "1", tmp_path / "cover.png")
    film = made(
        ffmpeg, "-i", bikes, "-i", cover, "-map", "1:v", "-map", "0:v", "-c", "copy", "-t", "1", tmp_path / "film.mkv"
    )

    found = mediainfo.read(film).facts

    assert (found.pictures, found.other_videos, video_of(film).codec) == (1, 0, "h264")


def test_motion_jpeg_is_a_film(ffmpeg: Path, bikes: Path, tmp_path: Path) -> None:
    film = made(ffmpeg, "-i", bikes, "-frames:v", "5", "-c:v", "mjpeg", tmp_path / "film.avi")

    assert (video_of(film).codec, facts_of(film).pictures) == ("mjpeg", 0)


def test_mbaff_is_interlaced(ffmpeg: Path, bikes: Path, tmp_path: Path) -> None:
    film = made(
        ffmpeg, "-i", bikes, "-frames:v", "10", "-c:v", "libx264", "-flags", "+ilme+ildct", tmp_path / "film.mkv"
    )

    document = mediainfo.read(film).document

    assert '"MBAFF"' in document
    assert video_of(film).scan is Scan.INTERLACED


def test_smpte_240m_is_no_hdr(ffmpeg: Path, bikes: Path, tmp_path: Path) -> None:
    names = "colorprim=smpte240m:transfer=smpte240m:colormatrix=smpte240m"
    film = made(
        ffmpeg, "-i", bikes, "-frames:v", "5", "-c:v", "libx264", "-pix_fmt", "yuv422p10le", "-x264-params", names,
        tmp_path / "film.mkv",
    )  # fmt: skip

    video = video_of(film)

    assert video.hdr is Hdr.SDR
    assert {video.colour.primaries, video.colour.transfer, video.colour.matrix} == {"smpte240m"}
    assert (video.chroma, video.bit_depth) == ("4:2:2", 10)


def test_a_lossless_cut_shows_its_edit_list(ffmpeg: Path, bikes: Path, tmp_path: Path) -> None:
    film = made(ffmpeg, "-ss", "2.1", "-i", bikes, "-c", "copy", tmp_path / "film.mp4")

    assert facts_of(film).edit_list
    assert not facts_of(bikes).edit_list


def test_a_sound_file_is_no_error(media: Path) -> None:
    assert facts_of(media / "made_audio_only_aac51.m4a").video is None


def test_a_missing_file_is_a_named_failure(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="No such file"):
        mediainfo.read(tmp_path / "gone.mkv")


def test_a_folder_named_like_a_film_is_a_named_failure(tmp_path: Path) -> None:
    (tmp_path / "x.mkv").mkdir()

    with pytest.raises(FileUnreadable, match="folder"):
        mediainfo.read(tmp_path / "x.mkv")


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.mkv")

    with pytest.raises(FileUnreadable, match="no regular file"):
        mediainfo.read(tmp_path / "x.mkv")


def test_a_forbidden_file_is_a_named_failure(bikes: Path, unprivileged_folder: Path) -> None:
    film = Path(shutil.copy(bikes, unprivileged_folder / "x.mp4"))
    film.chmod(0)

    with pytest.raises(FileUnreadable, match="Permission denied"):
        mediainfo.read(film)


def test_an_empty_file_is_a_named_failure(tmp_path: Path) -> None:
    (tmp_path / "x.mkv").touch()

    with pytest.raises(EmptyFile):
        mediainfo.read(tmp_path / "x.mkv")


@pytest.mark.parametrize(
    "content",
    [b"just words\n", b"1\n00:00:01,000 --> 00:00:02,000\nsubtitles\n", bytes(100_000)],
    ids=["text", "subtitles", "zeros"],
)
def test_what_is_no_film_is_not_a_video(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.mkv").write_bytes(content)

    with pytest.raises(NotAVideo, match="holds no film"):
        mediainfo.read(tmp_path / "x.mkv")


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif"])
def test_a_renamed_picture_is_not_a_video(ffmpeg: Path, bikes: Path, tmp_path: Path, suffix: str) -> None:
    picture = made(ffmpeg, "-i", bikes, "-frames:v", "1", tmp_path / f"x.{suffix}")

    with pytest.raises(NotAVideo, match="is a picture"):
        mediainfo.read(picture.rename(tmp_path / "x.mkv"))


def test_a_header_cut_short_is_not_a_video(bikes: Path, small_film: Path, tmp_path: Path) -> None:
    for film, length in ((bikes, 100_000), (small_film, 200)):
        (tmp_path / "x.mkv").write_bytes(film.read_bytes()[:length])

        with pytest.raises(NotAVideo, match="lists no video"):
            mediainfo.read(tmp_path / "x.mkv")


def test_a_playlist_named_like_a_film_is_not_a_video(bikes: Path, tmp_path: Path) -> None:
    (tmp_path / "x.mkv").write_text(f"#EXTM3U\n#EXTINF:10,\n{bikes}\n#EXT-X-ENDLIST\n")

    with pytest.raises(NotAVideo, match="points to other files"):
        mediainfo.read(tmp_path / "x.mkv")


def test_a_film_whose_packets_lie_in_another_file_is_not_a_video() -> None:
    document = (
        '{"media": {"track": [{"@type": "General", "Format": "QuickTime"},'
        ' {"@type": "Video", "Format": "AVC", "Width": "640", "Height": "272", "extra": {"Source": "other.mov"}}]}}'
    )

    with pytest.raises(NotAVideo, match="points to other files"):
        mediainfo.facts(document, path=Path("x.mov"), size=Bytes(1))


def test_an_answer_without_a_picture_size_is_a_damaged_source() -> None:
    document = '{"media": {"track": [{"@type": "General"}, {"@type": "Video", "Format": "AVC"}]}}'

    with pytest.raises(DamagedSource, match="picture size"):
        mediainfo.facts(document, path=Path("x.mkv"), size=Bytes(1))


def test_an_answer_that_is_no_json_is_a_damaged_source() -> None:
    with pytest.raises(DamagedSource, match="cannot be understood"):
        mediainfo.facts('{"media": {"track"', path=Path("x.mkv"), size=Bytes(1))


def test_a_file_on_which_the_library_crashes_is_a_named_failure(media: Path, tmp_path: Path) -> None:
    version = re.search(r"v(\S+)", pymediainfo.MediaInfo._get_library()[0].MediaInfo_Option(None, "Info_Version", ""))
    if version is None or version[1] != "24.12":
        pytest.skip("this file is known to crash MediaInfo 24.12 only")
    content = bytearray((media / "audio_dts_hd_ma_71.mkv").read_bytes())
    content[205_952] = 0xFF
    (tmp_path / "x.mkv").write_bytes(content)

    with pytest.raises(DamagedSource, match="crashed"):
        mediainfo.read(tmp_path / "x.mkv")


def test_several_threads_read_at_once(bikes: Path, small_film: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda path: mediainfo.read(path).facts, [bikes, small_film] * 4))

    assert found == [facts_of(bikes), facts_of(small_film)] * 4
