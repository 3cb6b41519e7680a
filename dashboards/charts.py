"""Charts as pure functions from values to specifications."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from reencodarr.library.reading.parts import Probed, Searched

VMAF = "#2f9587"
SIZE = "#c58b2b"
TARGET = "#8a8f98"
ACHIEVED = "#b3452c"
HEIGHT = 380

_CRF = "CRF (higher is smaller)"
_SCORE = "VMAF, mean"
_PERCENT = "Predicted size of the video, %"


def probe_curve(
    probes: Sequence[Probed], *, search: Searched | None = None, achieved: tuple[float, float] | None = None
) -> alt.LayerChart:
    """VMAF against CRF of every probe (left), predicted size in per cent (right), target line and chosen point.

    Probes of all windows are filled points, pilots hollow ones. The chosen point carries the 95 % interval of its
    prediction. `achieved` is CRF and mean VMAF of the finished film. At least one probe is expected.
    """
    target = search.target if search else probes[-1].target
    x, y, percent = _axes(probes, search, [target] + ([achieved[1]] if achieved else []))
    points = _data([_point(probe) for probe in probes])
    layers = [*_target(target, y), _line(points, x, y)]
    for pilot in (False, True):
        drawn = [_point(probe) for probe in probes if probe.pilot is pilot]
        layers += [_points(drawn, x, y, pilot=pilot)] if drawn else []
    layers += _chosen(search, x, y) if search else []
    layers += [_achieved(*achieved, x, y)] if achieved else []
    chart = alt.layer(_sizes(points, x, percent), alt.layer(*layers))
    resolved: alt.LayerChart = chart.resolve_scale(y="independent").properties(height=HEIGHT)
    return resolved


def _point(probe: Probed) -> dict[str, Any]:
    point: dict[str, Any] = {"crf": probe.crf, "vmaf": probe.mean, "p5": probe.p5, "percent": probe.percent}
    point["seconds"] = probe.seconds
    if probe.pilot:
        point["measured"] = probe.measured
    if probe.preset is not None:
        point["preset"] = probe.preset
    return point


def _data(values: list[dict[str, Any]]) -> alt.InlineData:
    return alt.InlineData(values=values)


def _axes(
    probes: Sequence[Probed], search: Searched | None, other_scores: Sequence[float]
) -> tuple[alt.X, alt.Y, alt.Y]:
    crfs, sizes = [probe.crf for probe in probes], [probe.percent for probe in probes]
    scores: list[float] = [*(probe.mean for probe in probes), *other_scores]
    if search:
        crfs.append(search.crf)
        scores += [search.predicted - search.interval, search.predicted + search.interval]
    x = alt.X("crf:Q", title=_CRF, scale=_scale(crfs), axis=alt.Axis(grid=False, tickCount=8))
    y = alt.Y(
        "vmaf:Q",
        title=_SCORE,
        scale=_scale(scores, highest=100.0),
        axis=alt.Axis(orient="left", titleColor=VMAF, tickCount=6),
    )
    percent = alt.Y(
        "percent:Q",
        title=_PERCENT,
        scale=_scale(sizes),
        axis=alt.Axis(orient="right", titleColor=SIZE, grid=False, tickCount=6),
    )
    return x, y, percent


def _scale(values: Sequence[float], *, highest: float | None = None) -> alt.Scale:
    """A scale with a tenth of air around the values, not above `highest` (but never cutting a value off)."""
    low, high = min(values), max(values)
    space = max((high - low) * 0.1, 0.5)
    top = high + space if highest is None else max(high, min(high + space, highest))
    return alt.Scale(domain=[round(low - space, 3), round(top, 3)], nice=False, zero=False)


def _tooltips(*names: tuple[str, str, str]) -> list[alt.Tooltip]:
    return [alt.Tooltip(f"{field}:Q", title=title, format=form) for field, title, form in names]


def _line(points: alt.InlineData, x: alt.X, y: alt.Y) -> alt.Chart:
    base = alt.Chart(points).encode(x=x, y=y)
    line: alt.Chart = base.mark_line(color=VMAF, interpolate="monotone", strokeWidth=1.5, opacity=0.6)
    return line


def _points(values: list[dict[str, Any]], x: alt.X, y: alt.Y, *, pilot: bool) -> alt.Chart:
    tips = [
        ("crf", "CRF", ".4~g"),
        ("vmaf", "VMAF, mean", ".2f"),
        ("p5", "VMAF, 5th percentile", ".2f"),
        ("percent", "Size, %", ".1f"),
        ("seconds", "Seconds", ".0f"),
    ]
    tips += [("measured", "VMAF of the pilot's windows", ".2f")] if pilot else []
    tips += [("preset", "Preset", "d")] if any("preset" in value for value in values) else []
    base = alt.Chart(_data(values)).encode(x=x, y=y, tooltip=_tooltips(*tips))
    drawn: alt.Chart = base.mark_point(color=VMAF, filled=not pilot, size=70, opacity=1)
    return drawn


def _sizes(points: alt.InlineData, x: alt.X, percent: alt.Y) -> alt.Chart:
    drawn: alt.Chart = (
        alt.Chart(points)
        .encode(x=x, y=percent)
        .mark_line(
            color=SIZE,
            interpolate="monotone",
            strokeWidth=1.5,
            strokeDash=[2, 3],
            point=alt.OverlayMarkDef(color=SIZE, filled=True, size=25),
        )
    )
    return drawn


def _target(target: float, y: alt.Y) -> list[alt.Chart]:
    base = alt.Chart(_data([{"vmaf": target, "label": f"target {target:g}"}])).encode(y=y)
    rule = base.mark_rule(color=TARGET, strokeDash=[6, 4], strokeWidth=1.5)
    words = base.mark_text(align="left", baseline="bottom", dx=4, dy=-3, color=TARGET, fontSize=12)
    return [rule, words.encode(x=alt.value(0), text="label:N")]


def _chosen(search: Searched, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    point = {
        "crf": search.crf,
        "vmaf": search.predicted,
        "low": search.predicted - search.interval,
        "high": search.predicted + search.interval,
        "label": f"CRF {search.crf:g}",
    }
    base = alt.Chart(_data([point])).encode(x=x)
    tips = _tooltips(("crf", "Chosen CRF", ".4~g"), ("vmaf", "Predicted VMAF", ".2f"))
    ring = base.mark_point(color=VMAF, filled=False, size=320, strokeWidth=2.5, opacity=1).encode(y=y, tooltip=tips)
    words = base.mark_text(align="left", dx=14, dy=-12, fontSize=13, fontWeight=600, color=VMAF)
    layers = [ring, words.encode(y=y, text="label:N")]
    if search.interval > 0:
        spread = base.mark_rule(color=VMAF, strokeWidth=2.5, opacity=0.8)
        layers.insert(0, spread.encode(y=alt.Y("low:Q", title=_SCORE), y2="high:Q"))
    return layers


def _achieved(crf: float, score: float, x: alt.X, y: alt.Y) -> alt.Chart:
    tips = _tooltips(("crf", "CRF", ".4~g"), ("vmaf", "Measured on the finished film", ".2f"))
    base = alt.Chart(_data([{"crf": crf, "vmaf": score}])).encode(x=x, y=y, tooltip=tips)
    drawn: alt.Chart = base.mark_point(shape="diamond", color=ACHIEVED, filled=True, size=130, opacity=1)
    return drawn
