"""The probes of a search on one curve, as they are drawn: pilots at the level of the probes of all windows."""

import json
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from reencodarr.library import searches as kept
from reencodarr.library.reading.parts import Probed
from reencodarr.library.reading.rows import probes, searches
from reencodarr.library.tables import VmafProbe
from reencodarr.quality import anchor
from reencodarr.quality.engine import Probe
from reencodarr.units import VmafScore


def of_film(session: Session, video: int) -> tuple[Probed, ...]:
    """Of the newest search of a video; of the one that runs or failed where none has finished. By CRF."""
    for of in (searches, probes):
        newest = select(of).where(of.c.video_id == video).order_by(of.c.id.desc()).limit(1)
        if (found := session.execute(newest).mappings().first()) is not None:
            break
    else:
        return ()
    query = select(probes).where(probes.c.video_id == video, probes.c.search_key == found["search_key"])
    rows = [VmafProbe(**row) for row in session.execute(query).mappings()]
    return drawn([_probe(row) for row in rows], target=VmafScore(found["target"]))


def drawn(seen: Sequence[Probe], *, target: VmafScore) -> tuple[Probed, ...]:
    """Probes of one search, by CRF; pilots that say nothing beside the probes of all windows are left out."""
    measured = {probe.kind: probe.mean for probe in seen}
    return tuple(
        Probed(
            crf=probe.crf,
            mean=probe.mean,
            p5=probe.p5,
            percent=probe.percent,
            target=target,
            seconds=probe.seconds,
            pilot=probe.pilot,
            preset=probe.preset,
            measured=measured[probe.kind] if probe.pilot else None,
        )
        for probe in anchor.anchored(seen)
    )


def _probe(row: VmafProbe) -> Probe:
    """What was kept; without its windows where another version wrote them."""
    try:
        plan = json.loads(row.parameters)
        return kept.probe(row, preset=plan["preset"])
    except (ValueError, KeyError, TypeError):
        row.windows = "[]"
        return kept.probe(row, preset=row.preset)
