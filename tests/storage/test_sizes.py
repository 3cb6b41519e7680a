import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.storage import sizes
from reencodarr.storage.sizes import Fit
from reencodarr.units import GIB, MIB, Bytes

LARGEST_OBJECT = 5 * 1024 * GIB
"""Of S3."""
SIZES = st.integers(min_value=0, max_value=LARGEST_OBJECT)


@given(SIZES)
def test_every_object_has_parts_that_s3_takes(size: int) -> None:
    part, count = sizes.part_size(Bytes(size)), sizes.part_count(Bytes(size))

    assert 1 <= count <= sizes.MOST_PARTS
    assert part % MIB == 0
    assert 64 * MIB <= part <= 5 * GIB
    assert (count - 1) * part < max(size, 1) <= count * part


@given(SIZES, st.data())
def test_parts_lie_one_behind_the_other(size: int, data: st.DataObject) -> None:
    count = sizes.part_count(Bytes(size))
    number = data.draw(st.integers(min_value=1, max_value=count))

    start, end = sizes.part_range(Bytes(size), number)

    assert start == (0 if number == 1 else sizes.part_range(Bytes(size), number - 1)[1])
    assert (end == size) is (number == count)
    assert end - start == sizes.part_size(Bytes(size)) or number == count


@pytest.mark.parametrize("number", [0, 3, -1])
def test_there_is_no_other_part(number: int) -> None:
    with pytest.raises(ValueError, match="no part"):
        sizes.part_range(Bytes(65 * MIB), number)


@pytest.mark.parametrize(
    ("size", "part"), [(0, 64), (64 * MIB * 9000, 64), (64 * MIB * 9000 + 1, 65), (LARGEST_OBJECT, 583)]
)
def test_parts_grow_with_films_that_need_it(size: int, part: int) -> None:
    assert sizes.part_size(Bytes(size)) == part * MIB


@pytest.mark.parametrize(
    ("needed", "quota", "used", "promised", "free", "expected"),
    [
        (10, None, 10**12, 0, None, Fit.NOW),
        (10, 100, 90, 0, None, Fit.NOW),
        (11, 100, 90, 0, None, Fit.LATER),
        (10, 100, 80, 11, None, Fit.LATER),
        (100, 100, 500, 0, None, Fit.LATER),
        (101, 100, 0, 0, None, Fit.NEVER),
        (10, 100, 0, 5, 14, Fit.LATER),
        (9, 100, 0, 5, 14, Fit.NOW),
        (10, None, 0, 0, 9, Fit.LATER),
    ],
)
def test_quota_and_disk_are_kept(
    needed: int, quota: int | None, used: int, promised: int, free: int | None, expected: Fit
) -> None:
    limit, disk = (None if one is None else Bytes(one) for one in (quota, free))

    found = sizes.fit(Bytes(needed), quota=limit, used=Bytes(used), promised=Bytes(promised), free=disk)

    assert found is expected
