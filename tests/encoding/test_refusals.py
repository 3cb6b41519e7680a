"""Which films are left alone, with which reason, and which are not."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from reencodarr.encoding import policy as policies
from reencodarr.encoding import refusals, rules
from reencodarr.encoding.plan import EncodePlan, LeaveReason, LeftAlone
from reencodarr.encoding.policy import Policy
from reencodarr.media.facts import Hdr, MediaFacts, Scan, TextTrack
from tests.encoding.made_facts import audio, film

DEFAULT = policies.load(None)


def source_policy(**changes: Any) -> Policy:
    return DEFAULT.model_copy(update={"source": DEFAULT.source.model_copy(update=changes)})


def reason(facts: MediaFacts, *, links: int = 1, policy: Policy = DEFAULT) -> LeaveReason | None:
    """Why it is left alone; None when it is encoded."""
    decision = rules.decide(facts, links=links, policy=policy)
    if isinstance(decision, EncodePlan):
        return None
    assert len(decision.text) > 20
    return decision.reason


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"video": None}, LeaveReason.NO_VIDEO),
        ({"other_videos": 1}, LeaveReason.SEVERAL_VIDEOS),
        ({"pictures": 2}, None),
        ({"codec": "av1"}, LeaveReason.ALREADY_AV1),
        ({"codec": "av1", "container": "mp4"}, LeaveReason.ALREADY_AV1),
        ({"title": "How AV1 works", "codec": "hevc"}, None),
        ({"width": 63}, LeaveReason.UNSUPPORTED_SIZE),
        ({"height": 63}, LeaveReason.UNSUPPORTED_SIZE),
        ({"width": 64, "height": 64}, None),
        ({"width": 0, "height": 0}, LeaveReason.UNSUPPORTED_SIZE),
        ({"width": 16386}, LeaveReason.UNSUPPORTED_SIZE),
        ({"frame_rate": Fraction(300)}, LeaveReason.UNSUPPORTED_SIZE),
        ({"frame_rate": None}, None),
        ({"chroma": "4:2:2"}, LeaveReason.UNSUPPORTED_CHROMA),
        ({"chroma": "4:4:4"}, LeaveReason.UNSUPPORTED_CHROMA),
        ({"chroma": "4:0:0"}, LeaveReason.UNSUPPORTED_CHROMA),
        ({"bit_depth": 10}, None),
        ({"bit_depth": 12}, LeaveReason.UNSUPPORTED_BIT_DEPTH),
        ({"scan": Scan.INTERLACED}, LeaveReason.INTERLACED),
        ({"scan": Scan.UNKNOWN}, None),
        ({"hdr": Hdr.HDR10}, None),
        ({"hdr": Hdr.HLG}, None),
        ({"hdr": Hdr.PQ}, None),
        ({"hdr": Hdr.HDR10_PLUS}, LeaveReason.HDR10_PLUS),
        ({"hdr": Hdr.DOLBY_VISION, "dolby_vision_profile": "8.1"}, LeaveReason.DOLBY_VISION),
        ({"rotation": 90}, None),
        ({"duration": None}, None),
        ({"duration": 0.0}, None),
        ({"text": (TextTrack(codec="dvb_teletext"),)}, LeaveReason.UNCARRIED_STREAM),
        ({"text": (TextTrack(codec="eia_608"),)}, LeaveReason.UNCARRIED_STREAM),
        ({"captions": True}, LeaveReason.UNCARRIED_STREAM),
        ({"data_tracks": 2}, None),
        ({"audio": (audio("ac4", object_based=True),)}, LeaveReason.UNCARRIED_STREAM),
        ({"audio": ()}, None),
    ],
)
def test_what_a_film_is_decides_whether_it_is_left_alone(changes: dict[str, Any], expected: LeaveReason | None) -> None:
    assert reason(film(**changes)) is expected


def test_a_hard_linked_file_is_left_alone_unless_the_policy_replaces_it() -> None:
    assert reason(film(), links=2) is LeaveReason.HARD_LINKED
    assert reason(film(), links=2, policy=source_policy(hard_linked="replace")) is None


def test_an_interlaced_film_is_encoded_where_the_policy_deinterlaces() -> None:
    assert reason(film(scan=Scan.INTERLACED), policy=source_policy(interlaced="deinterlace")) is None


@pytest.mark.parametrize(("profile", "left"), [("7", False), ("8.1", False), ("8.4", False), ("5", True), (None, True)])
def test_dolby_vision_is_dropped_only_from_a_picture_that_stands_without_it(profile: str | None, left: bool) -> None:
    facts = film(hdr=Hdr.DOLBY_VISION, dolby_vision_profile=profile)

    found = reason(facts, policy=source_policy(dolby_vision="drop"))

    assert found is (LeaveReason.DOLBY_VISION if left else None)


def test_other_losses_happen_only_where_the_policy_names_them() -> None:
    assert reason(film(hdr=Hdr.HDR10_PLUS), policy=source_policy(hdr10_plus="drop")) is None
    assert reason(film(text=(TextTrack(codec="xsub"),)), policy=source_policy(subtitles="drop")) is None
    assert reason(film(data_tracks=1), policy=source_policy(data="leave")) is LeaveReason.UNCARRIED_STREAM


def test_a_short_film_is_left_alone_where_the_policy_says_so() -> None:
    policy = source_policy(shortest_seconds=60.0)

    assert reason(film(duration=59.9), policy=policy) is LeaveReason.TOO_SHORT
    assert reason(film(duration=60.0), policy=policy) is None
    assert reason(film(duration=None), policy=policy) is None


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({"bitrate": 800_000}, False),
        ({"bitrate": 799_999}, True),
        ({"bitrate": 1_599_999, "hdr": Hdr.HDR10}, True),
        ({"bitrate": 1_600_000, "hdr": Hdr.HLG}, False),
        ({"bitrate": 799_999, "height": 800}, True),
        ({"bitrate": 799_999, "width": 1080, "height": 1920}, True),
        ({"bitrate": 399_999, "width": 1280, "height": 720}, True),
        ({"bitrate": 400_000, "width": 1280, "height": 720}, False),
        ({"bitrate": 2_999_999, "width": 3840, "height": 1600}, True),
        ({"bitrate": 100_000, "width": 320, "height": 240}, False),
    ],
)
def test_a_film_below_the_bitrate_of_its_resolution_is_left_alone(changes: dict[str, Any], left: bool) -> None:
    video = film(**{name: value for name, value in changes.items() if name != "bitrate"}).video
    assert video is not None
    facts = film(bitrate=None, video=_with_bitrate(video, changes["bitrate"]))

    assert (reason(facts) is LeaveReason.LOW_BITRATE) is left


def _with_bitrate(video: Any, bitrate: int | None) -> Any:
    from dataclasses import replace

    return replace(video, bitrate=bitrate)


def test_a_bitrate_that_is_not_stated_is_what_the_sound_leaves() -> None:
    video = _with_bitrate(film().video, None)

    stated = film(video=video, bitrate=2_000_000, audio=(audio(bitrate=640_000), audio(bitrate=None)))
    derived = film(video=video, bitrate=None, size=1_000_000, duration=8.0, audio=())
    unknown = film(video=video, bitrate=None, duration=None)
    absurd = film(video=video, bitrate=500_000, audio=(audio(bitrate=640_000),))

    assert refusals.video_bitrate(stated) == 1_360_000
    assert refusals.video_bitrate(derived) == 1_000_000
    assert refusals.video_bitrate(unknown) is None
    assert refusals.video_bitrate(absurd) is None
    assert reason(unknown) is None
    assert reason(absurd) is None


def test_what_a_film_is_is_told_before_where_it_lies() -> None:
    assert reason(film(codec="av1"), links=3) is LeaveReason.ALREADY_AV1


def test_the_sentence_names_what_was_found(tmp_path: Path) -> None:
    decision = rules.decide(film(text=(TextTrack(codec="dvb_teletext", language="deu"),)), links=1, policy=DEFAULT)

    assert isinstance(decision, LeftAlone)
    assert "subtitle track 1 (dvb_teletext, deu)" in decision.text
