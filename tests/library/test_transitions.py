"""States change by compare-and-set only: claims, fencing, leases, and no way outside `states.ALLOWED`."""

import multiprocessing
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine
from sqlmodel import Session, select

from reencodarr.errors import StateConflict
from reencodarr.library import database, jobs, transitions, videos
from reencodarr.library.states import ALLOWED, FOLLOWING, RESTING, WORKING, State
from reencodarr.library.tables import Job, Library, StateChange, VideoState, now
from reencodarr.media.fingerprint import Fingerprint
from reencodarr.units import Bytes
from tests.library import films

LEASE = timedelta(minutes=15)
ME = "here:1"
FORK = multiprocessing.get_context("fork")  # "spawn" imports everything anew, for seconds


def claim(engine: Engine, video_id: int, before: State = State.NEEDS_ANALYSIS, *, lease: timedelta = LEASE) -> int:
    with database.session(engine) as session:
        return transitions.claim(session, video_id, before, holder=ME, lease=lease)


def move(engine: Engine, video_id: int, before: State, after: State, *, attempt: int | None = None) -> None:
    with database.session(engine) as session:
        transitions.move(session, video_id, before, after, attempt=attempt)


def history(engine: Engine, video_id: int) -> list[tuple[str, str]]:
    with database.session(engine) as session:
        query = select(StateChange).where(StateChange.video_id == video_id).order_by(StateChange.id)  # type: ignore[arg-type]
        return [(row.before, row.after) for row in session.exec(query).all()]


def test_a_claim_counts_the_attempt_and_names_holder_and_lease(engine: Engine, video: int) -> None:
    attempt = claim(engine, video)

    row = films.state(engine, video)
    assert attempt == row.attempt == 1
    assert row.state == State.ANALYZING
    assert row.claimed_by == ME
    assert row.claimed_until is not None
    assert LEASE - timedelta(minutes=1) < row.claimed_until - now() <= LEASE
    assert history(engine, video) == [("needs_analysis", "analyzing")]


def test_a_claimed_video_cannot_be_claimed_again(engine: Engine, video: int) -> None:
    claim(engine, video)

    with pytest.raises(StateConflict, match="held by here:1"):
        claim(engine, video)

    assert films.state(engine, video).attempt == 1


def test_a_video_that_is_not_known_is_a_conflict(engine: Engine) -> None:
    with pytest.raises(StateConflict, match="no video 7"):
        claim(engine, 7)


def test_a_result_and_the_state_that_follows_are_one_transaction(engine: Engine, video: int) -> None:
    attempt = claim(engine, video)

    def record_then_lose_the_claim() -> None:
        with database.session(engine) as session:
            session.add(films.encode(video))
            transitions.move(session, video, State.ANALYZING, State.FAILED, attempt=attempt + 1)

    with pytest.raises(StateConflict):
        record_then_lose_the_claim()

    with database.session(engine) as session:
        assert session.exec(select(films.Encode)).all() == []
    assert films.state(engine, video).state == State.ANALYZING


def test_a_lost_attempt_can_change_nothing(engine: Engine, video: int) -> None:
    lost = claim(engine, video, lease=timedelta(0))
    with database.session(engine) as session:
        assert transitions.reset_stale(session, now()) == [video]
    held = claim(engine, video)

    with pytest.raises(StateConflict):
        move(engine, video, State.ANALYZING, State.FAILED, attempt=lost)
    with pytest.raises(StateConflict), database.session(engine) as session:
        transitions.renew(session, video, attempt=lost, lease=LEASE)

    move(engine, video, State.ANALYZING, State.FAILED, attempt=held)
    assert films.states(engine) == {"000.mkv": State.FAILED}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (State.NEEDS_ANALYSIS, State.ANALYZING),
        (State.ANALYZING, State.ANALYZED),
        (State.NEEDS_ANALYSIS, State.ENCODED),
        (State.FAILED, State.ENCODED),
    ],
)
def test_there_is_no_way_around_the_claims(engine: Engine, video: int, before: State, after: State) -> None:
    with pytest.raises(ValueError, match=r"claim only|no way"):
        move(engine, video, before, after)


