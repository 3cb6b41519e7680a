"""Films as they come: each search of one ends with an answer that can be relied on.

The whole way is walked that `reencodarr search` walks, from the file's facts and the policy to the last probe. Whatever
becomes of it, nothing is left in scratch. What `test_sample` and `test_vmaf` prove of single windows is not repeated.
"""

from pathlib import Path

import pytest

from reencodarr.quality.engine import SearchResult
from reencodarr.settings import Settings
from reencodarr.stages import trying
from reencodarr.stages.trying import Wish
from tests.quality.conftest import Make, left_behind

ENCODED = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "10")
SMALL = "scale=160:68"


def searched(settings: Settings, film: Path, wish: Wish = Wish(cold=True)) -> SearchResult:
    """The answer; nothing is left in scratch."""
    try:
        with trying.prepared(settings, film, wish) as trial:
            return trying.search(trial, on_probe=lambda _: None)
    finally:
        assert left_behind(settings.scratch) == []


def reliable(result: SearchResult) -> bool:
    """An answer that was measured, or one that says why it is none."""
    in_range = 12 <= result.crf <= 63 and 0 < result.predicted <= 100 and result.percent > 0
    return in_range and bool(result.probes) and (result.met or bool(result.reason))


MADE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "one frame": ((), ("-frames:v", "1", "-vf", SMALL)),
    "two frames": ((), ("-frames:v", "2", "-vf", SMALL)),
    "two seconds": ((), ("-t", "2", "-vf", SMALL)),
    "black": (("-f", "lavfi", "-i", "color=black:size=160x68:rate=25:duration=4"), ()),
    "static slides": (
        ("-f", "lavfi", "-i", "testsrc2=size=160x68:rate=1/3:duration=12"),
        ("-vf", "fps=25"),
    ),
    "one slide a second": ((), ("-t", "8", "-vf", f"{SMALL},fps=1")),
    "50 frames a second": ((), ("-t", "2", "-vf", f"{SMALL},fps=50")),
    "60 frames a second": ((), ("-t", "2", "-vf", f"{SMALL},fps=60000/1001")),
    "uneven frames": (
        (),
        ("-t", "4", "-vf", f"{SMALL},select='not(eq(mod(n,7),3))'", "-fps_mode", "passthrough"),
    ),
    "anamorphic": ((), ("-t", "2", "-vf", f"{SMALL},setsar=16/11")),
}
"""What is opened in place of the real clip, and what is made of it."""


@pytest.mark.parametrize(
    "kind",
    [kind if kind in {"one frame", "two frames"} else pytest.param(kind, marks=pytest.mark.slow) for kind in MADE],
)
def test_a_film_as_it_comes_gets_an_answer(kind: str, make: Make, settings: Settings) -> None:
    source, words = MADE[kind]
    film = make(f"{kind}.mkv", *words, *ENCODED, source=source)

    assert reliable(searched(settings, film))


@pytest.mark.slow
def test_an_interlaced_film_is_searched_deinterlaced_and_a_note_says_what_a_run_does(
    interlaced: Path, settings: Settings
) -> None:
    with trying.prepared(settings, interlaced, Wish(cold=True)) as trial:
        result = trying.search(trial, on_probe=lambda _: None)

    assert any("bwdif" in one for one in trial.terms.video.filters)
    assert any("leave this film alone" in note for note in trial.notes)
    assert reliable(result)
    assert left_behind(settings.scratch) == []
