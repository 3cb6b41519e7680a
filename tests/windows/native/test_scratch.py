"""Scratch folders on Windows, where a lock keeps other processes from a file's bytes and nothing open is deleted."""

import subprocess
import sys
from pathlib import Path

from reencodarr.tools import scratch

HOLD = """
import sys, time
from pathlib import Path
from reencodarr.tools import scratch
with scratch.folder(Path(sys.argv[1]), "encode-7") as folder:
    (folder / "half.mkv").write_bytes(bytes(100_000))
    print(folder, flush=True)
    time.sleep(120)
"""


def holder(parent: Path) -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(parent)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_a_folder_is_swept_only_when_its_owner_is_dead(tmp_path: Path) -> None:
    parent = tmp_path / "Kratzer ä 日本"
    process, theirs = holder(parent)

    with scratch.folder(parent, "search-1") as ours:
        while_in_use = scratch.sweep(parent)
        both = theirs.exists(), ours.exists()
    process.kill()
    process.wait()
    freed = scratch.sweep(parent)

    assert while_in_use == 0
    assert both == (True, True)
    assert freed >= 100_000
    assert not theirs.exists()
    assert not ours.exists()


def test_a_result_takes_the_place_of_one_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "film.mkv").write_bytes(b"old")

    with scratch.folder(tmp_path, "encode-1") as folder:
        (folder / "film.mkv").write_bytes(b"new")
        scratch.keep(folder / "film.mkv", tmp_path / "kept" / "film.mkv")

    assert (tmp_path / "kept" / "film.mkv").read_bytes() == b"new"
