"""Parts that are kept running: real programs that end, stall and refuse."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reencodarr.errors import ProgramFailed, ProgramStalled
from reencodarr.tools import supervisor
from reencodarr.tools.supervisor import Part, Supervisor
from reencodarr.units import Seconds

SLEEP = "import time; time.sleep(600)"


def part(folder: Path, code: str, *, name: str = "it", ready: Callable[[], bool] | None = None, **more: float) -> Part:
    return Part(
        name=name,
        command=(sys.executable, "-c", code),
        log_path=folder / f"{name}.log",
        ready=ready,
        patience=Seconds(more.get("patience", 60.0)),
    )


def never() -> bool:
    return False


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervise(said: list[str]) -> Iterator[Callable[..., Supervisor]]:
    made: list[Supervisor] = []

    def make(*parts: Part) -> Supervisor:
        made.append(Supervisor(parts, tell=said.append))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def counted(file: Path, code: str) -> str:
    return f"open({str(file)!r}, 'a').write('x'); {code}"


def test_the_pause_grows_up_to_a_minute() -> None:
    pauses = [supervisor.pause(failures) for failures in range(10)]

    assert pauses[:4] == [0, 1, 2, 4]
    assert pauses[-1] == supervisor.LONGEST_PAUSE
    assert all(before <= after for before, after in itertools.pairwise(pauses))


def test_a_part_starts_when_the_one_before_it_is_ready(tmp_path: Path, supervise: Callable[..., Supervisor]) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    slow = f"import time; time.sleep(0.5); open({str(first)!r}, 'w'); time.sleep(600)"
    fast = f"import os, time; open({str(second)!r}, 'w').write(str(os.path.exists({str(first)!r}))); time.sleep(600)"
    parts = supervise(
        part(tmp_path, slow, name="a", ready=first.exists),
        part(tmp_path, fast, name="b", ready=lambda: second.exists() and bool(second.read_text())),
    )

    parts.start(stop=never)

    assert second.read_text() == "True"


def test_a_part_that_ends_is_started_again_and_said_so(
    tmp_path: Path, supervise: Callable[..., Supervisor], said: list[str]
) -> None:
    starts = tmp_path / "starts"
    parts = supervise(part(tmp_path, counted(starts, "raise SystemExit('the port is taken')")))
    parts.start(stop=never)

    parts.watch(stop=lambda: starts.exists() and len(starts.read_text()) >= 2)

    assert "the port is taken" in said[0]
    assert any("runs again" in words for words in said)


def test_a_part_that_ends_at_its_start_is_a_named_error(tmp_path: Path, supervise: Callable[..., Supervisor]) -> None:
    parts = supervise(part(tmp_path, "raise SystemExit('no such bucket')", ready=never))

    with pytest.raises(ProgramFailed, match="no such bucket"):
        parts.start(stop=never)


def test_a_part_that_never_gets_ready_is_a_named_error(tmp_path: Path, supervise: Callable[..., Supervisor]) -> None:
    parts = supervise(part(tmp_path, SLEEP, ready=never, patience=0.5))

    with pytest.raises(ProgramStalled, match="not ready"):
        parts.start(stop=never)


def test_parts_stop_in_reverse_order(tmp_path: Path, supervise: Callable[..., Supervisor]) -> None:
    order, up = tmp_path / "order", [tmp_path / "a-up", tmp_path / "b-up"]
    code = (
        "import signal, sys, time; "
        "signal.signal(signal.SIGTERM, lambda *_: (open({order!r}, 'a').write({name!r}), sys.exit(0))); "
        "open({up!r}, 'w'); time.sleep(600)"
    )
    made = [
        part(tmp_path, code.format(order=str(order), name=name, up=str(file)), name=name, ready=file.exists)
        for name, file in zip("ab", up, strict=True)
    ]
    parts = supervise(*made)
    parts.start(stop=never)

    parts.stop()

    assert order.read_text() == "ba"


def test_a_part_that_ends_when_asked_is_waited_for(tmp_path: Path, supervise: Callable[..., Supervisor]) -> None:
    parts = supervise(part(tmp_path, SLEEP, name="worker"), part(tmp_path, SLEEP, name="other"))
    parts.start(stop=never)

    parts.ask("worker", signal.SIGTERM)

    assert parts.wait_for("worker", stop=never)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux binds children to their parent's death")
def test_parts_die_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    child = tmp_path / "child"
    code = f"import os, time; open({str(child)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    program = (
        "import sys; from pathlib import Path; from reencodarr.tools.supervisor import Part, Supervisor\n"
        f"log = Path({str(tmp_path / 'log')!r})\n"
        f"parts = [Part(name='it', command=(sys.executable, '-c', {code!r}), log_path=log)]\n"
        "s = Supervisor(parts, tell=print); s.start(stop=lambda: False); s.watch(stop=lambda: False)"
    )
    with subprocess.Popen([sys.executable, "-c", program]) as process:
        while not child.exists() or not child.read_text():
            time.sleep(0.05)
        process.kill()

    while _alive(int(child.read_text())):
        time.sleep(0.05)  # the test's own time limit says when this is too long


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1][:3]
