"""Every question of the dashboard against 200,000 videos in SQLite: `python -m benchmarks.reading`.

The baseline is one count over the table of videos in the same run; results go to `benchmarks/results/reading.json`.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine
from sqlmodel import Session, SQLModel

from reencodarr.library import reading
from reencodarr.library.reading import Query, Sort
from reencodarr.library.states import State

VIDEOS = 200_000

_VIDEOS = """
INSERT INTO videos (id, library_id, path, device, inode, size, mtime_ns, sparse_hash, links, found_at, seen_at)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {videos})
SELECT i, 1, '/srv/films/Series ' || (i * 7919 % 4000) || '/Season 01/An episode with an ordinary name S01E' || i
    || '.mkv', 1, i, 1000000 + i * 6700417 % 9000000000, 1, 'ab', 1, '2025-01-01 00:00:00', '2025-01-01 00:00:00' FROM n
"""
_STATES = """
INSERT INTO video_states (video_id, state, reason, attempt, claimed_by, priority, changed_at)
SELECT id, CASE id % 10 WHEN 0 THEN 'failed' WHEN 1 THEN 'needs_analysis' WHEN 2 THEN 'skipped' WHEN 3 THEN 'analyzed'
    WHEN 4 THEN 'crf_searched' ELSE 'replaced' END,
    CASE id % 10 WHEN 0 THEN 'damaged_source' WHEN 2 THEN 'already_av1' ELSE '' END, 1, '', 0,
    datetime('2025-01-01', (id * 7919 % 300000) || ' minutes') || '.000000' FROM videos
"""
_FACTS = """
INSERT INTO facts (video_id, container, duration, bitrate, title, codec, width, height, rate_mode, scan, rotation,
    pixel_aspect, hdr, audio_tracks, text_tracks, audio_codecs, document, probed_at)
SELECT id, 'matroska', 2400, 6000000, 'Episode ' || id, 'h264', 1920, 1080, 'constant', 'progressive', 0, '1', 'sdr',
    1, 1, 'ac3', printf('%.2000c', 'x'), '2025-01-01 00:00:00' FROM videos
"""
_SEARCHES = """
INSERT INTO searches (video_id, search_key, crf, predicted, interval, percent, target, met, reason, engine, build,
    searched_at)
SELECT id, 'k', 30, 95.2, 0.3, 35, 95, 1, '', 'native', 'b', '2025-01-02 00:00:00' FROM videos WHERE id % 10 > 3
"""
_PROBES = """
INSERT INTO vmaf_probes (video_id, search_key, crf, mean, percent, seconds, cpu_seconds, target, windows, engine, build,
    parameters, probed_at)
SELECT id, 'k', 20 + n, 99 - n, 60 - n, 30, 60, 95, '[]', 'native', 'b', '', '2025-01-02 00:00:00'
FROM videos, (SELECT 1 n UNION SELECT 5 UNION SELECT 9) WHERE id % 10 > 3
"""
_ENCODES = """
INSERT INTO encodes (video_id, attempt, crf, result_path, sha256, size, source_size, seconds, cpu_seconds, frames,
    predicted, achieved, scored_share, streams_before, streams_after, command, build, verdict, ended_at)
SELECT id, 1, 30, path, 'a', size * 2 / 5, size, 900, 1800, 60000, 95.2, 95.3, 0.2, '[]', '[]', '', 'b', 'proven',
    '2025-01-03 00:00:00' FROM videos WHERE id % 10 > 4
"""
_SWAPS = """
INSERT INTO swaps (id, video_id, batch, state, original, destination, trash, document, size_before, size_after,
    keep_until, started_at, changed_at)
SELECT 's' || id, id, 'b', 'done', path, path, path, '{{}}', size, size * 2 / 5, '2025-02-03 00:00:00',
    '2025-01-03 00:00:00', '2025-01-03 00:00:00' FROM videos WHERE id % 10 > 4
"""
_LEDGER = """
INSERT INTO ledger (video_id, swap_id, kind, bytes_before, bytes_after, bytes_freed, note, at)
SELECT id, 's' || id, kind, size, size * 2 / 5, 0, '', '2025-01-03 00:00:00'
FROM videos, (SELECT 'replaced' kind UNION SELECT 'freed') WHERE id % 10 > 4 AND (kind = 'replaced' OR id % 2)
"""
_FAILURES = """
INSERT INTO failures (video_id, stage, category, code, message, advice, context, attempt, failed_at)
SELECT id, 'analysis', 'unreadable_media', 'damaged_source', 'm', 'a', '{{}}', 1, '2025-01-01 00:00:00'
FROM videos WHERE id % 10 = 0
"""


@contextmanager
def large(folder: Path) -> Iterator[Session]:
    """A library of that size."""
    engine = create_engine(f"sqlite:///{folder / 'large.db'}")
    SQLModel.metadata.create_all(engine)
    with engine.begin() as connection:
        library = "INSERT INTO libraries (path, sentinel, added_at) VALUES ('/srv/films', '', '2025-01-01 00:00:00')"
        inserts = (_VIDEOS, _STATES, _FACTS, _SEARCHES, _PROBES, _ENCODES, _SWAPS, _LEDGER, _FAILURES)
        for statement in (library, *inserts):
            connection.exec_driver_sql(statement.format(videos=VIDEOS))
    with Session(engine) as session:
        yield session
    engine.dispose()


QUESTIONS: dict[str, Callable[[Session], object]] = {
    "first page": lambda session: reading.page(session, Query()),
    "last page": lambda session: reading.page(session, Query(number=10**6)),
    "by size": lambda session: reading.page(session, Query(sort=Sort.SIZE)),
    "by size, middle": lambda session: reading.page(session, Query(sort=Sort.SIZE, number=2000)),
    "by saving": lambda session: reading.page(session, Query(sort=Sort.SAVED)),
    "by change": lambda session: reading.page(session, Query(sort=Sort.CHANGED)),
    "failed, by change": lambda session: reading.page(session, Query(sort=Sort.CHANGED, state=(State.FAILED,))),
    "by reason": lambda session: reading.page(session, Query(reason="already_av1")),
    "search, few hits": lambda session: reading.page(session, Query(text="S01E123456")),
    "search, all hit": lambda session: reading.page(session, Query(text="episode ordinary")),
    "search, none hits": lambda session: reading.page(session, Query(text="gnügt")),
    "counts": reading.counts,
    "savings": reading.savings,
    "failures": reading.failures,
    "one film": lambda session: reading.film(session, 77_777),
    "a run's summary": lambda session: reading.summary(session, ids=range(1000, 1200)),
}


def main() -> None:
    """Measure and write the results: seconds, best of three, and the ratio to the baseline."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder, large(Path(folder)) as session:
        baseline = best(lambda one: one.connection().exec_driver_sql("SELECT count(*) FROM videos").scalar(), session)
        found = {name: best(question, session) for name, question in QUESTIONS.items()}
    results = {
        "videos": VIDEOS,
        "baseline_count_s": round(baseline, 4),
        "questions": {name: {"s": round(s, 4), "ratio": round(s / baseline, 1)} for name, s in found.items()},
    }
    target = Path(__file__).parent / "results" / "reading.json"
    target.write_text(json.dumps(results, indent=2) + "\n")
    print(target.read_text())


def best(question: Callable[[Session], object], session: Session) -> float:
    """Seconds of the fastest of three."""
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        question(session)
        taken.append(time.perf_counter() - started)
    return min(taken)


if __name__ == "__main__":
    main()
