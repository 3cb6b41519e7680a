"""A film in the bucket, for work on a machine that has no library: fetched whole or in part, given back in parts.

Whatever arrives is verified against the digests of the order. URLs expire and are asked for anew; what was under way
when a network or a server went away goes on from there, for as long as this process lives. A process that died left
no encode that could be sent.
"""

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from reencodarr.encoding.encode import EncodeResult
from reencodarr.errors import (
    ExcerptUnusable,
    JobRefused,
    ObjectDamaged,
    TransferBroken,
    UploadLost,
    UrlExpired,
)
from reencodarr.media import seekable
from reencodarr.media.fingerprint import Fingerprint
from reencodarr.progress import Report
from reencodarr.quality import excerpt, excerpt_pack, footage
from reencodarr.quality.excerpt import Excerpt
from reencodarr.quality.footage import Footage
from reencodarr.transfer import single, small, upload
from reencodarr.transfer.download import download
from reencodarr.transfer.line import Line
from reencodarr.transfer.patience import rest, scattered
from reencodarr.transfer.ranged import RangedFile
from reencodarr.transfer.urls import Renewing
from reencodarr.units import Seconds
from reencodarr.work import sheet as sheets
from reencodarr.work.beats import Meter
from reencodarr.work.link import Link
from reencodarr.work.moving import Moving
from reencodarr.work.orders import Delivery, Order, StagedSource
from reencodarr.work.sheet import Sheet
from reencodarr.work.talk import PartsAsked, Upload, UploadAsked

log = logging.getLogger(__name__)

PATIENCE = Seconds(3600.0)
"""How long a finished encode waits for a bucket that does not take it."""
_PAUSE = Seconds(15.0)
_ASK_AGAIN = {"again", "other_upload"}

Turn = Callable[[], AbstractContextManager[object]]
"""Waits for this machine's turn to move a film over the network; held while it does."""


class Staged:
    """The staging of one job whose film is in the bucket."""

    def __init__(
        self,
        order: Order,
        source: StagedSource,
        *,
        way: Link,
        line: Line,
        meter: Meter,
        turn: Turn = nullcontext,
        patience: Seconds = PATIENCE,
        pause: Seconds = _PAUSE,
    ) -> None:
        self._order, self._source, self._way = order, source, way
        self._line, self._meter, self._turn = line, meter, turn
        self._patience, self._pause = patience, pause
        self._known: Sheet | None = None

    def film(self, scratch: Path, *, report: Report) -> Path:
        """The whole film, downloaded and verified."""
        # Not `film`: that is what the encode in the same folder is called.
        place = scratch / f"source{self._source.suffix}"
        digests = self._sheet().digests
        moving = Moving("download", self._order.label, digests.size, report, count=self._down)
        with self._turn():
            download(self._url("film"), place, digests, line=self._line, on_bytes=moving.moved)
        return place

    def footage(self, scratch: Path, *, report: Report) -> Footage | None:
        """The windows of the search; None where they cannot be had without the rest, so that all is needed."""
        sheet = self._sheet()
        windows = footage.planned(sheet.index)
        if footage.is_whole(windows, sheet.index):
            return None
        try:
            with self._turn():
                found = self._packed(scratch, report) if self._source.excerpt else self._ranged(sheet, scratch, report)
        except ExcerptUnusable as error:
            log.warning("%s: %s The whole film is fetched.", self._order.label, error)
            return None
        return excerpt.of(found, sheet.index)

    def fingerprint(self) -> Fingerprint | None:
        """None: nobody else changes the copy."""
        return None

    def deliver(self, encoded: EncodeResult, *, report: Report) -> Delivery:
        """Upload a finished encode; what the bucket has of it already is not sent again.

        Raises TransferBroken, UrlExpired, UploadLost when that does not succeed for an hour.
        """
        end = time.monotonic() + self._patience
        with self._turn():
            while True:
                try:
                    return self._upload(encoded, report)
                except (TransferBroken, UrlExpired, UploadLost, JobRefused) as error:
                    if isinstance(error, JobRefused) and error.refusal not in _ASK_AGAIN:
                        raise
                    if time.monotonic() + self._pause > end:
                        raise
                    log.warning("%s: %s Trying on.", self._order.label, error)
                    rest(scattered(self._pause), self._line.stop)

    def _upload(self, encoded: EncodeResult, report: Report) -> Delivery:
        job, attempt, suffix = self._order.job, self._order.attempt, encoded.path.suffix
        opened: Upload = self._way.upload(job, UploadAsked(attempt=attempt, size=encoded.size, suffix=suffix))

        def urls(numbers: object) -> dict[int, str]:
            asked = PartsAsked(attempt=attempt, upload_id=opened.upload_id, numbers=tuple(numbers))  # type: ignore[arg-type]
            return self._way.parts(job, asked).urls

        moving = Moving("upload", self._order.label, encoded.size, report, count=self._up)
        parts = upload.upload(
            encoded.path,
            urls,
            part_size=opened.part_size,
            done={part.number: part.etag for part in opened.there},
            line=self._line,
            on_bytes=moving.moved,
        )
        return Delivery(
            size=encoded.size,
            sha256=encoded.sha256,
            suffix=suffix,
            upload_id=opened.upload_id,
            parts=parts,
        )

    def _packed(self, scratch: Path, report: Report) -> Excerpt:
        """The excerpt that the server cut."""
        place = scratch / "excerpt.packed"
        moving = Moving("download", self._order.label, None, report, count=self._down, first_is_there=False)
        single.fetch(
            self._url("excerpt"), place, sha256=self._source.excerpt_sha256, line=self._line, on_bytes=moving.moved
        )
        return excerpt_pack.unpack(place, scratch)

    def _ranged(self, sheet: Sheet, scratch: Path, report: Report) -> Excerpt:
        """An excerpt cut here, out of a film that stays where it is."""
        Moving("download", self._order.label, None, report, count=self._down).moved(0)
        with RangedFile(self._url("film"), sheet.digests, scratch / "ranges", line=self._line) as film:
            windows = footage.planned(sheet.index)
            try:
                if not seekable.has_index(film, label=self._order.label):
                    raise ExcerptUnusable("It has no index, and the server could not cut it either.")
                return excerpt.cut(film, self._order.label, sheet.index, windows, scratch, expect=film.expect)
            finally:
                self._down(film.moved)

    def _sheet(self) -> Sheet:
        """The film's sheet, fetched once."""
        if self._known is None:
            source = self._source
            data = small.get(self._url("sheet"), sha256=source.sheet_sha256, line=self._line)
            self._down(len(data))
            found = sheets.unpack(data)
            if (found.digests.size, found.digests.sha256) != (source.size, source.sha256):
                raise ObjectDamaged(f"The sheet of {self._order.label} is that of another film.")
            self._known = found
        return self._known

    def _url(self, which: str) -> Renewing:
        """One of the order's URLs, and fresh ones when it is refused."""
        ordered = [str(getattr(self._source, which))]

        def fetch() -> str:
            if ordered:
                return ordered.pop()
            return str(getattr(self._way.urls(self._order.job, self._order.attempt), which))

        return Renewing(fetch, name=f"{which} of {self._order.label}")

    def _down(self, amount: int) -> None:
        self._meter.count(down=amount)

    def _up(self, amount: int) -> None:
        self._meter.count(up=amount)
