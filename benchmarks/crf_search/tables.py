"""The results as tables in Markdown, as docs/results.md shows them. Pure."""

from collections.abc import Sequence
from typing import Any

from benchmarks.crf_search import arms
from benchmarks.crf_search.figures import GROUPS, Row


def of(rows: Sequence[Row], summary: Sequence[dict[str, Any]]) -> str:
    """All tables: the summary of everything, then of each part, then every film."""
    parts = [_summary("All films and presets", _part(summary, "all", "all"))]
    presets = sorted({row.case.preset for row in rows})
    for preset in presets if len(presets) > 1 else []:
        parts.append(_summary(f"Preset {preset}", _part(summary, preset, "all")))
    for group, words in GROUPS.items():
        parts.append(_summary(f"Films of {words}", _part(summary, "all", group)))
    for preset in presets:
        for target in sorted({row.case.target for row in rows}):
            chosen = [row for row in rows if (row.case.preset, row.case.target) == (preset, target)]
            parts.append(_films(f"Preset {preset}, VMAF {target:g}", chosen))
    return "\n\n".join(part for part in parts if part)


def _part(summary: Sequence[dict[str, Any]], preset: object, group: object) -> list[dict[str, Any]]:
    return [one for one in summary if one["preset"] == preset and one["films"] == group]


def _summary(title: str, part: Sequence[dict[str, Any]]) -> str:
    if not part:
        return ""
    heads = [
        "arm",
        "trials",
        "probes",
        "CPU s",
        "CPU / ab-av1",
        "wall / ab-av1",
        "frames / ab-av1",
        "distance from target",
    ]
    heads += ["below target", "size regret", "size predicted"]
    lines = []
    for one in part:
        ratios = one.get("to_abav1", {})
        missed = one["misses"]
        lines.append(
            [
                arms.ARMS[one["arm"]],
                str(one["trials"])
                + (f", {one['without_an_answer']} without answer" if one["without_an_answer"] else ""),
                _spread(one["probes"], "{:.0f}"),
                _spread(one["cpu_s"], "{:.0f}"),
                *(_ratio(ratios.get(name)) for name in ("cpu_s", "wall_s", "encoded_frames")),
                _spread(one["error"], "{:.2f}", middle="p95"),
                f"{missed['count']}" + (f", by up to {-missed['deepest']:.2f}" if missed["count"] else ""),
                _spread(one["regret"], "{:.1%}"),
                _spread(one["size_error"], "{:.1%}"),
            ]
        )
    note = "Median / p90 / worst, of the distance from the target median / p95 / worst; ratios with 95 % intervals."
    return f"**{title}.** {note}\n\n" + _table(heads, lines)


def _films(title: str, rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    heads = ["film", "arm", "probes", "CPU s", "wall s", "frames", "MB read", "CRF (best)", "VMAF predicted → achieved"]
    heads += ["size regret", "size predicted", "load"]
    order = {arm: place for place, arm in enumerate(arms.ARMS)}
    lines = []
    for row in sorted(rows, key=lambda row: (row.group != "whole", row.group, row.case.film, order[row.case.arm])):
        answered = row.crf is not None
        lines.append(
            [
                row.case.film,
                row.case.arm,
                str(row.probes),
                f"{row.cpu_s:.1f}",
                f"{row.wall_s:.1f}",
                f"{row.encoded_frames} + {row.scored_frames}",
                f"{row.read_mb:.0f}",
                f"{row.crf:g} ({_number(row.best_crf, '{:g}')})" if answered else "none",
                f"{_number(row.predicted, '{:.2f}')} → {_number(row.achieved, '{:.2f}')}" if answered else "",
                _number(row.regret, "{:+.1%}"),
                _number(row.size_error, "{:+.1%}"),
                f"{row.load:.1f}",
            ]
        )
    return f"**{title}.** Frames encoded + scored.\n\n" + _table(heads, lines)


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rows = [heads, ["---"] * len(heads), *lines]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _spread(values: dict[str, float] | None, form: str, *, middle: str = "p90") -> str:
    return "" if values is None else " / ".join(form.format(values[name]) for name in ("median", middle, "worst"))


def _ratio(found: dict[str, float] | None) -> str:
    return "" if found is None else f"{found['ratio']:.2f} ({found['low']:.2f} to {found['high']:.2f})"


def _number(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)
