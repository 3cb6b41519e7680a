"""The rules: from the facts about one film and the policy to a decision, each with its reasons in words.

Pure. Why a film is left alone is told by `refusals`; how the rest is encoded by `picture`, `audio` and `containers`.
Names of files decide nothing: "av1" in a title is no codec, and a year in a folder is not the film's.
"""

from reencodarr.encoding import audio, containers, picture, refusals
from reencodarr.encoding.plan import Decision, EncodePlan, LeftAlone, TextAction
from reencodarr.encoding.policy import Policy
from reencodarr.media.facts import Hdr, MediaFacts, RateMode, Scan, VideoTrack

_HDR_WORDS = {
    Hdr.HDR10: "HDR10 is kept: colours, mastering display and light levels are carried over.",
    Hdr.HDR10_PLUS: "HDR10+ becomes HDR10, as the policy says: the metadata of each scene is lost.",
    Hdr.HLG: "HLG is kept: its colours are carried over.",
    Hdr.PQ: "PQ is kept: its colours are carried over; the film states no mastering display.",
    Hdr.DOLBY_VISION: "Dolby Vision is dropped, as the policy says; the picture beneath it is kept.",
}


def decide(facts: MediaFacts, *, rate_mode: RateMode | None = None, links: int, policy: Policy) -> Decision:
    """What to do with a film.

    `rate_mode` is what the packets say, where they were read; MediaInfo's word stands in for it. `links` is the number
    of the file's names. Never raises, whatever the facts.
    """
    video = facts.video
    if video is None:
        return refusals.no_video()
    left = refusals.first(facts, video, links=links, policy=policy)
    if left is not None:
        return left
    tracks = audio.plan(facts, policy)
    container, container_reason = containers.choice(facts, tracks, policy)
    dropped = containers.dropped(facts)
    spacing = rate_mode or video.rate_mode
    return EncodePlan(
        video=picture.video_plan(video, duration=facts.duration, year=facts.content_year, policy=policy),
        audio=tracks,
        target=picture.target(facts, video, policy),
        container=container,
        largest_ratio=policy.size.largest_ratio,
        smallest_ratio=policy.size.smallest_ratio,
        text=containers.text_plans(facts, container),
        dropped=dropped,
        reasons=(*_reasons(facts, video, spacing, policy), container_reason, *_losses(dropped)),
    )


def explain(decision: Decision) -> list[str]:
    """The decision in words, one sentence a line, the decision itself first."""
    if isinstance(decision, LeftAlone):
        return [f"Left alone: {decision.text}"]
    video = decision.video
    head = f"Encode to AV1 (preset {video.preset}) in {decision.container.upper()}, at VMAF {decision.target.mean:g}."
    lines = [head, *decision.reasons]
    lines += [f"Audio track {plan.track + 1} {plan.reason}." for plan in decision.audio if plan.reason]
    return lines + [
        f"Subtitle track {number} {plan.reason}."
        for number, plan in enumerate(decision.text, start=1)
        if plan.reason and plan.action is not TextAction.DROP
    ]


def _reasons(facts: MediaFacts, video: VideoTrack, spacing: RateMode, policy: Policy) -> tuple[str, ...]:
    reasons = [picture.target_reason(facts, policy)]
    if video.hdr is not Hdr.SDR:
        reasons.append(_HDR_WORDS[video.hdr])
        reasons.append("VMAF's model was made for SDR: its score is that model's and less certain.")
    if video.scan is Scan.INTERLACED:
        reasons.append("It is interlaced and is deinterlaced with bwdif, as the policy says.")
    if picture.downscales(video, policy):
        reasons.append(f"It is made smaller, to {policy.video.downscale_width} pixels, as the policy says.")
    if picture.grainy(facts.content_year, policy):
        reasons.append(f"It is of {facts.content_year}: artificial grain is added, which VMAF counts as a fault.")
    if spacing is RateMode.VARIABLE:
        reasons.append("Its pictures are unevenly spaced; each keeps its own time.")
    return tuple(reasons)


def _losses(dropped: tuple[str, ...]) -> tuple[str, ...]:
    return (f"Left out, as no result can carry it: {', '.join(dropped)}.",) if dropped else ()
