"""How long a sync of 100,000 episodes takes, and what memory: `python -m benchmarks.arr_sync [FILES]` (Linux).

A pretended Sonarr in a process of its own makes up series of 50 episodes as it is asked for them; our library (SQLite)
knows the same files. Each sync is a fresh process: one that knows nothing yet, one after which nothing changed, and one
after a fiftieth of our rows had been told something else. Peak memory is that of our process alone, and so are its
CPU seconds; wall seconds hold those of the pretended Sonarr, which shares the machine. Nothing is at the films' places
on disk, as the sync has no reason to look. Results go to `benchmarks/results/arr_sync.json`.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import Engine

from reencodarr.library import database
from reencodarr.settings import ArrSettings, Settings
from reencodarr.stages.arrs import syncing
from reencodarr.stages.workplace import open_workplace
from reencodarr.units import MIB
from tests.arr.fake import KEY
from tests.arr.fake.library import BULK_FILES

FILES = 100_000
EACH = 50

_LIBRARY = "INSERT INTO libraries (path, sentinel, added_at) VALUES ('{root}', '', '2025-01-01 00:00:00')"
_VIDEOS = """
INSERT INTO videos (id, library_id, path, device, inode, size, mtime_ns, sparse_hash, links, found_at, seen_at)
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {files})
SELECT i + 1, 1, printf('{root}/Title %d/Season %02d/Title %d - %03d.mkv', i / {each} + 1, i % {each} / 10 + 1,
    i / {each} + 1, i % {each}), 1, i + 1, 1000000000 + (i / {each} + 1) * {step} + i % {each}, 1, 'ab', 1,
    '2025-01-01 00:00:00', '2025-01-01 00:00:00' FROM n
"""
_STATES = """
INSERT INTO video_states (video_id, state, reason, attempt, claimed_by, priority, changed_at)
SELECT id, 'analyzed', '', 1, '', 0, '2025-01-01 00:00:00' FROM videos
"""
_TOLD_OTHERWISE = "UPDATE arr_files SET size = size + 1 WHERE file_id % 100 = 0"


def fill(engine: Engine, files: int, root: Path) -> None:
    """A library of the same files."""
    with engine.begin() as connection:
        for statement in (_LIBRARY, _VIDEOS, _STATES):
            filled = statement.format(files=files, root=root, each=EACH, step=BULK_FILES)
            connection.exec_driver_sql(filled)


def sync(url: str, folder: Path) -> None:
    """One sync in this process; what it took, to standard output."""
    sonarr = ArrSettings(url=url, api_key=SecretStr(KEY), mappings=(("/bulk", folder / "films"),))
    place = open_workplace(Settings(data_dir=folder / "data", sonarr={"main": sonarr}))
    before = _peak_mib()
    began, cpu = time.perf_counter(), time.process_time()
    done = syncing.sync(place, "main")
    took = {
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "peak_mib": _peak_mib(),
        "before_mib": before,
        "files": done.files,
        "changes": {change.value: number for change, number in done.changes.items()},
    }
    print(json.dumps(took))


def _peak_mib() -> int:
    """The most memory that this process has held so far."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return round(int(found[1]) * 1024 / MIB)


def measure(url: str, files: int, folder: Path) -> dict[str, object]:
    """Three syncs, one after the other."""
    (folder / "films").mkdir()
    (folder / "data").mkdir()
    address = Settings(data_dir=folder / "data").database
    database.upgrade(address)
    engine = database.engine(address)
    fill(engine, files, folder / "films")
    taken = {"cold": _apart(url, folder), "unchanged": _apart(url, folder)}
    with engine.begin() as connection:
        connection.exec_driver_sql(_TOLD_OTHERWISE)
    engine.dispose()
    return {**taken, "a fiftieth changed": _apart(url, folder)}


def _apart(url: str, folder: Path) -> object:
    command = [sys.executable, "-m", "benchmarks.arr_sync", "--one", url, str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def main() -> None:
    """Measure and write the results."""
    if sys.argv[1:2] == ["--one"]:
        sync(sys.argv[2], Path(sys.argv[3]))
        return
    files = int(sys.argv[1]) if sys.argv[1:] else FILES
    command = [sys.executable, "-m", "tests.arr.fake", "sonarr", str(files // EACH), str(EACH)]
    with (
        tempfile.TemporaryDirectory(prefix="benchmark-") as folder,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sonarr,
    ):
        assert sonarr.stdin is not None
        assert sonarr.stdout is not None
        syncs = measure(sonarr.stdout.readline().strip(), files, Path(folder))
        sonarr.stdin.close()
    results = {"cores": os.cpu_count(), "series": files // EACH, "database": "sqlite", "syncs": syncs}
    text = json.dumps(results, indent=2) + "\n"
    if files == FILES:
        (Path(__file__).parent / "results" / "arr_sync.json").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
