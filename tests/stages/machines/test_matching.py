"""Jobs go to whoever can do them and never to more than there is room for."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from reencodarr.library.jobs import Place
from reencodarr.stages.machines import matching, queues
from reencodarr.stages.machines.matching import AHEAD, Fleet, Load, Machine, Want
from reencodarr.work.orders import Kind

MACHINES = st.lists(
    st.builds(
        Machine,
        name=st.sampled_from("abcdef"),
        pool=st.sampled_from(["linux", "windows"]),
        build=st.sampled_from(["b1", "b2"]),
        slots=st.integers(1, 3),
        local=st.booleans(),
        engines=st.sampled_from([frozenset({"native"}), frozenset({"native", "ab-av1"})]),
    ),
    max_size=5,
    unique_by=lambda machine: machine.name,
)
WANTS = st.lists(
    st.one_of(
        st.builds(
            Want,
            kind=st.just(Kind.CRF_SEARCH),
            engine=st.sampled_from(["native", "ab-av1"]),
            avoid=st.frozensets(st.sampled_from("abcdef"), max_size=2),
            elsewhere=st.booleans(),
            first=st.booleans(),
        ),
        st.builds(
            Want,
            kind=st.just(Kind.ENCODE),
            build=st.sampled_from(["b1", "b2", "b3"]),
            avoid=st.frozensets(st.sampled_from("abcdef"), max_size=2),
            elsewhere=st.booleans(),
            first=st.booleans(),
        ),
    ),
    max_size=25,
)


def given_out(machines: list[Machine], wants: list[Want]) -> tuple[Fleet, list[tuple[Want, Place]]]:
    """Everything that finds somebody, one after another."""
    fleet, placed = Fleet(machines=tuple(machines)), []
    for want in wants:
        found = matching.place(want, fleet)
        if found is not None:
            fleet = fleet.with_load(Load(kind=want.kind, place=found))
            placed.append((want, found))
    return fleet, placed


def askers(place: Place, machines: list[Machine]) -> list[Machine]:
    return [
        machine
        for machine in machines
        if machine.pool == place.pool
        and place.queue in queues.asked_by(machine.name, machine.build, local=machine.local)
    ]


@given(machines=MACHINES, wants=WANTS)
def test_a_job_waits_only_where_somebody_who_can_do_it_asks(machines: list[Machine], wants: list[Want]) -> None:
    _, placed = given_out(machines, wants)

    for want, place in placed:
        asking = askers(place, machines)
        assert asking
        if want.kind is Kind.ENCODE and not place.queue.startswith("local"):
            assert {machine.build for machine in asking} == {want.build}


@given(machines=MACHINES, wants=WANTS)
def test_no_pool_gets_more_than_its_slots_and_one_ahead_for_each_build(
    machines: list[Machine], wants: list[Want]
) -> None:
    _, placed = given_out(machines, wants)

    local = Counter(place.pool for _, place in placed if place.queue.startswith("local"))
    remote = Counter(place.pool for _, place in placed if not place.queue.startswith("local"))
    for pool in ("linux", "windows"):
        own = [machine for machine in machines if machine.pool == pool]
        far = [machine for machine in own if not machine.local]
        ahead = AHEAD * len({machine.build for machine in far})
        assert local[pool] <= sum(machine.slots for machine in own if machine.local)
        assert remote[pool] <= sum(machine.slots for machine in far) + ahead


@given(machines=MACHINES, wants=WANTS)
def test_whoever_has_room_and_can_is_not_left_idle(machines: list[Machine], wants: list[Want]) -> None:
    fleet, _ = given_out(machines, wants)

    room = matching.room(fleet)
    plain = matching.place(Want(kind=Kind.CRF_SEARCH), fleet)

    assert (plain is None) == (room == 0)


def test_the_servers_own_machine_comes_first() -> None:
    far, here = machine("far"), machine("here", local=True)

    found = matching.place(Want(kind=Kind.CRF_SEARCH), Fleet(machines=(far, here)))

    assert found == Place(pool="linux", queue="local")


def test_without_room_in_the_bucket_only_the_servers_own_machine_works() -> None:
    assert matching.place(Want(kind=Kind.CRF_SEARCH), Fleet(machines=(machine("far"),)), remote=False) is None


def test_an_encode_goes_to_nobody_but_the_build_that_searched() -> None:
    fleet = Fleet(machines=(machine("far", build="b2"),))

    assert matching.place(Want(kind=Kind.ENCODE, build="b1"), fleet) is None


def test_a_retry_waits_for_another_worker_than_the_one_that_failed() -> None:
    one, two = machine("one"), machine("two")
    busy = Load(kind=Kind.ENCODE, place=Place(pool="linux", queue="q"), worker="two")
    want = Want(kind=Kind.CRF_SEARCH, avoid=frozenset({"one"}))

    free = matching.place(want, Fleet(machines=(one, two)))
    full = matching.place(want, Fleet(machines=(one, two), loads=(busy, busy)))
    alone = matching.place(want, Fleet(machines=(one,)))

    assert free == Place(pool="linux", queue="only-two")
    assert full is None
    assert alone == Place(pool="linux", queue="crf-search")


def test_what_another_worker_must_do_waits_for_one_that_is_away_or_has_no_room_yet() -> None:
    one, two, here = machine("one"), machine("two"), machine("here", local=True)
    want = Want(kind=Kind.CRF_SEARCH, avoid=frozenset({"one", "here"}), elsewhere=True)

    away = matching.place(want, Fleet(machines=(one,), away=(two,)))
    no_room = matching.place(want, Fleet(machines=(here, two)), remote=False)
    back = matching.place(want, Fleet(machines=(two,), away=(one,)))
    nobody = matching.place(want, Fleet(machines=(one,), away=(replace(two, engines=frozenset()),)))

    assert (away, no_room) == (None, None)
    assert back == Place(pool="linux", queue="only-two")  # Not one that the first might ask when it is back.
    assert nobody == Place(pool="linux", queue="crf-search")


def test_prioritised_films_wait_in_a_queue_that_is_asked_first() -> None:
    fleet = Fleet(machines=(machine("far"),))

    found = matching.place(Want(kind=Kind.CRF_SEARCH, first=True), fleet)

    assert found == Place(pool="linux", queue="crf-search-first")
    ranks = {queue.name: queue.priority for queue in queues.ranked(queues.asked_by("far", "b1", local=False))}
    assert ranks["crf-search-first"] < min(rank for name, rank in ranks.items() if not name.endswith("-first"))


def machine(name: str, *, build: str = "b1", local: bool = False) -> Machine:
    return Machine(name=name, pool="linux", build=build, slots=1, local=local)
