"""The demo's library has every kind of film, pictures that behave, and touches no folder of somebody else."""

import json
import shutil
import time
from pathlib import Path

import pytest

from reencodarr.cli import demo_films
from reencodarr.encoding import arguments
from reencodarr.encoding.plan import VideoPlan
from reencodarr.errors import MediaError, SettingsError
from reencodarr.media import mediainfo, packets
from reencodarr.media.facts import Hdr, MediaFacts, RateMode
from reencodarr.progress import Progress
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs
from reencodarr.units import MIB, Crf

HEARD: list[Progress] = []


@pytest.fixture(scope="module")
def films(ffmpeg: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("demo") / "films"
    return {path.stem: path for path in demo_films.make(folder, ffmpeg, report=HEARD.append)}


def facts(film: Path) -> MediaFacts:
    return mediainfo.read(film).facts


def test_six_films_lie_where_a_library_has_them(films: dict[str, Path]) -> None:
    assert len(films) == 6
    assert all(path.parent.name == path.stem and path.stem.endswith(")") for path in films.values())
    assert sum(path.stat().st_size for path in films.values()) < 20 * MIB


def test_nothing_but_the_films_and_the_marker_is_left(films: dict[str, Path]) -> None:
    folder = next(iter(films.values())).parents[1]

    found = {path for path in folder.rglob("*") if not path.is_dir()}

    assert found == {*films.values(), folder / demo_films.MARKER}


def test_the_films_are_old_enough_for_a_scan(films: dict[str, Path]) -> None:
    assert all(path.stat().st_mtime < time.time() - 600 for path in films.values())


def test_progress_is_told_film_by_film(films: dict[str, Path]) -> None:
    assert {one.label for one in HEARD} == set(films)
    assert all(one.fraction is not None and 0 <= one.fraction <= 1 for one in HEARD)


def test_one_film_has_all_that_may_get_lost(films: dict[str, Path]) -> None:
    found = facts(films["Northern Lights (2019)"])

    assert found.video is not None
    assert (found.container, found.video.codec, found.title) == ("matroska", "h264", "Northern Lights")
    assert [(track.codec, track.channels, track.language) for track in found.audio] == [("aac", 2, "en")]
    assert [(track.codec, track.language) for track in found.text] == [("subrip", "en"), ("subrip", "de")]
    assert (found.chapters, found.attachments) == (2, 1)


def test_one_film_is_an_mp4_with_surround_sound(films: dict[str, Path]) -> None:
    found = facts(films["Desert Road (2007)"])

    assert (found.container, [track.codec for track in found.text]) == ("mp4", ["mov_text"])
    assert [(track.codec, track.layout) for track in found.audio] == [("ac3", "L R C LFE Ls Rs")]


def test_one_film_is_hdr(films: dict[str, Path]) -> None:
    video = facts(films["High Summer (2023)"]).video

    assert video is not None
    assert (video.codec, video.bit_depth, video.hdr, video.max_cll) == ("hevc", 10, Hdr.HDR10, 1000)
    assert video.mastering_display


def test_one_film_has_a_variable_frame_rate(films: dict[str, Path]) -> None:
    index = packets.index(films["Holiday on Ice (2015)"])

    assert index.frames == 90
    assert packets.rate_mode(index) == RateMode.VARIABLE


def test_one_film_is_av1_already(films: dict[str, Path]) -> None:
    video = facts(films["Quiet Planet (2024)"]).video

    assert video is not None
    assert video.codec == "av1"


def test_one_film_is_broken(films: dict[str, Path]) -> None:
    with pytest.raises(MediaError):
        packets.index(films["Lost Reel (1998)"])


def test_films_that_are_there_are_not_made_again(films: dict[str, Path], ffmpeg: Path) -> None:
    folder = films["Lost Reel (1998)"].parents[1]
    before = {path: path.stat().st_mtime_ns for path in films.values()}

    again = demo_films.make(folder, ffmpeg)

    assert list(again) == list(films.values())
    assert {path: path.stat().st_mtime_ns for path in again} == before


def test_a_film_that_was_re_encoded_under_another_extension_is_not_made_again(
    films: dict[str, Path], ffmpeg: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "films"
    shutil.copytree(films["Lost Reel (1998)"].parents[1], folder)
    mp4 = folder / "Desert Road (2007)" / "Desert Road (2007).mp4"
    replaced = mp4.rename(mp4.with_suffix(".mkv"))

    again = demo_films.make(folder, ffmpeg)

    assert again[1] == replaced
    assert not mp4.exists()


def test_a_film_that_is_missing_is_made_again(films: dict[str, Path], ffmpeg: Path, tmp_path: Path) -> None:
    folder = tmp_path / "films"
    shutil.copytree(films["Lost Reel (1998)"].parents[1], folder)
    (folder / "Lost Reel (1998)" / "Lost Reel (1998).mp4").unlink()

    again = demo_films.make(folder, ffmpeg)

    assert again[5].exists()


def test_a_folder_of_somebody_else_is_refused_and_left_as_it_is(ffmpeg: Path, tmp_path: Path) -> None:
    (tmp_path / "Family.mkv").write_bytes(b"precious")

    with pytest.raises(SettingsError, match=r"is not empty.*not there yet"):
        demo_films.make(tmp_path, ffmpeg)

    assert [path.name for path in tmp_path.iterdir()] == ["Family.mkv"]


def test_a_file_in_the_folders_place_is_refused(ffmpeg: Path, tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("a file")

    with pytest.raises(SettingsError):
        demo_films.make(tmp_path / "demo", ffmpeg)


def score(film: Path, crf: float, ffmpeg: Path, folder: Path) -> float:
    encoder = arguments.video_encoder(VideoPlan(preset=8), Crf(crf))
    encode = [ffmpeg, *ffmpeg_tool.QUIET, "-y", "-i", film, "-map", "0:v:0", "-fps_mode", "passthrough", *encoder]
    programs.run([*encode, folder / "encoded.mkv"])
    leg = "format=yuv420p10le,scale=1920:1080:flags=bicubic,settb=1/1000,setpts=N"
    graph = f"[0:v]{leg}[d];[1:v]{leg}[r];[d][r]libvmaf=n_subsample=9:n_threads=2:log_fmt=json:log_path=vmaf.json"
    legs = [ffmpeg, *ffmpeg_tool.QUIET, "-i", folder / "encoded.mkv", "-i", film, "-filter_complex", graph]
    programs.run([*legs, "-f", "null", "-"], cwd=folder)
    return float(json.loads((folder / "vmaf.json").read_text())["pooled_metrics"]["vmaf"]["mean"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Northern Lights (2019)", "Desert Road (2007)", "High Summer (2023)"])
def test_vmaf_95_lies_at_a_crf_that_real_films_have(
    films: dict[str, Path], ffmpeg: Path, tmp_path: Path, name: str
) -> None:
    assert score(films[name], 20, ffmpeg, tmp_path) > 95
    assert score(films[name], 50, ffmpeg, tmp_path) < 95
