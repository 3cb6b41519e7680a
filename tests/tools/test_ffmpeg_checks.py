"""An ffmpeg's capabilities are used, not believed."""

import os
import shlex
import shutil
from pathlib import Path

import pytest

from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import ffmpeg_checks
from reencodarr.tools.checks import State

NOTHING = """#!/bin/sh
case "$*" in
  *-version*) echo "ffmpeg version 7.1-poor";;
  *-filters*) echo " ... libvmaf           VV->V      claims to be there";;
  *) echo "Unknown encoder or filter" >&2; exit 8;;
esac
"""


def program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_the_bundled_ffmpeg_can_do_everything(ffmpeg: Path) -> None:
    check, found = ffmpeg_checks.location(None)

    capabilities = {check.name: check for check in ffmpeg_checks.capabilities(ffmpeg)}

    assert (check.state, found) == (State.OK, ffmpeg)
    assert "from the package imageio-ffmpeg" in check.found
    assert {name: check.state for name, check in capabilities.items()} == dict.fromkeys(
        ["AV1 encoder", "AV1 decoder", "VMAF HD", "VMAF 4K", "Opus encoder", "loopback decoder"], State.OK
    )
    assert capabilities["AV1 encoder"].found.startswith("SVT-AV1 ")
    assert "vmaf_4k_v0.6.1 scores" in capabilities["VMAF 4K"].found


def test_an_ffmpeg_that_can_do_nothing_fails_every_check_with_advice(tmp_path: Path) -> None:
    poor = program(tmp_path / "ffmpeg", NOTHING)

    found = ffmpeg_checks.capabilities(poor)

    assert {check.name: check.state for check in found} == {
        "AV1 encoder": State.OK,
        "AV1 decoder": State.FAILED,
        "VMAF HD": State.FAILED,
        "VMAF 4K": State.FAILED,
        "Opus encoder": State.FAILED,
    }
    assert all("FFMPEG_PATH" in check.advice for check in found[1:])


def test_pyav_encodes_for_an_ffmpeg_that_can_do_all_else(poor_ffmpeg: Path) -> None:
    found = {check.name: check for check in ffmpeg_checks.capabilities(poor_ffmpeg)}

    assert {check.state for check in found.values()} == {State.OK}
    assert found["AV1 encoder"].found.endswith(" of PyAV, as this ffmpeg has none")
    assert "loopback decoder" not in found


def test_any_decoder_of_av1_will_do(ffmpeg: Path, tmp_path: Path) -> None:
    """Windows' bundled ffmpeg has libaom's alone."""
    sample = tmp_path / "sample.mkv"
    ffmpeg_checks.av1_encode(ffmpeg, sample)
    other = program(tmp_path / "ffmpeg", f'#!/bin/sh\nexec {shlex.quote(str(ffmpeg))} -c:v libaom-av1 "$@"\n')

    check = ffmpeg_checks.av1_decode(other, sample)

    assert (check.state, check.found) == (State.OK, "libaom-av1")


def test_an_ffmpeg_that_says_yes_and_does_nothing_is_not_believed(tmp_path: Path) -> None:
    liar = program(tmp_path / "ffmpeg", "#!/bin/sh\nexit 0\n")

    found = {check.name: check.state for check in ffmpeg_checks.capabilities(liar)}

    assert found["VMAF HD"] is State.FAILED
    assert found["loopback decoder"] is State.WARNING


def test_an_unknown_model_is_found_out(ffmpeg: Path) -> None:
    check = ffmpeg_checks.vmaf(ffmpeg, "vmaf_v9.9.9")

    assert check.state is State.FAILED


def test_a_damaged_sample_does_not_count_as_decoding(ffmpeg: Path, tmp_path: Path) -> None:
    sample = tmp_path / "sample.mkv"
    ffmpeg_checks.av1_encode(ffmpeg, sample)
    data = bytearray(sample.read_bytes())
    data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    sample.write_bytes(data)

    assert ffmpeg_checks.av1_decode(ffmpeg, sample).state is State.FAILED


def test_debians_ffmpeg_is_told_from_a_whole_one() -> None:
    debian = shutil.which("ffmpeg", path="/usr/bin")
    if debian is None or ffmpeg_tool.build(Path(debian)).libvmaf:
        pytest.skip("no ffmpeg without libvmaf on this system")

    found = {check.name: check.state for check in ffmpeg_checks.capabilities(Path(debian))}

    assert (found["AV1 encoder"], found["VMAF HD"]) == (State.OK, State.FAILED)


def test_a_wrong_path_is_named(tmp_path: Path) -> None:
    check, found = ffmpeg_checks.location(tmp_path / "ffmpeg")

    assert (check.state, found) == (State.FAILED, None)
    assert "FFMPEG_PATH points to" in check.found
    assert "unset it" in check.advice


@pytest.mark.parametrize(("needed", "state"), [(False, State.OK), (True, State.FAILED)])
def test_ab_av1_is_optional_unless_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, ffmpeg: Path, tmp_path: Path, needed: bool, state: State
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    check = ffmpeg_checks.ab_av1(None, ffmpeg, needed=needed)

    assert check.state is state
    assert ("cargo install" in check.advice) == needed


@pytest.mark.parametrize(("needed", "state"), [(False, State.WARNING), (True, State.FAILED)])
def test_an_old_ab_av1_is_told_to_be_updated(ffmpeg: Path, tmp_path: Path, needed: bool, state: State) -> None:
    old = program(tmp_path / "ab-av1", '#!/bin/sh\necho "ab-av1 0.9.1"\n')

    check = ffmpeg_checks.ab_av1(old, ffmpeg, needed=needed)

    assert check.state is state
    assert "0.11.5" in check.found
    assert check.advice


def test_nothing_is_left_in_the_temporary_folder(ffmpeg: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    ffmpeg_checks.capabilities(ffmpeg)

    assert list(os.scandir(tmp_path)) == []
