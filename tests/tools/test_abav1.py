"""Where ab-av1 is and whether it will do."""

from pathlib import Path

import pytest

from reencodarr.errors import ProgramMissing
from reencodarr.tools import abav1, ffmpeg_checks
from reencodarr.tools.checks import State


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    abav1.version.cache_clear()


def program(folder: Path, says: str, name: str = "ab-av1") -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def test_the_override_comes_first_and_path_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path = program(tmp_path, "ab-av1 0.11.7")
    other = program(tmp_path, "ab-av1 0.11.7", name="other")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert abav1.locate(other) == other
    assert abav1.locate() == on_path


def test_an_ab_av1_that_is_not_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert abav1.locate() is None


def test_an_override_that_is_no_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProgramMissing, match="AB_AV1_PATH"):
        abav1.locate(tmp_path / "missing")


@pytest.mark.parametrize("says", ["ab-av1 0.11.5", "ab-av1 0.11.7", "ab-av1 0.12.0-rc1", "ab-av1 1.0.0"])
def test_new_enough_versions_are_accepted(says: str, tmp_path: Path) -> None:
    program(tmp_path, "", name="ffprobe")

    assert abav1.require(program(tmp_path, says), ffmpeg=tmp_path / "ffmpeg") == says.split()[1]


@pytest.mark.parametrize("says", ["ab-av1 0.11.4", "ab-av1 0.9.0", "something else"])
def test_others_are_refused(says: str, tmp_path: Path) -> None:
    program(tmp_path, "", name="ffprobe")

    with pytest.raises(ProgramMissing):
        abav1.require(program(tmp_path, says), ffmpeg=tmp_path / "ffmpeg")


def test_an_ffmpeg_without_svt_av1_is_of_no_use_to_it(tmp_path: Path, ffmpeg: Path, poor_ffmpeg: Path) -> None:
    there = program(tmp_path, "ab-av1 0.11.7")
    for folder in (poor_ffmpeg.parent, tmp_path):
        program(folder, "", name="ffprobe")
    rich = tmp_path / "ffmpeg"
    rich.symlink_to(ffmpeg)

    assert abav1.require(there, ffmpeg=rich)
    with pytest.raises(ProgramMissing, match="has no libsvtav1"):
        abav1.require(there, ffmpeg=poor_ffmpeg)
    refused = ffmpeg_checks.ab_av1(there, poor_ffmpeg, needed=True)
    assert refused.state is State.FAILED
    assert "FFMPEG_PATH" in refused.advice


def test_without_ffprobe_it_cannot_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = program(tmp_path, "ab-av1 0.11.7")
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))

    with pytest.raises(ProgramMissing, match="ffprobe"):
        abav1.require(there, ffmpeg=tmp_path / "ffmpeg")


def test_its_surroundings_can_be_made_twice(tmp_path: Path) -> None:
    program(tmp_path, "", name="ffprobe")
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    first = abav1.environment(tmp_path / "ffmpeg", scratch)

    assert abav1.environment(tmp_path / "ffmpeg", scratch) == first
    assert (scratch / "bin" / "ffprobe").exists()
