"""A film's way into a real bucket and its encode's way out of it, for a machine that has nothing but URLs."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, update
from sqlmodel import col, select

from reencodarr.errors import JobRefused, ObjectDamaged
from reencodarr.library import database, jobs, staged, transitions, workers
from reencodarr.library.states import State
from reencodarr.library.tables import Job, now
from reencodarr.media import packets
from reencodarr.quality import excerpt_pack, footage
from reencodarr.stages import collecting, objects, unstaging
from reencodarr.stages.machines import jobs_desk, setbacks, staging, watching
from reencodarr.stages.machines.runs import RunState
from reencodarr.storage import bucket as buckets
from reencodarr.storage.bucket import Bucket
from reencodarr.tools import programs
from reencodarr.transfer.parts import Part
from reencodarr.units import GIB, Bytes
from reencodarr.work import orders, talk
from reencodarr.work import sheet as sheets
from reencodarr.work.orders import Delivery, Order, Outcome, Result, StagedSource
from reencodarr.work.talk import Moment, PartsAsked, UploadAsked
from tests.library import films
from tests.stages.machines import farm as farms
from tests.stages.machines.farm import Farm
from tests.storage import servers
from tests.transfer import proxy as proxies
from tests.transfer.proxy import Fault

NOWHERE = buckets.open_bucket(endpoint="http://127.0.0.1:9", name="x", access_key="aaa", secret_key="b")
FULL = Fault(answer=(507, b"<Error><Code>InsufficientStorage</Code></Error>"))
REFUSED = Fault(answer=(403, b"<Error><Code>AccessDenied</Code></Error>"))


@pytest.fixture(scope="session")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    with servers.serving("rclone", tmp_path_factory.mktemp("rclone"), tls=False) as server:
        yield server


@pytest.fixture
def bucket(rclone: servers.Server, tmp_path: Path) -> Bucket:
    made = replace(rclone.opened, name=f"t{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:12]}")
    made.ensure()
    return made


@pytest.fixture
def far(sqlite_engine: Engine, tmp_path: Path, bucket: Bucket) -> Farm:
    """A server with a bucket, and one machine elsewhere."""
    farm = farms.made(sqlite_engine, tmp_path, bucket=bucket)
    farm.machine("far")
    return farm


@pytest.fixture
def sqlite_engine(tmp_path: Path, sqlite_template: Path) -> Iterator[Engine]:
    shutil.copy(sqlite_template, tmp_path / "reencodarr.db")
    opened = database.engine(f"sqlite:///{tmp_path}/reencodarr.db")
    yield opened
    opened.dispose()


@pytest.fixture
def put_films(far: Farm, root: Path, bikes: Path) -> Callable[[int], list[int]]:
    """Real films in the library, each with content of its own, which wait for their search."""

    def made(number: int) -> list[int]:
        for name in range(number):
            films.write(root / f"{name}.mp4", bikes.read_bytes() + b"\0" * name)
        return far.analysed(films.scanned(far.workplace.database, root))

    return made


def only(farm: Farm) -> Job:
    [row] = farm.jobs()
    return row


def stage(farm: Farm, row: Job) -> str:
    assert farm.bucket is not None
    return staging.stage(farm.workplace, farm.bucket, row.key or "", row.attempt)


def leave(farm: Farm, order: Order, outcome: Outcome) -> None:
    """Put a result where its URL says, as the machine would."""
    urls = jobs_desk.urls(farm.workplace, farm.bucket, "far", order.job, order.attempt)
    result = Result(job=order.job, attempt=order.attempt, worker="far", build=order.build, outcome=outcome)
    httpx.put(urls.result, content=orders.result_json(result)).raise_for_status()


def upload(farm: Farm, order: Order, content: bytes) -> Delivery:
    size = Bytes(len(content))
    asked = UploadAsked(attempt=order.attempt, size=size, suffix=".mkv")
    begun = jobs_desk.upload(farm.workplace, farm.bucket, "far", order.job, asked)
    again = jobs_desk.upload(farm.workplace, farm.bucket, "far", order.job, asked)
    assert again.upload_id == begun.upload_id
    wanted = PartsAsked(attempt=order.attempt, upload_id=begun.upload_id, numbers=(1,))
    url = jobs_desk.parts(farm.workplace, farm.bucket, "far", order.job, wanted).urls[1]
    etag = httpx.put(url, content=content).raise_for_status().headers["ETag"]
    part = Part(number=1, etag=etag, size=size)
    sha256 = hashlib.sha256(content).hexdigest()
    return Delivery(size=size, sha256=sha256, suffix=".mkv", upload_id=begun.upload_id, parts=(part,))


def searched(farm: Farm) -> Order:
    """Stage the one film that waits, search it, and claim its encode."""
    farm.dispatch()
    stage(farm, only(farm))
    farm.dispatch()
    leave(farm, farm.claim(only(farm), "far"), farms.searched())
    farm.dispatch()
    return farm.claim(only(farm), "far")


def test_a_film_is_brought_into_the_bucket_once_for_search_and_encode(
    far: Farm, put_films: Callable[[int], list[int]], bikes: Path, bucket: Bucket
) -> None:
    [video] = put_films(1)
    far.dispatch()
    waiting = only(far)
    stage(far, waiting)
    far.dispatch()
    order = far.claim(only(far), "far")

    source = order.source
    assert isinstance(source, StagedSource)
    film, sheet = httpx.get(source.film).content, httpx.get(source.sheet).content
    leave(far, order, farms.searched())
    far.dispatch()

    assert waiting.phase == jobs.STAGING
    assert film == bikes.read_bytes()
    assert (source.size, source.sha256) == (len(film), hashlib.sha256(film).hexdigest())
    assert source.sheet_sha256 == hashlib.sha256(sheet).hexdigest()
    read = sheets.unpack(sheet)
    assert read.index == packets.index(bikes)
    assert read.digests.check(0, film[: 1 << 20])
    assert only(far).phase == jobs.READY  # the encode, straight away
    assert len(far.runs.of("stage/server")) == 1
    assert len(list(bucket.keys("sources/"))) == 2
    assert far.state(video)[0] is State.ENCODING


def test_the_windows_of_a_film_without_an_index_are_cut_before_they_travel(
    far: Farm, root: Path, bikes: Path, ffmpeg: Path, tmp_path: Path
) -> None:
    looped = root / "long.ts"
    looped.parent.mkdir(parents=True, exist_ok=True)
    programs.run([ffmpeg, "-nostdin", "-v", "error", "-stream_loop", "59", "-i", bikes, "-c", "copy", looped])
    far.analysed(films.scanned(far.workplace.database, root))
    far.dispatch()
    stage(far, only(far))
    far.dispatch()

    source = far.claim(only(far), "far").source
    assert isinstance(source, StagedSource)
    packed = httpx.get(source.excerpt).content

    assert hashlib.sha256(packed).hexdigest() == source.excerpt_sha256
    assert len(packed) < source.size
    place = tmp_path / "packed"
    place.write_bytes(packed)
    (tmp_path / "cut").mkdir()
    assert excerpt_pack.unpack(place, tmp_path / "cut").windows == footage.planned(packets.index(looped))


def test_an_encode_comes_back_through_the_bucket(
    far: Farm, put_films: Callable[[int], list[int]], bucket: Bucket
) -> None:
    [video] = put_films(1)
    order = searched(far)
    content = b"a finished encode"
    leave(far, order, farms.encoded(upload(far, order, content)))

    far.dispatch()
    state = far.state(video)
    collected = collecting.collect(far.workplace, bucket, video)
    result = far.workplace.results / f"{orders.kept_name(order.job, order.attempt)}.mkv"
    collecting.discard(far.workplace, bucket, video)

    assert state == (State.ENCODED, "")
    assert collected
    assert result.read_bytes() == content
    assert list(bucket.keys()) == []  # the film left when no job was to read it any more


def test_an_encode_that_is_damaged_in_the_bucket_is_not_used(
    far: Farm, put_films: Callable[[int], list[int]], bucket: Bucket
) -> None:
    [video] = put_films(1)
    order = searched(far)
    leave(far, order, farms.encoded(upload(far, order, b"a finished encode")))
    far.dispatch()
    bucket.put_bytes(objects.encoded(order.job, order.attempt), b"a fnnished encode")

    with pytest.raises(ObjectDamaged):
        collecting.collect(far.workplace, bucket, video)

    assert not far.workplace.results.exists() or not list(far.workplace.results.iterdir())


def test_an_upload_that_was_never_finished_is_a_failure_that_may_pass(
    far: Farm, put_films: Callable[[int], list[int]], bucket: Bucket
) -> None:
    [video] = put_films(1)
    order = searched(far)
    delivery = upload(far, order, b"a finished encode")
    bucket.abort_upload(objects.encoded(order.job, order.attempt), delivery.upload_id)
    leave(far, order, farms.encoded(delivery))

    far.dispatch()

    assert [row.outcome for row in far.jobs(open_only=False)] == ["done", "failed", ""]
    assert far.state(video)[0] is State.ENCODING


def test_a_result_that_nobody_can_read_fails_its_attempt(
    far: Farm, put_films: Callable[[int], list[int]], bucket: Bucket
) -> None:
    [video] = put_films(1)
    order = searched(far)
    bucket.put_bytes(objects.result(order.job, order.attempt), b"{}")

    far.dispatch()

    assert far.state(video) == (State.FAILED, "order_unreadable")


def test_an_upload_larger_than_the_film_is_refused(far: Farm, put_films: Callable[[int], list[int]]) -> None:
    put_films(1)
    order = searched(far)

    asked = UploadAsked(attempt=order.attempt, size=Bytes(GIB), suffix=".mkv")

    with pytest.raises(JobRefused) as refused:
        jobs_desk.upload(far.workplace, far.bucket, "far", order.job, asked)

    assert refused.value.refusal == "too_large"


def test_no_more_is_staged_than_the_quota_holds(far: Farm, put_films: Callable[[int], list[int]], bikes: Path) -> None:
    put_films(2)
    small = far.workplace.settings.bucket.model_copy(update={"quota_bytes": 3 * bikes.stat().st_size})
    settings = far.workplace.settings.model_copy(update={"bucket": small})
    tight = replace(far, workplace=replace(far.workplace, settings=settings))
    tight.machine("other")

    tight.dispatch()
    tight.dispatch()

    assert len(tight.jobs()) == 1  # a film and, one day, its encode are two of the three


def test_a_bucket_that_is_away_gives_other_machines_no_work_and_fails_nothing(
    far: Farm, put_films: Callable[[int], list[int]]
) -> None:
    [video] = put_films(1)

    passed = replace(far, bucket=NOWHERE).dispatch()

    assert passed.given == 0
    assert "does not answer" in passed.words
    assert far.state(video) == (State.ANALYZED, "")


def test_a_film_that_changes_while_it_waits_is_analysed_anew(
    far: Farm, put_films: Callable[[int], list[int]], root: Path, bikes: Path, bucket: Bucket
) -> None:
    [video] = put_films(1)
    far.dispatch()
    films.write(root / "0.mp4", bikes.read_bytes() + b"\0", age=10.0)

    said = stage(far, only(far))

    assert "changed" in said
    assert far.state(video) == (State.NEEDS_ANALYSIS, "")
    assert list(bucket.keys()) == []


def test_what_nobody_reads_any_more_leaves_the_bucket(
    far: Farm, put_films: Callable[[int], list[int]], bucket: Bucket
) -> None:
    [video] = put_films(1)
    far.dispatch()
    row = only(far)
    stage(far, row)
    before = unstaging.discard(far.workplace, bucket)
    with database.session(far.workplace.database) as session:
        transitions.requeue(session, video, "the file changed")

    gone = unstaging.discard(far.workplace, bucket)

    assert (before, gone) == (0, 1)
    assert list(bucket.keys()) == []
    with database.session(far.workplace.database) as session:
        assert staged.used(session) == 0


def test_a_film_that_one_worker_failed_at_goes_to_another(far: Farm, put_films: Callable[[int], list[int]]) -> None:
    put_films(1)
    far.machine("other")
    far.dispatch()
    stage(far, only(far))
    far.dispatch()
    leave(far, far.claim(only(far), "far"), farms.failed("no_space", transient=True))

    far.dispatch()

    assert only(far).queue == "only-other"


def test_a_result_is_waited_for_while_the_bucket_is_away(far: Farm, put_films: Callable[[int], list[int]]) -> None:
    [video] = put_films(1)
    order = searched(far)
    leave(far, order, farms.encoded(upload(far, order, b"a finished encode")))
    row = only(far)
    far.runs.set(row.flow_run, RunState.ENDED)
    far.let_lease_pass(row)

    replace(far, bucket=NOWHERE).dispatch()
    waiting, told = far.state(video), talk.from_json(Moment, only(far).progress)
    far.dispatch()

    assert waiting == (State.ENCODING, "")
    assert "does not answer" in told.detail
    assert far.state(video) == (State.ENCODED, "")


@pytest.mark.parametrize("moment", ["HEAD", "GET", "POST"])
def test_a_result_is_waited_for_while_the_bucket_refuses_it(
    far: Farm, put_films: Callable[[int], list[int]], rclone: servers.Server, bucket: Bucket, moment: str
) -> None:
    [video] = put_films(1)
    order = searched(far)
    leave(far, order, farms.encoded(upload(far, order, b"a finished encode")))
    far.runs.set(only(far).flow_run, RunState.ENDED)

    with behind_a_proxy(rclone, bucket) as (proxy, through):
        proxy.fault = lambda seen: REFUSED if seen.method == moment and "/jobs/" in seen.target else Fault()
        replace(far, bucket=through).dispatch()
    waiting = far.state(video)
    far.dispatch()

    assert waiting == (State.ENCODING, "")
    assert far.state(video) == (State.ENCODED, "")


def test_a_result_that_cannot_be_fetched_for_hours_is_made_once_more_and_then_named(
    far: Farm, put_films: Callable[[int], list[int]]
) -> None:
    [video] = put_films(1)
    states = []
    for order in (searched(far), None):
        claimed = order or far.claim(only(far), "far")
        row = only(far)
        far.runs.set(row.flow_run, RunState.ENDED)
        with database.session(far.workplace.database) as session:
            silent = now() - watching.LONGEST_TROUBLE - timedelta(minutes=1)
            session.exec(update(Job).where(col(Job.key) == claimed.job).values(beaten_at=silent))
        replace(far, bucket=NOWHERE).dispatch()
        states.append(far.state(video))
        far.dispatch()

    assert states == [(State.CRF_SEARCHED, ""), (State.FAILED, "bucket_unreachable")]
    with database.session(far.workplace.database, reads_only=True) as session:
        assert [row.quarantined_at for row in workers.every(session)] == [None]


@contextmanager
def behind_a_proxy(server: servers.Server, bucket: Bucket) -> Iterator[tuple[proxies.Proxy, Bucket]]:
    """The same bucket by a way on which requests can go wrong."""
    with proxies.between(server.port) as proxy:
        through = buckets.open_bucket(
            endpoint=proxy.endpoint, name=bucket.name, access_key=server.access_key, secret_key=server.secret_key
        )
        yield proxy, through


def test_what_a_bucket_does_not_take_waits_and_says_why(
    far: Farm, put_films: Callable[[int], list[int]], rclone: servers.Server, bucket: Bucket
) -> None:
    videos = put_films(2)
    far.dispatch()
    with behind_a_proxy(rclone, bucket) as (proxy, through):
        proxy.fault = lambda seen: FULL if seen.method in {"PUT", "POST"} else Fault()
        for row in far.jobs():
            stage(replace(far, bucket=through), row)

    passed = far.dispatch()
    waiting = [far.state(video) for video in videos]
    with database.session(far.workplace.database) as session:
        for row in session.exec(select(Job)).all():
            row.ended_at = row.ended_at and row.ended_at - setbacks.SHORTEST
    later = far.dispatch()

    assert waiting == [(State.ANALYZED, "bucket_full")] * 2
    assert passed.given == 0
    assert "no room" in passed.words
    assert later.given == 2
    assert [far.state(video) for video in videos] == [(State.CRF_SEARCHING, "")] * 2
