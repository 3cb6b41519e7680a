import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.errors import FileUnreadable
from reencodarr.media import fingerprint as fingerprints
from reencodarr.media.fingerprint import SAMPLE, fingerprint, sample_offsets
from reencodarr.units import Bytes


def test_the_same_file_is_the_same_file(bikes: Path) -> None:
    first, second = fingerprint(bikes), fingerprint(bikes)

    assert first.same_file(second)
    assert first.same_stat(second)
    assert first.size == bikes.stat().st_size


def test_a_copy_is_another_file_with_the_same_hash(bikes: Path, tmp_path: Path) -> None:
    copy = fingerprint(Path(shutil.copy2(bikes, tmp_path / "copy.mp4")))

    assert not copy.same_file(fingerprint(bikes))
    assert copy.sparse_hash == fingerprint(bikes).sparse_hash


def test_another_file_under_the_same_name_and_of_the_same_size_is_noticed(bikes: Path, tmp_path: Path) -> None:
    film = Path(shutil.copy2(bikes, tmp_path / "film.mp4"))
    before = fingerprint(film)

    other = tmp_path / "other"
    other.write_bytes(film.read_bytes())
    os.utime(other, ns=(before.mtime_ns, before.mtime_ns))
    other.rename(film)

    after = fingerprint(film)
    assert (after.size, after.mtime_ns) == (before.size, before.mtime_ns)
    assert not after.same_stat(before)


@pytest.mark.parametrize("place", [0, "middle", "end"])
def test_bytes_changed_in_place_are_noticed_even_where_the_clock_was_put_back(
    bikes: Path, tmp_path: Path, place: int | str
) -> None:
    film = Path(shutil.copy2(bikes, tmp_path / "film.mp4"))
    before = fingerprint(film)
    size = before.size
    offset = {"middle": size // 2, "end": size - 1}.get(str(place), 0)

    with film.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1]))
    os.utime(film, ns=(before.mtime_ns, before.mtime_ns))

    after = fingerprint(film)
    assert after.same_stat(before)
    assert not after.same_file(before)


def test_a_file_that_grew_is_another_even_if_all_samples_are_equal(tmp_path: Path) -> None:
    film = tmp_path / "zeros"
    film.write_bytes(bytes(10 * SAMPLE))
    before = fingerprint(film)

    film.write_bytes(bytes(11 * SAMPLE))

    assert fingerprint(film).sparse_hash != before.sparse_hash


@pytest.mark.parametrize("size", [0, 1, SAMPLE - 1, SAMPLE, SAMPLE + 1, 3 * SAMPLE])
def test_small_files_have_a_fingerprint_that_sees_every_byte(tmp_path: Path, size: int) -> None:
    film = tmp_path / "small"
    film.write_bytes(bytes(size))
    before = fingerprint(film)

    seen = []
    for place in {0, size // 3, size // 2, size - 1} if size else set():
        film.write_bytes(bytes(place) + b"x" + bytes(size - place - 1))
        seen.append(fingerprint(film).sparse_hash)

    assert before.sparse_hash not in seen
    assert len(set(seen)) == len(seen)


@given(size=st.integers(0, 10**13))
def test_samples_lie_inside_the_file_and_reach_its_end(size: int) -> None:
    offsets = sample_offsets(Bytes(size))

    assert offsets[0] == 0
    assert list(offsets) == sorted(set(offsets))
    assert offsets[-1] + SAMPLE >= size
    assert offsets[-1] <= size


def test_hard_links_are_counted_but_are_no_part_of_the_identity(bikes: Path, tmp_path: Path) -> None:
    film = Path(shutil.copy(bikes, tmp_path / "film.mp4"))
    before = fingerprint(film)

    (tmp_path / "second.mp4").hardlink_to(film)

    after = fingerprint(tmp_path / "second.mp4")
    assert (before.links, after.links) == (1, 2)
    assert after.same_file(before)


def test_the_whole_hash_is_that_of_sha256(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")

    # FIPS 180-2, appendix B.1
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert fingerprints.sha256(tmp_path / "abc") == expected


@pytest.mark.parametrize("digest", [fingerprint, fingerprints.sha256])
def test_what_cannot_be_read_is_a_named_failure(digest: object, tmp_path: Path) -> None:
    assert callable(digest)
    for name in ("gone.mkv", "."):
        with pytest.raises(FileUnreadable, match="cannot be read"):
            digest(tmp_path / name)


def test_a_forbidden_file_is_a_named_failure(unprivileged_folder: Path) -> None:
    film = unprivileged_folder / "x.mkv"
    film.write_bytes(b"film")
    film.chmod(0)

    with pytest.raises(FileUnreadable, match="Permission denied"):
        fingerprint(film)
