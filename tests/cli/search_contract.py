"""The JSON of `reencodarr search` as a schema: what docs/search.md promises, and not a field more."""

import json
from typing import Any

import jsonschema

NUMBER: dict[str, Any] = {"type": "number"}
SCORE: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 100}
PERCENT: dict[str, Any] = {"type": "number", "exclusiveMinimum": 0}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
TEXT: dict[str, Any] = {"type": "string"}
TRUTH: dict[str, Any] = {"type": "boolean"}


def or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]}


def record(**fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def listed(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema}


FILM = record(
    path=TEXT, bytes=COUNT, seconds=or_null(NUMBER), codec=TEXT, width=COUNT, height=COUNT,
    hdr={"enum": ["sdr", "hlg", "pq", "hdr10", "hdr10plus", "dolby_vision"]},
)  # fmt: skip
TARGET = record(
    vmaf=SCORE, lowest_vmaf=SCORE, floor_p5=SCORE, tolerance=NUMBER, model=TEXT,
    scale_to=or_null({**listed(COUNT), "minItems": 2, "maxItems": 2}), subsample=COUNT,
    lowest_crf=NUMBER, highest_crf=NUMBER,
)  # fmt: skip
PRIOR = record(
    crf=NUMBER, spread=NUMBER, slope=NUMBER, films=COUNT, origin={"enum": ["siblings", "library", "default"]}
)
SEARCH = record(
    engine={"enum": ["native", "ab-av1"]}, build=TEXT, preset=COUNT, pixel_format=TEXT,
    svt_parameters={"type": "object", "additionalProperties": TEXT}, filters=listed(TEXT), target=TARGET,
    largest_percent=PERCENT, first_crf=or_null(NUMBER), prior=PRIOR, bias=NUMBER, proxy_preset=or_null(COUNT),
    hdr_scored_as_sdr=TRUTH,
)  # fmt: skip
PROBE = record(
    crf=NUMBER, vmaf=SCORE, interval=or_null(NUMBER), p5=or_null(SCORE), lowest_2s=or_null(SCORE), percent=PERCENT,
    seconds=NUMBER, cpu_seconds=or_null(NUMBER), windows=COUNT, remembered=TRUTH, pilot=TRUTH,
    preset=or_null(COUNT),
)  # fmt: skip
RESULT = record(
    crf=NUMBER, vmaf=SCORE, interval=NUMBER, percent=PERCENT, met=TRUTH, measured=TRUTH, reason=TEXT,
    slope=or_null(NUMBER), sampled=TRUTH,
)  # fmt: skip
ERROR = record(name=TEXT, code=TEXT, category=TEXT, message=TEXT, advice=TEXT, transient=TRUTH)

FOUND = record(schema={"const": 1}, film=FILM, search=SEARCH, probes=listed(PROBE), result=RESULT, notes=listed(TEXT))
FAILED = record(schema={"const": 1}, film=record(path=TEXT), error=ERROR)


def document(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The one document that a text is, if it keeps its promises."""
    found = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(found, schema)
    return found
