"""A search in an excerpt is the search in the film: the same pictures, the same scores, the same sizes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from reencodarr.errors import DamagedSource, ExcerptUnusable
from reencodarr.media import packets
from reencodarr.progress import silent
from reencodarr.quality import cut as cuts
from reencodarr.quality import excerpt, excerpt_pack, footage, probe, windows
from reencodarr.quality.cut import Cut
from reencodarr.quality.engine import Probe
from reencodarr.quality.excerpt import Excerpt, Form
from reencodarr.quality.footage import Footage
from reencodarr.quality.native import NativeEngine
from reencodarr.quality.probe import Crew
from reencodarr.quality.sample import Film
from reencodarr.quality.windows import Window
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs
from reencodarr.units import MIB, Crf
from tests.media.counting import Counting
from tests.quality.conftest import QUICK, TARGET, Make, ordered

DEINTERLACE = ("bwdif=mode=send_frame:deint=all",)

Long = Callable[..., Path]


@dataclass(frozen=True, kw_only=True)
class Both:
    """A film, and its excerpt in place of it."""

    film: Footage
    cut: Excerpt
    parts: Footage
    plan: tuple[Window, ...]


@pytest.fixture
def long(make: Make) -> Long:
    """A film long enough to be sampled: another one over and over, its packets copied."""

    def film(source: Path, name: str, *words: str, times: int = 30) -> Path:
        looped = ("-stream_loop", str(times - 1), "-i", str(source))
        return make(name, "-c", "copy", *words, source=looped)

    return film


def both(path: Path, folder: Path, *, packed: bool = False) -> Both:
    film = footage.read(path)
    plan = footage.planned(film.packets)
    cut = excerpt.cut(path, path.name, film.packets, plan, folder)
    if packed:
        (folder / "elsewhere").mkdir()
        cut = excerpt_pack.unpack(excerpt_pack.pack(cut, folder / "packed"), folder / "elsewhere")
    return Both(film=film, cut=cut, parts=excerpt.of(cut, film.packets), plan=plan)


def pictures(ffmpeg: Path, cut: Cut, filters: tuple[str, ...] = ()) -> list[str]:
    """The MD5 of every decoded picture of a cut."""
    return decoded(ffmpeg, cut, filters)[0]


def decoded(ffmpeg: Path, cut: Cut, filters: tuple[str, ...] = ()) -> tuple[list[str], str]:
    """Pictures and ffmpeg's complaints. With many threads, so that ffmpeg reads far ahead."""
    chain = ",".join(cuts.filters(cut, filters)) or "null"
    arguments = [
        "-threads",
        str(cuts.decoder_threads(cut, 16)),
        *cuts.input_arguments(cut),
        "-map",
        f"0:{cut.stream}",
        "-vf",
        chain,
        "-fps_mode",
        "passthrough",
    ]
    done = programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-v", "error", "-copyts", *arguments, "-f", "framemd5", "-"])
    found = [line.split(",")[-1].strip() for line in done.stdout.splitlines() if not line.startswith("#")]
    # H.264 says this where decoding begins in an open GOP, in the film just as in its excerpt.
    return found, "\n".join(line for line in done.stderr.splitlines() if "mmco: unref short failure" not in line)


def wanted(film: Footage, plan: tuple[Window, ...]) -> int:
    """Bytes of the packets that must be read for the windows."""
    total = 0
    for window in plan:
        first = film.packets.pts.index(film.keyframe(window))
        total += sum(film.packets.sizes[first : window.end + footage.FRAMES_AFTER])
    return total


def assert_same_pictures(ffmpeg: Path, made: Both, *, filters: tuple[str, ...] = (), some: slice = slice(None)) -> None:
    for window in made.plan[some]:
        expected, complaints = decoded(ffmpeg, made.film.cut(window), filters)
        assert len(expected) == window.frames
        ways = [made.parts.cut(window), made.parts.cut(window, counted=True)]
        for cut in [*ways, *([] if filters else [made.parts.cut(window, alone=True)])]:
            found, more = decoded(ffmpeg, cut, filters)
            assert found == expected
            assert complaints or not more, "it read what is not there"


