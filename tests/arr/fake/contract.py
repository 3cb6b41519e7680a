"""Whether a request and its answer are such as a real Sonarr or Radarr takes and gives.

Two judges: the published specification, where a copy is at hand (it is GPL, so none is kept here), and always
`calls.json`, our own description of the calls that we make. `REENCODARR_TEST_OPENAPI` names the folder of the former.
"""

import functools
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

OPENAPI = Path(os.environ.get("REENCODARR_TEST_OPENAPI", Path(__file__).parents[4] / "shared" / "openapi"))
API = "/api/v3"
_CALLS = Path(__file__).with_name("calls.json")
_JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request, and what was answered."""

    method: str
    path: str
    """With `/api/v3` before it, without a URL base."""
    query: Sequence[tuple[str, str]]
    key: str
    body: bytes
    status: int
    answer: bytes


def violations(kind: str, call: Call) -> Iterator[str]:
    """What a real one would not have taken or given."""
    yield from _own_violations(kind, call)
    if (specification := published(kind)) is not None:
        yield from _published_violations(specification, call)


def _published_violations(specification: OpenAPI, call: Call) -> Iterator[str]:
    request = MockRequest(
        "http://localhost",
        call.method,
        call.path,
        args=list(call.query),  # type: ignore[arg-type]
        headers={"X-Api-Key": call.key},
        data=call.body,
    )
    try:
        specification.validate_request(request)
        if call.status < 300:
            specification.validate_response(request, MockResponse(call.answer or b"", status_code=call.status))
    except OpenAPIError as error:
        reasons = getattr(error.__cause__, "schema_errors", None) or [error.__cause__ or error]
        yield f"published: {call.method} {call.path}: " + "; ".join(str(one)[:300] for one in reasons[:3])


@functools.cache
def published(kind: str) -> OpenAPI | None:
    """The published specification, mended where it is known to be wrong; None where it is not at hand."""
    file = OPENAPI / f"{kind}.json"
    if not file.is_file():
        return None
    specification = mended(json.loads(file.read_text("utf-8")))
    # A test of its own holds the specification to its own rules: that takes seconds.
    return OpenAPI.from_dict(specification, config=Config(spec_validator_cls=None))


def mended(specification: dict[str, Any]) -> dict[str, Any]:
    """Three faults: pages for people declare a parameter that is not in their path; only 200 is listed where 201 and
    202 are answered; and a command may carry fields of its own, which the server reads from the raw body."""
    paths = {path: item for path, item in specification["paths"].items() if path.startswith("/api")}
    for item in paths.values():
        for operation in item.values():
            answers = operation["responses"]
            good = answers["200"]
            for answer in good.get("content", {}), operation.get("requestBody", {}).get("content", {}):
                if answer and _JSON not in answer:
                    answer[_JSON] = next(iter(answer.values()))
            answers |= {"201": good, "202": good}
    schemas = specification["components"]["schemas"]
    schemas["CommandResource"] = {**schemas["CommandResource"], "additionalProperties": True}
    return {**specification, "paths": paths, "servers": [{"url": "/"}]}


def _own_violations(kind: str, call: Call) -> Iterator[str]:
    said = f"ours: {call.method} {call.path}"
    entry = _entry(kind, call)
    if entry is None:
        yield f"{said}: no call that we make"
        return
    names = {name for name, _ in call.query}
    if unknown := names - set(entry.get("query", [])):
        yield f"{said}: unknown query {sorted(unknown)}"
    if entry.get("needs") and not names & set(entry["needs"]):
        yield f"{said}: one of {entry['needs']} is needed"
    if call.body or "body" in entry:
        yield from _mismatches(said, entry.get("body", False), call.body)
    if call.status < 300 and "answer" in entry:
        yield from _mismatches(f"{said} answer", entry["answer"], call.answer)


def _entry(kind: str, call: Call) -> dict[str, Any] | None:
    """What `calls.json` says about a call; a number in a path is `{id}` there."""
    path = call.path.removeprefix(API)
    pattern = "/".join("{id}" if part.isdigit() else part for part in path.split("/"))
    calls = _document()["calls"]
    own, shared = f"{kind} {call.method} {pattern}", f"both {call.method} {pattern}"
    return calls[own] if own in calls else calls.get(shared)


def _mismatches(said: str, schema: Any, text: bytes) -> Iterator[str]:
    try:
        value = json.loads(text)
    except ValueError:
        yield f"{said}: no JSON"
        return
    whole = {**schema, "$defs": _document()["$defs"]} if isinstance(schema, dict) else schema
    for error in jsonschema.Draft202012Validator(whole).iter_errors(value):
        yield f"{said}: {error.json_path}: {error.message[:200]}"


@functools.cache
def _document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_CALLS.read_text("utf-8"))
    return found
