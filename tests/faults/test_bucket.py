"""A bucket that is full, in trouble, slow, or holds something else than what was put into it."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reencodarr.library.states import State
from reencodarr.stages import finalizing
from tests import mounts
from tests.faults import gates, mishaps, procs
from tests.faults import rig as rigs
from tests.faults.mishaps import First, behind_the_proxy, misbehaving
from tests.faults.promises import after
from tests.faults.rig import BATCH, Member, Rig
from tests.flows.conftest import eventually
from tests.transfer.proxy import Exchange, Fault

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1800)]

URL_SECONDS = 60
ROOM = "40m"
"""On the disk below the bucket: for every film of these tests, not for what fills it."""


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, ffmpeg: Path, fast_policy: Path) -> Iterator[Rig]:
    """A site whose bucket lies on a small disk, and whose URLs are good for a minute."""
    folder = tmp_path_factory.mktemp("site")
    place = folder / "s3" / "data"
    place.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as held:
        patch.setenv("REENCODARR_BUCKET__URL_SECONDS", str(URL_SECONDS))
        held.enter_context(mounts.disk(place, ROOM))
        yield held.enter_context(rigs.running(folder, ffmpeg, fast_policy))


@pytest.fixture(scope="module")
def far(rig: Rig) -> Iterator[Member]:
    with rig.worker("far") as member:
        yield member


def in_the_bucket(rig: Rig, ending: str) -> Path:
    """The one object with such an ending, as the bucket's server keeps it."""
    [file] = [path for path in (rig.s3.folder / "films").rglob(ending) if path.is_file()]
    return file


def put(rig: Rig, ending: str, content: bytes) -> None:
    """Overwrite that object."""
    rig.bucket.put_bytes(_key(rig, ending), content)


def delete(rig: Rig, ending: str) -> None:
    rig.bucket.delete([_key(rig, ending)])


def _key(rig: Rig, ending: str) -> str:
    return in_the_bucket(rig, ending).relative_to(rig.s3.folder / "films").as_posix()


def flip(file: Path, at: int) -> None:
    with file.open("r+b") as bits:
        bits.seek(at)
        byte = bits.read(1)[0]
        bits.seek(at)
        bits.write(bytes([byte ^ 1]))


MISHAPS = {
    "answers": (mishaps.TROUBLE, mishaps.REFUSED, mishaps.TOO_LATE, mishaps.BUSY),
    "bytes": (mishaps.TRUNCATED, mishaps.FLIPPED, mishaps.RESET),
}


@pytest.mark.parametrize("kind", ["answers", pytest.param("bytes", marks=pytest.mark.more)])
def test_mishaps_one_after_the_other_with_each_object_of_a_worker_cost_no_attempt(
    rig: Rig, far: Member, small_film: Path, kind: str
) -> None:
    film = rig.add(small_film, f"worker-{kind}.mkv")
    first = First(faults=MISHAPS[kind], match=mishaps.by_url)

    with misbehaving(rig.proxy, first):
        rig.finish(film)

    assert set(first.overcome) == {"GET film", "GET sheet", "PUT film", "PUT result.json"}
    assert all(count > len(MISHAPS[kind]) for count in first.overcome.values())
    assert rig.outcomes(film) == ["done", "done"]
    assert rig.failures(film) == []
    after(rig, far)


def test_a_bucket_that_drips_is_waited_for(rig: Rig, far: Member, small_film: Path) -> None:
    film = rig.add(small_film, "drips.mkv")

    with misbehaving(rig.proxy, First(faults=[mishaps.DRIPPING], match=gates.moves("GET", "sources/", "/sheet"))):
        rig.finish(film)

    assert rig.outcomes(film) == ["done", "done"]
    after(rig, far)


def test_a_request_that_is_never_answered_is_given_up_and_made_again(rig: Rig, far: Member, small_film: Path) -> None:
    film = rig.waiting(small_film, "hangs.mkv", "encode")
    first = First(faults=[Fault(hang=True)], match=gates.DOWNLOAD)

    with misbehaving(rig.proxy, first):
        rig.finish(film)

    assert max(first.happened.values()) > 1
    assert rig.outcomes(film) == ["done"]
    after(rig, far)


