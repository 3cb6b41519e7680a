"""`reencodarr search` of a film whose siblings are finished: what they taught is said, and may be enough."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from reencodarr.cli import exits
from reencodarr.library import database
from reencodarr.library.states import State
from reencodarr.library.tables import Encode, Search, now
from reencodarr.media.facts import Hdr
from reencodarr.settings import Settings
from reencodarr.stages import ordering, trying
from reencodarr.stages.trying import Wish
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs
from reencodarr.units import VmafScore
from tests.cli import search_contract
from tests.cli.conftest import Program
from tests.cli.search_contract import document
from tests.library.specimens import Specimens

TARGET = VmafScore(88)


@pytest.fixture
def film(ffmpeg: Path, bikes: Path, tmp_path: Path) -> Path:
    file = tmp_path / "season" / "Episode 0.mkv"
    file.parent.mkdir()
    picture = ("-vf", "scale=320:136", "-c:v", "libx264", "-crf", "4", "-preset", "veryfast", "-frames:v", "1")
    programs.run([ffmpeg, *ffmpeg_tool.QUIET, "-v", "error", "-i", bikes, "-an", *picture, file])
    return file


def teach(film: Path, settings: Settings, *, siblings: int) -> None:
    """Finished episodes beside the film, all of the same CRF."""
    with trying.prepared(settings, film, Wish(target=TARGET, cold=True)) as trial:
        build = trial.bench.build.identity
        alike = ordering.class_key(trial.terms, hdr=Hdr.SDR, build=build)
    database.upgrade(settings.database)
    common = {"crf": 30.25, "predicted": 88.0, "build": build}
    with Session(database.engine(settings.database)) as session:
        made = Specimens(session)
        for number in range(1, siblings + 1):
            video = made.video(str(number), str(film.parent / f"Episode {number}.mkv"), State.REPLACED)
            session.add(
                Search(
                    video_id=video, search_key="s", interval=0.4, percent=30.0, target=88.0, met=True, class_key=alike,
                    slope=0.02, engine="native", **common,
                )
            )  # fmt: skip
            session.add(
                Encode(
                    video_id=video, attempt=1, result_path=Path("x"), sha256="", size=1, source_size=3, seconds=1.0,
                    achieved=88.0, achieved_p5=86.0, ended_at=now() + timedelta(seconds=1), **common,
                )
            )  # fmt: skip
        session.commit()


@pytest.fixture
def settings(reencodarr: Program, fast_policy: Path) -> Settings:
    return Settings(data_dir=reencodarr.data, policy=fast_policy)


def test_a_film_that_its_siblings_are_sure_of_is_not_probed_and_has_no_curve(
    reencodarr: Program, film: Path, settings: Settings, tmp_path: Path
) -> None:
    teach(film, settings, siblings=40)
    plot = tmp_path / "curve.svg"

    shown = reencodarr("search", film, "--target", "88", "--plot", plot)

    assert shown.returncode == exits.DONE, shown.stdout + shown.stderr
    head, expected, answer, why = shown.stdout.splitlines()
    assert head.startswith("Episode 0.mkv: VMAF 88 wanted")
    assert expected.startswith("40 siblings: CRF 30.2 ± 0.")
    assert answer.startswith("CRF 30.25: VMAF 88.00 ± 0.")
    assert answer.endswith("% of the video's size.")
    assert why.startswith("Not probed: 40 films alike")
    assert "no curve to draw" in shown.stderr
    assert not plot.exists()


@pytest.mark.slow
def test_a_document_without_probes_keeps_its_promises(reencodarr: Program, film: Path, settings: Settings) -> None:
    teach(film, settings, siblings=40)

    scripted = reencodarr("search", film, "--target", "88", "--json")

    found = document(scripted.stdout, search_contract.FOUND)
    assert found["probes"] == []
    assert found["result"]["interval"] > 0
    assert not found["result"]["measured"]
    assert (found["search"]["prior"]["films"], found["search"]["prior"]["origin"]) == (40, "siblings")


def test_a_single_sibling_is_named_and_the_film_probed(reencodarr: Program, film: Path, settings: Settings) -> None:
    teach(film, settings, siblings=1)

    shown = reencodarr("search", film, "--target", "88")

    assert shown.returncode == exits.DONE, shown.stdout + shown.stderr
    lines = shown.stdout.splitlines()
    assert lines[1].startswith("1 sibling: CRF 30.2 ± ")
    assert lines[2].split() == ["CRF", "VMAF", "p5", "size", "time"]
    assert lines[3].split()[0] == "30.25"
