"""What the tests of swaps share: a small library with a film, a result, an order; children that die; refusing kernels.

A film here is 100 KB of random bytes: this room does not know what a film is. Crashes happen in forked children, at
a step that the swap announces to Python's audit hooks, so production code holds no seam for them.
"""

import ctypes
import dataclasses
import errno
import hashlib
import os
import platform
import random
import signal
import struct
import sys
import time
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from reencodarr.errors import DatabaseUnavailable
from reencodarr.media.fingerprint import fingerprint
from reencodarr.swap import commit, recovery, trash
from reencodarr.swap.order import CLOSED, Receipt, SwapOrder, SwapState
from reencodarr.units import Bytes

SIZE = 100_000
NOTHING = Bytes(0)


@dataclass
class Memory:
    """A store that remembers, and refuses from a given state on."""

    refuses: SwapState | None = None
    heard: list[SwapState] = field(default_factory=list)
    down: bool = False

    def record(self, order: SwapOrder, state: SwapState) -> None:
        if self.down or state is self.refuses:
            self.down = True
            raise DatabaseUnavailable("The database is gone.")
        self.heard.append(state)


@dataclass
class Notebook:
    """A store in a file, which a child writes and its parent reads."""

    path: Path

    def record(self, order: SwapOrder, state: SwapState) -> None:
        with self.path.open("a") as file:
            file.write(f"{state}\n")

    def last(self) -> SwapState | None:
        lines = self.path.read_text().split() if self.path.exists() else []
        return SwapState(lines[-1]) if lines else None


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A library with one film that has a result waiting."""

    root: Path
    order: SwapOrder
    original_sha256: str
    bystanders: dict[Path, bytes]

    def visible(self) -> dict[Path, str]:
        """Every visible file of the film's folder that is no bystander, with its digest."""
        return {
            path: digest(path)
            for path in sorted(self.order.folder.iterdir())
            if not path.name.startswith(".") and path not in self.bystanders and path.is_file()
        }

    def of_ours(self) -> list[str]:
        """What of ours lies beside the film."""
        return sorted(path.name for path in self.order.folder.iterdir() if path.name.startswith(".reencodarr-"))

    def trash(self) -> dict[str, str]:
        """What lies in the trash, with digests of originals."""
        folder = self.order.trash.parent
        if not folder.is_dir():
            return {}
        return {path.name: "" if path.suffix == ".json" else digest(path) for path in sorted(folder.iterdir())}

    @property
    def kept(self) -> dict[str, str]:
        """The trash that holds the original and its label, and nothing else."""
        return {self.order.label.name: "", self.order.trash.name: self.original_sha256}

    def assert_untouched(self) -> None:
        """The film is the original, byte for byte, and nothing of ours is left."""
        assert self.visible() == {self.order.original: self.original_sha256}
        assert self.of_ours() == []
        assert self.trash() == {}
        self.assert_bystanders()

    def assert_swapped(self) -> None:
        """The film is the result, the original in the trash, and nothing else of ours is left."""
        assert self.visible() == {self.order.destination: self.order.result_sha256}
        assert self.of_ours() == []
        assert self.trash() == self.kept
        self.assert_bystanders()

    def assert_bystanders(self) -> None:
        """Subtitles and the like are what they were."""
        assert {path: path.read_bytes() for path in self.bystanders} == self.bystanders


