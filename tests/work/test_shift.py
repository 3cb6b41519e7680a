"""One job from its claim to its result: real programs, a real film, a real HTTP server."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from reencodarr.errors import Category, Stage
from reencodarr.progress import Progress
from reencodarr.units import Bytes
from reencodarr.work import orders, shift
from reencodarr.work.halting import Halt
from reencodarr.work.orders import Encoded, Failed, HandedBack, Result, Searched, SearchTerms, SourceChanged, Terms
from reencodarr.work.talk import GoOn, Refusal
from tests import paused
from tests.work import kit, server
from tests.work.server import Desk


def result(results: Path) -> Result:
    return orders.result_from_json((results / f"{kit.JOB}-3.json").read_bytes())


def heard(desk: Desk, verb: str) -> list[dict[str, object]]:
    return [body for path, body in desk.heard if path.endswith(f"/{verb}")]


def leftovers(folder: Path) -> list[Path]:
    return [path for path in (folder / "scratch").rglob("*") if path.is_file() and path.name != ".making"]


def slowed(terms: Terms) -> Terms:
    """The same work, for minutes."""
    if isinstance(terms, SearchTerms):
        return replace(terms, video=replace(terms.video, preset=0))
    return replace(terms, plan=replace(terms.plan, video=replace(terms.plan.video, preset=0)))


@pytest.mark.slow
def test_a_local_search_leaves_its_result_and_every_probe(small_film: Path, fast_policy: Path, tmp_path: Path) -> None:
    desk = Desk()
    terms = kit.search_terms(small_film, fast_policy)
    desk.order = kit.order(small_film, kit.local(small_film, tmp_path / "results"), terms)

    with server.running(desk) as url:
        ended = shift.work(kit.CALL, kit.post(tmp_path, url, desk), halt=Halt())

    found = result(tmp_path / "results")
    assert not ended.failed, ended
    assert isinstance(found.outcome, Searched)
    assert found.outcome.result.met
    assert (found.job, found.attempt, found.worker) == (kit.JOB, 3, "attic")
    assert found.build == found.outcome.result.build
    assert (found.bytes_down, found.bytes_up) == (0, 0)
    told = [probe for beat in desk.beats() for probe in beat.probes]
    assert {probe.crf for probe in told} == {probe.crf for probe in found.outcome.result.probes}
    assert len(told) == len({probe.crf for probe in told})
    assert heard(desk, "claim") == [{"attempt": 3, "flow_run": "the-run"}]
    assert leftovers(tmp_path) == []


def test_a_local_encode_leaves_film_and_result(small_film: Path, fast_policy: Path, tmp_path: Path) -> None:
    desk, seen = Desk(), list[Progress]()
    terms = kit.encode_terms(small_film, fast_policy)
    desk.order = kit.order(small_film, kit.local(small_film, tmp_path / "results"), terms)

    with server.running(desk) as url:
        ended = shift.work(kit.CALL, kit.post(tmp_path, url, desk), halt=Halt(), report=seen.append)

    found = result(tmp_path / "results")
    assert not ended.failed, ended
    assert isinstance(found.outcome, Encoded)
    film = orders.local_path(found.outcome.delivery)
    assert film.parent == tmp_path / "results"
    assert film.stat().st_size == found.outcome.delivery.size
    assert {progress.stage for progress in seen} >= {"encode", "measure"}
    assert leftovers(tmp_path) == []


def test_a_film_that_changed_is_told(small_film: Path, fast_policy: Path, tmp_path: Path) -> None:
    desk = Desk()
    source = kit.local(small_film, tmp_path / "results")
    other = replace(source, fingerprint=replace(source.fingerprint, size=Bytes(1)))
    desk.order = kit.order(small_film, other, kit.encode_terms(small_film, fast_policy))

    with server.running(desk) as url:
        shift.work(kit.CALL, kit.post(tmp_path, url, desk), halt=Halt())

    assert isinstance(result(tmp_path / "results").outcome, SourceChanged)


def test_a_failure_travels_with_command_and_last_words_and_stands_in_the_runs_log(
    small_film: Path, fast_policy: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk()
    terms = kit.encode_terms(small_film, fast_policy)
    broken = replace(terms, plan=replace(terms.plan, video=replace(terms.plan.video, preset=99)))
    desk.order = kit.order(small_film, kit.local(small_film, tmp_path / "results"), broken)

    with server.running(desk) as url:
        ended = shift.work(kit.CALL, kit.post(tmp_path, url, desk), halt=Halt())

    outcome = result(tmp_path / "results").outcome
    assert ended.failed
    assert isinstance(outcome, Failed)
    assert (outcome.stage, outcome.category) == (Stage.ENCODE, Category.PROGRAM)
    assert " 99 " in outcome.context["command"]
    assert outcome.context["stderr"]
    assert {"worker", "machine", "version", "build", "exit_code"} <= set(outcome.context)
    [logged] = [record.getMessage() for record in caplog.records if outcome.context["stderr"] in record.getMessage()]
    assert outcome.context["command"] in logged


@pytest.mark.parametrize("who", ["server", "halt"])
def test_a_stop_ends_the_programs_and_hands_back(who: str, small_film: Path, fast_policy: Path, tmp_path: Path) -> None:
    desk, halt, stopped = Desk(), Halt(), list[float]()
    terms = kit.encode_terms(small_film, fast_policy)
    slow = replace(terms, plan=replace(terms.plan, video=replace(terms.plan.video, preset=0)))
    desk.order = kit.order(small_film, kit.local(small_film, tmp_path / "results"), slow)

    def stop() -> None:
        paused.eventually(lambda: paused.encoders(psutil.Process()))
        stopped.append(time.monotonic())
        if who == "halt":
            halt.ask("somebody said so")
        else:
            desk.go_on = GoOn(go_on=False, words="somebody said so")

    with server.running(desk) as url:
        threading.Thread(target=stop, daemon=True).start()
        ended = shift.work(kit.CALL, kit.post(tmp_path, url, desk), halt=halt)
        took = time.monotonic() - stopped[0]

    assert ended.stopped
    assert took < 30
    assert result(tmp_path / "results").outcome == HandedBack(words="somebody said so")
    assert not [child for child in psutil.Process().children() if "ffmpeg" in child.name()]
    assert leftovers(tmp_path) == []


def test_a_pause_holds_the_programs_still_until_the_server_says_otherwise(
    small_film: Path, fast_policy: Path, tmp_path: Path
) -> None:
    desk = Desk()
    terms = kit.encode_terms(small_film, fast_policy)
    slow = replace(terms, plan=replace(terms.plan, video=replace(terms.plan.video, preset=3)))
    desk.order = kit.order(small_film, kit.local(small_film, tmp_path / "results"), slow)
    me = psutil.Process()

    def pause() -> None:
        paused.eventually(lambda: paused.encoders(me))
        desk.go_on = GoOn(go_on=True, pause=True)
        paused.eventually(lambda: paused.rests(me))
        paused.eventually(lambda: desk.beats()[-1].moment.paused)
        desk.go_on = GoOn(go_on=True)

    with server.running(desk) as url:
        thread = threading.Thread(target=pause, daemon=True)
        thread.start()
        ended = shift.work(kit.CALL, kit.post(tmp_path, url, desk), halt=Halt())
        thread.join()

    assert not ended.failed, ended
    assert isinstance(result(tmp_path / "results").outcome, Encoded)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("kind", ["search", "encode"])
def test_a_paused_job_can_be_handed_back(kind: str, small_film: Path, fast_policy: Path, tmp_path: Path) -> None:
    desk, halt = Desk(), Halt()
    make = kit.search_terms if kind == "search" else kit.encode_terms
    desk.order = kit.order(
        small_film, kit.local(small_film, tmp_path / "results"), slowed(make(small_film, fast_policy))
    )
    me = psutil.Process()

    def stop() -> None:
        paused.eventually(lambda: paused.encoders(me))
        desk.go_on = GoOn(go_on=True, pause=True)
        paused.eventually(lambda: paused.rests(me))
        halt.ask("somebody said so")

    with server.running(desk) as url:
        threading.Thread(target=stop, daemon=True).start()
        ended = shift.work(kit.CALL, kit.post(tmp_path, url, desk), halt=halt)

    assert ended.stopped
    assert result(tmp_path / "results").outcome == HandedBack(words="somebody said so")
    assert paused.encoders(me) == []
    assert leftovers(tmp_path) == []


def test_a_lost_job_writes_nothing(small_film: Path, fast_policy: Path, tmp_path: Path) -> None:
    desk = Desk()
    terms = kit.encode_terms(small_film, fast_policy)
    slow = replace(terms, plan=replace(terms.plan, video=replace(terms.plan.video, preset=0)))
    desk.order = kit.order(small_film, kit.local(small_film, tmp_path / "results"), slow)

    def lose(_: Progress) -> None:
        desk.refusal = (409, Refusal(code="lost", words="attempt 4 holds it"))

    with server.running(desk) as url:
        ended = shift.work(kit.CALL, kit.post(tmp_path, url, desk), halt=Halt(), report=lose)

    assert ended.stopped
    assert "attempt 4" in ended.words
    assert not list((tmp_path / "results").glob("*"))


def test_a_job_beyond_the_scratch_quota_is_told_and_may_pass(
    small_film: Path, fast_policy: Path, tmp_path: Path
) -> None:
    desk = Desk()
    terms = kit.encode_terms(small_film, fast_policy)
    desk.order = kit.order(small_film, kit.local(small_film, tmp_path / "results"), terms)

    with server.running(desk) as url:
        post = kit.post(tmp_path, url, desk)
        tight = post.settings.model_copy(update={"scratch_quota_bytes": 1000})
        shift.work(kit.CALL, replace(post, settings=tight), halt=Halt())

    outcome = result(tmp_path / "results").outcome
    assert isinstance(outcome, Failed)
    assert (outcome.code, outcome.transient) == ("no_space", True)


def test_a_refused_claim_does_nothing(small_film: Path, tmp_path: Path) -> None:
    desk = Desk(refusal=(409, Refusal(code="taken", words="another run has it")))

    with server.running(desk) as url:
        ended = shift.work(kit.CALL, kit.post(tmp_path, url, desk), halt=Halt())

    assert ended.stopped
    assert not (tmp_path / "results").exists()


def test_an_interrupt_hands_back_and_goes_on(small_film: Path, fast_policy: Path, tmp_path: Path) -> None:
    desk = Desk()
    terms = kit.encode_terms(small_film, fast_policy)
    desk.order = kit.order(small_film, kit.local(small_film, tmp_path / "results"), terms)

    def interrupt(_: Progress) -> None:
        raise KeyboardInterrupt

    with server.running(desk) as url, pytest.raises(KeyboardInterrupt):
        shift.work(kit.CALL, kit.post(tmp_path, url, desk), halt=Halt(), report=interrupt)

    assert isinstance(result(tmp_path / "results").outcome, HandedBack)


@pytest.mark.slow
def test_a_server_that_is_away_for_seconds_costs_nothing(small_film: Path, fast_policy: Path, tmp_path: Path) -> None:
    desk = Desk()
    terms = kit.search_terms(small_film, fast_policy)
    desk.order = kit.order(small_film, kit.local(small_film, tmp_path / "results"), terms)
    away = threading.Event()

    def break_off(_: Progress) -> None:
        if not away.is_set():
            away.set()
            desk.trouble += [503] * 4

    with server.running(desk) as url:
        ended = shift.work(kit.CALL, kit.post(tmp_path, url, desk), halt=Halt(), report=break_off)

    assert not ended.failed, ended
    found = result(tmp_path / "results").outcome
    assert isinstance(found, Searched)
    told = {probe.crf for beat in desk.beats() for probe in beat.probes}
    assert told == {probe.crf for probe in found.result.probes}