@pytest.mark.parametrize(
    ("before", "working", "after"),
    [
        (State.NEEDS_ANALYSIS, State.ANALYZING, State.ANALYZED),
        (State.ANALYZED, State.CRF_SEARCHING, State.CRF_SEARCHED),
        (State.CRF_SEARCHED, State.ENCODING, State.ENCODED),
    ],
)
def test_no_state_is_reached_without_the_result_it_rests_on(
    engine: Engine, video: int, before: State, working: State, after: State
) -> None:
    with database.session(engine) as session:
        session.get_one(VideoState, video).state = before
    attempt = claim(engine, video, before)

    with pytest.raises(StateConflict, match="not on record"):
        move(engine, video, working, after, attempt=attempt)

    films.learn(engine, video)
    move(engine, video, working, after, attempt=attempt)
    assert films.states(engine) == {"000.mkv": after}


def test_a_released_claim_rests_where_it_was_taken(engine: Engine, video: int) -> None:
    attempt = claim(engine, video)

    with database.session(engine) as session:
        transitions.release(session, video, State.ANALYZING, attempt=attempt)

    row = films.state(engine, video)
    assert (row.state, row.claimed_by, row.claimed_until) == (State.NEEDS_ANALYSIS, "", None)


def test_an_encoded_video_is_held_for_its_swap_by_one_only(engine: Engine, video: int) -> None:
    films.learn(engine, video)
    with database.session(engine) as session:
        session.get_one(VideoState, video).state = State.ENCODED

    attempt = claim(engine, video, State.ENCODED)

    with pytest.raises(StateConflict):
        claim(engine, video, State.ENCODED)
    with pytest.raises(StateConflict):
        move(engine, video, State.ENCODED, State.SKIPPED)
    with database.session(engine) as session:
        transitions.release(session, video, State.ENCODED, attempt=attempt)
    move(engine, video, State.ENCODED, State.REPLACED, attempt=None)
    assert history(engine, video) == [("encoded", "replaced")]


def test_renewing_holds_a_claim_beyond_its_first_lease(engine: Engine, video: int) -> None:
    attempt = claim(engine, video, lease=timedelta(0))

    with database.session(engine) as session:
        transitions.renew(session, video, attempt=attempt, lease=LEASE)
        reset = transitions.reset_stale(session, now(), alive=lambda _: True)

    assert reset == []


def test_only_dead_and_expired_claims_are_reset(engine: Engine, make_videos: Callable[[int], list[int]]) -> None:
    expired, dead, alive, resting = make_videos(4)
    with database.session(engine) as session:
        for video_id, holder in ((expired, "a"), (dead, "b"), (alive, "c")):
            lease = timedelta(0) if holder == "a" else LEASE
            attempt = transitions.claim(session, video_id, State.NEEDS_ANALYSIS, holder=holder, lease=lease)
            jobs.start(session, video_id, "analysis", attempt=attempt, worker=holder)

    with database.session(engine) as session:
        reset = transitions.reset_stale(session, now(), alive=lambda holder: holder != "b")
        jobs.lose(session, reset)

    assert set(reset) == {expired, dead}
    found = dict(films.rows(engine).values())
    assert found[alive] == State.ANALYZING
    assert {found[expired], found[dead], found[resting]} == {State.NEEDS_ANALYSIS}
    with database.session(engine) as session:
        outcomes = {job.video_id: job.outcome for job in session.exec(select(Job)).all()}
    assert outcomes == {expired: "lost", dead: "lost", alive: ""}


def test_a_holder_is_known_by_its_process_and_not_by_a_number_alone() -> None:
    mine = transitions.holder_name()
    host, pid, _ = mine.split(":")
    child = FORK.Process(target=time.sleep, args=(60,))
    child.start()
    childs = transitions.holder_name(child.pid)
    assert transitions.holder_alive(childs)
    child.kill()
    child.join()

    assert transitions.holder_alive(mine)
    assert not transitions.holder_alive(childs)
    assert not transitions.holder_alive(f"{host}:{pid}:12345")
    assert transitions.holder_alive("another-machine:1:12345")


