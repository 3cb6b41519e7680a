"""Our engine in a process of its own: an order as JSON on the command line, the answer as JSON on standard output.

All that the benchmark knows of the engine's interface is here. What a search teaches (`lesson`) goes to later searches
as it came, with the VMAF of the full encode put to it, which a library knows of a finished film.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from reencodarr.encoding.plan import QualityTarget, VideoPlan
from reencodarr.progress import silent
from reencodarr.quality import bias, prior, proxy
from reencodarr.quality.engine import SearchOrder, SearchResult
from reencodarr.quality.native import NativeEngine
from reencodarr.quality.prior import Origin, Past
from reencodarr.quality.proxy import Seen
from reencodarr.units import Crf, Seconds, VmafScore


def main() -> None:
    """Search and say what was found."""
    asked = json.loads(sys.argv[1])
    before = time.process_time()
    engine = NativeEngine(ffmpeg=Path(asked["ffmpeg"]), workers=asked["workers"])
    with tempfile.TemporaryDirectory(dir=asked["scratch"]) as scratch:
        found = engine.search(_order(asked), scratch=Path(scratch), on_probe=lambda probe: None, report=silent)
    print(json.dumps(_said(found) | {"start_cpu_s": before}))


def _order(asked: dict[str, Any]) -> SearchOrder:
    """As `stages.ordering` makes it, with the other episodes for a library."""
    video = {**asked["video"], "svt_parameters": tuple(map(tuple, asked["video"]["svt_parameters"]))}
    target = QualityTarget(
        mean=VmafScore(asked["target"]),
        lowest_mean=VmafScore(asked["target"]),
        floor_p5=VmafScore(0.0),  # ab-av1 aims at the mean alone
        scale_to=None,
        **asked["aim"],
    )
    lessons: list[dict[str, Any]] = asked["siblings"]
    deviations = [lesson["achieved"] - lesson["predicted"] for lesson in lessons if lesson["sampled"]]
    return SearchOrder(
        source=Path(asked["source"]),
        label=Path(asked["source"]).name,
        duration=Seconds(asked["duration"]),
        width=asked["width"],
        height=asked["height"],
        video=VideoPlan(**{**video, "filters": tuple(video["filters"])}),
        target=target,
        largest_percent=1000.0,
        prior=prior.of([_past(lesson) for lesson in lessons], target, Origin.SIBLINGS) or prior.default(target),
        bias=bias.learned(deviations),
        proxy=proxy.of(video["preset"], [Seen(**lesson["proxy"]) for lesson in lessons if lesson["proxy"]]),
    )


def _past(lesson: dict[str, Any]) -> Past:
    return Past(
        crf=Crf(lesson["crf"]),
        mean=VmafScore(lesson["achieved"]),
        p5=None,
        percent=lesson["percent"],
        slope=lesson["slope"],
    )


def _said(found: SearchResult) -> dict[str, Any]:
    seen = found.proxy_seen
    return {
        "crf": found.crf,
        "predicted": found.predicted,
        "percent": found.percent,
        "reason": found.reason,
        "probes": [
            {
                "crf": probe.crf,
                "vmaf": probe.mean,
                "windows": len(probe.windows),
                "pilot": probe.pilot,
                "preset": probe.preset,
                "cpu_s": probe.cpu_seconds,
            }
            for probe in found.probes
        ],
        "lesson": {
            "crf": found.crf,
            "predicted": found.predicted,
            "percent": found.percent,
            "slope": found.slope,
            "sampled": found.sampled,
            "proxy": {"offset": seen.offset, "size": seen.size} if seen else None,
        },
    }


if __name__ == "__main__":
    main()
