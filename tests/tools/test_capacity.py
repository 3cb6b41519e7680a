"""What a process may use, by itself and in a container."""

import os
from pathlib import Path

import psutil
import pytest

from reencodarr.tools import capacity
from reencodarr.units import GIB, MIB


def group(folder: Path, **files: str) -> Path:
    """The control group of a container: `cpu_max` for `cpu.max`."""
    for name, text in files.items():
        (folder / name.replace("_", ".", 1)).write_text(f"{text}\n")
    return folder


def test_outside_of_a_container_all_of_the_machine_is_free(tmp_path: Path) -> None:
    installed, available = psutil.virtual_memory().total, psutil.virtual_memory().available

    assert 1 <= capacity.cores(tmp_path) <= (os.cpu_count() or 1)
    assert capacity.memory(tmp_path) == installed
    assert capacity.free_memory(tmp_path) == pytest.approx(available, rel=0.2)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux ties processes to cores")
def test_a_process_that_is_tied_to_a_core_has_one(tmp_path: Path) -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert capacity.cores(tmp_path) == 1
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.parametrize(("quota", "cores"), [("100000 100000", 1), ("50000 100000", 1), ("100 0", None)])
def test_a_containers_share_of_the_cores_counts(tmp_path: Path, quota: str, cores: int | None) -> None:
    free = capacity.cores(tmp_path)

    assert capacity.cores(group(tmp_path, cpu_max=quota)) == (cores or free)


@pytest.mark.parametrize("quota", ["max 100000", "9900000 100000", "nonsense", ""])
def test_a_container_with_more_than_the_machine_has_or_no_limit_has_all(tmp_path: Path, quota: str) -> None:
    assert capacity.cores(group(tmp_path, cpu_max=quota)) == capacity.cores(tmp_path / "none")


def test_a_containers_memory_is_its_limit_and_free_what_it_has_not_taken(tmp_path: Path) -> None:
    stat = f"anon {MIB}\ninactive_file {100 * MIB}\nactive_file {50 * MIB}"
    small = group(tmp_path, memory_max=str(GIB), memory_current=str(600 * MIB), memory_stat=stat)

    assert capacity.memory(small) == GIB
    assert capacity.free_memory(small) == min(524 * MIB, psutil.virtual_memory().available)


def test_a_container_without_a_limit_has_the_machines_memory(tmp_path: Path) -> None:
    unlimited = group(tmp_path, memory_max="max", memory_current=str(600 * MIB))

    assert capacity.memory(unlimited) == psutil.virtual_memory().total
    assert capacity.free_memory(unlimited) > 0


def test_a_container_that_is_full_has_nothing_free(tmp_path: Path) -> None:
    assert capacity.free_memory(group(tmp_path, memory_max=str(GIB), memory_current=str(GIB + 5))) == 0