def test_requeue_takes_a_video_out_of_a_claim_and_fences_it(engine: Engine, video: int) -> None:
    attempt = claim(engine, video)

    with database.session(engine) as session:
        assert transitions.requeue(session, video, "its file changed")
        assert not transitions.requeue(session, video, "its file changed")

    with pytest.raises(StateConflict):
        move(engine, video, State.ANALYZING, State.FAILED, attempt=attempt)
    assert claim(engine, video) == attempt + 1


def test_a_prioritised_video_comes_before_all_others(engine: Engine, make_videos: Callable[[int], list[int]]) -> None:
    first, second, _ = make_videos(3)

    with database.session(engine) as session:
        one, two = transitions.prioritise(session, first), transitions.prioritise(session, second)

    assert 0 < one < two


def test_eight_threads_claim_every_video_exactly_once(engine: Engine, make_videos: Callable[[int], list[int]]) -> None:
    ids = make_videos(50)

    def claim_all(holder: int) -> list[int]:
        won = []
        for video_id in ids:
            try:
                with database.session(engine) as session:
                    transitions.claim(session, video_id, State.NEEDS_ANALYSIS, holder=f"h{holder}", lease=LEASE)
                won.append(video_id)
            except StateConflict:
                pass
        return won

    with ThreadPoolExecutor(8) as pool:
        won = [video_id for part in pool.map(claim_all, range(8)) for video_id in part]

    assert sorted(won) == sorted(ids)
    assert [len(history(engine, video_id)) for video_id in ids] == [1] * 50


def _claim_all(url: str, ids: list[int]) -> list[int]:
    engine, won = database.engine(url), []
    for video_id in ids:
        try:
            with database.session(engine) as session:
                transitions.claim(session, video_id, State.NEEDS_ANALYSIS, holder=f"p{os.getpid()}", lease=LEASE)
            won.append(video_id)
        except StateConflict:
            pass
    engine.dispose()
    return won


def test_processes_claim_every_video_exactly_once(
    url: str, engine: Engine, make_videos: Callable[[int], list[int]]
) -> None:
    ids = make_videos(50)

    with FORK.Pool(3) as pool:
        won = [video_id for part in pool.starmap(_claim_all, [(url, ids)] * 3) for video_id in part]

    assert sorted(won) == sorted(ids)


def _claim_and_die(url: str, video_id: int) -> None:
    engine = database.engine(url)
    with database.session(engine) as session:
        transitions.claim(session, video_id, State.NEEDS_ANALYSIS, holder=transitions.holder_name(), lease=LEASE)
    os.kill(os.getpid(), signal.SIGKILL)


def test_the_claim_of_a_killed_process_is_found_dead_at_once(url: str, engine: Engine, video: int) -> None:
    worker = FORK.Process(target=_claim_and_die, args=(url, video))
    worker.start()
    worker.join()
    assert films.state(engine, video).state == State.ANALYZING

    with database.session(engine) as session:
        assert transitions.reset_stale(session, now()) == [video]

    assert films.state(engine, video).state == State.NEEDS_ANALYSIS


STATES = st.sampled_from(list(State))


