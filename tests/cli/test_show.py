"""The table at the end of a run: what it says of scores that need a word."""

import json
from pathlib import Path

import pytest
from sqlmodel import Session

from reencodarr.cli import console, show
from reencodarr.library import database
from reencodarr.library.states import State
from reencodarr.settings import Settings
from reencodarr.stages.workplace import Workplace, open_workplace
from tests.library.specimens import Specimens

NOTE = "Encoded twice: CRF 35 achieved VMAF 94.20, 95 was the aim. With CRF 33.5 it is 95.30."


@pytest.fixture
def workplace(ffmpeg: Path, tmp_path: Path, fast_policy: Path, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    settings = Settings(data_dir=tmp_path / "data", policy=fast_policy, ffmpeg_path=ffmpeg)
    database.upgrade(settings.database)
    folder = tmp_path / "films"
    folder.mkdir()
    with Session(database.engine(settings.database)) as session:
        made = Specimens(session)
        made.video("hdr", str(folder / "Night Sky.mkv"), State.ENCODED)
        made.facts("hdr", hdr="hdr10")
        made.search("hdr")
        made.encode("hdr", size=2**30, note=NOTE)
        made.video("sdr", str(folder / "Blue Hill.mkv"), State.CRF_SEARCHED)
        made.facts("sdr")
        made.search("sdr")
        session.commit()
    monkeypatch.setattr(console.out, "_width", 160)
    return open_workplace(settings)


def test_scores_of_hdr_are_marked_and_second_encodes_explained(
    workplace: Workplace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show.summary(workplace, [str(tmp_path / "films")])

    said = capsys.readouterr().out
    (hdr,) = [line for line in said.splitlines() if "→" in line]
    (sdr,) = [line for line in said.splitlines() if line.startswith("Blue Hill")]
    assert "95.1 → 95.3 (SDR model)" in hdr
    assert "SDR model" not in sdr
    assert f"Night Sky.mkv: {NOTE} (SDR model)" in said


def test_a_script_is_told_the_same(workplace: Workplace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show.summary(workplace, [str(tmp_path / "films")], as_json=True)

    films = {film["name"]: film for film in json.loads(capsys.readouterr().out)["films"]}
    hdr, sdr = films["Night Sky.mkv"], films["Blue Hill.mkv"]
    assert (hdr["hdr_scored_as_sdr"], hdr["note"], hdr["deviation"]) == (True, NOTE, 0.2)
    assert (sdr["hdr_scored_as_sdr"], sdr["note"], sdr["deviation"]) == (False, "", None)
