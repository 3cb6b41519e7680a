"""A CRF search, done: the same on the machine that has the library and on any other."""

import logging
from pathlib import Path

from reencodarr.errors import ExcerptUnusable
from reencodarr.progress import Report, silent
from reencodarr.quality.engine import OnProbe, SearchOrder, SearchResult
from reencodarr.quality.footage import Footage
from reencodarr.tools import scratch as scratches
from reencodarr.work.bench import Bench
from reencodarr.work.orders import Order, Searched, SearchTerms
from reencodarr.work.staging import Staging

log = logging.getLogger(__name__)


def search(
    order: Order, terms: SearchTerms, *, staging: Staging, bench: Bench, on_probe: OnProbe, report: Report = silent
) -> Searched:
    """Search the CRF of one film.

    Raises SourceVanished, SearchError, MediaError, ProgramError, StorageError, NoSpace; leaves nothing in scratch.
    """
    engine = bench.engine(terms.engine)
    with scratches.folder(bench.scratch, f"search-{order.job or order.attempt}") as folder:

        def searched(source: Path, parts: Footage | None) -> SearchResult:
            asked = _asked(order, terms, source=source, footage=parts)
            return engine.search(asked, scratch=folder, on_probe=on_probe, report=report)

        parts = staging.footage(folder, report=report) if terms.engine == "native" else None
        try:
            result = searched(parts.path if parts else staging.film(folder, report=report), parts)
        except ExcerptUnusable as error:
            log.warning("%s: %s", order.label, error)
            result = searched(staging.film(folder, report=report), None)
    log.info(
        "%s: CRF %g, VMAF %.2f ± %.2f predicted, %.0f %% of the video, %d probes",
        order.label, result.crf, result.predicted, result.interval, result.percent, len(result.probes),
    )  # fmt: skip
    return Searched(result=result)


def _asked(order: Order, terms: SearchTerms, *, source: Path, footage: Footage | None) -> SearchOrder:
    return SearchOrder(
        source=source,
        label=order.label,
        duration=terms.duration,
        width=terms.width,
        height=terms.height,
        video=terms.video,
        target=terms.target,
        largest_percent=terms.largest_percent,
        known=terms.known,
        prior=terms.prior,
        bias=terms.bias,
        proxy=terms.proxy,
        footage=footage,
    )
