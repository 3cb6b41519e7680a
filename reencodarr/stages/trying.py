"""A CRF search of any film file, only to look at: no video changes its state, and nothing is recorded.

The film is searched as a run would search it, under the same policy, so that probes which a run has kept are worth as
much here. What a person wishes otherwise (target, preset) is a change of the policy.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from reencodarr.encoding import policy as policies
from reencodarr.encoding import rules
from reencodarr.encoding.plan import EncodePlan, LeftAlone
from reencodarr.encoding.policy import LowestBitrate, Mean, Policy, Preset
from reencodarr.errors import FilmUnsuitable, NotAVideo, SourceVanished
from reencodarr.media import fingerprint as identity
from reencodarr.media import mediainfo
from reencodarr.media.facts import MediaFacts
from reencodarr.media.fingerprint import Fingerprint
from reencodarr.paths import to_text
from reencodarr.progress import Report, silent
from reencodarr.quality import dynamic_range, prior
from reencodarr.quality.engine import OnProbe, SearchResult
from reencodarr.settings import Settings
from reencodarr.stages import choosing, remembering
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import scratch as scratches
from reencodarr.units import Bytes, VmafScore
from reencodarr.work import searching
from reencodarr.work.bench import Bench
from reencodarr.work.orders import LocalSource, Order, SearchTerms
from reencodarr.work.staging import OnDisk

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person wants otherwise than policy and settings have it; None leaves it to them."""

    target: VmafScore | None = None
    preset: int | None = None
    engine: str | None = None
    cold: bool = False
    """Use nothing that earlier searches found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A search that can begin."""

    path: Path
    facts: MediaFacts
    terms: SearchTerms
    """Its known probes are those that are remembered."""
    notes: tuple[str, ...]
    """Sentences that whoever reads the result should know."""
    fingerprint: Fingerprint
    bench: Bench

    @property
    def hdr(self) -> bool:
        """Whether the scores are those of a model that was made for another dynamic range than the film's."""
        return dynamic_range.off_model(self.terms.hdr)


@contextmanager
def prepared(settings: Settings, path: Path, wish: Wish) -> Iterator[Trial]:
    """The search of one film, ready to begin until the end of the block.

    Raises MediaError (missing, unreadable, empty, no video), FilmUnsuitable, PolicyError, ProgramMissing,
    SettingsError, NoSpace.
    """
    facts = mediainfo.read(path).facts
    found = identity.fingerprint(path)
    with _bench(settings) as bench:
        yield _trial(settings, path, wish, facts=facts, found=found, bench=bench)


def search(trial: Trial, *, on_probe: OnProbe, report: Report = silent) -> SearchResult:
    """Search; `on_probe` hears of new probes only. Leaves nothing behind.

    Raises SourceVanished when the film changes meanwhile, SearchError, MediaError, ProgramError, NoSpace.
    """
    source = LocalSource(path=to_text(trial.path.absolute()), fingerprint=trial.fingerprint, results="")
    order = Order(job="look", attempt=0, label=trial.path.name, source=source, terms=trial.terms)
    staging = OnDisk(source=source, name="")
    done = searching.search(order, trial.terms, staging=staging, bench=trial.bench, on_probe=on_probe, report=report)
    if not identity.fingerprint(trial.path).same_file(trial.fingerprint):
        raise SourceVanished(
            f"{trial.path} changed while it was searched.", path=trial.path, advice="Search it again once it is whole."
        )
    return done.result


@contextmanager
def _bench(settings: Settings) -> Iterator[Bench]:
    """This machine's tools; where it has no scratch folder yet, none is made."""
    ffmpeg = ffmpeg_tool.locate(settings.ffmpeg_path)
    made = Bench(
        ffmpeg=ffmpeg,
        build=ffmpeg_tool.require(ffmpeg),
        scratch=settings.scratch,
        workers=settings.probe_workers,
        ab_av1=settings.ab_av1_path,
        reserve=Bytes(settings.reserve_bytes),
    )
    if settings.scratch_dir is not None or settings.scratch.is_dir():
        yield made
        return
    with scratches.private("search") as folder:
        yield replace(made, scratch=folder)


def _trial(settings: Settings, path: Path, wish: Wish, *, facts: MediaFacts, found: Fingerprint, bench: Bench) -> Trial:
    policy = policies.load(settings.policy)
    memory = remembering.of_film(settings, policy, path, bench=bench)
    if memory.workplace is not None:
        policy = choosing.policy(memory.workplace, memory.hint)
    seen = choosing.with_year(facts, memory.hint)
    plan, left_alone = _plan(seen, path, links=found.links, policy=_wished(policy, wish))
    terms = _terms(seen, plan, engine=wish.engine or settings.engine)
    bench.engine(terms.engine)  # Whether it is there is told before anything else is.
    forgotten = ""
    if not wish.cold:
        assert facts.video is not None  # `_plan` refuses a film without
        hdr, build = facts.video.hdr, bench.build.identity
        terms, forgotten = remembering.with_experience(terms, memory, path, found, hdr=hdr, build=build)
    trial = Trial(path=path, facts=facts, terms=terms, notes=(), fingerprint=found, bench=bench)
    notes = (dynamic_range.NOTE if trial.hdr else "", left_alone, forgotten)
    return replace(trial, notes=tuple(note for note in notes if note))


def _wished(policy: Policy, wish: Wish) -> Policy:
    """The policy with one target and one preset for all films, where these are wished."""
    target, video = policy.target, policy.video
    if wish.target is not None:
        target = target.model_copy(update={"means": (Mean(over_gib=0, mean=float(wish.target)),)})
    if wish.preset is not None:
        video = video.model_copy(update={"presets": (Preset(from_lines=0, preset=wish.preset),)})
    return policy.model_copy(update={"target": target, "video": video})


def _plan(facts: MediaFacts, path: Path, *, links: int, policy: Policy) -> tuple[EncodePlan, str]:
    """How the film would be encoded; and a sentence where a run would not.

    Raises NotAVideo, FilmUnsuitable.
    """
    if facts.video is None:
        raise NotAVideo(f"{path} holds no video, only sound, text or a picture.", path=path)
    decision = rules.decide(facts, links=links, policy=policy)
    if isinstance(decision, EncodePlan):
        return decision, ""
    picture = replace(facts, audio=(), text=(), captions=False, data_tracks=0, other_videos=0)
    lenient = rules.decide(picture, links=1, policy=_lenient(policy))
    if isinstance(lenient, LeftAlone):
        raise FilmUnsuitable(f"{path} cannot be searched. {lenient.text}", path=path)
    return lenient, f"A run would leave this film alone: {decision.text}"


def _lenient(policy: Policy) -> Policy:
    """The policy without what forbids to replace a film: nothing is replaced here."""
    source = policy.source.model_copy(
        update={
            "hard_linked": "replace",
            "interlaced": "deinterlace",
            "dolby_vision": "drop",
            "hdr10_plus": "drop",
            "subtitles": "drop",
            "data": "drop",
            "shortest_seconds": 0.0,
            "lowest_bitrates": (LowestBitrate(from_lines=0, kbps=0, hdr_kbps=0),),
        }
    )
    return policy.model_copy(update={"source": source})


def _terms(facts: MediaFacts, plan: EncodePlan, *, engine: str) -> SearchTerms:
    assert facts.video is not None
    return SearchTerms(
        engine=engine,
        duration=facts.duration,
        width=facts.video.width,
        height=facts.video.height,
        video=plan.video,
        target=plan.target,
        largest_percent=plan.largest_ratio * 100,
        prior=prior.default(plan.target),
        hdr=facts.video.hdr,
    )
