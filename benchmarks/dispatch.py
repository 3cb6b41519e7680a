"""How long a pass of dispatch takes with 10,000 and 100,000 videos in SQLite: `python -m benchmarks.dispatch`.

A library in the middle of its work: a third waits for its search, a tenth for its encode, the rest is done. Three
passes are measured: one that gives work to everybody, one that finds all machines busy, and one that finds ten results
of work, applies them and gives out ten more. Runs are kept in a folder instead of Prefect, whose share is 40 ms for
each run that is started (PostgreSQL; facts of Prefect 3.8). Results go to `benchmarks/results/dispatch.json`.
"""

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine

from reencodarr.encoding import documents
from reencodarr.library import database, facts
from tests.library import films
from tests.stages.machines import farm as farms

SIZES = (10_000, 100_000)
SLOTS = 10
_ROUNDS = 3

_VIDEOS = """
INSERT INTO videos (id, library_id, path, device, inode, size, mtime_ns, sparse_hash, links, found_at, seen_at)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {videos})
SELECT i, 1, '{root}/An episode with an ordinary name S01E' || i || '.mkv', 1, i,
    1000000 + i * 6700417 % 9000000000, 1, 'ab', 1, '2025-01-01 00:00:00', '2025-01-01 00:00:00' FROM n
"""
_STATES = """
INSERT INTO video_states (video_id, state, reason, attempt, claimed_by, priority, changed_at)
SELECT id, CASE WHEN id % 30 < 10 THEN 'analyzed' WHEN id % 30 < 13 THEN 'crf_searched' ELSE 'replaced' END,
    '', 1, '', 0, '2025-01-01 00:00:00' FROM videos
"""
_FACTS = """
INSERT INTO facts (video_id, container, duration, bitrate, title, codec, width, height, rate_mode, scan, rotation,
    pixel_aspect, hdr, audio_tracks, text_tracks, audio_codecs, document, probed_at)
SELECT id, 'matroska', 1200 + id * 31 % 6000, 6000000, 'Episode ' || id, 'h264', 1920, 1080, 'constant', 'progressive',
    0, '1', 'sdr', 1, 1, 'ac3', '{document}', '2025-01-01 00:00:00' FROM videos
"""
_PLANS = """
INSERT INTO plans (video_id, policy_digest, action, reason, text, document, decided_at)
SELECT id, 'd', 'encode', '', '', '{plan}', '2025-01-01 00:00:00' FROM videos WHERE id % 30 < 13
"""
_SEARCHES = """
INSERT INTO searches (video_id, search_key, crf, predicted, interval, percent, target, met, reason, engine, build,
    searched_at)
SELECT id, 'k', 30, 95.2, 0.3, 20 + id % 60, 95, 1, '', 'native', 'b1', '2025-01-02 00:00:00' FROM videos
WHERE id % 30 >= 10
"""
_JOBS = """
INSERT INTO jobs (video_id, kind, attempt, worker, flow_run, outcome, started_at, ended_at, key, phase, pool, queue,
    build, document, upload, progress, result)
SELECT id, 'crf_search', 1, 'far', '', 'done', '2025-01-01 00:00:00', '2025-01-01 00:00:00', printf('%032x', id), '',
    'linux', 'crf-search', 'b1', '', '', '', '' FROM videos WHERE id % 30 >= 10
"""


def fill(engine: Engine, videos: int, root: Path) -> None:
    """A library of that size."""
    document = facts.document(films.media_facts()).replace("'", "''") + " " * 1500  # as long as a film's really is
    plan = documents.decision_json(films.PLAN).replace("'", "''")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO libraries (path, sentinel, added_at) VALUES ('{root}', '', '2025-01-01 00:00:00')"
        )
        for statement in (_VIDEOS, _STATES, _FACTS, _PLANS, _SEARCHES, _JOBS):
            filled = statement.replace("{videos}", str(videos)).replace("{root}", str(root))
            connection.exec_driver_sql(
                filled.replace("{document}", document.replace("%", "%%")).replace("{plan}", plan)
            )


def measure(videos: int, folder: Path) -> dict[str, float]:
    """Seconds of each kind of pass: the median of some."""
    url = f"sqlite:///{folder / 'films.db'}"
    database.upgrade(url)
    root = folder / "films"
    (root / "a").mkdir(parents=True)
    engine = database.engine(url)
    fill(engine, videos, root)
    farm = farms.made(engine, folder)
    farm.machine("here", local=True, slots=SLOTS)
    taken: dict[str, list[float]] = {"gives to all": [seconds(farm.dispatch)], "all are busy": [], "ten results": []}
    for _ in range(_ROUNDS):
        farm.beat("here")
        taken["all are busy"].append(seconds(farm.dispatch))
        farm.work("here")
        taken["ten results"].append(seconds(farm.dispatch))
    engine.dispose()
    return {name: round(statistics.median(some), 3) for name, some in taken.items()}


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    """Measure and write the results."""
    passes = {}
    for videos in SIZES:
        with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
            passes[str(videos)] = measure(videos, Path(folder))
    results = {"cores": os.cpu_count(), "slots": SLOTS, "database": "sqlite", "seconds_of_a_pass": passes}
    target = Path(__file__).parent / "results" / "dispatch.json"
    target.write_text(json.dumps(results, indent=2) + "\n")
    print(target.read_text())


if __name__ == "__main__":
    main()
