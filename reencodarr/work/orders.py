"""What a worker is told and what it answers, as frozen values that travel as JSON.

An order is complete: whoever holds it needs nothing else but a way to reach its source. A result says what came of one
attempt; it is written once and never changed. The same values pass between the stages of one machine.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from reencodarr.encoding.plan import EncodePlan, LeaveReason, QualityTarget, VideoPlan
from reencodarr.errors import Category, OrderUnreadable, Stage
from reencodarr.media.facts import Hdr, MediaFacts
from reencodarr.media.fingerprint import Fingerprint
from reencodarr.paths import from_text
from reencodarr.quality.engine import Probe, SearchResult
from reencodarr.quality.measure import Achieved
from reencodarr.quality.prior import DEFAULT, Prior
from reencodarr.quality.proxy import Proxy
from reencodarr.transfer.parts import Part
from reencodarr.units import Bytes, Crf, Seconds, VmafScore

T = TypeVar("T")


class Kind(StrEnum):
    """What is asked of a worker."""

    CRF_SEARCH = "crf_search"
    ENCODE = "encode"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSource:
    """A film that lies on the machine that does the work."""

    path: str
    """As `paths.to_text` writes it."""
    fingerprint: Fingerprint
    """What the film must be when the work begins and ends."""
    results: str
    """The folder in which a finished encode is kept; on the same filesystem as the scratch folder."""
    kind: Literal["local"] = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedSource:
    """A film in the bucket. The URLs are presigned and expire; the digests are what is believed."""

    size: Bytes
    sha256: str
    suffix: str
    """Of the film's name: `.mkv`."""
    film: str
    """URL of the whole film."""
    sheet: str
    """URL of its packet index and block digests."""
    sheet_sha256: str
    excerpt: str = ""
    """URL of the windows that the server cut, where the film's container has no index; else empty."""
    excerpt_sha256: str = ""
    kind: Literal["staged"] = "staged"


Source = LocalSource | StagedSource


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchTerms:
    """Everything a search needs but the film."""

    engine: str
    duration: Seconds | None
    width: int
    height: int
    video: VideoPlan
    target: QualityTarget
    largest_percent: float
    known: tuple[Probe, ...] = ()
    prior: Prior = DEFAULT
    bias: float = 0.0
    proxy: Proxy | None = None
    hdr: Hdr = Hdr.SDR
    kind: Literal["crf_search"] = "crf_search"


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeTerms:
    """Everything an encode needs but the film."""

    facts: MediaFacts
    plan: EncodePlan
    crf: Crf
    predicted: VmafScore
    provenance: str
    """Goes into the result's tags, `{crf}` filled in by the worker: a missed target is encoded again with another."""
    slope: float | None = None
    """ln(100.3 - VMAF) per CRF around `crf`, as the search saw it."""
    kind: Literal["encode"] = "encode"


Terms = SearchTerms | EncodeTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One attempt at one piece of work."""

    job: str
    """32 hex digits."""
    attempt: int
    label: str
    """For people: the film's name."""
    source: Source
    terms: Terms
    build: str = ""
    """The encoder build that must do it; empty: any."""

    @property
    def work(self) -> Kind:
        return Kind(self.terms.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Where a finished encode is, and what it must be."""

    size: Bytes
    sha256: str
    suffix: str
    path: str = ""
    """On the same machine, as `paths.to_text` writes it; empty when it was uploaded."""
    upload_id: str = ""
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """A search came to its end."""

    result: SearchResult
    kind: Literal["searched"] = "searched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """An encode came to its end and was measured."""

    delivery: Delivery
    crf: Crf
    frames: int
    seconds: Seconds
    cpu_seconds: Seconds
    peak_memory: Bytes
    command: str
    build: str
    achieved: Achieved
    deviation: float | None = None
    """What the encode of the ordered CRF achieved, VMAF, less what was predicted for it."""
    note: str = ""
    """Why it was encoded twice, or lies further from its target than promised."""
    kind: Literal["encoded"] = "encoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotWorth:
    """The work showed that the film is better left alone."""

    reason: LeaveReason
    words: str
    kind: Literal["not_worth"] = "not_worth"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChanged:
    """The film is no longer the one that was ordered."""

    words: str
    kind: Literal["source_changed"] = "source_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The work failed; the facts of a `ReencodarrError`."""

    stage: Stage
    category: Category
    code: str
    message: str
    advice: str = ""
    transient: bool = False
    context: dict[str, str] = field(default_factory=dict)
    """Command, exit code, last words, machine, versions."""
    kind: Literal["failed"] = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedBack:
    """The worker was stopped, or the run cancelled, before an end: nothing is wrong with film or worker."""

    words: str
    kind: Literal["handed_back"] = "handed_back"


Outcome = Searched | Encoded | NotWorth | SourceChanged | Failed | HandedBack


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one attempt. Written once, never changed."""

    job: str
    attempt: int
    worker: str
    build: str
    outcome: Outcome
    bytes_down: Bytes = Bytes(0)
    """Moved over the network by this attempt."""
    bytes_up: Bytes = Bytes(0)
    waited: Seconds = Seconds(0.0)
    """From the claim to the start of the first program."""


_ORDER: TypeAdapter[Order] = TypeAdapter(Order)
_TERMS: TypeAdapter[Terms] = TypeAdapter(Terms)
_RESULT: TypeAdapter[Result] = TypeAdapter(Result)


def order_json(order: Order) -> str:
    """The order, compact."""
    return _ORDER.dump_json(order).decode()


def order_from_json(text: str | bytes) -> Order:
    """The order that `order_json` wrote.

    Raises OrderUnreadable.
    """
    return _read(_ORDER, text, "order")


def terms_json(terms: Terms) -> str:
    """The terms, compact."""
    return _TERMS.dump_json(terms).decode()


def terms_from_json(text: str | bytes) -> Terms:
    """The terms that `terms_json` wrote.

    Raises OrderUnreadable.
    """
    return _read(_TERMS, text, "order")


def result_json(result: Result) -> str:
    """The result, compact."""
    return _RESULT.dump_json(result).decode()


def result_from_json(text: str | bytes) -> Result:
    """The result that `result_json` wrote.

    Raises OrderUnreadable.
    """
    return _read(_RESULT, text, "result")


def local_path(delivery: Delivery) -> Path:
    """Where a delivery on this machine lies."""
    return from_text(delivery.path)


def kept_name(job: str, attempt: int) -> str:
    """The name, without extension, of what a given-away job leaves in the results folder of the server's machine."""
    return f"{job}-{attempt}"


def kept_result(results: Path, job: str, attempt: int) -> Path:
    """Where a local job leaves its result, written beside it and renamed; others put it into the bucket."""
    return results / f"{kept_name(job, attempt)}.json"


def _read(adapter: TypeAdapter[T], text: str | bytes, what: str) -> T:
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise OrderUnreadable(
            f"A job's {what} cannot be read: {where}: {first['msg']}.",
            advice="Server and worker must have the same version of Reencodarr.",
        ) from error
