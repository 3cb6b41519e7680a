"""Retrying and excluding all films of a cause; what is excluded stays so until it is included again."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from sqlmodel import select

from reencodarr.errors import Category, Stage
from reencodarr.library import database, failures, reading, transitions
from reencodarr.library.failures import Cause, Which
from reencodarr.library.states import State
from reencodarr.library.tables import Exclusion, Failure
from reencodarr.stages import analysis, excluding, queue, redeciding
from tests.library import films
from tests.stages.machines.farm import Farm

MakeAnalysed = Callable[[int], list[int]]
NO_SPACE = Which(stage="crf_search", category="resources", code="no_space")
EXCLUDED = (State.SKIPPED, "excluded")


def fail(farm: Farm, video_id: int, code: str, *, category: Category = Category.RESOURCES, final: bool = True) -> None:
    """A search of this film fails; `final`: it is not tried again by itself."""
    with database.session(farm.workplace.database) as session:
        lease = timedelta(minutes=1)
        attempt = transitions.claim(session, video_id, State.ANALYZED, holder="here:1:1", lease=lease)
        cause = Cause(stage=Stage.CRF_SEARCH, category=category, code=code, message="It broke.")
        failures.keep(session, video_id, cause, context={}, attempt=attempt)
        after = State.FAILED if final else State.ANALYZED
        reason = code if final else ""
        transitions.move(session, video_id, State.CRF_SEARCHING, after, attempt=attempt, reason=reason)


def open_failures(farm: Farm) -> int:
    with database.session(farm.workplace.database, reads_only=True) as session:
        return sum(group.number for group in reading.failures(session))


def test_a_cause_is_retried_and_no_other(farm: Farm, make_analysed: MakeAnalysed) -> None:
    full, again, broken = make_analysed(3)
    fail(farm, full, "no_space")
    fail(farm, again, "no_space")
    fail(farm, broken, "engine_failed", category=Category.PROGRAM)

    first = queue.retry(farm.workplace, (), NO_SPACE)
    second = queue.retry(farm.workplace, (), NO_SPACE)

    assert (first, second) == (2, 0)
    assert [farm.state(video)[0] for video in (full, again)] == [State.NEEDS_ANALYSIS] * 2
    assert farm.state(broken) == (State.FAILED, "engine_failed")
    assert open_failures(farm) == 1


def test_a_retry_leaves_what_waits_where_it_waits(farm: Farm, make_analysed: MakeAnalysed) -> None:
    [waiting] = make_analysed(1)
    fail(farm, waiting, "no_space", final=False)

    assert queue.retry(farm.workplace, (), NO_SPACE) == 0
    assert farm.state(waiting)[0] is State.ANALYZED


def test_a_cause_is_excluded_with_what_waits_for_another_try(farm: Farm, make_analysed: MakeAnalysed) -> None:
    failed, waiting, other = make_analysed(3)
    fail(farm, failed, "no_space")
    fail(farm, waiting, "no_space", final=False)
    fail(farm, other, "engine_failed", category=Category.PROGRAM)

    first = excluding.exclude(farm.workplace, NO_SPACE)
    second = excluding.exclude(farm.workplace, NO_SPACE)

    assert (first.videos, first.busy, second.videos) == (2, 0, 0)
    assert farm.state(failed) == farm.state(waiting) == EXCLUDED
    assert farm.state(other)[0] is State.FAILED
    assert open_failures(farm) == 1
    with database.session(farm.workplace.database, reads_only=True) as session:
        [group] = reading.report(session).excluded
    assert (group.stage, group.category, group.code, group.videos) == ("crf_search", "resources", "no_space", 2)


def test_what_is_worked_on_is_not_excluded(farm: Farm, make_analysed: MakeAnalysed) -> None:
    [busy] = make_analysed(1)
    fail(farm, busy, "no_space", final=False)
    with database.session(farm.workplace.database) as session:
        transitions.claim(session, busy, State.ANALYZED, holder="here:1:1", lease=timedelta(minutes=1))

    done = excluding.exclude(farm.workplace, NO_SPACE)

    assert (done.videos, done.busy) == (0, 1)
    assert farm.state(busy)[0] is State.CRF_SEARCHING
    assert open_failures(farm) == 1
    with database.session(farm.workplace.database, reads_only=True) as session:
        assert session.exec(select(Exclusion)).all() == []


def test_neither_scans_nor_changed_files_nor_policies_bring_it_back(
    farm: Farm, make_analysed: MakeAnalysed, root: Path
) -> None:
    excluded, changed, gone = make_analysed(3)
    for video in (excluded, changed, gone):
        fail(farm, video, "no_space")
    excluding.exclude(farm.workplace, NO_SPACE)
    engine, away = farm.workplace.database, root.parent / "away.mkv"

    films.write(root / "001.mkv")
    (root / "002.mkv").rename(away)
    films.scanned(engine, root)
    away.rename(root / "002.mkv")
    films.scanned(engine, root)
    redecided = redeciding.redecide(farm.workplace, [str(root)])
    list(analysis.analyse(farm.workplace, [changed, gone]))

    assert redecided >= 1  # its plan was another policy's
    assert farm.state(excluded) == EXCLUDED
    assert farm.state(changed) == EXCLUDED
    assert farm.state(gone) == EXCLUDED
    assert open_failures(farm) == 0  # that its new file cannot be read is nobody's concern


def test_included_again_it_is_analysed_as_any_other(farm: Farm, make_analysed: MakeAnalysed, root: Path) -> None:
    [video] = make_analysed(1)
    fail(farm, video, "no_space")
    excluding.exclude(farm.workplace, NO_SPACE)

    wrong = excluding.include(farm.workplace, Which(code="engine_failed"))
    first = excluding.include(farm.workplace, NO_SPACE)
    second = excluding.include(farm.workplace, NO_SPACE)
    films.scanned(farm.workplace.database, root)

    assert (wrong, first, second) == (0, 1, 0)
    assert farm.state(video)[0] is State.NEEDS_ANALYSIS
    list(analysis.analyse(farm.workplace, [video]))
    assert farm.state(video)[0] is State.FAILED  # it is no film


def test_what_a_pattern_leaves_out_still_comes_back_with_the_pattern(
    farm: Farm, make_analysed: MakeAnalysed, root: Path
) -> None:
    [video] = make_analysed(1)
    with database.session(farm.workplace.database) as session:
        transitions.move(session, video, State.ANALYZED, State.SKIPPED, attempt=None, reason="excluded")

    films.scanned(farm.workplace.database, root)

    assert farm.state(video)[0] is State.NEEDS_ANALYSIS


def test_films_that_failed_twice_alike_are_retried_once(farm: Farm, make_analysed: MakeAnalysed) -> None:
    videos = make_analysed(3)
    for video in videos:
        fail(farm, video, "no_space")
    with database.session(farm.workplace.database) as session:
        for row in session.exec(select(Failure)).all():
            session.add(Failure(**row.model_dump(exclude={"id"})))  # twice the same is one film

    assert queue.retry(farm.workplace, (), NO_SPACE) == len(videos)
    assert open_failures(farm) == 0
