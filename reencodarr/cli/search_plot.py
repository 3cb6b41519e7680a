"""A search as a picture: the dashboard's chart of probes, drawn into a file by vl-convert, which needs no browser."""

import importlib.util
from io import BytesIO, StringIO
from pathlib import Path
from typing import Literal

from reencodarr.errors import ProgramMissing, SettingsError
from reencodarr.library import reading
from reencodarr.library.reading import curves
from reencodarr.library.reading.parts import Searched
from reencodarr.library.tables import now
from reencodarr.quality import dynamic_range
from reencodarr.quality.engine import SearchResult
from reencodarr.stages.trying import Trial

FORMATS: dict[str, Literal["png", "svg"]] = {".png": "png", ".svg": "svg"}
WIDTH = 640
SHARPNESS = 2
"""Pixels of a PNG for each pixel of the chart."""
PACKAGE = "vl_convert"


def require_drawable(file: Path) -> None:
    """Check that a plot can be drawn into `file`, before hours go into what it shall show. Writes nothing.

    Raises SettingsError, ProgramMissing.
    """
    if file.suffix.lower() not in FORMATS:
        raise SettingsError(f"{file} cannot be drawn.", path=file, advice="Name it .png or .svg.")
    if not file.absolute().parent.is_dir() or file.is_dir():
        raise SettingsError(
            f"{file} cannot be written: its folder is not there, or it is a folder itself.",
            path=file,
            advice="Name a file in a folder that is there.",
        )
    if importlib.util.find_spec(PACKAGE) is None:
        raise ProgramMissing(
            "Drawing needs the package vl-convert-python, which is not installed.",
            advice="Install it: pip install 'reencodarr[plot]'.",
        )


def draw(file: Path, trial: Trial, result: SearchResult) -> None:
    """Draw VMAF and size against CRF with the target and the chosen point; an older file of that name is replaced.

    A search without any probe has no curve; it is not to be drawn.

    Raises SettingsError where `file` cannot be written.
    """
    from dashboards import charts

    probes = curves.drawn(result.probes, target=trial.terms.target.mean)
    chart = charts.probe_curve(probes, search=_answer(trial, result))
    kind = FORMATS[file.suffix.lower()]
    picture = StringIO() if kind == "svg" else BytesIO()
    chart.properties(width=WIDTH, title=_title(trial, result)).save(picture, format=kind, scale_factor=SHARPNESS)
    drawn = picture.getvalue()
    try:
        file.write_bytes(drawn.encode() if isinstance(drawn, str) else drawn)
    except OSError as error:
        raise SettingsError(
            f"The plot {file} cannot be written: {error.strerror}.", path=file, advice="Name another file."
        ) from error


def _answer(trial: Trial, result: SearchResult) -> Searched:
    return Searched(
        crf=result.crf,
        predicted=result.predicted,
        interval=result.interval,
        percent=result.percent,
        target=trial.terms.target.mean,
        met=result.met,
        reason=result.reason,
        bias=trial.terms.bias if result.sampled else 0.0,
        engine=result.engine,
        build=result.build,
        searched_at=now(),
    )


def _title(trial: Trial, result: SearchResult) -> dict[str, object]:
    words = f"preset {trial.terms.video.preset}, {result.engine}"
    if trial.hdr:
        words += f"; HDR, scored by the {dynamic_range.MARK}"
    if any(probe.pilot for probe in result.probes):
        words += "; hollow: pilots, of a few windows"
    if not result.met:
        words += "; the target is not met"
    return {"text": reading.shown(trial.path.name), "subtitle": words}
