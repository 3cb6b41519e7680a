"""How much the bucket may be given, and what becomes of a copy in it that is not what was announced."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.errors import Category, Stage
from reencodarr.library.states import State
from reencodarr.stages import depot, objects
from reencodarr.stages.machines import jobs_desk
from reencodarr.stages.machines.giving import Depot
from reencodarr.storage.bucket import Bucket
from reencodarr.storage.sizes import Fit
from reencodarr.units import MIB, Bytes
from reencodarr.work.orders import Failed
from tests import mounts
from tests.stages.machines.farm import Farm
from tests.stages.machines.test_staging import (  # noqa: F401
    bucket,
    far,
    leave,
    only,
    put_films,
    rclone,
    sqlite_engine,
    stage,
)

Put = Callable[[int], list[int]]
SIZES = st.integers(min_value=0, max_value=10**13)


@given(quota=SIZES, free=st.none() | SIZES, wanted=st.lists(SIZES, max_size=20))
def test_no_more_is_promised_than_quota_and_disk_hold(quota: int, free: int | None, wanted: list[int]) -> None:
    room = Depot(quota=Bytes(quota), free=None if free is None else Bytes(free))

    for needed in wanted:
        room = room.with_more(Bytes(needed)) if room.fit(Bytes(needed)) is Fit.NOW else room

    assert room.promised <= quota
    assert free is None or room.promised <= free


@pytest.mark.parametrize("needed", [0, 1])
def test_a_bucket_that_is_away_has_room_for_nothing_and_nothing_to_read(needed: int) -> None:
    assert Depot(quota=Bytes(0)).fit(Bytes(needed)) is Fit.LATER


def test_what_is_in_a_full_bucket_may_be_read() -> None:
    assert Depot(quota=Bytes(100), used=Bytes(100), free=Bytes(0)).fit(Bytes(0)) is Fit.NOW


def on_a_disk(farm: Farm, disk: Path, *, endpoint: str | None = None, reserve: int = 0) -> Farm:
    """The farm as if its bucket's server kept its objects on that disk."""
    settings = farm.workplace.settings
    assert settings.own_bucket == disk
    said = settings.bucket.model_copy(update={"endpoint": endpoint or settings.own_bucket_url})
    changed = settings.model_copy(update={"bucket": said, "reserve_bytes": reserve})
    return replace(farm, workplace=replace(farm.workplace, settings=changed))


def test_the_disk_below_the_own_bucket_bounds_what_is_staged(far: Farm, put_films: Put) -> None:  # noqa: F811
    put_films(3)
    far.machine("other")
    place = far.workplace.settings.own_bucket
    place.parent.mkdir(parents=True, exist_ok=True)
    with mounts.disk(place, "2500k") as disk:
        # A film takes half a MiB, and its encode may take as much.
        (disk / "other things").write_bytes(bytes(1200 * 1024))
        tight = on_a_disk(far, disk)

        tight.dispatch()
        tight.dispatch()
        one = len(tight.jobs())
        (disk / "other things").unlink()
        tight.dispatch()

        assert (one, len(tight.jobs())) == (1, 2)
        assert depot.free(on_a_disk(far, disk, reserve=MIB).workplace.settings) == 2500 * 1024 - MIB


def test_the_disk_of_this_machine_says_nothing_of_a_bucket_elsewhere(far: Farm, put_films: Put) -> None:  # noqa: F811
    put_films(1)
    place = far.workplace.settings.own_bucket
    place.parent.mkdir(parents=True, exist_ok=True)
    with mounts.disk(place, "64k") as disk:
        elsewhere = on_a_disk(far, disk, endpoint="https://s3.example.org")

        passed = elsewhere.dispatch()

        assert depot.free(elsewhere.workplace.settings) is None
        assert passed.given == 1


@pytest.mark.parametrize("code", ["object_damaged", "object_missing"])
def test_a_copy_that_is_not_the_film_is_brought_again_for_whoever_is_next(
    far: Farm,  # noqa: F811
    put_films: Put,  # noqa: F811
    bucket: Bucket,  # noqa: F811
    bikes: Path,
    code: str,
) -> None:
    [video] = put_films(1)
    far.dispatch()
    stage(far, only(far))
    far.dispatch()
    order = far.claim(only(far), "far")
    [film] = [one.key for one in bucket.keys("sources/") if one.key.endswith("/film")]
    bucket.put_bytes(film, bytes(bikes.stat().st_size))
    leave(far, order, Failed(stage=Stage.TRANSFER, category=Category.STORAGE, code=code, message="It is another."))

    far.dispatch()
    between = far.state(video)[0]
    far.dispatch()
    stage(far, only(far))

    assert between is State.CRF_SEARCHING
    assert bucket.read(film, Bytes(10 * MIB)) == bikes.read_bytes()


def test_an_oversized_result_fails_its_attempt_and_no_pass(far: Farm, put_films: Put, bucket: Bucket) -> None:  # noqa: F811
    [video] = put_films(1)
    far.dispatch()
    stage(far, only(far))
    far.dispatch()
    order = far.claim(only(far), "far")
    url = jobs_desk.urls(far.workplace, far.bucket, "far", order.job, order.attempt).result
    httpx.put(url, content=b" " * (objects.RESULT_LIMIT + 1)).raise_for_status()

    far.dispatch()

    [row] = [row for row in far.jobs(open_only=False) if row.outcome]
    assert (row.outcome, "object_damaged" in row.result) == ("failed", True)
    assert far.state(video)[0] is State.CRF_SEARCHING  # once more


def test_a_bucket_that_refuses_the_servers_key_ends_no_pass(far: Farm, put_films: Put, rclone) -> None:  # noqa: F811
    [video] = put_films(1)
    far.machine("here", local=True)
    wrong = replace(far, bucket=rclone.bucket(secret_key="wrong"))

    passed = wrong.dispatch()

    assert passed.given == 1
    assert far.state(video)[0] is State.CRF_SEARCHING
    assert only(far).queue.startswith("local")
