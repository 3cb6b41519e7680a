import pytest

from reencodarr.media.facts import Hdr
from reencodarr.quality import dynamic_range


@pytest.mark.parametrize("hdr", [one for one in Hdr if one is not Hdr.SDR])
def test_scores_of_every_other_dynamic_range_are_marked(hdr: Hdr) -> None:
    assert dynamic_range.off_model(hdr.value)
    assert dynamic_range.marked("95.1", hdr) == "95.1 (SDR model)"


@pytest.mark.parametrize("hdr", [Hdr.SDR, "sdr", "", None])
def test_scores_of_sdr_and_of_what_is_unknown_are_not(hdr: Hdr | str | None) -> None:
    assert not dynamic_range.off_model(hdr)
    assert dynamic_range.marked("95.1", hdr) == "95.1"


def test_where_no_score_is_no_mark_is() -> None:
    assert dynamic_range.marked("", Hdr.HDR10) == ""
