"""What lies beside a staged film comes back as it was, or not at all."""

from pathlib import Path

import pytest

from reencodarr.errors import ReencodarrError
from reencodarr.media import packets
from reencodarr.transfer import blocks
from reencodarr.work import sheet
from reencodarr.work.sheet import Sheet


def made(film: Path) -> Sheet:
    with film.open("rb") as file:
        return Sheet(index=packets.index(film), digests=blocks.digests(file))


def test_a_sheet_comes_back_as_it_was(bikes: Path) -> None:
    before = made(bikes)

    after = sheet.unpack(sheet.pack(before))

    assert after.digests == before.digests
    assert list(after.index.pts) == list(before.index.pts)
    assert (after.index.time_base, list(after.index.sizes)) == (before.index.time_base, list(before.index.sizes))


@pytest.mark.parametrize("cut", [0, 3, 30, 60, 200])
def test_a_sheet_that_is_not_whole_is_refused(bikes: Path, cut: int) -> None:
    text = sheet.pack(made(bikes))

    with pytest.raises(ReencodarrError):
        sheet.unpack(text[:cut])
    with pytest.raises(ReencodarrError):
        sheet.unpack(text[:-1])
