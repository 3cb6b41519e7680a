"""One film, done by `reencodarr run` and by a machine elsewhere: the same searches, the same picture, the same books.

The film is longer than what is searched as a whole, so the far machine reads windows of it through the bucket.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlmodel import select

from reencodarr.library import database, ledger
from reencodarr.library.ledger import Totals
from reencodarr.library.states import State
from reencodarr.library.tables import Encode, Job, Search, VmafProbe
from reencodarr.quality import windows
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs, servers
from reencodarr.work import orders
from tests.flows import whole
from tests.flows.whole import Server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

POLICY = """
[[video.presets]]
from_lines = 0
preset = 12

[target]
may_fall_by = 0
lowest_mean = 70

[[target.means]]
over_gib = 0
mean = 75
"""
CLUSTER = bytes.fromhex("1f43b675")
LONGEST_HEADER = 8192


@dataclass(frozen=True, kw_only=True)
class Done:
    """What came of a film, as far as it must not depend on who did it."""

    state: State
    probes: tuple[tuple[float, float, float | None, float, str, bool], ...]
    """CRF, mean, p5, per cent, every window's score, whether it is a pilot."""
    search: tuple[float, float, float, float]
    """CRF, prediction, interval, per cent."""
    encode: tuple[float, float, float | None, int, int]
    """CRF, achieved, achieved p5, frames, size."""
    totals: Totals
    film: str
    """SHA-256 of the file that is in the library now, from its first cluster on."""


@pytest.fixture(scope="module")
def film(ffmpeg: Path, bikes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five minutes of real camera, small and slowed down to few frames, as Matroska with an index: one part six times.

    Plain PCM makes it so large that a search leaves whole blocks of it out.
    """
    folder = tmp_path_factory.mktemp("long")
    part, film = folder / "part.mkv", folder / "Film.mkv"
    tone = ["-f", "lavfi", "-i", "sine=440:duration=50:sample_rate=48000"]
    slow = ["-vf", "setpts=5*PTS,scale=320:-2", "-r", "5", "-g", "20"]
    video = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "8"]
    audio = ["-c:a", "pcm_s16le", "-ac", "2", "-ar", "96000", "-shortest"]
    programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-y", "-i", bikes, *tone, *slow, *video, *audio, part])
    loop = ["-stream_loop", "5", "-i", str(part), "-map", "0", "-c", "copy", str(film)]
    programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-y", *loop])
    return film


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Quick, and with a target that needs few probes; the picture is not the subject."""
    made = tmp_path_factory.mktemp("policy") / "quick.toml"
    made.write_text(POLICY)
    return made


def test_a_film_comes_out_the_same_here_and_on_another_machine(film: Path, policy: Path, tmp_path: Path) -> None:
    near = whole.server(tmp_path / "near", policy, {})
    near_film = near.place.add(film)
    far = whole.server(tmp_path / "far", policy, _ports())
    far_film = far.place.add(film)
    far.place.analyse()

    near.command("run", "--yes", str(near.place.films))
    with (
        far.up("--no-worker", "--no-dashboard"),
        whole.worker(far.token("far"), _made(tmp_path / "worker")) as worker,
    ):
        ended = far.wait_until_over(far_film, patience=900)
        words = worker.log.read_text()

    assert ended is State.REPLACED, (far.place.states(), far.place.failures(), words)
    here, there = done(near, near_film), done(far, far_film)
    assert there == here
    assert len(here.probes) > 1
    scored = {pilot: len(json.loads(scores)) for *_, scores, pilot in here.probes}
    assert scored[False] == windows.FEWEST > scored[True] > 1
    # It really was done elsewhere, from windows of the film and from a whole copy of it.
    moved = {kind: result.bytes_down for kind, result in results(far).items()}
    assert 0 < moved["crf_search"] < film.stat().st_size <= moved["encode"]


def done(server: Server, film: Path) -> Done:
    """What stands in a server's books, and the film that it has now."""
    with database.session(server.place.workplace.database, reads_only=True) as session:
        probes = session.exec(select(VmafProbe)).all()
        search = session.exec(select(Search)).one()
        encode = session.exec(select(Encode)).one()
        totals = ledger.totals(session)
    return Done(
        state=server.state(film),
        probes=tuple(sorted((one.crf, one.mean, one.p5, one.percent, one.windows, one.pilot) for one in probes)),
        search=(search.crf, search.predicted, search.interval, search.percent),
        encode=(encode.crf, encode.achieved or 0.0, encode.achieved_p5, encode.frames, encode.size),
        totals=totals,
        film=_clusters(film),
    )


def _clusters(film: Path) -> str:
    """A digest of all but the header, in which Matroska has ids drawn by lot: of the segment and of each track."""
    data = film.read_bytes()
    first = data.index(CLUSTER)
    assert first < LONGEST_HEADER
    return hashlib.sha256(data[first:]).hexdigest()


def results(server: Server) -> Mapping[str, orders.Result]:
    """What the far machine left, by kind of work."""
    with database.session(server.place.workplace.database, reads_only=True) as session:
        rows = [row for row in session.exec(select(Job)).all() if row.result]
    return {row.kind: orders.result_from_json(row.result) for row in rows}


def _ports() -> dict[str, str]:
    """A server beside others on this machine."""
    return {
        "SERVER__PORT": str(servers.free_port()),
        "SERVER__BUCKET_PORT": str(servers.free_port()),
        "SERVER__DASHBOARD_PORT": str(servers.free_port()),
    }


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
