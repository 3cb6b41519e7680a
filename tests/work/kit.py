"""Orders for one small film, as the server would give them, and a post to do them at."""

from dataclasses import replace
from pathlib import Path

from reencodarr.encoding import policy as policies
from reencodarr.encoding import rules
from reencodarr.encoding.plan import EncodePlan
from reencodarr.media import fingerprint, mediainfo
from reencodarr.media.facts import MediaFacts
from reencodarr.paths import to_text
from reencodarr.units import Crf, Seconds, VmafScore
from reencodarr.work import machine
from reencodarr.work.orders import EncodeTerms, LocalSource, Order, SearchTerms, Source, Terms
from reencodarr.work.settings import WorkerSettings
from reencodarr.work.shift import Call, Post
from tests.work.server import Desk

JOB = "0123456789abcdef" * 2
CALL = Call(job=JOB, attempt=3, flow_run="the-run")


def planned(film: Path, policy: Path) -> tuple[MediaFacts, EncodePlan]:
    facts = mediainfo.read(film).facts
    decision = rules.decide(facts, links=1, policy=policies.load(policy))
    assert isinstance(decision, EncodePlan), decision
    lenient = replace(decision.target, promise=VmafScore(20.0), accepted_miss=VmafScore(20.0))
    return facts, replace(decision, target=lenient)


def search_terms(film: Path, policy: Path) -> SearchTerms:
    facts, plan = planned(film, policy)
    assert facts.video is not None
    return SearchTerms(
        engine="native",
        duration=facts.duration,
        width=facts.video.width,
        height=facts.video.height,
        video=plan.video,
        target=plan.target,
        largest_percent=100.0,
    )


def encode_terms(film: Path, policy: Path) -> EncodeTerms:
    facts, plan = planned(film, policy)
    return EncodeTerms(facts=facts, plan=plan, crf=Crf(35.0), predicted=VmafScore(90.0), provenance="test crf={crf}")


def local(film: Path, results: Path) -> LocalSource:
    return LocalSource(path=to_text(film), fingerprint=fingerprint.fingerprint(film), results=to_text(results))


def order(film: Path, source: Source, terms: Terms) -> Order:
    return Order(job=JOB, attempt=3, label=film.name, source=source, terms=terms)


def settings(folder: Path, url: str) -> WorkerSettings:
    return WorkerSettings(
        server=url, data_dir=folder / "data", scratch_dir=folder / "scratch", reserve_bytes=0, probe_workers=2
    )


def post(folder: Path, url: str, desk: Desk, *, beat_every: float = 0.5) -> Post:
    found = settings(folder, url)
    return Post(token=desk.token, settings=found, bench=machine.tools(found), beat_every=Seconds(beat_every))