def variants(long: Long, make: Make, request: pytest.FixtureRequest, name: str) -> Path:
    """Films that differ in what makes cutting hard."""
    films: dict[str, Callable[[], Path]] = {
        "open gop.mkv": lambda: long(request.getfixturevalue("open_gop"), "long open.mkv"),
        "open gop.mp4": lambda: long(request.getfixturevalue("open_gop"), "long open.mp4"),
        "without cues.mkv": lambda: long(request.getfixturevalue("open_gop"), "long live.mkv", "-live", "1", times=60),
        "late.mkv": lambda: long(request.getfixturevalue("open_gop"), "late.mkv", "-output_ts_offset", "3.5"),
        "variable.mp4": lambda: long(request.getfixturevalue("variable"), "long variable.mp4"),
        "interlaced.ts": lambda: long(request.getfixturevalue("interlaced"), "long fields.ts"),
        "interlaced.mpg": lambda: long(request.getfixturevalue("interlaced"), "long fields.mpg"),
        "mpeg4.avi": lambda: long(
            make("m.avi", "-vf", "scale=320:136", "-c:v", "mpeg4", "-g", "50", "-bf", "2"), "long m.avi"
        ),
        "hevc.mp4": lambda: long(
            make("h.mp4", "-vf", "scale=320:136", "-c:v", "libx265", "-preset", "ultrafast", "-x265-params",
                 "open-gop=1:keyint=40:log-level=error"), "long h.mp4",
        ),
        "vp9.webm": lambda: long(
            make("v.webm", "-vf", "scale=320:136", "-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime",
                 "-g", "60"), "long v.webm",
        ),
    }  # fmt: skip
    return films[name]()


@pytest.mark.parametrize(
    ("name", "filters", "form"),
    [
        ("open gop.mkv", (), Form.HOLES),
        ("open gop.mp4", (), Form.HOLES),
        pytest.param("late.mkv", (), Form.HOLES, marks=pytest.mark.slow),
        pytest.param("variable.mp4", (), Form.HOLES, marks=pytest.mark.slow),
        ("hevc.mp4", (), Form.HOLES),
        ("vp9.webm", DEINTERLACE, Form.HOLES),
        ("mpeg4.avi", DEINTERLACE, Form.HOLES),
        ("interlaced.ts", DEINTERLACE, Form.SPLICED),
        pytest.param("interlaced.mpg", DEINTERLACE, Form.SPLICED, marks=pytest.mark.slow),
        ("without cues.mkv", (), Form.SPLICED),
    ],
)
def test_windows_decode_to_the_pictures_of_the_film(
    name: str, filters: tuple[str, ...], form: Form, ffmpeg: Path, long: Long, make: Make, tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    made = both(variants(long, make, request, name), tmp_path, packed=True)

    assert made.cut.form is form
    assert made.cut.held < 0.7 * made.cut.size
    assert_same_pictures(ffmpeg, made, filters=filters, some=slice(0, None, 5))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("made_h264_opengop_360p.mkv", 5),
        ("made_hevc10_hdr10_720p24.mkv", 8),
        ("h264_352x288_par_vfr_van.mp4", 4),
        ("vp8_270p_echo_hereweare.webm", 5),
        ("vp9_540p60_bbb_vorbis51.webm", 100),
        ("av1_720x1280_hdr10.mp4", 40),
        ("cinepak_240p_tree.avi", 8),
        ("made_mpeg2_480i_tff.ts", 8),
        ("mpeg1_720x405_city_cc0.mpg", 10),
    ],
)
def test_windows_of_real_films_decode_to_their_pictures(
    name: str, times: int, media: Path, ffmpeg: Path, tmp_path: Path
) -> None:
    film = tmp_path / f"long {name}"
    looped = ["-stream_loop", str(times - 1), "-i", media / name, "-map", "0", "-c", "copy"]
    programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-v", "error", *looped, film])
    made = both(film, tmp_path)

    # Without the limit on threads, and so without looking for complaints: real films give cause for them themselves.
    for window in (made.plan[0], made.plan[-1]):
        expected = pictures(ffmpeg, made.film.cut(window), DEINTERLACE)
        assert len(expected) == window.frames
        assert pictures(ffmpeg, replace(made.parts.cut(window), most_threads=None), DEINTERLACE) == expected
        counted = replace(made.parts.cut(window, counted=True), most_threads=None)
        assert pictures(ffmpeg, counted, DEINTERLACE) == expected


