"""Which ffmpeg is used, and what is said where it cannot do its part."""

import re
from pathlib import Path

import pytest

from reencodarr.errors import ProgramMissing
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import pyav
from reencodarr.tools.ffmpeg import Build

PLATFORMS = [
    ("Linux", "x86_64"),
    ("Linux", "aarch64"),
    ("Linux", "riscv64"),
    ("Darwin", "arm64"),
    ("Darwin", "x86_64"),
    ("Windows", "AMD64"),
    ("Windows", "ARM64"),
    ("FreeBSD", "amd64"),
]


def fake(tmp_path: Path, *, version: str, filters: str) -> Path:
    """A program that answers like an ffmpeg without libsvtav1."""
    path = tmp_path / "ffmpeg"
    path.write_text(
        "#!/bin/sh\n"
        f'case "$*" in *-version*) echo "{version}";; *-filters*) echo "{filters}";;\n'
        '*) echo "Unknown encoder" >&2; exit 8;; esac\n'
    )
    path.chmod(0o755)
    return path


def test_the_bundled_ffmpeg_is_found_and_can_do_the_main_job() -> None:
    found = ffmpeg_tool.locate()

    build = ffmpeg_tool.require(found)

    assert ffmpeg_tool.origin(found) == "the package imageio-ffmpeg"
    assert re.match(r"\d+\.\d+", build.svt_av1)
    assert build.libvmaf
    assert build.identity == f"ffmpeg-{build.ffmpeg}+svtav1-{build.svt_av1}"


def test_a_chosen_ffmpeg_comes_before_the_bundled_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = fake(tmp_path, version="ffmpeg version 7.1", filters=" libvmaf ")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    assert ffmpeg_tool.locate(chosen) == chosen
    assert ffmpeg_tool.locate(Path("ffmpeg")) == chosen
    assert ffmpeg_tool.origin(chosen, chosen) == "FFMPEG_PATH"


@pytest.mark.parametrize("name", ["nowhere/ffmpeg", "a folder", "no program"])
def test_a_chosen_ffmpeg_that_is_no_program_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "a folder").mkdir()
    (tmp_path / "no program").write_text("text")

    with pytest.raises(ProgramMissing, match=r"FFMPEG_PATH points to .*unset it"):
        ffmpeg_tool.locate(tmp_path / name)


def test_an_ffmpeg_without_libvmaf_is_refused_with_advice(tmp_path: Path) -> None:
    poor = fake(tmp_path, version="ffmpeg version 7.1.1 Copyright", filters=" scale ")

    with pytest.raises(ProgramMissing, match=r"has no libvmaf.*FFMPEG_PATH"):
        ffmpeg_tool.require(poor)


def test_an_ffmpeg_without_svt_av1_is_taken_with_pyavs(poor_ffmpeg: Path) -> None:
    build = ffmpeg_tool.require(poor_ffmpeg)

    assert build.svt_av1 == ""
    assert re.fullmatch(r"\d+\.\d+\.\d+", build.pyav_svt_av1)
    assert build.identity == f"ffmpeg-{build.ffmpeg}+svtav1-pyav-{build.pyav_svt_av1}"


def test_a_build_without_any_svt_av1_is_told_from_all_others() -> None:
    none = Build(ffmpeg="7.1", svt_av1="", libvmaf=True)

    assert none.identity == "ffmpeg-7.1+svtav1-none"


def test_what_the_user_wants_svt_av1_to_say_changes_no_identity(
    monkeypatch: pytest.MonkeyPatch, ffmpeg: Path, poor_ffmpeg: Path
) -> None:
    programs = (ffmpeg, poor_ffmpeg)
    before = [ffmpeg_tool.build(program).identity for program in programs]
    monkeypatch.setenv("SVT_LOG", "0")
    ffmpeg_tool.build.cache_clear()
    pyav.svt_version.cache_clear()

    assert [ffmpeg_tool.build(program).identity for program in programs] == before


def test_a_program_that_is_no_ffmpeg_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProgramMissing, match="does not answer like ffmpeg"):
        ffmpeg_tool.require(fake(tmp_path, version="mplayer 1.5", filters=""))


@pytest.mark.parametrize("own_choice", [True, False])
@pytest.mark.parametrize(("system", "machine"), PLATFORMS)
def test_every_platform_gets_advice_that_can_be_followed(system: str, machine: str, own_choice: bool) -> None:
    text = ffmpeg_tool.advice(["libsvtav1"], system=system, machine=machine, own_choice=own_choice)

    assert "FFMPEG_PATH" in text
    assert text.endswith(".")


def test_windows_is_sent_to_the_full_build_and_told_where_to_point() -> None:
    text = ffmpeg_tool.advice(["libsvtav1"], system="Windows", machine="AMD64", own_choice=False)

    assert "winget install Gyan.FFmpeg" in text
    assert "ffmpeg-master-latest-win64-gpl.zip" in text
    assert r"bin\ffmpeg.exe" in text


@pytest.mark.parametrize(("machine", "place"), [("x86_64", "/usr/local/bin"), ("arm64", "/opt/homebrew/bin")])
def test_a_mac_is_sent_to_homebrew(machine: str, place: str) -> None:
    text = ffmpeg_tool.advice(["libsvtav1"], system="Darwin", machine=machine, own_choice=False)

    assert "brew install ffmpeg" in text
    assert f"FFMPEG_PATH={place}/ffmpeg" in text


def test_where_the_bundled_ffmpeg_can_do_it_the_choice_is_to_be_undone() -> None:
    whole = ffmpeg_tool.advice(["libvmaf"], system="Linux", machine="x86_64", own_choice=True)
    lacking = ffmpeg_tool.advice(["libsvtav1"], system="Windows", machine="AMD64", own_choice=True)

    assert whole.startswith("Unset FFMPEG_PATH")
    assert "winget" in lacking


def test_linux_gets_the_archive_of_its_processor() -> None:
    texts = {
        machine: ffmpeg_tool.advice(["ffmpeg"], system="Linux", machine=machine, own_choice=False)
        for machine in ("x86_64", "aarch64", "riscv64")
    }

    assert "ffmpeg-master-latest-linux64-gpl.tar.xz" in texts["x86_64"]
    assert "ffmpeg-master-latest-linuxarm64-gpl.tar.xz" in texts["aarch64"]
    assert "libopus, libsvtav1, libvmaf" in texts["riscv64"]
