"""What is said of a finished search."""

from dataclasses import replace

import pytest

from reencodarr.errors import TargetUnreachable
from reencodarr.media.facts import Hdr
from reencodarr.stages import recording
from reencodarr.units import Seconds
from reencodarr.work.orders import Searched, SearchTerms
from tests.library import films

TERMS = SearchTerms(
    engine="native",
    duration=Seconds(60.0),
    width=1920,
    height=1080,
    video=films.PLAN.video,
    target=films.PLAN.target,
    largest_percent=80.0,
)


def test_scores_of_hdr_are_marked_in_a_films_history() -> None:
    done = Searched(result=films.result())

    hdr = recording.searched(1, replace(TERMS, hdr=Hdr.PQ), done)
    sdr = recording.searched(1, TERMS, done)

    assert "(SDR model) predicted" in hdr.words
    assert "SDR model" not in sdr.words


def test_a_target_that_an_hdr_film_misses_is_marked() -> None:
    done = Searched(result=replace(films.result(), met=False))

    with pytest.raises(TargetUnreachable, match=r"VMAF 95 \(SDR model\)"):
        recording.searched(1, replace(TERMS, hdr=Hdr.HDR10), done)
