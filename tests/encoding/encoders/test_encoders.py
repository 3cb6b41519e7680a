"""What both encoders promise, asked of both: frames, times, colours, parameters, failures, and that one film is one."""

import dataclasses
import itertools
import shutil
import signal
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import psutil
import pytest
from av.sidedata.sidedata import SideData, Type

from reencodarr.encoding import complaints
from reencodarr.encoding.encoders import choice
from reencodarr.encoding.encoders.encoder import Clip, Encoder
from reencodarr.encoding.encoders.ffmpeg import Ffmpeg
from reencodarr.encoding.encoders.pyav import Pyav
from reencodarr.encoding.plan import VideoPlan
from reencodarr.errors import NoSpace, ProgramFailed, ProgramInterrupted
from reencodarr.media import demuxer, packets
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs
from reencodarr.units import Crf
from tests.proof import kit

QUICK = VideoPlan(preset=12)
HDR = "mastering-display=G(0.265,0.69)B(0.15,0.06)R(0.68,0.32)WP(0.3127,0.329)L(1000,0.005):content-light=1000,400"
Make = Callable[..., Path]


@pytest.fixture(params=["ffmpeg", "pyav"])
def encoder(request: pytest.FixtureRequest, ffmpeg: Path) -> Encoder:
    return Ffmpeg(program=ffmpeg) if request.param == "ffmpeg" else Pyav(program=ffmpeg)


@pytest.fixture(scope="module")
def make(ffmpeg: Path, bikes: Path, tmp_path_factory: pytest.TempPathFactory) -> Make:
    folder = tmp_path_factory.mktemp("clips")

    def film(name: str, *words: str) -> Path:
        path = folder / name
        if not path.exists():
            small = ["-i", str(bikes), "-frames:v", "30", "-an"]
            programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-v", "error", "-y", *small, *words, path])
        return path

    return film


@pytest.fixture(scope="module")
def plain(make: Make) -> Path:
    return make("plain.mkv", "-vf", "scale=320:136", "-c:v", "libx264", "-crf", "10")


@pytest.fixture(scope="module")
def interlaced(make: Make) -> Path:
    codec = ("-c:v", "mpeg2video", "-qscale:v", "3", "-flags", "+ildct+ilme", "-g", "12", "-bf", "2")
    return make("fields.ts", "-vf", "scale=320:136,tinterlace=interleave_top", *codec, "-muxdelay", "0.7")


@pytest.fixture(scope="module")
def hdr(make: Make) -> Path:
    """AV1 with all that HDR10 states, in shapes that are not square."""
    colours = "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc:range=tv,setsar=4/3"
    svt = ("-c:v", "libsvtav1", "-preset", "12", "-pix_fmt", "yuv420p10le", "-svtav1-params", HDR)
    return make("hdr.mp4", "-vf", f"scale=320:136,{colours}", "-chroma_sample_location", "topleft", *svt)


def clip(source: Path, *, plan: VideoPlan = QUICK, crf: float = 40.0, filters: tuple[str, ...] = ()) -> Clip:
    with demuxer.opened(source) as opened:
        base, index = opened.video.time_base, opened.video.index
    return Clip(
        opened=("-xerror", "-i", source),
        stream=f"0:{index}",
        time_base=Fraction(base or 0),
        filters=filters,
        video=plan,
        crf=Crf(crf),
        threads=2,
        about=source,
    )


def ignored(_line: str) -> None:
    pass


def encoded(encoder: Encoder, wanted: Clip, folder: Path, *, name: str = "result.mkv") -> Path:
    result = folder / name
    encoder.clip(wanted, result, on_line=ignored)
    return result


def seconds(path: Path) -> list[Fraction]:
    index = packets.index(path)
    return [pts * index.time_base for pts in index.pts]


def stated(path: Path) -> dict[str, object]:
    """What a decoder and the container say of the first picture."""
    with demuxer.opened(path) as source:
        header = source.video.codec_context
        frame = next(source.container.decode(source.video))
        sides = {side.type: bytes(side) for side in cast("list[SideData]", frame.side_data)}
        return {
            "shape": (frame.width, frame.height, frame.format.name, source.video.sample_aspect_ratio),
            "frame": (frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range),
            "container": (header.color_primaries, header.color_trc, header.colorspace, header.color_range),
            "rate": source.video.average_rate,
            "mastering": sides.get(Type.MASTERING_DISPLAY_METADATA),
            "light": sides.get(Type.CONTENT_LIGHT_LEVEL),
        }


