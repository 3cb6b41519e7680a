"""What is believed of a film's curve before anything of it was probed: from films alike that are finished. Pure.

A finished film tells more than a probe: its VMAF was measured on it and is no estimate from samples. Where a few of
its siblings lie close together, another sample of the film adds nothing to what they say.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from reencodarr.encoding.plan import QualityTarget
from reencodarr.quality import curve
from reencodarr.units import Crf, VmafScore


class Origin(StrEnum):
    """Whose curves a prior rests on."""

    SIBLINGS = "siblings"
    """Films of the same folder or series."""
    LIBRARY = "library"
    """Films of the same class anywhere."""
    DEFAULT = "default"
    """Twelve measured clips."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a finished film, or at least a finished search, tells about films like it."""

    crf: Crf
    mean: VmafScore
    """At that CRF: measured on the finished film where there is one, else predicted."""
    p5: VmafScore | None
    percent: float
    slope: float | None
    """u per CRF near `crf`; None where its search had one point only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Where the target is expected to be met, and how sure that is."""

    crf: Crf
    spread: float
    """Standard deviation of the CRF of one more film."""
    slope: float
    """u per CRF there."""
    percent: float | None
    """Expected size in per cent of the source's video; None: unknown."""
    films: int
    """On how many films it rests."""
    origin: Origin

    def half_width(self, target: VmafScore) -> float:
        """Half the 95 % interval of VMAF when the film is encoded at `crf` without a look at it."""
        return 2 * self.spread * self.slope * (curve.CEILING - target)


DEFAULT = Prior(crf=Crf(32.0), spread=6.0, slope=curve.PRIOR_SLOPE, percent=None, films=0, origin=Origin.DEFAULT)
"""For VMAF 95, which fell at CRF 22 to 41 over twelve real clips, in the middle of which 32 lies."""
_USUAL_MEAN = 95.0
_FURTHEST = 8.0
"""CRFs from the default's own by which another target may move it."""

_USUAL = {Origin.SIBLINGS: 1.5, Origin.LIBRARY: 6.0}
"""Standard deviations in CRF that are believed until films of its own have shown another one."""
_WORTH = 2
"""As many films that belief counts for."""
FEWEST = {Origin.SIBLINGS: 1, Origin.LIBRARY: 5}
"""Films that a prior needs at least."""


def default(target: QualityTarget) -> Prior:
    """What is expected where no film is known: the default's CRF, moved along the usual slope to this target.

    Over twelve measured curves that saves a twelfth of the frames of a search for VMAF 93.
    """
    away = (curve.loss(target.mean) - curve.loss(_USUAL_MEAN)) / curve.PRIOR_SLOPE
    crf = DEFAULT.crf + min(max(away, -_FURTHEST), _FURTHEST)
    return replace(DEFAULT, crf=_within(crf, target))


def of(films: Sequence[Past], target: QualityTarget, origin: Origin) -> Prior | None:
    """The prior that finished films give; None where they are too few.

    Each film's CRF is moved along its own slope to where it would have met this target, mean and p5 both.
    """
    if len(films) < FEWEST[origin]:
        return None
    found = [_moved(film, target) for film in films]
    middle = statistics.median(found)
    squares = math.fsum((crf - middle) ** 2 for crf in found)
    variance = (_WORTH * _USUAL[origin] ** 2 + squares) / (_WORTH + len(found) - 1)
    slopes = [film.slope for film in films if film.slope is not None]
    return Prior(
        crf=_within(middle, target),
        spread=math.sqrt(variance * (1 + 1 / len(found))),
        slope=statistics.median(slopes) if slopes else curve.PRIOR_SLOPE,
        percent=statistics.median(_resized(film, crf) for film, crf in zip(films, found, strict=True)),
        films=len(films),
        origin=origin,
    )


def _within(crf: float, target: QualityTarget) -> Crf:
    return Crf(min(max(crf, target.lowest_crf), target.highest_crf))


def _moved(film: Past, target: QualityTarget) -> float:
    slope = film.slope or curve.PRIOR_SLOPE
    by_mean = (curve.loss(target.mean) - curve.loss(film.mean)) / slope
    if film.p5 is None:
        return film.crf + by_mean
    return film.crf + min(by_mean, (curve.loss(target.floor_p5) - curve.loss(film.p5)) / slope)


def _resized(film: Past, crf: float) -> float:
    return film.percent * math.exp(-curve.PRIOR_SIZE_SLOPE * (crf - film.crf))
