"""The key under which probes are kept: two probes may be compared if, and only if, their keys are equal. Pure."""

import hashlib
import json

from reencodarr.encoding.plan import QualityTarget, VideoPlan
from reencodarr.quality import windows


def search_key(*, identity: str, video: VideoPlan, target: QualityTarget, engine: str, build: str) -> str:
    """SHA-256 in hex over everything that changes what a score at a CRF means.

    `identity` stands for the film's bytes, `build` for encoder and libvmaf. What is wanted of a score (the target's
    mean, floor, tolerance and range of CRFs) is not part of it: another target uses the same probes.
    """
    meaning = {
        "identity": identity,
        "preset": video.preset,
        "pixel_format": video.pixel_format,
        "svt_parameters": video.svt_parameters,
        "filters": video.filters,
        "keyframe_interval": video.keyframe_interval,
        "model": target.model,
        "scale_to": target.scale_to,
        "subsample": target.subsample,
        "engine": engine,
        "build": build,
        "scheme": windows.SCHEME,
    }
    return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()
