"""Who may do a job, and whether anybody has room for it. Pure.

A worker has slots; an encode needs the build that searched; a search may be done anywhere. Prefect's queues match jobs
to workers, so all that is decided here is into which pool and queue a job goes, and when there are enough: as many as
there are slots, and one more for each group of like workers, so that a slot that gets free finds its next film staged.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reencodarr.library.jobs import Place
from reencodarr.stages.machines import queues
from reencodarr.work.orders import Kind

AHEAD = 1
"""Jobs that wait ready for a group of like workers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A worker that takes work now."""

    name: str
    pool: str
    build: str
    slots: int
    local: bool = False
    engines: frozenset[str] = frozenset({"native"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A job that was given away and did not end yet."""

    kind: Kind
    place: Place
    worker: str = ""
    """Empty while nobody claimed it."""

    @property
    def local(self) -> bool:
        return self.place.queue.startswith(queues.LOCAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """A job that waits for somebody."""

    kind: Kind
    build: str = ""
    """The encoder build that must do it; empty: any."""
    engine: str = "native"
    avoid: frozenset[str] = frozenset()
    """Workers that failed at it."""
    elsewhere: bool = False
    """It failed in a way that would come again on the same worker: it waits for another one that is away."""
    first: bool = False
    """Its film goes before others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Who takes work now, and what was given away already."""

    machines: tuple[Machine, ...]
    loads: tuple[Load, ...] = ()
    away: tuple[Machine, ...] = ()
    """Machines that take no work now, and may again soon."""

    def with_load(self, load: Load) -> "Fleet":
        """The fleet after one more job was given away."""
        return replace(self, loads=(*self.loads, load))


def place(want: Want, fleet: Fleet, *, remote: bool = True) -> Place | None:
    """Where a job goes now; None while nobody has room. The server's own machine comes first: nothing is staged there.

    A job at which a worker failed goes to another one, and waits for it, unless there is no other at all. Where another
    one must do it, it waits also for those that are away, and for room in the bucket.
    """
    fit = [machine for machine in fleet.machines if able(machine, want) and (remote or machine.local)]
    others = [machine for machine in fit if machine.name not in want.avoid]
    if not others and want.elsewhere and _others(want, fleet):
        return None
    chosen = others or fit
    for machine in chosen:
        if machine.local and own_load(machine, fleet) < machine.slots:
            queue = queues.queue(want.kind, local=True, first=want.first)
            return Place(pool=machine.pool, queue=queue, build=want.build)
    remotes = [machine for machine in chosen if not machine.local]
    return _to_one(want, fleet, remotes) if want.avoid and others else _to_a_queue(want, fleet, remotes)


def builds(fleet: Fleet) -> frozenset[str]:
    """The encoder builds for whose encodes somebody has room."""
    asked = {machine.build for machine in fleet.machines}
    return frozenset(build for build in asked if place(Want(kind=Kind.ENCODE, build=build), fleet) is not None)


def room(fleet: Fleet) -> int:
    """The most jobs that could be given away now."""
    pools = {machine.pool for machine in fleet.machines if not machine.local}
    remote = sum(max(0, pool_room(pool, fleet)) for pool in pools)
    local = sum(max(0, machine.slots - own_load(machine, fleet)) for machine in fleet.machines if machine.local)
    return remote + local


def served(load: Load, machines: Iterable[Machine]) -> bool:
    """Whether any of the machines asks the queue in which a job waits."""
    return any(
        machine.pool == load.place.pool
        and load.place.queue in queues.asked_by(machine.name, machine.build, local=machine.local)
        for machine in machines
    )


def own_load(machine: Machine, fleet: Fleet) -> int:
    """The jobs that a worker has or that wait for it alone."""
    return sum(_is_for(machine, load) for load in fleet.loads)


def pool_room(pool: str, fleet: Fleet) -> int:
    """How many more jobs the remote workers of a pool can take."""
    machines = [machine for machine in fleet.machines if machine.pool == pool and not machine.local]
    if not machines:
        return 0
    names = {machine.name for machine in machines}
    loads = sum(
        load.worker in names if load.worker else load.place.pool == pool and not load.local for load in fleet.loads
    )
    groups = {machine.build for machine in machines}
    return sum(machine.slots for machine in machines) + AHEAD * len(groups) - loads


def group_room(pool: str, build: str, fleet: Fleet) -> int:
    """How many more jobs that only these workers can do may be given to the workers of one build in a pool."""
    machines = [one for one in fleet.machines if one.pool == pool and one.build == build and not one.local]
    if not machines:
        return 0
    bound = sum(own_load(machine, fleet) for machine in machines)
    names = {queues.queue(Kind.ENCODE, build=build, first=first) for first in (False, True)}
    waiting = sum(not load.worker and load.place.pool == pool and load.place.queue in names for load in fleet.loads)
    return sum(machine.slots for machine in machines) + AHEAD - bound - waiting


def able(machine: Machine, want: Want) -> bool:
    """Whether a machine could do a job, if it had room."""
    if want.build and machine.build != want.build:
        return False
    return want.kind is not Kind.CRF_SEARCH or want.engine in machine.engines


def _others(want: Want, fleet: Fleet) -> bool:
    """Whether anybody who did not fail at it could do it, now or soon."""
    known = (*fleet.machines, *fleet.away)
    return any(able(machine, want) and machine.name not in want.avoid for machine in known)


def _is_for(machine: Machine, load: Load) -> bool:
    if load.worker:
        return load.worker == machine.name
    if load.local:
        return machine.local and machine.pool == load.place.pool
    own = queues.own_queue(machine.name)
    return load.place.pool == machine.pool and load.place.queue in (own, own + queues.FIRST)


def _to_one(want: Want, fleet: Fleet, machines: Sequence[Machine]) -> Place | None:
    """A queue that one worker alone asks."""
    free = [machine for machine in machines if own_load(machine, fleet) < machine.slots + AHEAD]
    fitting = [machine for machine in free if _fits(want, machine, fleet)]
    if not fitting:
        return None
    best = min(fitting, key=lambda machine: (own_load(machine, fleet) - machine.slots, machine.name))
    queue = queues.queue(want.kind, only=best.name, first=want.first)
    return Place(pool=best.pool, queue=queue, build=want.build)


def _to_a_queue(want: Want, fleet: Fleet, machines: Sequence[Machine]) -> Place | None:
    """The queue of a kind or build, in the pool with the most room."""
    pools = {machine.pool for machine in machines if _fits(want, machine, fleet)}
    if not pools:
        return None
    pool = max(pools, key=lambda name: (pool_room(name, fleet), name))
    return Place(pool=pool, queue=queues.queue(want.kind, build=want.build, first=want.first), build=want.build)


def _fits(want: Want, machine: Machine, fleet: Fleet) -> bool:
    """Whether one more such job can be done beside all that was given away, whoever takes which search."""
    if pool_room(machine.pool, fleet) <= 0:
        return False
    return want.kind is Kind.CRF_SEARCH or group_room(machine.pool, machine.build, fleet) > 0
