"""The policy file: what it must refuse, and that it names file, line and key when it does."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reencodarr.encoding import policy, toml_lines
from reencodarr.errors import PolicyError
from reencodarr.units import GIB, Bytes

DEFAULT = tomllib.loads(policy.default_text())
DOCUMENTATION = Path(__file__).parents[2] / "docs" / "policy.md"


def written(folder: Path, text: str) -> Path:
    file = folder / "policy.toml"
    file.write_text(text, encoding="utf-8")
    return file


def fault(folder: Path, text: str) -> str:
    """What is said about a policy file, without its folder."""
    with pytest.raises(PolicyError) as caught:
        policy.load(written(folder, text))
    return str(caught.value).replace(f"{folder}/", "")


def test_the_built_in_policy_is_valid_and_names_every_key() -> None:
    built_in = policy.load(None)

    assert set(DEFAULT) == set(policy.Policy.model_fields)
    assert built_in.model_dump(mode="json").keys() == DEFAULT.keys()
    for name, table in DEFAULT.items():
        assert set(type(getattr(built_in, name)).model_fields) == set(table), name


def test_an_empty_file_is_the_built_in_policy(tmp_path: Path) -> None:
    assert policy.load(written(tmp_path, "# nothing to change\n")) == policy.load(None)


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    own = policy.load(written(tmp_path, "[size]\nlargest_ratio = 0.5\n[audio.factors]\naac = 1\n"))

    default = policy.load(None)
    assert own.size.largest_ratio == 0.5
    assert own.size.smallest_ratio == default.size.smallest_ratio
    assert own.audio.factors == default.audio.factors | {"aac": 1.0}
    assert own.video == default.video


def test_a_file_saved_by_a_windows_editor_is_read(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_bytes(b"\xef\xbb\xbf[size]\r\nlargest_ratio = 0.5\r\n")

    assert policy.load(file).size.largest_ratio == 0.5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\n\n[video]\ntune = 5\n", "policy.toml, line 4: video.tune: it should be less than or equal to 2, not 5."),
        (
            '[video]\n"pixel_format" = "yuv422p"\n',
            "policy.toml, line 2: video.pixel_format: it should be 'yuv420p' or 'yuv420p10le', not \"yuv422p\".",
        ),
        ("[video]\nprest = 4\n", "policy.toml, line 2: video.prest: there is no such key. Did you mean presets?"),
        ("tune = 1\n", "policy.toml, line 1: tune: there is no such key. Did you mean tune in [video]?"),
        ("[audoi]\n", "policy.toml, line 1: audoi: there is no such key. Did you mean audio?"),
        ("[target]\nxyzzy = 1\n", "policy.toml, line 2: target.xyzzy: there is no such key."),
        ('[target]\ntolerance = "1"\n', 'policy.toml, line 2: target.tolerance: it should be a valid number, not "1".'),
        (
            "[target]\nfall_step = 0\n",
            "policy.toml, line 2: target.fall_step: it should be greater than or equal to 0.1, not 0.",
        ),
        ("[video]\ndownscale = 1\n", "policy.toml, line 2: video.downscale: it should be a valid boolean, not 1."),
        (
            "[target]\nlowest_crf = 12.1\n",
            "policy.toml, line 2: target.lowest_crf: it should be a multiple of 0.25, not 12.1.",
        ),
        ("video = 3\n", "policy.toml, line 1: video: it should be a table, not 3."),
        ("[target]\n\nsubsample = 4\n", "policy.toml, line 3: target.subsample: must be odd"),
        ("# x\n[size]\nlargest_ratio = 0.001\n", "policy.toml, line 2: size: smallest_ratio (0.002) must be below"),
        (
            "[[target.means]]\nover_gib = 3\nmean = 94\n",
            "policy.toml, line 1: target.means: a row with over_gib 0 is missing",
        ),
        ("[audio]\nopus_kbps = [64]\n", "policy.toml, line 2: audio.opus_kbps: it should have at least 8 items"),
        ("[video.svt_parameters]\ncrf = '30'\n", "policy.toml, line 1: video.svt_parameters: crf cannot be set here"),
        ("[video.svt_parameters]\nscm = 'a:b'\n", "policy.toml, line 2: video.svt_parameters.scm: "),
    ],
)
def test_a_wrong_value_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    assert fault(tmp_path, text).startswith(said)


def test_a_row_of_a_list_is_found_on_its_own_line(tmp_path: Path) -> None:
    text = "[video]\npresets = [\n  {from_lines = 720, preset = 5},\n  # slow\n  {from_lines = 0, preset = 99},\n]\n"

    assert fault(tmp_path, text).startswith("policy.toml, line 5: video.presets[1].preset: ")


def test_a_row_that_lacks_a_key_is_found_by_its_head(tmp_path: Path) -> None:
    text = "[[target.means]]\nover_gib = 0\nmean = 95\n\n[[target.means]]\nover_gib = 5\n"

    assert fault(tmp_path, text) == "policy.toml, line 5: target.means[1].mean: is missing."


def test_every_fault_is_told_in_the_order_of_the_lines(tmp_path: Path) -> None:
    told = fault(tmp_path, "[audio]\nreencode = 'some'\n[video]\ntune = 9\nnope = 1\n").splitlines()

    assert [line.split(":")[0] for line in told] == [f"policy.toml, line {number}" for number in (2, 4, 5)]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[video\n", "line 1"),
        ("a = 1\nb = [\n\n\n", "line 2"),
        ("[size]\nx = 1\nx = 2\n", "line 3"),
        ("a = \n", "line 1"),
    ],
)
def test_what_is_not_toml_is_named_with_its_line(tmp_path: Path, text: str, place: str) -> None:
    assert fault(tmp_path, text).startswith(f"policy.toml, {place}")
    assert "not TOML" in fault(tmp_path, text)


def test_a_file_that_is_not_text_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_bytes(b"[size]\n# caf\xe9\n")

    with pytest.raises(PolicyError, match=r"policy\.toml, line 2: this is not UTF-8"):
        policy.load(file)


@pytest.mark.parametrize("name", ["absent.toml", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(PolicyError, match="cannot be read") as caught:
        policy.load(tmp_path / name)

    assert str(tmp_path) in str(caught.value)
    assert caught.value.path == tmp_path / name


def test_the_digest_follows_the_content_and_not_its_form(tmp_path: Path) -> None:
    digest = policy.load(None).digest

    assert policy.load(written(tmp_path, "[size]\nlargest_ratio = 8e-1 # as it is\n")).digest == digest
    rows = "[[video.presets]]\nfrom_lines = 0\npreset = 6\n[[video.presets]]\nfrom_lines = 1080\npreset = 4\n"
    assert policy.load(written(tmp_path, rows)).digest == digest
    assert policy.load(written(tmp_path, "[size]\nlargest_ratio = 0.81\n")).digest != digest


def test_policies_of_one_digest_make_one_plan(tmp_path: Path) -> None:
    one = policy.load(written(tmp_path, "[video.svt_parameters]\nscm = '1'\nac-bias = '2'\n"))
    other = policy.load(written(tmp_path, "[video.svt_parameters]\nac-bias = '2'\nscm = '1'\n"))

    assert one.digest == other.digest
    assert list(one.video.svt_parameters) == list(other.video.svt_parameters)


@pytest.mark.parametrize(
    ("gib", "mean"), [(0, 95), (25, 95), (25.001, 94), (40, 94), (40.001, 92), (60, 92), (60.001, 91), (500, 91)]
)
def test_the_mean_follows_the_size_and_over_is_strict(gib: float, mean: float) -> None:
    assert policy.load(None).target.mean(Bytes(int(gib * GIB))).mean == mean


@pytest.mark.parametrize(
    ("width", "height", "model"),
    [(3840, 2160, "vmaf_4k_v0.6.1"), (3840, 1600, "vmaf_4k_v0.6.1"), (2160, 3840, "vmaf_4k_v0.6.1")]
    + [(2560, 1440, "vmaf_v0.6.1"), (3840, 1080, "vmaf_v0.6.1"), (640, 480, "vmaf_v0.6.1")],
)
def test_the_model_follows_the_resolution(width: int, height: int, model: str) -> None:
    assert policy.load(None).target.model(width, height).model == model


def _places(data: object, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [place, *(below for key, value in items for below in _places(value, (*place, key)))]


@given(place=st.sampled_from([place for place in _places(DEFAULT) if place]))
def test_every_value_of_the_built_in_policy_is_found_on_the_line_that_writes_it(place: tuple[str | int, ...]) -> None:
    text = policy.default_text()

    line = toml_lines.line_of(text, place)

    named = [key for key in place if isinstance(key, str)][-1]
    assert line is not None
    assert named in text.splitlines()[line - 1]


def test_lines_are_found_past_strings_that_look_like_keys() -> None:
    text = 'a = """\n[video]\ntune = 1\n"""\n[video] # tune = 2\n"tune" = 3\nx."y z" = {w = 1}\n'

    assert toml_lines.line_of(text, ("video", "tune")) == 6
    assert toml_lines.line_of(text, ("video", "x", "y z", "w")) == 7
    assert toml_lines.line_of(text, ("a",)) == 1
    assert toml_lines.line_of(text, ("video", "absent")) == 5
    assert toml_lines.line_of(text, ("absent",)) is None


def test_the_documentation_explains_every_key() -> None:
    text = DOCUMENTATION.read_text(encoding="utf-8")

    keys = {str(key) for place in _places(DEFAULT) for key in place if isinstance(key, str)}
    keys -= set(DEFAULT["audio"]["factors"])
    missing = [key for key in keys if not re.search(rf"`{key}`|\[{key}\]|\.{key}\]", text)]
    assert sorted(missing) == []


def test_the_example_of_the_documentation_is_a_policy(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", DOCUMENTATION.read_text(encoding="utf-8"), re.DOTALL)

    assert policy.load(written(tmp_path, example)) != policy.load(None)
