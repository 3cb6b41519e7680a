"""ab-av1's arguments for a search order: the same encoder, scoring size and range as our own engine. Pure."""

import math
from pathlib import Path

from reencodarr.quality import answer, cut, vmaf
from reencodarr.quality.engine import SearchOrder
from reencodarr.quality.goals import Goal
from reencodarr.units import Crf

NEAR = 6.0
"""CRFs to either side of what films alike let expect that are searched first, at most."""

_OWN_OPTIONS = {"scd": "--scd", "keyint": "--keyint"}
"""SVT-AV1 parameters that ab-av1 refuses as `--svt` and takes by a name of its own."""


def crf_search(order: SearchOrder, goal: Goal, *, lowest: Crf, highest: Crf) -> list[str | Path]:
    """Arguments after the program's name; the caller adds where temporary files go."""
    words: list[str | Path] = ["crf-search", "--stdout-format", "json", "--input", order.source.absolute()]
    words += [*_encoder(order), *_filters(order), *_scoring(order)]
    words += ["--min-vmaf", f"{goal.mean:g}", "--max-encoded-percent", f"{order.largest_percent:g}"]
    return [*words, "--min-crf", f"{lowest:g}", "--max-crf", f"{highest:g}", "--crf-increment", f"{answer.STEP:g}"]


def hinted_range(order: SearchOrder, goal: Goal) -> tuple[Crf, Crf] | None:
    """CRFs that known probes or films alike point to; None where nothing does, or not on this rung."""
    lowest, highest = order.target.lowest_crf, order.target.highest_crf
    good, bad = goal.bracket(order.known)
    if good is not None or bad is not None:
        below = lowest if good is None else max(lowest, good.crf)
        above = highest if bad is None else min(highest, bad.crf)
        return (Crf(below), Crf(above)) if (lowest, highest) != (below, above) and below < above else None
    prior = order.prior
    if not prior.films or 2 * prior.spread > NEAR or goal.note:
        return None
    near = max(lowest, math.ceil(prior.crf - NEAR)), min(highest, math.floor(prior.crf + NEAR))
    return (Crf(near[0]), Crf(near[1])) if near[0] < near[1] else None


def _encoder(order: SearchOrder) -> list[str]:
    video = order.video
    words = ["--encoder", "libsvtav1", "--preset", str(video.preset), "--pix-format", video.pixel_format]
    own = {key: value for key, value in video.svt_parameters if key in _OWN_OPTIONS}
    if video.keyframe_interval is not None:
        own["keyint"] = str(video.keyframe_interval)
    if "keyint" not in own:
        # Left alone it takes 10 s for films over 3 minutes; -1 is ffmpeg's own word for the encoder's choice.
        words += ["--enc", "g=-1"]
    own.setdefault("scd", "0")
    for key, value in own.items():
        words += [_OWN_OPTIONS[key], {"0": "false", "1": "true"}.get(value, value) if key == "scd" else value]
    for key, value in video.svt_parameters:
        if key not in _OWN_OPTIONS:
            words += ["--svt", f"{key}={value}"]
    return words


def _filters(order: SearchOrder) -> list[str]:
    """Its reference goes through all filters unless told otherwise; ours is not scaled down."""
    every = order.video.filters
    if not every:
        return []
    words = ["--vfilter", ",".join(every)]
    if cut.of_encode(every) and order.target.scale_to is not None:
        words += ["--reference-vfilter", ",".join(cut.of_reference(every)) or "null"]
    return words


def _scoring(order: SearchOrder) -> list[str]:
    target = order.target
    words = ["--vmaf", f"model=version={target.model}", "--vmaf", f"n_subsample={target.subsample}"]
    return [*words, "--vmaf-scale", _scale(order)]


def _scale(order: SearchOrder) -> str:
    scale_to = order.target.scale_to
    size = (order.width, order.height)
    if scale_to is None or (not cut.of_encode(order.video.filters) and vmaf.scoring_size(size, scale_to) == size):
        return "none"
    return f"{scale_to[0]}x{scale_to[1]}"
