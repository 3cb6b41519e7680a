from datetime import UTC, datetime
from typing import Any

import pytest

from dashboards import charts
from reencodarr.library.reading.parts import Probed, Searched
from reencodarr.units import Crf, Seconds, VmafScore

AT = datetime(2025, 11, 20, tzinfo=UTC)


def _probe(crf: float, mean: float, percent: float, *, pilot: bool = False) -> Probed:
    return Probed(
        crf=Crf(crf),
        mean=VmafScore(mean),
        p5=None,
        percent=percent,
        target=VmafScore(95.0),
        seconds=Seconds(10.0),
        pilot=pilot,
        preset=8 if pilot else None,
        measured=VmafScore(mean + 1.5) if pilot else None,
    )


PROBES = [_probe(24, 97.9, 62), _probe(33.5, 95.1, 33), _probe(40, 91.6, 22.4)]


def _search(interval: float) -> Searched:
    return Searched(
        crf=Crf(33.75),
        predicted=VmafScore(95.02),
        interval=VmafScore(interval),
        percent=32.5,
        target=VmafScore(95.0),
        met=True,
        reason="",
        bias=0.0,
        engine="native",
        build="b",
        searched_at=AT,
    )


def _layers(spec: dict[str, Any], datasets: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Every layer with a mark, with its data put in."""
    known = spec.get("datasets", datasets)
    found = [{**spec, "data": known[spec["data"]["name"]]}] if "mark" in spec and known else []
    return found + [layer for inner in spec.get("layer", []) for layer in _layers(inner, known)]


def _marks(spec: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [layer for layer in _layers(spec) if layer["mark"]["type"] == kind]


def test_every_probe_is_a_point_and_the_size_has_the_second_axis() -> None:
    spec = charts.probe_curve(PROBES).to_dict()

    (points,) = _marks(spec, "point")
    assert [(value["crf"], value["vmaf"]) for value in points["data"]] == [(24, 97.9), (33.5, 95.1), (40, 91.6)]
    sides = {
        layer["encoding"]["y"]["field"]: layer["encoding"]["y"]["axis"]["orient"] for layer in _marks(spec, "line")
    }
    assert sides == {"vmaf": "left", "percent": "right"}
    assert spec["resolve"]["scale"]["y"] == "independent"


def test_pilots_are_hollow_and_tell_what_they_measured() -> None:
    spec = charts.probe_curve([*PROBES, _probe(45, 88.0, 15.0, pilot=True)]).to_dict()

    filled, hollow = (
        [layer for layer in _marks(spec, "point") if layer["mark"]["filled"] is full] for full in (True, False)
    )
    assert [[value["crf"] for value in layer["data"]] for layer in filled] == [[24, 33.5, 40]]
    assert [[(value["crf"], value["measured"], value["preset"]) for value in layer["data"]] for layer in hollow] == [
        [(45, 89.5, 8)]
    ]
    assert {"measured", "preset"} <= {tip["field"] for tip in hollow[0]["encoding"]["tooltip"]}
    assert not {"measured", "preset"} & {tip["field"] for tip in filled[0]["encoding"]["tooltip"]}


def test_the_target_is_a_line_across() -> None:
    (rule,) = _marks(charts.probe_curve(PROBES).to_dict(), "rule")

    assert rule["data"][0]["vmaf"] == 95.0
    assert "x" not in rule["encoding"]


def test_the_chosen_point_is_ringed_with_its_interval() -> None:
    spec = charts.probe_curve(PROBES, search=_search(0.4)).to_dict()

    ring = next(layer for layer in _marks(spec, "point") if not layer["mark"]["filled"])
    spread = next(layer for layer in _marks(spec, "rule") if "y2" in layer["encoding"])
    assert ring["data"][0]["crf"] == 33.75
    assert (spread["data"][0]["low"], spread["data"][0]["high"]) == pytest.approx((94.62, 95.42))


def test_no_interval_draws_none() -> None:
    spec = charts.probe_curve(PROBES, search=_search(0.0)).to_dict()

    assert not [layer for layer in _marks(spec, "rule") if "y2" in layer["encoding"]]


def test_what_the_finished_film_achieved_is_a_diamond() -> None:
    spec = charts.probe_curve(PROBES, search=_search(0.4), achieved=(33.75, 95.3)).to_dict()

    (diamond,) = [layer for layer in _marks(spec, "point") if layer["mark"].get("shape") == "diamond"]
    assert diamond["data"] == [{"crf": 33.75, "vmaf": 95.3}]


@pytest.mark.parametrize(
    "probes", [PROBES, PROBES[:1], [_probe(12, 100.0, 180.0)], [_probe(20, 99.0, 90.0, pilot=True)]]
)
def test_nothing_lies_outside_the_axes(probes: list[Probed]) -> None:
    spec = charts.probe_curve(probes, search=_search(6.0), achieved=(33.75, 80.0)).to_dict()

    for layer in _layers(spec):
        for axis in ("x", "y"):
            encoding = layer["encoding"].get(axis, {})
            low, high = encoding.get("scale", {}).get("domain", (float("-inf"), float("inf")))
            assert all(low <= value[encoding["field"]] <= high for value in layer["data"] if "field" in encoding)
