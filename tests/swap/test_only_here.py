"""Films are deleted, renamed and overwritten in one module only, and scratch in another: read from the code itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("reencodarr", "tasks", "flows", "dashboards")
ALLOWED = {"reencodarr/swap/files.py", "reencodarr/tools/scratch.py"}

_DEMO = "a new film of the demo, in a folder that was empty or that an earlier demo made"

EXCEPTIONS: dict[str, dict[str, str]] = {
    "reencodarr/cli/demo_films.py": {
        ".write_text": _DEMO,
        ".open": _DEMO,
        ".truncate": _DEMO,
        ".replace": "that film from its temporary folder to its name, which no film of the demo has yet",
    },
    "reencodarr/encoding/pictures.py": {".write_bytes": "attached pictures are laid into the encode's scratch folder"},
    "reencodarr/library/database.py": {
        ".rename": "the copy of our own database before an upgrade gets its name when it is whole",
        ".unlink": "the same copy while it is half written",
    },
    "reencodarr/library/locks.py": {
        "os.open": "the lock of a name, a file in our data folder",
        "os.ftruncate": "the same lock file, before the holder's name is written into it",
    },
    "reencodarr/tools/folder_checks.py": {
        ".rename": "an empty file that the check made itself with mkstemp",
        ".unlink": "the same empty file",
    },
    "reencodarr/tools/platforms/windows.py": {
        "os.open": "a file that `swap.files` wants on the disk: Windows flushes only what may be written"
    },
    "reencodarr/tools/servers.py": {".open": "the log of a server, in a folder that its caller made"},
    "reencodarr/arr/client.py": {".truncate": "a temporary file without a name, in which an answer is gathered"},
    "reencodarr/cli/local_worker.py": {
        ".unlink": "the token of this machine's own worker, in our data folder, before a new one"
    },
    "reencodarr/cli/prefect_worker.py": {".rmdir": "a temporary folder of Prefect's worker, if it is empty"},
    "reencodarr/cli/search_plot.py": {".write_bytes": "a plot, whose name ends in .png or .svg"},
    "reencodarr/cli/up.py": {"os.open": "the lock of a server, a file in our data folder"},
    "reencodarr/cli/worker.py": {".write_text": "a token or certificate, in a scratch folder, before it is kept"},
    "reencodarr/storage/downloads.py": {
        ".open": "a result on its way into the results folder, under a name of its own"
    },
    "reencodarr/tools/sparse.py": {
        ".open": "a file of a worker's own in its scratch folder",
        ".truncate": "the same file, to its full length",
    },
    "reencodarr/work/encoding.py": {".replace": "an encode in a scratch folder of its own, while a second one is made"},
    "reencodarr/transfer/download.py": {
        ".open": "the `.part` file of a download in a scratch folder",
        ".truncate": "the same file, to its full length",
    },
    "reencodarr/transfer/journals.py": {
        ".write_text": "the journal of a transfer in a scratch folder",
        ".open": "the same journal, one line more",
    },
    "reencodarr/transfer/ranged.py": {".open": "the kept blocks of a film in a scratch folder"},
    "reencodarr/transfer/single.py": {".open": "a downloaded object in a scratch folder"},
    "reencodarr/work/handback.py": {".unlink": "a worker's own request to hand back, in its data folder"},
    "reencodarr/work/leaving.py": {".write_bytes": "a result's text in a scratch folder, before it is kept"},
    "reencodarr/work/speed.py": {".write_text": "what a worker measured, in its data folder"},
    "reencodarr/work/stop_file.py": {
        ".open": "a worker's own request to stop, in its data folder",
        ".unlink": "the same request",
        "os.open": "the lock of a worker, a file in its data folder",
    },
}
"""Module: {call: why it cannot touch a film}. A line here needs a reason that a stranger believes."""

OF_OS = {"remove", "unlink", "rename", "renames", "replace", "rmdir", "removedirs", "truncate", "ftruncate"}
OF_SHUTIL = {"move", "rmtree", "copyfile", "copy", "copy2", "copytree"}
ANY_METHOD = {"unlink", "rmdir", "rmtree", "truncate", "write_bytes", "write_text"}
WRITING = set("wa+")
"""Exclusive creation (`x`, `O_EXCL`) is no danger: it refuses a name that exists."""


def calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of every call that can destroy or change a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ("os", "shutil"):
            forbidden = OF_OS if node.module == "os" else OF_SHUTIL
            yield from ((node.lineno, f"from {node.module} import {a.name}") for a in node.names if a.name in forbidden)
        if isinstance(node, ast.Call) and (name := _danger(node)):
            yield node.lineno, name


def _danger(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Name):
        return "open" if function.id == "open" and _writes(call, position=1) else ""
    if not isinstance(function, ast.Attribute):
        return ""
    owner = function.value.id if isinstance(function.value, ast.Name) else ""
    name = function.attr
    if (owner == "os" and name in OF_OS) or (owner == "shutil" and name in OF_SHUTIL):
        return f"{owner}.{name}"
    if owner == "os" and name == "open":
        flags = {node.attr for node in ast.walk(call) if isinstance(node, ast.Attribute)}
        harmless = "O_EXCL" in flags or not flags & {"O_TRUNC", "O_WRONLY", "O_RDWR", "O_APPEND"}
        return "" if harmless else "os.open"
    if name == "open" and owner not in ("os", "webbrowser") and _writes(call, position=0 if owner != "io" else 1):
        return ".open"
    return f".{name}" if name in ANY_METHOD or (name in ("rename", "replace") and _is_path_move(call)) else ""


def _is_path_move(call: ast.Call) -> bool:
    """`path.replace(target)` has one argument; `text.replace(old, new)` two, `moment.replace(...)` only named ones."""
    return len(call.args) == 1 and not call.keywords


def _writes(call: ast.Call, *, position: int) -> bool:
    """Whether a literal mode argument opens an existing file for writing."""
    given = [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    mode = given[0] if given else (call.args[position] if len(call.args) > position else None)
    if mode is None:
        return False
    if isinstance(mode, ast.Constant) and isinstance(mode.value, str):
        return len(mode.value) <= 3 and bool(WRITING & set(mode.value))
    return False


def modules() -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def test_there_is_code_to_read() -> None:
    assert set(modules()) > ALLOWED


@pytest.mark.parametrize("module", [name for name in modules() if name not in ALLOWED])
def test_no_other_module_deletes_renames_or_writes_files(module: str) -> None:
    excused = EXCEPTIONS.get(module, {})

    found = [
        f"{module}:{line}: {call}"
        for line, call in calls(ast.parse((ROOT / module).read_text()))
        if call not in excused
    ]

    assert found == []


@pytest.mark.parametrize("module", EXCEPTIONS)
def test_every_exception_is_still_needed(module: str) -> None:
    present = {call for _, call in calls(ast.parse((ROOT / module).read_text()))}

    assert set(EXCEPTIONS[module]) <= present


@pytest.mark.parametrize(
    "line",
    [
        "os.remove(p)",
        "os.unlink(p)",
        "os.rename(a, b)",
        "os.replace(a, b)",
        "os.truncate(p, 0)",
        "shutil.move(a, b)",
        "shutil.rmtree(p)",
        "p.unlink()",
        "p.unlink(missing_ok=True)",
        "p.rename(q)",
        "p.replace(q)",
        "p.parent.rmdir()",
        "p.write_bytes(b'')",
        "p.open('wb')",
        "open(p, 'w')",
        "open(p, mode='r+')",
        "os.open(p, os.O_WRONLY | os.O_CREAT)",
        "from os import unlink",
        "file.truncate()",
    ],
)
def test_what_can_destroy_a_file_is_seen(line: str) -> None:
    assert list(calls(ast.parse(line)))


@pytest.mark.parametrize(
    "line",
    [
        "text.replace('a', 'b')",
        "moment.replace(tzinfo=UTC)",
        "dataclasses.replace(order, state=1)",
        "names.remove('x')",
        "open(p)",
        "p.open('rb')",
        "os.open(p, os.O_RDONLY)",
        "av.open(p)",
        "p.open('x')",
        "frame.rename(columns={})",
    ],
)
def test_what_only_looks_like_it_is_left_alone(line: str) -> None:
    assert not list(calls(ast.parse(line)))


def test_the_only_deletion_takes_only_names_of_ours() -> None:
    """In the module itself: one `unlink`, in `discard`, behind the check of the name."""
    tree = ast.parse((ROOT / "reencodarr/swap/files.py").read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    deleting = [
        function
        for function in functions
        if any(isinstance(node, ast.Attribute) and node.attr in ("unlink", "remove") for node in ast.walk(function))
    ]

    assert [function.name for function in deleting] == ["discard"]
    assert ast.unparse(deleting[0].body[1]) == "_require_ours(path)"