def test_urls_that_expire_while_they_are_waited_with_are_renewed(rig: Rig, far: Member, small_film: Path) -> None:
    film = rig.waiting(small_film, "expires.mkv", "encode")
    rig.proxy.forget()

    with gates.held(rig.proxy, gates.DOWNLOAD, cut=100_000) as hold:
        rig.given(film)
        hold.wait()
        old = _dates(rig.proxy.exchanges, gates.DOWNLOAD)
        assert not hold.released.wait(URL_SECONDS + 2)  # The time that a URL is good is the subject.
        hold.released.set()
        rig.finish(film)

    assert old
    assert max(_dates(rig.proxy.exchanges, gates.DOWNLOAD)) > max(old)
    assert rig.outcomes(film) == ["done"]
    assert rig.failures(film) == []
    after(rig, far)


def _dates(exchanges: list[Exchange], match: gates.Match) -> set[str]:
    """When the URLs of such requests were signed."""
    queries = [one.target.partition("X-Amz-Date=")[2].partition("&")[0] for one in exchanges if match(one)]
    return set(queries)


@pytest.mark.parametrize(
    "name",
    ["trouble", pytest.param("truncated", marks=pytest.mark.more), pytest.param("reset", marks=pytest.mark.more)],
)
def test_mishaps_of_the_server_with_each_of_its_objects_cost_no_attempt(
    rig: Rig, far: Member, small_film: Path, name: str
) -> None:
    through = behind_the_proxy(rig)
    film = rig.waiting(small_film, f"server-{name}.mkv", "encode")
    fault = {"trouble": mishaps.TROUBLE, "truncated": mishaps.TRUNCATED, "reset": mishaps.RESET}[name]
    first = First(faults=[fault] * 5, match=mishaps.by_key)  # One more than boto3 takes by itself.

    def replaced() -> bool:
        finalizing.finalize(through.place.workplace, rig.video(film), batch=BATCH, bucket=through.bucket)
        return rig.place.state(film) is State.REPLACED

    with misbehaving(rig.proxy, first):
        through.until(film, State.ENCODED, before=mishaps.let_pauses_pass)
        eventually(replaced)

    assert set(first.overcome) >= {"PUT film", "PUT sheet", "POST film", "GET result.json", "GET film"}
    assert set(rig.outcomes(film)) <= {"done", "returned"}
    assert rig.outcomes(film)[-1] == "done"
    # A result that could not be fetched waits, and that is told.
    assert set(rig.failures(film)) <= {"bucket_unreachable"}
    after(rig, far)


def test_a_bucket_in_trouble_gives_nobody_work_and_no_pass_fails(rig: Rig, far: Member, small_film: Path) -> None:
    through = behind_the_proxy(rig)
    film = rig.add(small_film, "trouble.mkv")

    with misbehaving(rig.proxy, lambda _: mishaps.TROUBLE):
        through.step()
        through.step()
        assert rig.outcomes(film) == []
        assert rig.place.state(film) is State.ANALYZED

    through.finish(film)
    after(rig, far)


DAMAGES: dict[str, Callable[[Rig], None]] = {
    "film-flipped": lambda rig: flip(in_the_bucket(rig, "film"), 1000),
    "film-cut": lambda rig: put(rig, "film", bytes(5000)),
    "film-gone": lambda rig: delete(rig, "film"),
    "sheet-flipped": lambda rig: flip(in_the_bucket(rig, "sheet"), 30),
    "sheet-gone": lambda rig: delete(rig, "sheet"),
}


