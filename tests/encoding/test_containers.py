"""Which container a result becomes, and that what goes in really fits: ffmpeg is asked."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from reencodarr.encoding import audio as audio_rules
from reencodarr.encoding import containers
from reencodarr.encoding import policy as policies
from reencodarr.encoding.plan import TextAction
from reencodarr.encoding.policy import Policy
from reencodarr.media.facts import MediaFacts, TextTrack
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs
from tests.encoding import made_facts
from tests.encoding.made_facts import audio, film

DEFAULT = policies.load(None)
SPARE_AUDIO = DEFAULT.model_copy(update={"audio": DEFAULT.audio.model_copy(update={"reencode": "none"})})


def chosen(policy: Policy = DEFAULT, **changes: Any) -> str:
    facts = film(**changes)
    return containers.choice(facts, audio_rules.plan(facts, policy), policy)[0]


@pytest.mark.parametrize("container", ["matroska", "webm", "mov", "avi", "mpegts", "mpegps", "flv", ""])
def test_everything_but_mp4_becomes_matroska(container: str) -> None:
    assert chosen(container=container) == "mkv"


@pytest.mark.parametrize(
    ("changes", "container"),
    [
        ({}, "mp4"),
        ({"audio": ()}, "mp4"),
        ({"text": (TextTrack(codec="mov_text"),)}, "mp4"),
        ({"pictures": 1, "chapters": 5}, "mp4"),
        ({"data_tracks": 2}, "mp4"),
        ({"attachments": 1}, "mkv"),
        ({"text": (TextTrack(codec="dvd_subtitle"),)}, "mkv"),
        ({"audio": (audio("pcm", 2, None, lossless=True),)}, "mp4"),
    ],
)
def test_mp4_stays_mp4_when_all_that_it_holds_fits(changes: dict[str, Any], container: str) -> None:
    assert chosen(container="mp4", **changes) == container


def test_what_is_copied_must_fit_and_what_becomes_opus_does() -> None:
    pcm = (audio("pcm", 2, None, lossless=True),)

    assert chosen(container="mp4", audio=pcm) == "mp4"
    assert chosen(SPARE_AUDIO, container="mp4", audio=pcm) == "mkv"


def test_the_policy_can_ask_for_matroska_always() -> None:
    policy = DEFAULT.model_copy(update={"container": DEFAULT.container.model_copy(update={"mp4": "mkv"})})

    assert chosen(policy, container="mp4") == "mkv"


def test_mp4s_timed_text_is_converted_only_on_its_way_to_matroska() -> None:
    facts = film(container="mp4", text=(TextTrack(codec="mov_text"), TextTrack(codec="mov_text")))

    assert [plan.action for plan in containers.text_plans(facts, "mp4")] == [TextAction.COPY] * 2
    assert [plan.action for plan in containers.text_plans(facts, "mkv")] == [TextAction.SRT] * 2


def test_subtitles_that_nothing_holds_are_dropped_by_name() -> None:
    text = (TextTrack(codec="eia_608"), TextTrack(codec="dvb_subtitle"), TextTrack(codec="dvb_teletext"))

    plans = containers.text_plans(film(container="mpegts", text=text), "mkv")

    assert [plan.track for plan in plans] == [0, 1, 2]
    assert [plan.action for plan in plans] == [TextAction.DROP, TextAction.COPY, TextAction.DROP]


def test_what_is_dropped_is_named_one_by_one() -> None:
    text = (TextTrack(codec="subrip"), TextTrack(codec="dvb_teletext", language="deu"))
    facts = film(data_tracks=2, captions=True, text=text)

    assert containers.dropped(facts) == (
        "subtitle track 2 (dvb_teletext, deu)",
        "captions inside the video",
        "data track 1 of 2",
        "data track 2 of 2",
    )


@given(facts=made_facts.films)
def test_every_subtitle_track_is_carried_or_named(facts: MediaFacts) -> None:
    for container in ("mkv", "mp4"):
        plans = containers.text_plans(facts, container)

        assert len(plans) == len(facts.text)
        lost = [plan for plan in plans if plan.action is TextAction.DROP]
        assert len(lost) + facts.captions == len(containers.uncarried_text(facts))
        assert [plan.track for plan in plans] == list(range(len(plans)))


ENCODERS = {
    "aac": "aac", "ac3": "ac3", "adpcm_ima_wav": "adpcm_ima_wav", "adpcm_ms": "adpcm_ms", "alac": "alac", "dts": "dca",
    "eac3": "eac3", "flac": "flac", "mlp": "mlp", "mp2": "mp2", "mp3": "libmp3lame", "opus": "libopus",
    "pcm": "pcm_s24le", "pcm_alaw": "pcm_alaw", "pcm_mulaw": "pcm_mulaw", "truehd": "truehd", "tta": "tta",
    "vorbis": "libvorbis", "wavpack": "wavpack", "wmav1": "wmav1", "wmav2": "wmav2",
}  # fmt: skip
"""ffmpeg's encoder for each codec of the tables; it has none for mp1 and wmapro."""


@pytest.mark.parametrize(
    ("container", "codecs"),
    [("mkv", containers.MATROSKA_AUDIO - {"mp1", "wmapro"}), ("mp4", containers.MP4_AUDIO)],
)
def test_ffmpeg_writes_every_codec_of_the_tables(
    ffmpeg: Path, tmp_path: Path, container: str, codecs: frozenset[str]
) -> None:
    tones = [word for _ in codecs for word in ("-f", "lavfi", "-i", "sine=duration=0.2:sample_rate=48000")]
    tracks = [
        word
        for place, codec in enumerate(sorted(codecs))
        for word in ("-map", f"{place}:a", f"-c:a:{place}", ENCODERS[codec], f"-ac:a:{place}", "2")
    ]

    result = tmp_path / f"all.{container}"
    programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-y", *tones, *tracks, "-strict", "-2", result])

    assert result.stat().st_size > 0
