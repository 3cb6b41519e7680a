"""Our engine in a process of its own: an order as JSON on the command line, the answer as JSON on standard output.

All that the benchmark knows of the engine's interface is here.
"""

import json
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reencodarr.encoding.plan import QualityTarget, VideoPlan
from reencodarr.progress import silent
from reencodarr.quality.engine import SearchOrder, SearchResult
from reencodarr.quality.native import NativeEngine
from reencodarr.units import Crf, Seconds, VmafScore


@dataclass(frozen=True, slots=True, kw_only=True)
class Sibling:
    """Another film of the season, as a library remembers it."""

    crf: float
    predicted: float
    achieved: float
    """VMAF of its full encode."""


def main() -> None:
    """Search and say what was found."""
    asked = json.loads(sys.argv[1])
    before = time.process_time()
    engine = NativeEngine(ffmpeg=Path(asked["ffmpeg"]), workers=asked["workers"])
    with tempfile.TemporaryDirectory(dir=asked["scratch"]) as scratch:
        found = engine.search(_order(asked), scratch=Path(scratch), on_probe=lambda probe: None, report=silent)
    print(json.dumps(_said(found) | {"start_cpu_s": before}))


def _order(asked: dict[str, Any]) -> SearchOrder:
    target = asked["target"]
    siblings = [Sibling(**sibling) for sibling in asked["siblings"]]
    video = {**asked["video"], "svt_parameters": tuple(map(tuple, asked["video"]["svt_parameters"]))}
    return SearchOrder(
        source=Path(asked["source"]),
        label=Path(asked["source"]).name,
        duration=Seconds(asked["duration"]),
        width=asked["width"],
        height=asked["height"],
        video=VideoPlan(**{**video, "filters": tuple(video["filters"])}),
        target=QualityTarget(
            mean=VmafScore(target),
            lowest_mean=VmafScore(target),
            floor_p5=VmafScore(0.0),  # ab-av1 aims at the mean alone
            scale_to=None,
            **asked["aim"],
        ),
        largest_percent=1000.0,
        first_crf=Crf(statistics.median(sibling.crf for sibling in siblings)) if siblings else None,
    )


def _said(found: SearchResult) -> dict[str, Any]:
    return {
        "crf": found.crf,
        "predicted": found.predicted,
        "interval": found.interval,
        "percent": found.percent,
        "met": found.met,
        "reason": found.reason,
        "probes": [
            {"crf": probe.crf, "vmaf": probe.mean, "windows": len(probe.windows), "cpu_s": probe.cpu_seconds}
            for probe in found.probes
        ],
    }


if __name__ == "__main__":
    main()