@pytest.mark.parametrize(
    ("work", "damage"),
    [
        ("search", "film-flipped"),
        pytest.param("search", "sheet-gone", marks=pytest.mark.more),
        pytest.param("encode", "film-cut", marks=pytest.mark.more),
        pytest.param("encode", "film-gone", marks=pytest.mark.more),
        pytest.param("encode", "sheet-flipped", marks=pytest.mark.more),
    ],
)
def test_a_staged_film_that_is_another_is_brought_again(
    rig: Rig, far: Member, small_film: Path, work: str, damage: str
) -> None:
    film = rig.waiting(small_film, f"{damage}-{work}.mkv", work)
    with gates.held(rig.proxy, gates.moves("GET", "sources/", "")) as hold:
        rig.given(film)
        hold.wait()
        DAMAGES[damage](rig)

    assert rig.ended(film) == "failed"
    [code] = rig.failures(film)
    assert code in {"object_damaged", "object_missing"}
    rig.finish(film)
    assert set(rig.outcomes(film)[1:]) == {"done"}
    after(rig, far)


RESULTS: dict[str, Callable[[Rig], None]] = {
    "flipped": lambda rig: flip(in_the_bucket(rig, "film"), 700),
    "cut": lambda rig: put(rig, "film", bytes(700)),
    "gone": lambda rig: delete(rig, "film"),
}


@pytest.mark.parametrize(
    "damage", ["flipped", pytest.param("cut", marks=pytest.mark.more), pytest.param("gone", marks=pytest.mark.more)]
)
def test_an_encode_that_is_damaged_in_the_bucket_is_made_again(
    rig: Rig, far: Member, small_film: Path, damage: str
) -> None:
    film = rig.waiting(small_film, f"result-{damage}.mkv", "encode")
    rig.until(film, State.ENCODED)
    rig.step()  # What was staged for it leaves the bucket.
    RESULTS[damage](rig)

    finalizing.finalize(rig.place.workplace, rig.video(film), batch=BATCH, bucket=rig.bucket)

    assert rig.place.state(film) is State.CRF_SEARCHED, rig.story(film)
    rig.finish(film)
    assert rig.outcomes(film) == ["done", "done"]
    after(rig, far)


def test_never_more_is_staged_than_the_quota(rig: Rig, far: Member, small_film: Path) -> None:
    size = small_film.stat().st_size
    said = rig.place.workplace.settings.bucket.model_copy(update={"quota_bytes": 3 * size})
    tight = replace(rig, place=rig.place.with_settings(bucket=said))
    films = [rig.waiting(small_film, f"quota-{number}.mkv", "encode") for number in range(2)]

    tight.given(films[0])
    tight.step()
    waits = tight.outcomes(films[1])
    tight.until(films[0], State.ENCODED)
    most = rig.bucket.used()
    for film in films:
        tight.finish(film)

    assert waits == []
    assert most <= 3 * size
    assert [tight.outcomes(film) for film in films] == [["done"], ["done"]]
    after(tight, far)


def test_a_full_disk_below_the_bucket_stages_nothing_and_fails_nobody(rig: Rig, far: Member, small_film: Path) -> None:
    film = rig.waiting(small_film, "full-before.mkv", "encode")
    filler = mounts.fill(rig.s3.folder)

    assert rig.ended(film) == "returned"
    filler.unlink()

    rig.finish(film)
    assert rig.failures(film) == []
    assert rig.outcomes(film)[-1] == "done"
    after(rig, far)


@pytest.mark.parametrize("moment", ["upload", pytest.param("result", marks=pytest.mark.more)])
def test_a_disk_that_gets_full_below_the_bucket_costs_time(
    rig: Rig, far: Member, small_film: Path, moment: str
) -> None:
    film = rig.waiting(small_film, f"full-{moment}.mkv", "encode")
    with rig.encoder.slow("encode"):
        rig.given(film)
        encoder = rig.encoder.caught("encode")
    match = gates.UPLOAD if moment == "upload" else gates.RESULT
    with gates.held(rig.proxy, match) as hold:
        os.kill(encoder.pid, signal.SIGCONT)
        hold.wait()
        filler = mounts.fill(rig.s3.folder)
        rig.proxy.forget()
    eventually(lambda: not procs.lives(encoder))

    eventually(lambda: [one for one in rig.proxy.exchanges if match(one) and one.up])
    for _ in range(3):
        rig.step()
    filler.unlink()

    rig.finish(film)
    assert set(rig.outcomes(film)) <= {"done", "failed"}
    assert rig.outcomes(film)[-1] == "done"
    after(rig, far)