class Lives(RuleBasedStateMachine):
    """One video under any sequence of calls, right and wrong; a model says what must come of each."""

    template: Path

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="reencodarr-test-"))
        shutil.copy(self.template, self.folder / "r.db")
        self.engine = database.engine(f"sqlite:///{self.folder}/r.db")
        self.state, self.attempt, self.held = State.NEEDS_ANALYSIS, 0, False
        found = Fingerprint(device=1, inode=1, size=Bytes(1), mtime_ns=1, sparse_hash="0")
        with database.session(self.engine) as session:
            library = Library(path=Path("/films"))
            session.add(library)
            session.flush()
            row = videos.new(library.id or 0, Path("/films/f.mkv"), found, now())
            session.add(row)
            session.flush()
            self.video = row.id or 0
            transitions.register(session, [self.video])
        films.learn(self.engine, self.video)

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.engine.dispose()
            shutil.rmtree(self.folder)

    def tried(self, action: Callable[[Session], object]) -> bool:
        try:
            with database.session(self.engine) as session:
                action(session)
        except (StateConflict, ValueError, KeyError):
            return False
        return True

    def becomes(self, state: State, *, held: bool = False) -> None:
        self.state, self.held = state, held

    @rule(before=STATES)
    def claim(self, before: State) -> None:
        done = self.tried(lambda s: transitions.claim(s, self.video, before, holder=ME, lease=LEASE))
        assert done == (before is self.state and before in FOLLOWING and not self.held)
        if done:
            self.becomes(FOLLOWING[before], held=True)
            self.attempt += 1

    @rule(data=st.data(), after=STATES, back=st.integers(0, 1))
    def move_from_where_it_is(self, data: st.DataObject, after: State, back: int) -> None:
        attempt = data.draw(st.sampled_from([None, self.attempt - back]))
        before = self.state
        done = self.tried(lambda s: transitions.move(s, self.video, before, after, attempt=attempt))
        way = after in ALLOWED[before] or (after is before and attempt is not None)
        fenced = (attempt == self.attempt and self.held) if attempt is not None else not self.held
        assert done == (way and after not in WORKING and fenced)
        if done:
            self.becomes(after)

    @rule(before=STATES, after=STATES, attempt=st.one_of(st.none(), st.integers(0, 3)))
    def move_from_anywhere(self, before: State, after: State, attempt: int | None) -> None:
        done = self.tried(lambda s: transitions.move(s, self.video, before, after, attempt=attempt))
        assert not done or before is self.state
        if done:
            self.becomes(after)

    @rule(back=st.integers(0, 1))
    def release(self, back: int) -> None:
        state, attempt = self.state, self.attempt - back
        done = self.tried(lambda s: transitions.release(s, self.video, state, attempt=attempt))
        assert done == (self.held and back == 0)
        if done:
            self.becomes(RESTING.get(state, state))

    @rule(back=st.integers(0, 1))
    def renew(self, back: int) -> None:
        attempt = self.attempt - back
        done = self.tried(lambda s: transitions.renew(s, self.video, attempt=attempt, lease=LEASE))
        assert done == (self.held and back == 0)

    @rule(alive=st.booleans(), late=st.booleans())
    def reset(self, alive: bool, late: bool) -> None:
        moment = now() + (2 * LEASE if late else timedelta(0))
        with database.session(self.engine) as session:
            reset = transitions.reset_stale(session, moment, alive=lambda _: alive)
        assert reset == ([self.video] if self.held and (late or not alive) else [])
        if reset:
            self.becomes(RESTING.get(self.state, self.state))

    @rule(gone=st.booleans())
    def scanned(self, gone: bool) -> None:
        after = State.GONE if gone else State.NEEDS_ANALYSIS
        act = transitions.tombstone if gone else transitions.requeue
        with database.session(self.engine) as session:
            assert act(session, self.video, "scan") == (self.state is not after)
        if self.state is not after:
            self.becomes(after)

    @invariant()
    def the_row_is_what_the_model_says_and_history_has_no_gap(self) -> None:
        if not hasattr(self, "video"):
            return
        row = films.state(self.engine, self.video)
        assert (row.state, row.attempt, row.claimed_by != "") == (self.state, self.attempt, self.held)
        assert self.held or self.state not in WORKING
        assert (row.claimed_until is not None) == self.held
        place = State.NEEDS_ANALYSIS
        for before, after in history(self.engine, self.video):
            assert State(before) is place
            assert State(after) in ALLOWED[place]
            place = State(after)
        assert place is self.state


def test_no_sequence_of_calls_leaves_the_allowed_transitions(sqlite_template: Path) -> None:
    Lives.template = sqlite_template
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Lives,
        settings=settings(
            max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
