"""The rules as a whole: any facts give a decision, and its words say what it does."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reencodarr.encoding import containers, rules
from reencodarr.encoding import policy as policies
from reencodarr.encoding.plan import AudioAction, Decision, EncodePlan, LeaveReason, LeftAlone, TextAction
from reencodarr.encoding.policy import Policy
from reencodarr.media.facts import Hdr, MediaFacts, RateMode, Scan, TextTrack
from tests.encoding import made_facts
from tests.encoding.made_facts import audio, film

DEFAULT = policies.load(None)
EVERYTHING = """
[source]
hard_linked = "replace"
interlaced = "deinterlace"
dolby_vision = "drop"
hdr10_plus = "drop"
subtitles = "drop"
lowest_bitrates = [{from_lines = 0, kbps = 0, hdr_kbps = 0}]
[video]
downscale = true
film_grain = 8
"""


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    """The policy that leaves the least alone."""
    file = tmp_path_factory.mktemp("policy") / "everything.toml"
    file.write_text(EVERYTHING)
    return policies.load(file)


def decided(policy: Policy = DEFAULT, *, rate_mode: RateMode | None = None, **changes: Any) -> Decision:
    return rules.decide(film(**changes), rate_mode=rate_mode, links=1, policy=policy)


def plan(policy: Policy = DEFAULT, *, rate_mode: RateMode | None = None, **changes: Any) -> EncodePlan:
    decision = decided(policy, rate_mode=rate_mode, **changes)
    assert isinstance(decision, EncodePlan), decision
    return decision


def told(decision: Decision) -> str:
    return "\n".join(rules.explain(decision))


def test_an_ordinary_film_is_encoded_and_told_in_plain_words() -> None:
    assert rules.explain(plan(text=(TextTrack(codec="subrip"),))) == [
        "Encode to AV1 (preset 4) in MKV, at VMAF 95.",
        "The target is VMAF 95, as for every film up to 25 GiB.",
        "The result is Matroska, which holds every kind of track.",
        "Audio track 1 becomes Opus at 256 kbit/s.",
    ]


def test_a_film_that_is_left_alone_says_why() -> None:
    assert rules.explain(decided(codec="av1")) == [
        "Left alone: It already is AV1; to encode it again could only lose quality."
    ]


def test_the_size_limits_are_the_policys() -> None:
    found = plan()

    assert (found.smallest_ratio, found.largest_ratio) == (0.002, 0.8)


@pytest.mark.parametrize("hdr", [Hdr.HDR10, Hdr.HLG, Hdr.PQ])
def test_hdr_is_encoded_and_said_to_be_kept(hdr: Hdr) -> None:
    words = told(plan(hdr=hdr, bit_depth=10))

    assert "is kept" in words
    assert "less certain" in words


def test_what_the_policy_gives_up_is_said(everything: Policy) -> None:
    vision = told(plan(everything, hdr=Hdr.DOLBY_VISION, dolby_vision_profile="8.1"))
    text = plan(everything, text=(TextTrack(codec="dvb_teletext"), TextTrack(codec="subrip")), data_tracks=1)

    assert "Dolby Vision is dropped" in vision
    assert text.dropped == ("subtitle track 1 (dvb_teletext)", "data track 1 of 1")
    assert "Left out, as no result can carry it: subtitle track 1 (dvb_teletext), data track 1 of 1." in told(text)


def test_what_the_policy_does_to_the_picture_is_said(everything: Policy) -> None:
    words = told(plan(everything, width=3840, height=2160, scan=Scan.INTERLACED, content_year=1972))

    assert "bwdif" in words
    assert "1920 pixels" in words
    assert "of 1972" in words


def test_the_packets_word_on_spacing_counts_more_than_the_headers() -> None:
    assert "unevenly spaced" in told(plan(rate_mode=RateMode.VARIABLE))
    assert "unevenly spaced" not in told(plan(rate_mode=RateMode.CONSTANT))
    assert plan(rate_mode=RateMode.VARIABLE).video == plan().video


def test_an_mp4_that_becomes_matroska_says_what_did_not_fit() -> None:
    found = plan(container="mp4", attachments=1, text=(TextTrack(codec="mov_text"),))

    assert found.container == "mkv"
    assert [one.action for one in found.text] == [TextAction.SRT]
    assert "MP4 cannot hold its attached files" in told(found)
    assert "Subtitle track 1 becomes SubRip" in told(found)


@settings(max_examples=300)
@given(
    facts=made_facts.films, links=st.integers(1, 3), spacing=st.none() | st.sampled_from(RateMode), bold=st.booleans()
)
def test_any_facts_give_a_decision_that_keeps_its_promises(
    everything: Policy, facts: MediaFacts, links: int, spacing: RateMode | None, bold: bool
) -> None:
    policy = everything if bold else DEFAULT

    decision = rules.decide(facts, rate_mode=spacing, links=links, policy=policy)

    assert all(line.endswith(".") for line in rules.explain(decision))
    if isinstance(decision, LeftAlone):
        assert (decision.reason is LeaveReason.NO_VIDEO) is (facts.video is None)
        return
    assert facts.video is not None
    assert facts.video.codec != "av1"
    assert facts.video.chroma == "4:2:0"
    assert facts.video.bit_depth <= 10
    assert decision.container == "mkv" or facts.container == "mp4"
    assert len(decision.audio) == len(facts.audio)
    assert len(decision.text) == len(facts.text)
    assert decision.target.floor_p5 <= decision.target.lowest_mean <= decision.target.mean
    _assert_everything_fits(facts, decision)
    lost = [one for one in decision.text if one.action is TextAction.DROP]
    assert len(decision.dropped) == len(lost) + facts.captions + facts.data_tracks
    assert bold or not (lost or facts.captions)


def _assert_everything_fits(facts: MediaFacts, plan: EncodePlan) -> None:
    copied = [facts.audio[one.track] for one in plan.audio if one.action is AudioAction.COPY]
    kept = [track.codec for track, one in zip(facts.text, plan.text, strict=True) if one.action is TextAction.COPY]
    if plan.container == "mp4":
        assert {one.codec for one in copied} <= containers.MP4_AUDIO
        assert set(kept) <= containers.MP4_TEXT
        assert facts.attachments == 0
    else:
        assert all(containers.matroska_carries(one, facts.container) for one in copied)
        assert set(kept) <= containers.MATROSKA_TEXT


@given(facts=made_facts.films)
def test_equal_facts_are_decided_equally(facts: MediaFacts) -> None:
    assert rules.decide(facts, links=1, policy=DEFAULT) == rules.decide(facts, links=1, policy=DEFAULT)


def test_every_audio_track_that_is_copied_into_mp4_fits() -> None:
    found = plan(container="mp4", audio=(audio("eac3", object_based=True), audio("aac", 2, "L R", bitrate=128_000)))

    assert found.container == "mp4"
    assert [one.action for one in found.audio] == [AudioAction.COPY, AudioAction.OPUS]
