"""Films that break: each search of one ends with a failure that has a name, or an answer that can be relied on."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from reencodarr.errors import DamagedSource, MediaError, NoSpace, ProgramInterrupted, ReencodarrError
from reencodarr.media import demuxer
from reencodarr.quality import footage, windows
from reencodarr.quality.engine import SearchResult
from reencodarr.settings import Settings
from reencodarr.stages import trying
from reencodarr.stages.trying import Wish
from tests import mounts, paused
from tests.quality.conftest import Make, left_behind
from tests.quality.test_bad_films import reliable, searched


def ended(settings: Settings, film: Path) -> SearchResult | str:
    """The answer, or the words of a failure that says what is wrong with the film."""
    try:
        return searched(settings, film)
    except MediaError as error:
        return str(error)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "hevc10_1080p_hlg_dv84_vfr_rot.mp4",
        "h264_352x288_par_vfr_van.mp4",
        pytest.param("h264_1080x2280_vfr_screen.mp4", marks=pytest.mark.more),
        pytest.param("h264_2160p60_vfr_portrait.mp4", marks=pytest.mark.more),
        "vp9_540p60_bbb_vorbis51.webm",
        "vp9_161x121_bear_odd.webm",
        pytest.param("mpeg1_720x405_city_cc0.mpg", marks=pytest.mark.more),
        "mpeg2_576_dvd_menu_vobsub.vob",
        "h264_1080i25_sony_a7m3_pgs.mts",
        "h264_576p24_elephants_truncated.mkv",
    ],
)
def test_a_real_film_gets_an_answer_or_a_failure_with_a_name(name: str, media: Path, settings: Settings) -> None:
    found = ended(settings, media / name)

    assert name in found if isinstance(found, str) else reliable(found)


def damaged(film: Path, copy: Path, *, first: float, last: float) -> Path:
    """A copy whose bytes between two shares of its length are noise."""
    data = bytearray(film.read_bytes())
    start, end = int(first * len(data)), int(last * len(data))
    data[start:end] = bytes((number * 73 + 41) & 255 for number in range(end - start))
    copy.write_bytes(data)
    return copy


def test_a_film_without_its_second_half_is_named(long: Path, tmp_path: Path, settings: Settings) -> None:
    film = damaged(long, tmp_path / "damaged.mkv", first=0.5, last=1.0)

    with pytest.raises(MediaError, match=r"damaged\.mkv"):
        searched(settings, film)


@pytest.mark.parametrize("last", [0.401, 0.7], ids=["between windows", "a third of the film"])
def test_damage_that_leaves_the_windows_whole_is_left_to_the_encode(
    last: float, long: Path, tmp_path: Path, settings: Settings
) -> None:
    film = damaged(long, tmp_path / "damaged.mkv", first=0.4, last=last)

    found = ended(settings, film)

    assert "damaged.mkv" in found if isinstance(found, str) else reliable(found)


def test_a_window_of_which_no_frame_decodes_is_named(
    make: Make, long: Path, tmp_path: Path, settings: Settings
) -> None:
    whole = make("whole.mp4", "-c", "copy", source=("-i", str(long)))
    index = footage.read(whole).packets
    window = windows.pilot(index, footage.planned(index))[0]
    data = bytearray(whole.read_bytes())
    with demuxer.opened(whole) as source:
        for packet in source.container.demux(source.video):
            if packet.pts is not None and window.start_pts <= packet.pts < window.end_pts:
                data[packet.pos : packet.pos + packet.size] = b"\xff" * packet.size
    film = tmp_path / "hole.mp4"
    film.write_bytes(data)
    seconds = float((window.start_pts - index.start_time) * index.time_base)

    with pytest.raises(DamagedSource, match=rf"hole\.mp4 does not decode at {seconds:.0f} s"):
        searched(settings, film)


def test_a_film_that_breaks_off_is_named(bikes: Path, tmp_path: Path, settings: Settings) -> None:
    film = tmp_path / "cut off.mp4"
    film.write_bytes(bikes.read_bytes()[: bikes.stat().st_size // 2])

    with pytest.raises((MediaError, DamagedSource), match=r"cut off\.mp4"):
        searched(settings, film)


@pytest.mark.slow
@pytest.mark.parametrize("end", [psutil.Process.kill, psutil.Process.terminate], ids=["kill", "term"])
def test_an_ffmpeg_that_is_ended_from_outside_is_no_failure_of_the_film(
    end: Callable[[psutil.Process], None], bikes: Path, settings: Settings
) -> None:
    def wait_and_end() -> None:
        end(paused.eventually(lambda: paused.encoders(psutil.Process()))[0])

    thread = threading.Thread(target=wait_and_end, daemon=True)
    thread.start()
    with pytest.raises(ProgramInterrupted) as ended:
        searched(settings, bikes, Wish(cold=True, preset=0))
    thread.join()

    assert ended.value.transient
    assert paused.encoders(psutil.Process()) == []


def test_a_film_that_vanishes_meanwhile_is_named(bikes: Path, tmp_path: Path, settings: Settings) -> None:
    film = Path(shutil.copy(bikes, tmp_path / "going.mp4"))

    with trying.prepared(settings, film, Wish(cold=True)) as trial:
        film.unlink()
        with pytest.raises(ReencodarrError, match=r"going\.mp4"):
            trying.search(trial, on_probe=lambda _: None)

    assert left_behind(settings.scratch) == []


def test_a_full_scratch_disk_is_named(bikes: Path, settings: Settings) -> None:
    with mounts.disk(settings.scratch, "200k"), pytest.raises(NoSpace):
        searched(settings, bikes, Wish(cold=True))