@pytest.mark.parametrize("name", ["open gop.mkv", "interlaced.ts"])
def test_a_search_gives_the_same_scores_and_sizes(
    name: str, ffmpeg: Path, long: Long, make: Make, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    made = both(variants(long, make, request, name), tmp_path)

    def probed(source: Footage) -> Probe:
        film = Film(footage=source, windows=made.plan[::4], video=QUICK, target=TARGET)
        crew = Crew(ffmpeg=ffmpeg, folder=tmp_path, workers=2)
        return probe.run(film, Crf(40.0), expected=None, crew=crew, tick=lambda _: None)

    film, parts = (replace(probed(source), seconds=0.0, cpu_seconds=0.0) for source in (made.film, made.parts))

    assert parts == film
    assert len(parts.windows) == 2


def test_the_engine_searches_an_excerpt_and_never_opens_the_film(
    ffmpeg: Path, long: Long, short: Path, tmp_path: Path
) -> None:
    made = both(long(short, "long short.mkv"), tmp_path)
    order = replace(
        ordered(made.cut.path, mean=90.0, lowest_mean=85.0, tolerance=5.0), footage=made.parts, label="The Film.mkv"
    )
    engine = NativeEngine(ffmpeg=ffmpeg, workers=2)
    probes: list[Probe] = []

    def first(found: Probe) -> None:
        probes.append(found)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.search(order, scratch=tmp_path, on_probe=first, report=silent)

    pilot = windows.pilot(made.film.packets, made.plan)
    assert [window.start_pts for window in probes[0].windows] == [window.start_pts for window in pilot]


@pytest.mark.parametrize("name", ["bikes.mkv", "bikes.mp4"])
def test_little_more_than_the_windows_moves(name: str, bikes: Path, long: Long, tmp_path: Path) -> None:
    path = long(bikes, f"very long {name}")
    film = footage.read(path)
    plan = footage.planned(film.packets)
    source = Counting(path)
    foretold: list[tuple[int, int]] = []

    made = excerpt.cut(source, name, film.packets, plan, tmp_path, expect=foretold.extend)

    assert made.form is Form.HOLES
    assert source.moved < wanted(film, plan) + 2 * MIB
    assert source.moved < 0.3 * path.stat().st_size
    assert len(foretold) == len(plan)
    held = sum(max(0, min(end, until) - max(start, begin)) for start, end in foretold for begin, until in made.ranges)
    assert held > 0.7 * sum(end - start for start, end in foretold)


def test_a_short_film_is_copied_whole(ffmpeg: Path, short: Path, tmp_path: Path) -> None:
    made = both(short, tmp_path, packed=True)

    assert made.cut.form is Form.WHOLE
    assert made.cut.path.read_bytes() == short.read_bytes()
    assert pictures(ffmpeg, made.parts.cut(None)) == pictures(ffmpeg, made.film.cut(None))


def test_a_container_without_index_or_times_is_a_named_failure(long: Long, short: Path, tmp_path: Path) -> None:
    path = long(short, "long.flv")
    index = packets.index(path)

    with pytest.raises(ExcerptUnusable, match=r"The Film.*flv.*whole"):
        excerpt.cut(path, "The Film.flv", index, footage.planned(index), tmp_path)


def test_a_film_that_is_not_the_one_of_the_index_is_a_named_failure(
    long: Long, open_gop: Path, bikes: Path, tmp_path: Path
) -> None:
    film, other = long(open_gop, "long open.mkv"), long(bikes, "other.mkv")
    index = packets.index(film)

    with pytest.raises(ExcerptUnusable, match="not where its index has them"):
        excerpt.cut(other, "film.mkv", index, footage.planned(index), tmp_path)


def test_other_windows_than_those_it_was_cut_for_are_refused(long: Long, open_gop: Path, tmp_path: Path) -> None:
    made = both(long(open_gop, "long open.mkv"), tmp_path)

    for window in (None, replace(made.plan[0], first=made.plan[0].first + 1)):
        with pytest.raises(ExcerptUnusable, match="other windows"):
            made.parts.cut(window)


def test_a_broken_excerpt_is_told_by_the_films_name(ffmpeg: Path, long: Long, open_gop: Path, tmp_path: Path) -> None:
    made = both(long(open_gop, "long open.mkv"), tmp_path)
    content = bytearray(made.cut.path.read_bytes())
    for start, end in made.cut.ranges[2:]:
        content[start:end] = bytes(end - start)
    made.cut.path.write_bytes(content)
    film = Film(footage=made.parts, windows=made.plan, video=QUICK, target=TARGET)
    crew = Crew(ffmpeg=ffmpeg, folder=tmp_path, workers=2)

    with pytest.raises(DamagedSource, match=r"^long open\.mkv does not decode"):
        probe.run(film, Crf(50.0), expected=None, crew=crew, tick=lambda _: None)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b'"version":1', b'"version":9', 1),
        lambda data: data.replace(b'"form":"holes"', b'"form":"whole"', 1),
        lambda data: b"no tar at all",
        lambda data: b"",
    ],
)
def test_a_packed_excerpt_that_is_damaged_is_a_named_failure(
    spoil: Callable[[bytes], bytes], long: Long, open_gop: Path, tmp_path: Path
) -> None:
    packed = excerpt_pack.pack(both(long(open_gop, "long open.mkv"), tmp_path).cut, tmp_path / "packed")
    packed.write_bytes(spoil(packed.read_bytes()))
    (tmp_path / "elsewhere").mkdir()

    with pytest.raises(ExcerptUnusable, match="packed cannot be read"):
        excerpt_pack.unpack(packed, tmp_path / "elsewhere")
