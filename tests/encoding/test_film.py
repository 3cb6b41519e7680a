"""The arguments of a whole film; that ffmpeg does with them what it should, the tests of the proof show."""

import dataclasses
import itertools
from pathlib import Path

from reencodarr.encoding import film
from reencodarr.encoding.film import Found, Picture
from reencodarr.encoding.plan import AudioAction, AudioPlan, EncodePlan, QualityTarget, TextAction, TextPlan, VideoPlan
from reencodarr.media.facts import MediaFacts
from reencodarr.units import Crf, VmafScore
from tests.encoding import made_facts

PLAN = EncodePlan(
    video=VideoPlan(preset=6),
    audio=(
        AudioPlan(track=0, action=AudioAction.COPY),
        AudioPlan(track=1, action=AudioAction.OPUS, bitrate_kbps=256, layout="5.1"),
    ),
    target=QualityTarget(mean=VmafScore(95), lowest_mean=VmafScore(93), floor_p5=VmafScore(89)),
    container="mkv",
    largest_ratio=0.8,
    smallest_ratio=0.01,
    text=(
        TextPlan(track=0, action=TextAction.COPY),
        TextPlan(track=1, action=TextAction.DROP),
        TextPlan(track=2, action=TextAction.SRT),
    ),
)


def words(plan: EncodePlan = PLAN, *, found: Found | None = None, facts: MediaFacts | None = None) -> list[str]:
    return film.film_arguments(
        Path("/films/a film.mkv"),
        Path("/scratch/film.mkv"),
        facts=facts or made_facts.film(),
        plan=plan,
        crf=Crf(31.25),
        provenance="0.1.0 crf=31.25",
        found=found or Found(),
    )


def after(arguments: list[str], flag: str) -> list[str]:
    return [value for name, value in itertools.pairwise(arguments) if name == flag]


def test_video_comes_first_and_dropped_subtitles_do_not_come() -> None:
    assert after(words(), "-map") == ["0:V:0", "0:a:0", "0:a:1", "0:s:0", "0:s:2", "0:t?"]


def test_the_video_is_named_by_its_place_in_the_file_where_that_is_known() -> None:
    assert after(words(found=Found(video=3)), "-map")[0] == "0:3"


def test_each_track_is_copied_or_converted_in_its_own_place() -> None:
    arguments = words()

    assert after(arguments, "-c") == ["copy"]
    assert after(arguments, "-c:a:1") == ["libopus"]
    assert after(arguments, "-b:a:1") == ["256k"]
    assert after(arguments, "-filter:a:1") == ["aresample=async=1,aformat=channel_layouts=5.1"]
    assert after(arguments, "-c:s:1") == ["srt"]
    assert "-c:a:0" not in arguments


def test_every_frame_keeps_its_time() -> None:
    arguments = words()

    assert "-copyts" in arguments
    assert after(arguments, "-fps_mode:v:0") == ["passthrough"]
    assert after(arguments, "-enc_time_base:v:0") == ["demux"]


def test_a_broadcast_clock_starts_at_zero() -> None:
    assert "-start_at_zero" in words(facts=made_facts.film(container="mpegts"))
    assert "-start_at_zero" not in words(facts=made_facts.film(container="mp4"))


def test_audio_that_an_edit_list_hides_is_dropped_only_from_mp4_to_matroska() -> None:
    stays_mp4 = dataclasses.replace(PLAN, container="mp4")

    assert after(words(facts=made_facts.film(container="mov")), "-bsf:a:0") == ["noise=drop=lt(pts*tb\\,-0.2)"]
    assert after(words(stays_mp4, facts=made_facts.film(container="mp4")), "-bsf:a:0") == []
    assert after(words(), "-bsf:a:0") == []


def test_filters_of_the_plan_are_applied_in_order() -> None:
    video = VideoPlan(preset=6, filters=("bwdif=mode=send_frame:deint=all", "scale=1280:-2"))

    arguments = words(dataclasses.replace(PLAN, video=video))

    assert after(arguments, "-filter:v:0") == ["bwdif=mode=send_frame:deint=all,scale=1280:-2"]


def test_pictures_are_attached_under_their_name_and_type() -> None:
    picture = Picture(path=Path("/scratch/picture-2.jpg"), place=2, name="cover.jpg", mimetype="image/jpeg")

    arguments = words(found=Found(video=0, pictures=(picture,)))

    assert after(arguments, "-attach") == ["/scratch/picture-2.jpg"]
    assert after(arguments, "-metadata:s:t:2") == ["mimetype=image/jpeg", "filename=cover.jpg"]


def test_mp4_takes_pictures_from_the_source_and_leaves_attachments() -> None:
    arguments = words(dataclasses.replace(PLAN, container="mp4"))

    assert "0:disp:attached_pic?" in after(arguments, "-map")
    assert "0:t?" not in after(arguments, "-map")
    assert after(arguments, "-movflags") == ["+faststart"]
    assert "encoding_tool=REENCODARR 0.1.0 crf=31.25" in after(arguments, "-metadata")


def test_statistics_of_the_old_video_are_removed() -> None:
    removed = after(words(), "-metadata:s:v:0")

    assert {"BPS=", "NUMBER_OF_FRAMES-eng=", "_STATISTICS_TAGS="} <= set(removed)
    assert after(words(), "-metadata:s:a:0") == []


def test_the_result_says_what_made_it() -> None:
    assert "REENCODARR=0.1.0 crf=31.25" in after(words(), "-metadata")


def test_any_error_in_the_source_ends_the_encode() -> None:
    assert "-xerror" in words()


def test_the_result_is_named_after_its_container() -> None:
    assert film.result_name(PLAN) == "film.mkv"
    assert words()[-1] == "/scratch/film.mkv"
