"""The house rules that a machine can check: style, types, import directions, sizes, names."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("reencodarr", "flows", "tasks", "dashboards")
MODULES = sorted(
    path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if path.parent.name != "versions"
)
"""All but migrations: these are records."""
LONGEST_MODULE = 300
LONGEST_FUNCTION = 40
USUAL_FILES = {"README.md", "CHANGELOG.md", "LICENSE", "constraints.txt", "pyproject.toml", "prefect.yaml"}
FOLDERS = {*PACKAGES, "tests", "benchmarks", "docs"}


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        pytest.param(["mypy"], marks=pytest.mark.slow),
        ["lint-imports"],
    ],
    ids=["ruff check", "ruff format", "mypy", "import contracts"],
)
def test_the_checks_pass(command: list[str]) -> None:
    program = Path(sys.executable).parent / command[0]

    done = subprocess.run([program, *command[1:]], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_top_level_holds_nothing_else() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.splitlines()
    if not tracked:
        pytest.skip("not a git checkout")

    top = {name.split("/")[0] for name in tracked}

    assert {name for name in top if not name.startswith(".")} <= USUAL_FILES | FOLDERS


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_fits_in_one_look(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    tree = ast.parse(path.read_text(encoding="utf-8"))

    length = len(path.read_text(encoding="utf-8").splitlines())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = [
        f"{f.name}: {f.end_lineno - f.lineno + 1}" for f in functions if f.end_lineno - f.lineno >= LONGEST_FUNCTION
    ]

    assert length <= LONGEST_MODULE, f"{name} has {length} lines: split it by noun"
    assert not long, f"{name}: functions longer than {LONGEST_FUNCTION} lines: {long}"
    assert ast.get_docstring(tree) or not tree.body, f"{name} has no module docstring"


def test_no_module_shadows_the_standard_library() -> None:
    names = {path.stem for package in ("flows", "tasks", "dashboards") for path in (ROOT / package).glob("*.py")}

    assert not names & set(sys.stdlib_module_names) - {"__init__"}
