"""A machine is believed when it did each thing once; what it lacks is listed with what to do."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reencodarr.errors import MachineUnfit
from reencodarr.tools import pyav
from reencodarr.tools.checks import State
from reencodarr.units import GIB, Bytes, Seconds
from reencodarr.work import machine, speed
from reencodarr.work.settings import WorkerSettings

Wrap = Callable[[str], Path]


@pytest.fixture
def wrapped(ffmpeg: Path, tmp_path: Path) -> Wrap:
    """The real ffmpeg, which knows nothing of whatever is named so."""

    def made(lacks: str) -> Path:
        program = tmp_path / "poor-ffmpeg"
        program.write_text(
            f'#!/bin/sh\ncase "$*" in\n  *{lacks}*) echo "Unknown encoder or filter {lacks}" >&2; exit 8;;\nesac\n'
            f'case "$*" in\n  *-filters*) exec "{ffmpeg}" "$@" | grep -v {lacks};;\nesac\nexec "{ffmpeg}" "$@"\n'
        )
        program.chmod(0o755)
        return program

    return made


def settings(tmp_path: Path, **changes: object) -> WorkerSettings:
    given = {"data_dir": tmp_path / "data", "scratch_dir": tmp_path / "scratch", "reserve_bytes": 0, **changes}
    return WorkerSettings.model_validate(given)


def test_this_machine_can_work_and_says_what_it_is(tmp_path: Path) -> None:
    found = settings(tmp_path, slots=2)

    told = machine.capabilities(machine.examined(found), found)

    assert told.build.startswith("ffmpeg-")
    assert told.libvmaf
    assert "native" in told.engines
    assert 0 < told.cores <= (os.cpu_count() or 1)
    assert told.memory > GIB // 2
    assert told.scratch_free > 0
    assert (told.slots, told.fps) == (2, None)


def test_everything_that_is_missing_is_listed_with_advice(wrapped: Wrap, tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    found = machine.examined(settings(tmp_path, ffmpeg_path=wrapped("libvmaf"), reserve_bytes=2**60))

    with pytest.raises(MachineUnfit) as unfit:
        machine.require(found)

    assert {check.name for check in found.lacks} == {"VMAF HD", "VMAF 4K", "scratch room"}
    for words in ("VMAF HD", "libvmaf", "FFMPEG_PATH", "must stay free", "--check"):
        assert words in str(unfit.value)


def test_an_ffmpeg_without_an_encoder_has_pyavs_in_its_place(wrapped: Wrap, tmp_path: Path) -> None:
    found = settings(tmp_path, ffmpeg_path=wrapped("libsvtav1"))

    told = machine.capabilities(machine.examined(found), found)

    assert told.build != machine.capabilities(machine.examined(settings(tmp_path)), settings(tmp_path)).build


def test_ab_av1_is_refused_where_only_pyav_encodes(wrapped: Wrap, tmp_path: Path) -> None:
    for name in ("ab-av1", "ffprobe"):
        (tmp_path / name).write_text("#!/bin/sh\necho ab-av1 0.11.7\n")
        (tmp_path / name).chmod(0o755)
    program = tmp_path / "ab-av1"

    found = machine.examined(settings(tmp_path, ffmpeg_path=wrapped("libsvtav1"), ab_av1_path=program))

    assert found.engines == ("native",)
    assert [check.name for check in found.lacks] == ["ab-av1"]
    with pytest.raises(MachineUnfit, match=r"ab-av1 encodes with .* which has no libsvtav1"):
        machine.require(found)


def test_without_any_encoder_it_is_unfit(wrapped: Wrap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "poor"))
    (tmp_path / "poor").mkdir()
    (tmp_path / "poor" / "av.py").write_text("raise ImportError('no PyAV here')\n")

    pyav.svt_version.cache_clear()
    found = machine.examined(settings(tmp_path, ffmpeg_path=wrapped("libsvtav1")))
    pyav.svt_version.cache_clear()

    assert "AV1 encoder" in {check.name for check in found.lacks}


def test_an_ffmpeg_that_is_not_there_is_named(tmp_path: Path) -> None:
    found = machine.examined(settings(tmp_path, ffmpeg_path=tmp_path / "nowhere"))

    with pytest.raises(MachineUnfit, match="nowhere"):
        machine.require(found)


def test_an_ab_av1_that_the_owner_names_must_work(tmp_path: Path) -> None:
    found = machine.examined(settings(tmp_path, ab_av1_path=tmp_path / "nowhere"))

    (lack,) = found.lacks
    assert (lack.name, lack.state) == ("ab-av1", State.FAILED)
    assert "AB_AV1_PATH" in lack.advice


def test_a_scratch_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    found = machine.examined(settings(tmp_path, scratch_dir=Path("/proc/nothing/scratch")))

    assert "scratch folder" in {check.name for check in found.lacks}


def test_a_quota_is_the_most_that_is_offered(tmp_path: Path) -> None:
    assert machine.scratch_free(settings(tmp_path, scratch_quota_bytes=GIB)) == GIB


def test_speed_is_learnt_from_finished_encodes(tmp_path: Path) -> None:
    fps = speed.equivalent(frames=2400, seconds=Seconds(100.0), width=3840, height=2160)

    speed.note(tmp_path, "build", fps, seconds=Seconds(100.0))
    speed.note(tmp_path, "build", 196.0, seconds=Seconds(100.0))
    speed.note(tmp_path, "build", 5000.0, seconds=Seconds(1.0))

    assert fps == pytest.approx(96.0)
    assert speed.measured(tmp_path, "build") == pytest.approx(126.0)
    assert speed.measured(tmp_path, "another") is None


def test_a_damaged_memory_is_no_memory(tmp_path: Path) -> None:
    (tmp_path / "measured.json").write_text('{"build": [1]')

    assert speed.measured(tmp_path, "build") is None


def test_free_bytes_are_counted_in_the_folder_that_will_be_made(tmp_path: Path) -> None:
    assert machine.scratch_free(settings(tmp_path, scratch_dir=tmp_path / "a" / "b")) > Bytes(0)
