"""ffmpeg's arguments for a plan. Pure: the same for probes, for films and for what `plan` prints."""

from reencodarr.encoding.plan import VideoPlan
from reencodarr.units import Crf


def svt_parameters(plan: VideoPlan, crf: Crf, *, threads: int | None = None) -> str:
    """What `-svtav1-params` says, whichever program asks SVT-AV1. `threads` is its `lp`."""
    parameters = [("crf", f"{crf:g}"), *plan.svt_parameters]
    if threads is not None:
        parameters.append(("lp", str(threads)))
    return ":".join(f"{key}={value}" for key, value in parameters)


def whole_crf(crf: Crf) -> int:
    """The CRF as libavcodec's own option takes it: an integer up to 63."""
    return min(int(crf), 63)


def video_encoder(plan: VideoPlan, crf: Crf, *, threads: int | None = None) -> list[str]:
    """Arguments that encode the output's first video stream.

    `crf` is given twice: ffmpeg's own `-crf` is an integer up to 63 and silently cuts fractions, so the true value
    travels in `-svtav1-params` (ab-av1 issues 342 and 345; measured). `threads` is SVT-AV1's `lp`; it changes no
    byte of the output (measured for 1 to 6).
    """
    arguments = ["-c:v:0", "libsvtav1", "-preset:v:0", str(plan.preset), "-crf:v:0", str(whole_crf(crf))]
    arguments += ["-svtav1-params:v:0", svt_parameters(plan, crf, threads=threads)]
    arguments += ["-pix_fmt:v:0", plan.pixel_format]
    if plan.keyframe_interval is not None:
        arguments += ["-g:v:0", str(plan.keyframe_interval)]
    return arguments
