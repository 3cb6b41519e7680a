"""How often a Sonarr or Radarr is called for a swapped file: `python -m benchmarks.arr_calls`.

A pretended instance of each kind, held to the published specification where that is at hand, counts what it is asked.
A command takes one look longer than none, as a quick one does; each further look, every two seconds at most, is a call
more. Results go to `benchmarks/results/arr_calls.json`; they are counts, so any machine gives the same.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from reencodarr.library import database
from reencodarr.stages.arrs import informing, remedies, remedying
from tests.stages.arrs import kit as arrs
from tests.stages.arrs.kit import Shelf
from tests.stages.arrs.test_remedying import reported
from tests.stages.machines import farm

RESULTS = Path(__file__).with_name("results") / "arr_calls.json"


def one_film(shelf: Shelf) -> int:
    path, _ = shelf.add("a.mkv")
    shelf.swap(path)
    return 1


def one_film_renamed(shelf: Shelf) -> int:
    path, file = shelf.add("a x264.mkv")
    shelf.fake.library.renames = {file.id: "a AV1.mkv"}
    shelf.swap(path)
    return 1


def another_extension(shelf: Shelf) -> int:
    path, _ = shelf.add("a.mp4")
    shelf.swap(path, to=path.with_suffix(".mkv"))
    return 1


def ten_of_a_season(shelf: Shelf) -> int:
    for number in range(10):
        path, file = shelf.add(f"{number} x264.mkv")
        shelf.fake.library.renames[file.id] = f"{number} AV1.mkv"
        shelf.swap(path, swap_id=f"{number:032}")
    return 10


SWAPS = {
    "sonarr": (one_film, one_film_renamed, another_extension, ten_of_a_season),
    "radarr": (one_film, one_film_renamed, another_extension),
}
"""A movie has one file."""


def counted(kind: str, prepare: Callable[[Shelf], int]) -> dict[str, object]:
    """What telling of some swaps costs."""
    with tempfile.TemporaryDirectory() as folder, arrs.standing(kind, *_place(Path(folder))) as shelf:
        shelf.fake.knobs.polls = 1
        films = prepare(shelf)
        done = informing.inform(shelf.workplace, times=arrs.QUICK)
        assert done.told == films, done
        return _tally(shelf, films)


def bad_file(kind: str) -> dict[str, object]:
    """What replacing a bad file costs, from the proposal to the first look for another release."""
    with tempfile.TemporaryDirectory() as folder, arrs.standing(kind, *_place(Path(folder))) as shelf:
        path, _ = shelf.add("bad.mkv")
        bad = reported(shelf, path)
        remedies.confirm(shelf.workplace, remedies.propose(shelf.workplace, bad, times=arrs.QUICK))
        remedying.remedy(shelf.workplace, bad, times=arrs.QUICK)
        return _tally(shelf, 1)


def _place(folder: Path) -> tuple[Path, farm.Workplace]:
    root = folder / "films"
    root.mkdir()
    url = f"sqlite:///{folder}/reencodarr.db"
    database.upgrade(url)
    return root, farm.made(database.engine(url), folder).workplace


def _tally(shelf: Shelf, films: int) -> dict[str, object]:
    calls = Counter("/".join("{id}" if part.isdigit() else part for part in one.split("/")) for one in shelf.fake.asked)
    shelf.workplace.database.dispose()
    return {
        "films": films,
        "calls": calls.total(),
        "a_film": calls.total() / films,
        "which": dict(sorted(calls.items())),
    }


def main() -> None:
    found = {
        kind: {prepare.__name__: counted(kind, prepare) for prepare in cases} | {"bad_file": bad_file(kind)}
        for kind, cases in SWAPS.items()
    }
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    for kind, cases in found.items():
        for name, case in cases.items():
            print(f"{kind:7} {name:18} {case['calls']:3} calls, {case['a_film']:.1f} a film")


if __name__ == "__main__":
    main()
