"""Giving work away: which videos are claimed for whom now, and the run that does each.

A job comes into the world in one transaction with the claim of its video. Its run is started afterwards under a key
that is the attempt's own, so that whoever is killed in between leaves nothing but a job whose run the next pass starts.
"""

import logging
from dataclasses import dataclass, replace

from sqlmodel import Session, select

from reencodarr.errors import ReencodarrError, RootMissing, StateConflict, WorkerLost
from reencodarr.library import database, jobs, roots, staged, transitions
from reencodarr.library.jobs import Place
from reencodarr.library.tables import Job, Library, StagedFilm, Video
from reencodarr.stages import objects, sources, step
from reencodarr.stages.machines import attempts, blame, matching, queues, turns
from reencodarr.stages.machines.matching import Fleet, Load, Want
from reencodarr.stages.machines.runs import Run, Runs
from reencodarr.stages.machines.setbacks import Rests
from reencodarr.stages.machines.turns import Turn
from reencodarr.stages.workplace import Workplace
from reencodarr.storage import sizes
from reencodarr.storage.sizes import Fit
from reencodarr.units import Bytes
from reencodarr.work.orders import Kind

log = logging.getLogger(__name__)

STAGE_DEPLOYMENT = "stage/server"
_FLOWS = {Kind.CRF_SEARCH: "crf-search", Kind.ENCODE: "encode"}
COPIES = 2
"""Room that a film takes in the bucket: its own, and as much for its encode, which must be smaller."""
_SPARE = 8
"""Videos that are looked at beyond the room there is: some go to nobody now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Depot:
    """The room in the bucket; `quota` 0 means that there is no bucket, or that it does not answer."""

    quota: Bytes
    used: Bytes = Bytes(0)
    promised: Bytes = Bytes(0)
    """What will be in it and is not there yet."""
    free: Bytes | None = None
    """What the disk below it still takes, where that is known."""
    rests: Rests = Rests()
    """What it did not take lately."""

    def fit(self, needed: Bytes) -> Fit:
        """Whether so many bytes more may go into it; of what is in it already, whether it may be read."""
        if not self.quota:
            return Fit.LATER
        if not needed:
            return Fit.NOW
        return sizes.fit(needed, quota=self.quota, used=self.used, promised=self.promised, free=self.free)

    def takes(self, offer: "_Offer") -> bool:
        """Whether other machines may read a film there, now or when it was brought."""
        return self.fit(offer.needed) is Fit.NOW and (offer.ready or not self.rests.hold(offer.turn.video_id))

    def with_more(self, needed: Bytes) -> "Depot":
        """The depot after so many bytes were promised."""
        return replace(self, promised=Bytes(self.promised + needed))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offer:
    """A video whose turn it is, and what it takes to give it away."""

    turn: Turn
    want: Want
    source: str
    """Its folder in the bucket."""
    staged: StagedFilm | None
    needed: Bytes
    """Bytes that the bucket must have room for: its film and one day its encode; none where that was promised."""

    @property
    def ready(self) -> bool:
        """Whether all of the film is in the bucket."""
        return self.staged is not None and self.staged.sha256 != ""


def give(workplace: Workplace, fleet: Fleet, depot: Depot) -> list[Job]:
    """Claim videos for everybody who has room, the best first; the jobs that came of it, which have no runs yet."""
    given: list[Job] = []
    for offer in _offers(workplace, fleet, depot):
        place = matching.place(offer.want, fleet, remote=depot.takes(offer))
        if place is None:
            continue
        local = place.queue.startswith(queues.LOCAL)
        job = _claim(workplace, offer, place, local=local)
        if job is None:
            continue
        given.append(job)
        fleet = fleet.with_load(Load(kind=offer.turn.kind, place=place))
        depot = depot if local else depot.with_more(offer.needed)
        if not matching.room(fleet):
            break
    return given


def start(workplace: Workplace, runs: Runs, row: Job) -> Run:
    """Start the run that a job waits for, or find the one that was started. May be repeated safely.

    Raises ServerUnreachable, ServerRefused.
    """
    label = _label(workplace, row)
    parameters: dict[str, str | int] = {"job": row.key or "", "attempt": row.attempt, "label": label}
    key = f"{row.key}/{row.attempt}"
    if row.phase == jobs.STAGING:
        run = runs.create(STAGE_DEPLOYMENT, parameters, key=f"{key}/stage")
    else:
        run = runs.create(f"{_FLOWS[Kind(row.kind)]}/{row.pool}", parameters, key=key, queue=row.queue)
    with database.session(workplace.database) as session:
        jobs.started(session, row, run.id)
    return run


def _offers(workplace: Workplace, fleet: Fleet, depot: Depot) -> list[_Offer]:
    """Videos whose turn it is: prioritised ones, then encodes (they end what was begun), then searches."""
    room = matching.room(fleet)
    if not room:
        return []
    limits = turns.Limits(
        number=room + _SPARE,
        size=None if any(machine.local for machine in fleet.machines) else Bytes(depot.quota // COPIES),
        without=_missing_libraries(workplace),
    )
    with database.session(workplace.database, reads_only=True) as session:
        found = turns.encodes(session, matching.builds(fleet), limits) + turns.searches(session, limits)
        found.sort(key=lambda turn: -turn.priority)
        return [_offer(session, workplace, turn) for turn in found]


def _offer(session: Session, workplace: Workplace, turn: Turn) -> _Offer:
    source = objects.source(session.get_one(Video, turn.video_id))
    there = session.get(StagedFilm, source)
    earlier = jobs.losses(session, turn.video_id, turn.kind)
    return _Offer(
        turn=turn,
        want=Want(
            kind=turn.kind,
            build=turn.build,
            engine=workplace.settings.engine,
            avoid=frozenset(job.worker for job in earlier if job.worker),
            elsewhere=any(blame.of_a_machine(told) for told in map(blame.failure, earlier) if told is not None),
            first=turn.priority > 0,
        ),
        source=source,
        staged=there,
        needed=Bytes(0 if there is not None else turn.size * COPIES),
    )


def _missing_libraries(workplace: Workplace) -> frozenset[int]:
    """Libraries whose disks are not there: their films wait instead of failing one by one."""
    with database.session(workplace.database, reads_only=True) as session:
        libraries = session.exec(select(Library)).all()
    missing = set()
    for library in libraries:
        try:
            roots.check_mounted(library)
        except RootMissing as error:
            log.warning("%s Its films wait.", error.message)
            missing.add(library.id or 0)
    return frozenset(missing)


def _claim(workplace: Workplace, offer: _Offer, place: Place, *, local: bool) -> Job | None:
    """Claim a video and note the job; None when somebody was faster, or when the video cannot be worked on."""
    turn, key = offer.turn, jobs.new_key()
    ready = local or offer.ready
    try:
        with database.session(workplace.database) as session:
            attempt = transitions.claim(session, turn.video_id, turn.before, holder=jobs.holder(key), lease=step.LEASE)
            phase = jobs.READY if ready else jobs.STAGING
            jobs.give(session, turn.video_id, turn.kind, attempt=attempt, key=key, phase=phase, place=place)
            if not local:
                staged.promise(session, offer.source, video_id=turn.video_id, size=turn.size)
            session.flush()
            row = jobs.held(session, key, attempt)
            losses = len(jobs.losses(session, turn.video_id, turn.kind))
    except StateConflict:
        return None
    refused = _refused(workplace, row, losses=losses)
    if refused is None:
        return row
    failure = attempts.failed_at(row, refused)
    attempts.ended(
        workplace, row, lambda session: attempts.fail(session, row, failure, result=attempts.told(row, failure))
    )
    return None


def _refused(workplace: Workplace, row: Job, *, losses: int) -> ReencodarrError | None:
    """Why a video that was just claimed is not worked on after all, if it is not."""
    if losses >= attempts.MOST_LOSSES:
        return WorkerLost(f"{losses} attempts were lost.", advice="See the logs of the workers, then retry.")
    if row.kind == Kind.ENCODE:
        try:
            sources.require_replaceable(workplace, row.video_id)
        except ReencodarrError as error:
            return error
    return None


def _label(workplace: Workplace, row: Job) -> str:
    with database.session(workplace.database, reads_only=True) as session:
        return sources.path(session, row.video_id).name
