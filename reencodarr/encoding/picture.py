"""How the picture of a film is encoded, and how good it has to be: the policy's tables applied to one video track."""

from reencodarr.encoding.plan import QualityTarget, VideoPlan
from reencodarr.encoding.policy import Policy
from reencodarr.media.facts import MediaFacts, Scan, VideoTrack
from reencodarr.units import GIB, Crf, Seconds, VmafScore

ENCODER_KEYFRAMES = 161
"""What SVT-AV1 does by itself, whatever the frame rate; shorter intervals cost up to 10 % (measured at 10 fps)."""


def lines(width: int, height: int) -> int:
    """The height of the 16:9 frame around a picture, whichever way it is turned: 1080 for 1920x800 and 1080x1920."""
    wide, high = max(width, height), min(width, height)
    return max(high, wide * 9 // 16)


def video_plan(video: VideoTrack, *, duration: Seconds | None, year: int | None, policy: Policy) -> VideoPlan:
    """How the video is encoded, all but the CRF."""
    rules = policy.video
    return VideoPlan(
        preset=rules.preset(lines(video.width, video.height)),
        pixel_format="yuv420p10le" if video.bit_depth > 8 else rules.pixel_format,
        svt_parameters=_svt_parameters(year, policy),
        filters=_filters(video, policy),
        keyframe_interval=_keyframe_interval(video, duration, policy),
    )


def downscales(video: VideoTrack, policy: Policy) -> bool:
    """Whether the policy makes this picture smaller. Never larger."""
    rules = policy.video
    size = lines(video.width, video.height)
    return (
        rules.downscale
        and size >= rules.downscale_from_lines
        and max(video.width, video.height) > rules.downscale_width
    )


def target(facts: MediaFacts, video: VideoTrack, policy: Policy) -> QualityTarget:
    """How good the encode has to be, by the source's size and the size of the encoded picture."""
    rules = policy.target
    mean = rules.mean(facts.size).mean
    width, height = _encoded_size(video, policy)
    model = rules.model(width, height)
    return QualityTarget(
        mean=VmafScore(mean),
        lowest_mean=VmafScore(min(mean, max(rules.lowest_mean, mean - rules.may_fall_by))),
        floor_p5=VmafScore(max(0.0, mean - rules.p5_below_mean)),
        fall_step=VmafScore(rules.fall_step),
        tolerance=VmafScore(rules.tolerance),
        promise=VmafScore(rules.promise),
        accepted_miss=VmafScore(rules.accepted_miss),
        accepted_excess=VmafScore(rules.accepted_excess),
        model=model.model,
        scale_to=_turned(model.scale_to, video),
        subsample=rules.subsample,
        lowest_crf=Crf(rules.lowest_crf),
        highest_crf=Crf(rules.highest_crf),
    )


def target_reason(facts: MediaFacts, policy: Policy) -> str:
    """Why the mean is what it is, as a sentence."""
    rows = policy.target.means
    row = policy.target.mean(facts.size)
    if len(rows) == 1:
        return f"The target is VMAF {row.mean:g}, as for every film."
    if row is rows[-1]:
        return f"The target is VMAF {row.mean:g}, as for every film up to {rows[-2].over_gib:g} GiB."
    size = f"{facts.size / GIB:.1f} GiB"
    return f"The target is VMAF {row.mean:g}, as the film has {size}, which is over {row.over_gib:g} GiB."


def _svt_parameters(year: int | None, policy: Policy) -> tuple[tuple[str, str], ...]:
    rules = policy.video
    parameters = {"tune": str(rules.tune)}
    if grainy(year, policy):
        parameters["film-grain"] = str(rules.film_grain)
    return tuple((parameters | rules.svt_parameters).items())


def grainy(year: int | None, policy: Policy) -> bool:
    """Whether the policy wants artificial grain for a film of that year."""
    return policy.video.film_grain > 0 and year is not None and year < policy.video.film_grain_before


def _filters(video: VideoTrack, policy: Policy) -> tuple[str, ...]:
    filters = []
    if video.scan is Scan.INTERLACED:
        # One picture for each stored frame, so that frame count and times stay the source's.
        filters.append("bwdif=mode=send_frame:deint=all")
    if downscales(video, policy):
        side = policy.video.downscale_width
        # A square box, because ffmpeg may have turned the picture before it comes here.
        filters.append(f"scale={side}:{side}:force_original_aspect_ratio=decrease:force_divisible_by=2:flags=lanczos")
    return tuple(filters)


def _keyframe_interval(video: VideoTrack, duration: Seconds | None, policy: Policy) -> int | None:
    rules = policy.video
    if duration is None or duration < rules.keyframe_from_seconds or not video.frame_rate:
        return None
    return max(ENCODER_KEYFRAMES, round(rules.keyframe_seconds * video.frame_rate))


def _encoded_size(video: VideoTrack, policy: Policy) -> tuple[int, int]:
    if not downscales(video, policy):
        return video.width, video.height
    side, longest = policy.video.downscale_width, max(video.width, video.height)
    return video.width * side // longest, video.height * side // longest


def _turned(box: tuple[int, int] | None, video: VideoTrack) -> tuple[int, int] | None:
    """The box that scores are scaled to, upright for a film that is shown upright (ffmpeg turns the pixels)."""
    if box is None:
        return None
    sideways = video.rotation % 180 != 0
    upright = (video.width > video.height) if sideways else (video.height > video.width)
    return (box[1], box[0]) if upright else box