def scene(
    folder: Path,
    *,
    scratch: Path | None = None,
    other_extension: bool = False,
    name: str | bytes = "Film (1999).mkv",
    keep: timedelta = timedelta(days=30),
    seed: int = 1,
) -> Scene:
    """Make a library below `folder` with one film, and its result in `scratch`."""
    root, scratch = folder / "library", scratch or folder / "scratch"
    place = root / "Film (1999)"
    place.mkdir(parents=True)
    scratch.mkdir(exist_ok=True)
    chance = random.Random(seed)
    original = place / os.fsdecode(name)
    if other_extension:
        original = original.with_suffix(".mp4")
    original.write_bytes(chance.randbytes(SIZE))
    os.utime(original, ns=(1_500_000_000_123_456_789, 1_400_000_000_987_654_321))
    subtitles = place / "Film (1999).de.srt"
    subtitles.write_bytes(b"1\n")
    result = scratch / "result.mkv"
    result.write_bytes(chance.randbytes(SIZE // 2))
    swap_id = uuid.uuid4().hex
    order = SwapOrder(
        swap_id=swap_id,
        video_id=1,
        batch="batch",
        original=original,
        fingerprint=fingerprint(original),
        result=result,
        result_size=Bytes(SIZE // 2),
        result_sha256=digest(result),
        destination=original.with_suffix(".mkv"),
        trash=trash.place(original, root, swap_id),
        keep_until=datetime.now(UTC) + keep,
    )
    return Scene(
        root=root, order=order, original_sha256=digest(original), bystanders={subtitles: subtitles.read_bytes()}
    )


def swapped(made: Scene) -> Receipt:
    """Commit, and throw the scratch copy away as its owner does."""
    done = commit.commit(made.order, Memory(), reserve=NOTHING)
    made.order.result.unlink()
    return done


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def expired(made: Scene) -> Scene:
    """The same scene with an order whose time is over."""
    order = dataclasses.replace(made.order, keep_until=datetime.now(UTC) - timedelta(seconds=1))
    return dataclasses.replace(made, order=order)


def recover(made: Scene, store: Notebook | Memory) -> tuple[recovery.Recovered, ...]:
    """What a start does: recover by journals, then by what the database knows as open."""
    found = recovery.recover(recovery.find_journals(made.root), store)
    if isinstance(store, Notebook) and (state := store.last()) is not None and state not in CLOSED:
        found += (recovery.recover_order(made.order, state, store),)
    return found


AtStep = Callable[[int, str, str], None]
"""Called in the child with the number, the name and the path of each announced step."""


def in_child(work: Callable[[], object], *, at_step: AtStep = lambda *_: None, delay: float | None = None) -> int:
    """Run `work` in a forked child; its exit code (0 done, 1 failed with an exception) or minus the signal.

    With `delay` the child is killed after that many seconds.
    """
    pid = os.fork()
    if pid == 0:
        _child(work, at_step)
    if delay is not None:
        time.sleep(delay)
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def _child(work: Callable[[], object], at_step: AtStep) -> None:
    code = 1
    count = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if event == "reencodarr.swap":
            count += 1
            at_step(count, str(arguments[0]), str(arguments[1]))

    try:
        sys.addaudithook(hook)
        work()
        code = 0
    except BaseException:  # noqa: BLE001 - a child ends here, whatever happened
        if os.environ.get("REENCODARR_TEST_TRACE"):
            traceback.print_exc()
    finally:
        os._exit(code)


def kill_at(step: int) -> AtStep:
    """Die by SIGKILL before the step of that number."""

    def at_step(count: int, _name: str, _path: str) -> None:
        if count == step:
            os.kill(os.getpid(), signal.SIGKILL)

    return at_step


class Refusals:
    """System calls that a kernel refuses from now on in this process (a child), as some filesystems do.

    By a seccomp filter, so that the refusal is the kernel's own and no code of ours knows of it.
    """

    _NUMBERS: ClassVar = {
        "x86_64": {"link": (86, 265), "renameat2": (316,)},
        "aarch64": {"link": (37,), "renameat2": (276,)},
    }

    def __init__(self, *, links: bool, renameat2: bool) -> None:
        numbers = self._NUMBERS.get(platform.machine())
        if sys.platform != "linux" or numbers is None:
            pytest.skip("refusing system calls needs Linux on x86-64 or ARM64")
        self._refused = [(number, errno.EPERM) for number in numbers["link"] if links]
        self._refused += [(number, errno.EINVAL) for number in numbers["renameat2"] if renameat2]

    def begin(self) -> None:
        program = _instruction(0x20, 0, 0, 0)  # load the call's number
        for number, code in self._refused:
            program += _instruction(0x15, 0, 1, number) + _instruction(0x06, 0, 0, 0x00050000 | code)
        program += _instruction(0x06, 0, 0, 0x7FFF0000)
        code = ctypes.create_string_buffer(program, len(program))
        head = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
        assert libc.prctl(22, 2, head, 0, 0) == 0  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER


def _instruction(code: int, jump_true: int, jump_false: int, value: int) -> bytes:
    return struct.pack("HBBI", code, jump_true, jump_false, value)
