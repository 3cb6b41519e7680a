"""What finished searches and encodes teach the next search of a film like them. Reads only.

A lesson counts for films of one class (`quality.keys.class_key`): the same encoder, arguments and model, pictures of
one kind. What it means is decided by `quality.prior`, `bias` and `proxy`.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Select, Text, or_, select, type_coerce
from sqlmodel import Session, col
from sqlmodel import select as typed

from reencodarr import paths
from reencodarr.library.tables import Encode, Search, Video
from reencodarr.quality import curve
from reencodarr.quality.curve import Point
from reencodarr.quality.prior import Past
from reencodarr.quality.proxy import Seen
from reencodarr.units import Crf, VmafScore

ASKED = 200
"""The newest searches that a lesson rests on."""
_SEASON = re.compile(r"(season|series|staffel|saison|stagione|temporada|specials?|s)[ ._-]*\d*", re.IGNORECASE)


def siblings(session: Session, path: Path, class_key: str) -> tuple[Past, ...]:
    """Films of the class in the same folder; where there is none and it is a season's, those of the series."""
    season = path.parent
    found = _below(session, season, class_key, but=path)
    here = [(other, past) for other, past in found if other.parent == season]
    if not here and _SEASON.fullmatch(season.name):
        here = _below(session, season.parent, class_key, but=path)
    return tuple(past for _, past in here)


def library(session: Session, class_key: str, *, but: Path) -> tuple[Past, ...]:
    """Films of the class anywhere."""
    query = _searched(class_key).where(col(Video.path) != but)
    return tuple(past for _, past in _pasts(session.execute(query).tuples()))


def deviations(session: Session, class_key: str) -> tuple[float, ...]:
    """By how much films of the class were better than their samples, VMAF; whatever bias was known then is put back."""
    finished = (col(Encode.video_id) == col(Search.video_id)) & (col(Encode.ended_at) >= col(Search.searched_at))
    query = (
        typed(Search.video_id, Search.bias, Encode.deviation)
        .join(Encode, finished)
        .where(Search.class_key == class_key, col(Search.sampled), col(Encode.deviation).is_not(None))
        .order_by(col(Search.id), col(Encode.id).desc())
    )
    newest = {video: bias + (deviation or 0.0) for video, bias, deviation in session.exec(query).all()}
    return tuple(newest.values())[-ASKED:]


def proxies(session: Session, class_key: str) -> tuple[Seen, ...]:
    """What films of the class have shown at the proxy's preset and at their own."""
    query = (
        typed(Search.proxy_offset, Search.proxy_size)
        .where(Search.class_key == class_key, col(Search.proxy_offset).is_not(None))
        .order_by(col(Search.id).desc())
        .limit(ASKED)
    )
    return tuple(
        Seen(offset=offset, size=size) for offset, size in session.exec(query).all() if offset is not None and size
    )


def _below(session: Session, folder: Path, class_key: str, *, but: Path) -> list[tuple[Path, Past]]:
    stored = type_coerce(col(Video.path), Text())
    below = or_(*(stored.startswith(start, autoescape=True) for start in paths.starts_below(folder)))
    return _pasts(session.execute(_searched(class_key).where(below, col(Video.path) != but)).tuples())


def _searched(class_key: str) -> Select[tuple[Path, Search, Encode]]:
    """The newest met searches of a class, each with its film's name and its encodes, if any, the newest first."""
    measured = (
        (col(Encode.video_id) == col(Search.video_id))
        & (col(Encode.ended_at) >= col(Search.searched_at))
        & col(Encode.achieved).is_not(None)
    )
    return (
        select(col(Video.path), Search, Encode)
        .join(Search, col(Search.video_id) == col(Video.id))
        .outerjoin(Encode, measured)
        .where(col(Search.class_key) == class_key, col(Search.met))
        .order_by(col(Search.id).desc(), col(Encode.id).desc())
        .limit(ASKED)
    )


def _pasts(found: Iterable[tuple[Path, Search, Encode | None]]) -> list[tuple[Path, Past]]:
    newest: dict[int, tuple[Path, Search, Encode | None]] = {}
    for path, search, encode in found:
        newest.setdefault(search.video_id, (path, search, encode))
    pasts = [(path, _past(search, encode)) for path, search, encode in newest.values()]
    return [(path, past) for path, past in pasts if past is not None]


def _past(search: Search, encode: Encode | None) -> Past | None:
    """None where neither a probe nor a finished film says anything: a prior that was trusted is no news."""
    if encode is not None and encode.achieved is not None:
        size = curve.percent([Point(crf=search.crf, value=search.percent)], encode.crf)
        p5 = None if encode.achieved_p5 is None else VmafScore(encode.achieved_p5)
        mean = VmafScore(encode.achieved)
        return Past(crf=Crf(encode.crf), mean=mean, p5=p5, percent=size, slope=search.slope)
    if not search.probed:
        return None
    mean = VmafScore(search.predicted)
    return Past(crf=Crf(search.crf), mean=mean, p5=None, percent=search.percent, slope=search.slope)
