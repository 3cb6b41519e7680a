"""What happens to audio tracks; what libopus really accepts is asked of ffmpeg itself."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.encoding import audio
from reencodarr.encoding import policy as policies
from reencodarr.encoding.plan import AudioAction, AudioPlan
from reencodarr.encoding.policy import Policy
from reencodarr.media.facts import AudioTrack, MediaFacts
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs
from tests.encoding import made_facts
from tests.encoding.made_facts import audio as track
from tests.encoding.made_facts import film

DEFAULT = policies.load(None)


def audio_policy(**changes: Any) -> Policy:
    return DEFAULT.model_copy(update={"audio": DEFAULT.audio.model_copy(update=changes)})


def planned(one: AudioTrack, *, policy: Policy = DEFAULT, container: str = "matroska") -> AudioPlan:
    (plan,) = audio.plan(film(audio=(one,), container=container), policy)
    return plan


def opus(one: AudioTrack, **context: Any) -> int | None:
    """The bitrate as Opus; None when it is copied."""
    plan = planned(one, **context)
    assert (plan.action is AudioAction.OPUS) is (plan.bitrate_kbps is not None)
    return plan.bitrate_kbps


@pytest.mark.parametrize(
    ("one", "kbps"),
    [
        (track("aac", 6, "C L R Ls Rs LFE", bitrate=256_000), 205),
        (track("aac", 8, "L R C LFE Ls Rs Lb Rb", bitrate=384_000), 307),
        (track("aac", 2, "L R", bitrate=128_000), 102),
        (track("ac3", 2, "L R", bitrate=192_000), 128),
        (track("ac3", 6, bitrate=640_000), 256),
        (track("eac3", 6, bitrate=256_000), 192),
        (track("dts", 6, bitrate=768_000), 256),
        (track("mp3", 2, None, bitrate=128_000), 64),
        (track("mp2", 2, None, bitrate=192_000), 106),
        (track("vorbis", 2, None, bitrate=128_000), 102),
        (track("wmav2", 2, None, bitrate=128_000), 96),
        (track("truehd", 6, lossless=True, bitrate=None), 256),
        (track("dts", 8, "C L R LFE Lb Rb Lss Rss", lossless=True, bitrate=None), 384),
        (track("dts", 6, lossless=True, bitrate=4_000_000), 256),
        (track("flac", 1, "M", lossless=True, bitrate=None), 64),
        (track("pcm", 2, None, lossless=True, bitrate=1_536_000), 128),
        (track("flac", 5, "L R C Ls Rs", lossless=True, bitrate=None), 224),
        (track("dts", 7, "C L R Ls Rs LFE Cb", lossless=True, bitrate=None), 320),
    ],
)
def test_a_track_becomes_opus_at_the_tables_bitrate(one: AudioTrack, kbps: int) -> None:
    assert opus(one) == kbps


@pytest.mark.parametrize(
    ("one", "because"),
    [
        (track("opus", 2, "L R", bitrate=512_000), "already is Opus"),
        (track("eac3", 6, object_based=True), "Dolby Atmos"),
        (track("truehd", 8, object_based=True, lossless=True), "Dolby Atmos"),
        (track("dts", 8, "C L R LFE Lb Rb Lss Rss Objects", object_based=True), "DTS:X"),
        (track("mp3", 6), "unusual for MP3"),
        (track("aac", 2, "L R", bitrate=None), "bitrate is unknown"),
        (track("aac", 2, "L R", bitrate=0), "bitrate is unknown"),
        (track("dts", 8, "C L R LFE Lb Rb Lw Rw", bitrate=1_500_000), "no form for its channels"),
        (track("aac", 3, "L R LFE"), "no form for its channels"),
        (track("dts", 8, "L R C LFE Ls Rs"), "no form for its channels"),
        (track("ac3", 4, "L R C Cb"), "no form for its channels"),
        (track("flac", 5, None, lossless=True), "no form for its channels"),
        (track("pcm", 16, None, lossless=True), "no form for its channels"),
        (track("flac", 0, None, lossless=True), "number of its channels is unknown"),
        (track("aac", 2, "L R", bitrate=63_000), "too little"),
        (track("aac", 6, "C L R Ls Rs LFE", bitrate=160_000), "too little"),
    ],
)
def test_a_track_that_opus_would_harm_is_copied(one: AudioTrack, because: str) -> None:
    plan = planned(one)

    assert plan.action is AudioAction.COPY
    assert because in plan.reason
    assert (plan.bitrate_kbps, plan.layout) == (None, None)


def test_each_track_is_decided_by_itself() -> None:
    facts = film(audio=(track("eac3", object_based=True), track("aac", 2, "L R", bitrate=128_000), track("opus", 2)))

    plans = audio.plan(facts, DEFAULT)

    assert [plan.track for plan in plans] == [0, 1, 2]
    assert [plan.action for plan in plans] == [AudioAction.COPY, AudioAction.OPUS, AudioAction.COPY]


@pytest.mark.parametrize(
    ("channels", "layout", "normalised"),
    [
        (6, "L R C LFE Ls Rs", "5.1"),
        (6, "C L R Ls Rs LFE", "5.1"),
        (6, "L R C LFE Lb Rb", None),
        (6, None, "5.1"),
        (8, None, "7.1"),
        (8, "L R C LFE Ls Rs Lb Rb", "7.1"),
        (5, "L R C Ls Rs", "5.0"),
        (4, "L R Ls Rs", "quad"),
        (3, "L R C", None),
        (2, "L R", None),
        (2, None, "stereo"),
        (1, "M", None),
        (1, None, "mono"),
    ],
)
def test_side_channels_are_renamed_and_mono_stays_mono(
    channels: int, layout: str | None, normalised: str | None
) -> None:
    assert planned(track("flac", channels, layout, lossless=True)).layout == normalised


@pytest.mark.parametrize(
    ("decoded", "speakers"),
    [
        ("5.1(side)", "L R C LFE Ls Rs"),
        ("5.1", "C L R Ls Rs LFE"),
        ("5.1", "L R C LFE Lb Rb"),
        ("5.0(side)", "L R C Ls Rs"),
        ("quad(side)", "L R Ls Rs"),
        ("6.1", "L R C LFE Cb Ls Rs"),
        ("7.1", "L R C LFE Ls Rs Lb Rb"),
        ("3.0", "L R C"),
        ("stereo", "L R"),
        ("mono", "M"),
    ],
)
def test_libopus_takes_every_planned_layout_and_keeps_every_channel_apart(
    ffmpeg: Path, tmp_path: Path, decoded: str, speakers: str
) -> None:
    channels = len(speakers.split())
    plan = planned(track("flac", channels, speakers, lossless=True))
    words = ["-filter:a:0", f"aformat=channel_layouts={plan.layout}"] if plan.layout else []
    # A different loudness for each channel, deep enough for the LFE channel to carry it.
    loudness = [0.1 * number for number in range(1, channels + 1)]
    tones = "|".join(f"{level:.1f}*sin(2*PI*60*t)" for level in loudness)
    source = f"aevalsrc={tones}:channel_layout={decoded}:duration=1"

    result = tmp_path / "sound.mkv"
    programs.run(
        [ffmpeg, *ffmpeg_tool.QUIET, "-y", "-f", "lavfi", "-i", source, "-c:a", "libopus"]
        + ["-b:a", f"{plan.bitrate_kbps}k", *words, result]
    )

    with av.open(str(result)) as container:
        assert container.streams.audio[0].layout.name == (plan.layout or decoded)
    assert sorted(_loudness(ffmpeg, result, channels)) == pytest.approx(loudness, rel=0.15)


def _loudness(ffmpeg: Path, file: Path, channels: int) -> list[float]:
    """The amplitude of the tone in each channel."""
    raw = file.with_suffix(".raw")
    programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-y", "-i", file, "-f", "f32le", raw])
    sound = np.fromfile(raw, dtype="<f4").reshape(-1, channels)
    return [float(level) for level in np.sqrt(2 * np.mean(sound[4800:-4800] ** 2, axis=0))]


def test_the_policy_can_spare_lossy_tracks_or_all() -> None:
    lossless, lossy = track("flac", lossless=True), track("ac3")

    assert (opus(lossless, policy=audio_policy(reencode="lossless")), opus(lossless)) == (256, 256)
    assert opus(lossy, policy=audio_policy(reencode="lossless")) is None
    assert opus(lossless, policy=audio_policy(reencode="none")) is None


def test_a_format_that_no_result_holds_becomes_opus_even_where_all_is_copied() -> None:
    spare_all = audio_policy(reencode="none")

    assert opus(track("pcm", 2, None, lossless=True), container="mpegts", policy=spare_all) == 128
    assert opus(track("pcm", 2, None, lossless=True), container="mov", policy=spare_all) is None
    assert opus(track("qdm2", 2, None, bitrate=None), policy=spare_all) == 128
    assert opus(track("amr_nb", 1, None, bitrate=4_750), policy=spare_all) == 4


def test_a_format_that_nothing_can_hold_is_named() -> None:
    facts = film(audio=(track("ac3"), track("ac4", object_based=True)))

    assert audio.uncarried(facts) == ("audio track 2 (ac4)",)


@given(facts=made_facts.films, reencode=st.sampled_from(["all", "lossless", "none"]))
def test_every_track_has_one_plan_and_never_grows(facts: MediaFacts, reencode: str) -> None:
    plans = audio.plan(facts, audio_policy(reencode=reencode))

    assert [plan.track for plan in plans] == list(range(len(facts.audio)))
    for one, plan in zip(facts.audio, plans, strict=True):
        assert plan.reason
        if plan.action is AudioAction.COPY:
            assert plan.bitrate_kbps is None
            continue
        assert plan.bitrate_kbps is not None
        assert not one.object_based
        assert 1 <= one.channels <= 8
        assert one.channels <= plan.bitrate_kbps <= DEFAULT.audio.opus_kbps[one.channels - 1]
        if one.bitrate and one.bitrate > 0 and not one.lossless:
            assert plan.bitrate_kbps * 1000 <= max(one.bitrate, 1000 * one.channels)
