"""What `reencodarr search --json` prints: a contract with scripts, described and promised in docs/search.md."""

from pathlib import Path
from typing import Any

from reencodarr.encoding.plan import QualityTarget
from reencodarr.errors import ReencodarrError
from reencodarr.library import reading
from reencodarr.quality.engine import Probe, SearchResult
from reencodarr.quality.prior import Prior
from reencodarr.stages.trying import Trial

SCHEMA = 1
"""Rises when a field goes or changes its meaning; new fields do not count."""


def found(trial: Trial, result: SearchResult) -> dict[str, Any]:
    """The document of a search that came to its end."""
    known = {probe.kind for probe in trial.terms.known}
    return {
        "schema": SCHEMA,
        "film": _film(trial),
        "search": _search(trial, result),
        "probes": [_probe(probe, remembered=probe.kind in known) for probe in result.probes],
        "result": {
            "crf": result.crf,
            "vmaf": result.predicted,
            "interval": result.interval,
            "percent": result.percent,
            "met": result.met,
            "measured": any(probe.crf == result.crf and not probe.pilot for probe in result.probes),
            "slope": result.slope,
            "sampled": result.sampled,
            "reason": result.reason,
        },
        "notes": list(trial.notes),
    }


def failed(path: Path, error: ReencodarrError) -> dict[str, Any]:
    """The document of a search that could not be done, or broke."""
    return {
        "schema": SCHEMA,
        "film": {"path": reading.shown(path)},
        "error": {
            "name": type(error).__name__,
            "code": error.code,
            "category": error.category.value,
            "message": error.message,
            "advice": error.advice,
            "transient": error.transient,
        },
    }


def _film(trial: Trial) -> dict[str, Any]:
    video = trial.facts.video
    assert video is not None  # a trial has one
    return {
        "path": reading.shown(trial.path),
        "bytes": trial.facts.size,
        "seconds": trial.facts.duration,
        "codec": video.codec,
        "width": video.width,
        "height": video.height,
        "hdr": video.hdr.value,
    }


def _search(trial: Trial, result: SearchResult) -> dict[str, Any]:
    video = trial.terms.video
    return {
        "engine": result.engine,
        "build": result.build,
        "preset": video.preset,
        "pixel_format": video.pixel_format,
        "svt_parameters": dict(video.svt_parameters),
        "filters": list(video.filters),
        "target": _target(trial.terms.target),
        "largest_percent": trial.terms.largest_percent,
        "first_crf": trial.terms.prior.crf if trial.terms.prior.films else None,
        "prior": _prior(trial.terms.prior),
        "bias": trial.terms.bias,
        "proxy_preset": trial.terms.proxy.preset if trial.terms.proxy else None,
        "hdr_scored_as_sdr": trial.hdr,
    }


def _prior(prior: Prior) -> dict[str, Any]:
    return {
        "crf": prior.crf,
        "spread": prior.spread,
        "slope": prior.slope,
        "films": prior.films,
        "origin": prior.origin.value,
    }


def _target(target: QualityTarget) -> dict[str, Any]:
    return {
        "vmaf": target.mean,
        "lowest_vmaf": target.lowest_mean,
        "floor_p5": target.floor_p5,
        "tolerance": target.tolerance,
        "model": target.model,
        "scale_to": None if target.scale_to is None else list(target.scale_to),
        "subsample": target.subsample,
        "lowest_crf": target.lowest_crf,
        "highest_crf": target.highest_crf,
    }


def _probe(probe: Probe, *, remembered: bool) -> dict[str, Any]:
    return {
        "crf": probe.crf,
        "vmaf": probe.mean,
        "interval": probe.interval,
        "p5": probe.p5,
        "lowest_2s": min((window.lowest_2s for window in probe.windows), default=None),
        "percent": probe.percent,
        "seconds": probe.seconds,
        "cpu_seconds": probe.cpu_seconds or None,  # 0: the engine does not tell
        "windows": len(probe.windows),
        "pilot": probe.pilot,
        "preset": probe.preset,
        "remembered": remembered,
    }
