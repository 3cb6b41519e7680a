"""The keys under which probes and finished films are kept, so that only like is compared with like. Pure."""

import hashlib
import json
from typing import Any

from reencodarr.encoding import picture
from reencodarr.encoding.plan import QualityTarget, VideoPlan
from reencodarr.media.facts import Hdr
from reencodarr.quality import windows

_LINES = (480, 720, 1080, 2160)


def search_key(*, identity: str, video: VideoPlan, target: QualityTarget, engine: str, build: str) -> str:
    """SHA-256 in hex over everything that changes what a score at a CRF means.

    `identity` stands for the film's bytes, `build` for encoder and libvmaf. What is wanted of a score (the target's
    mean, floor, tolerance and range of CRFs) is not part of it: another target uses the same probes.
    """
    meaning = _meaning(video, target, engine=engine, build=build)
    extra = {"identity": identity, "scheme": windows.scheme(), "keyframe_interval": video.keyframe_interval}
    return _digest(meaning | extra)


def class_key(
    *, video: VideoPlan, target: QualityTarget, engine: str, build: str, width: int, height: int, hdr: Hdr
) -> str:
    """SHA-256 in hex over what makes films alike: their CRFs mean the same, their pictures are of one kind.

    Pictures are alike that need the same lines of 480, 720, 1080 and 2160 and have the same dynamic range.
    """
    lines = picture.lines(width, height)
    size = next((step for step in _LINES if lines <= step), 4320)
    return _digest(_meaning(video, target, engine=engine, build=build) | {"lines": size, "hdr": hdr.value})


def _meaning(video: VideoPlan, target: QualityTarget, *, engine: str, build: str) -> dict[str, Any]:
    return {
        "preset": video.preset,
        "pixel_format": video.pixel_format,
        "svt_parameters": video.svt_parameters,
        "filters": video.filters,
        "model": target.model,
        "scale_to": target.scale_to,
        "subsample": target.subsample,
        "engine": engine,
        "build": build,
    }


def _digest(meaning: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()