def keyframes(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        shown = [packet.is_keyframe for packet in container.demux(video=0) if packet.size]
    return [number for number, key in enumerate(shown) if key]


def test_every_frame_comes_once_and_at_its_time(encoder: Encoder, plain: Path, tmp_path: Path) -> None:
    result = encoded(encoder, clip(plain), tmp_path)

    assert seconds(result) == seconds(plain)
    assert stated(result)["shape"] == (320, 136, "yuv420p10le", stated(plain)["shape"][3])  # type: ignore[index]


def test_uneven_times_stay(encoder: Encoder, make: Make, tmp_path: Path) -> None:
    kept = "scale=320:136,select='not(eq(mod(n,3),2))'"
    uneven = make("uneven.mkv", "-vf", kept, "-fps_mode", "passthrough", "-c:v", "libx264")

    result = encoded(encoder, clip(uneven), tmp_path)

    times = seconds(result)
    assert times == seconds(uneven)
    assert len({after - before for before, after in itertools.pairwise(times)}) == 2


def test_times_below_zero_become_what_ffmpeg_makes_of_them(ffmpeg: Path, make: Make, tmp_path: Path) -> None:
    film = make("early.mp4", "-vf", "scale=320:136", "-c:v", "libx264")
    early = clip(film, filters=("setpts=PTS-1792",))  # three frames and a half

    own, other = (seconds(encoded(one, early, tmp_path)) for one in (Ffmpeg(program=ffmpeg), Pyav(program=ffmpeg)))

    assert own == other
    assert [after - before for before, after in itertools.pairwise(other)] == [Fraction(1, 25)] * 29


def test_filters_are_applied_before_the_encode(encoder: Encoder, interlaced: Path, tmp_path: Path) -> None:
    smooth = ("bwdif=mode=send_frame:deint=all", "scale=160:68:flags=lanczos")

    result = encoded(encoder, clip(interlaced, filters=smooth), tmp_path)

    milliseconds = [round(1000 * time) for time in seconds(interlaced)]
    assert [round(1000 * time) for time in seconds(result)] == milliseconds
    assert stated(result)["shape"][:2] == (160, 68)  # type: ignore[index]


def test_colours_shape_rate_and_hdr_data_are_the_sources(encoder: Encoder, hdr: Path, tmp_path: Path) -> None:
    result = encoded(encoder, clip(hdr), tmp_path)

    before, after = stated(hdr), stated(result)
    assert after == before
    assert before["frame"] == before["container"] == (9, 16, 9, 1)
    assert before["mastering"]
    assert before["light"]


def test_both_state_the_same_of_every_kind_of_film(ffmpeg: Path, hdr: Path, interlaced: Path, tmp_path: Path) -> None:
    for source in (hdr, interlaced):
        own, other = (
            programs.run([ffmpeg, "-hide_banner", "-i", encoded(one, clip(source), tmp_path), "-f", "null", "-"]).stderr
            for one in (Ffmpeg(program=ffmpeg), Pyav(program=ffmpeg))
        )

        of_video = [next(line for line in told.splitlines() if "Video: av1" in line) for told in (own, other)]
        assert of_video[0].removesuffix(" (default)") == of_video[1].removesuffix(" (default)")


def test_quarter_steps_of_crf_are_real(encoder: Encoder, plain: Path, tmp_path: Path) -> None:
    sizes = [encoded(encoder, clip(plain, crf=crf), tmp_path).stat().st_size for crf in (30, 30.25, 30.5)]

    assert sizes == sorted(set(sizes), reverse=True)


def test_the_plan_reaches_svt_av1(encoder: Encoder, plain: Path, tmp_path: Path) -> None:
    often = dataclasses.replace(QUICK, keyframe_interval=10)
    grainy = dataclasses.replace(QUICK, svt_parameters=(("tune", "0"), ("film-grain", "10")))
    slow = dataclasses.replace(QUICK, preset=8)

    results = [
        encoded(encoder, clip(plain, plan=plan), tmp_path, name=f"{number}.mkv")
        for number, plan in enumerate((QUICK, often, grainy, slow))
    ]

    assert keyframes(results[0]) == [0]
    assert keyframes(results[1]) == [0, 10, 20]
    assert len({path.stat().st_size for path in results}) == 4


def test_the_same_order_gives_the_same_bytes(encoder: Encoder, plain: Path, tmp_path: Path) -> None:
    packed = [encoded(encoder, clip(plain), tmp_path, name=f"{number}.mkv") for number in range(2)]
    one = dataclasses.replace(clip(plain), threads=1)
    packed.append(encoded(encoder, one, tmp_path, name="one thread.mkv"))

    contents = []
    for path in packed:
        with av.open(str(path)) as container:
            contents.append([bytes(packet) for packet in container.demux(video=0)])
    assert contents[0] == contents[1] == contents[2]


def test_both_give_about_the_same(ffmpeg: Path, plain: Path, tmp_path: Path) -> None:
    own, other = (
        encoded(one, clip(plain), tmp_path).stat().st_size for one in (Ffmpeg(program=ffmpeg), Pyav(program=ffmpeg))
    )

    assert other == pytest.approx(own, rel=0.15)


def test_progress_is_told_as_ffmpeg_tells_it(encoder: Encoder, plain: Path, tmp_path: Path) -> None:
    heard: list[str] = []

    done = encoder.clip(clip(plain), tmp_path / "result.mkv", on_line=heard.append)

    assert "frame=30" in [line.replace(" ", "") for line in heard]
    assert heard[-1] == "progress=end"
    assert done.cpu > 0
    assert done.peak_memory > 0


def test_a_damaged_source_is_told_on_standard_error(encoder: Encoder, plain: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.mkv"
    content = bytearray(plain.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 3000] = bytes(3000)
    damaged.write_bytes(content)

    try:
        words = encoder.clip(
            dataclasses.replace(clip(plain), opened=("-xerror", "-i", damaged)), tmp_path / "r.mkv", on_line=ignored
        ).stderr
    except ProgramFailed as failed:  # Not always: one run in six of this ffmpeg ends with exit code 0 (measured).
        words = failed.stderr

    assert complaints.about_source(words, decoders=("h264",))


def test_what_a_line_handler_raises_ends_everything(encoder: Encoder, bikes: Path, tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def stop(line: str) -> None:
        if line.startswith("frame") and line.partition("=")[2].strip() != "0":
            raise Enough

    with pytest.raises(Enough):
        encoder.clip(clip(bikes, filters=("realtime=speed=3",)), tmp_path / "r.mkv", on_line=stop)

    assert [child for child in psutil.Process().children(recursive=True) if "ffmpeg" in child.name()] == []


def test_a_decoder_that_is_killed_is_an_interruption(encoder: Encoder, bikes: Path, tmp_path: Path) -> None:
    def kill(line: str) -> None:
        if line.startswith("frame") and line.partition("=")[2].strip() != "0":
            for child in psutil.Process().children(recursive=True):
                if "ffmpeg" in child.name():
                    child.send_signal(signal.SIGKILL)

    with pytest.raises(ProgramInterrupted, match="SIGKILL"):
        encoder.clip(clip(bikes, filters=("realtime=speed=3",)), tmp_path / "r.mkv", on_line=kill)


def test_a_full_disk_is_named(encoder: Encoder, bikes: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        programs.run(["mount", "-t", "tmpfs", "-o", "size=300k", "none", disk])
    except Exception:  # noqa: BLE001 - whatever mount says, there is no small disk here
        pytest.skip("only root may mount a disk that is small enough to fill")
    try:
        with pytest.raises(NoSpace):
            encoder.clip(clip(bikes, crf=10.0), disk / "r.mkv", on_line=ignored)
    finally:
        programs.run(["umount", disk])


def test_the_encoder_is_chosen_by_what_ffmpeg_has(ffmpeg: Path, poor_ffmpeg: Path) -> None:
    assert choice.encoder(ffmpeg) == Ffmpeg(program=ffmpeg)
    assert choice.encoder(poor_ffmpeg) == Pyav(program=poor_ffmpeg)


@pytest.mark.parametrize("name", ["hdr", "interlaced", "plain"])
def test_a_film_that_pyav_encoded_is_proven(
    name: str, poor_ffmpeg: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    source: Path = request.getfixturevalue(name)

    film = kit.encoded(poor_ffmpeg, source, tmp_path)

    assert kit.proof(poor_ffmpeg, film).differences == ()
    assert "+svtav1-pyav-" in film.result.build
    assert sorted(tmp_path.iterdir()) == [film.result.path]


@pytest.mark.parametrize("name", ["small.mkv", "small.mp4"])
def test_all_tracks_of_a_film_come_along(
    name: str, poor_ffmpeg: Path, small_film: Path, ffmpeg: Path, tmp_path: Path
) -> None:
    source = Path(shutil.copy(small_film, tmp_path / "small.mkv"))
    if name.endswith("mp4"):
        named = ["-metadata:s:v:0", "language=swe", "-disposition:v:0", "default+original", "-c:s", "mov_text"]
        source = tmp_path / name
        programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-i", small_film, "-map", "0", "-c", "copy", *named, source])
    folder = tmp_path / "scratch"
    folder.mkdir()

    film = kit.encoded(poor_ffmpeg, source, folder)

    assert film.result.path.suffix == Path(name).suffix
    assert list(folder.iterdir()) == [film.result.path]
    assert kit.proof(poor_ffmpeg, film).differences == ()
