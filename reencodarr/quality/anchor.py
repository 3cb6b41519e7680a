"""Pilots brought to the level of the probes of all windows, so that all of them lie on one curve. Pure.

The windows of a pilot are not the film: their level may be some points off. How it changes with CRF is the film's,
though: losses of windows grow by nearly the same factor. So a pilot says by which factor the loss is another one
than at the CRF of a probe of all windows, and that factor is taken over.
"""

from collections.abc import Sequence
from dataclasses import replace

from reencodarr.quality import curve
from reencodarr.quality.curve import Point
from reencodarr.quality.engine import Probe, WindowScore
from reencodarr.quality.proxy import Seen
from reencodarr.units import VmafScore

REACH = 6.0
"""CRFs over which the level of pilots is followed to compare presets."""


def anchored(probes: Sequence[Probe]) -> tuple[Probe, ...]:
    """All probes by CRF, pilots at the level of the nearest probe of all windows; as they are where there is none.

    A pilot at the CRF of a probe of all windows is left out, and one that cannot be compared with any.
    """
    full = {probe.crf: probe for probe in probes if not probe.pilot}
    pilots = [probe for probe in probes if probe.pilot]
    if not full:
        return tuple(sorted(pilots, key=lambda one: one.crf))
    moved = [
        _moved(one, pilots, full[min(full, key=lambda crf: abs(crf - one.crf))])
        for one in pilots
        if one.crf not in full
    ]
    return tuple(sorted([*full.values(), *(one for one in moved if one is not None)], key=lambda one: one.crf))


def proxy_seen(probes: Sequence[Probe]) -> Seen | None:
    """What pilots at a faster preset and a probe of all windows at the film's own say of each other; None without both.

    Compared on the pilots' windows, at the CRF of the probe of all, between pilots or no further than `REACH` beside.
    """
    pilots = [probe for probe in probes if probe.pilot and probe.preset is not None]
    full = [probe for probe in probes if not probe.pilot and probe.preset is None]
    pairs = [(abs(pilot.crf - probe.crf), pilot, probe) for pilot in pilots for probe in full]
    if not pairs:
        return None
    distance, pilot, probe = min(pairs, key=lambda pair: pair[0])
    windows = _same_windows(pilot, probe)
    if distance > REACH or not windows:
        return None
    level = curve.predicted([Point(crf=one.crf, value=one.mean) for one in pilots], probe.crf)
    size = curve.percent(
        [Point(crf=one.crf, value=float(sum(w.size for w in one.windows))) for one in pilots], probe.crf
    )
    if size <= 0:
        return None
    return Seen(offset=_mean(windows) - level, size=sum(window.size for window in windows) / size)


def _shared_mean(pilot: Probe, full: Probe) -> float | None:
    """The mean of the pilot's windows in a probe of all; None where it does not tell them, or is of another preset."""
    windows = _same_windows(pilot, full)
    return _mean(windows) if windows and pilot.preset == full.preset else None


def _same_windows(pilot: Probe, full: Probe) -> list[WindowScore]:
    """The pilot's windows in a probe of all; none unless it has every one."""
    starts = {(window.start_pts, window.end_pts) for window in pilot.windows}
    same = [window for window in full.windows if (window.start_pts, window.end_pts) in starts]
    return same if len(same) == len(starts) else []


def _mean(windows: Sequence[WindowScore]) -> float:
    return sum(window.mean * window.frames for window in windows) / sum(window.frames for window in windows)


def _moved(pilot: Probe, pilots: Sequence[Probe], full: Probe) -> Probe | None:
    alike = [one for one in pilots if one.preset == pilot.preset]
    there = _level(pilot, alike, full)
    if there is None:
        return None
    gained = curve.loss(pilot.mean) - curve.loss(there)
    p5 = None if full.p5 is None else VmafScore(curve.score(curve.loss(full.p5) + gained))
    mean = VmafScore(curve.score(curve.loss(full.mean) + gained))
    return replace(pilot, mean=mean, p5=p5, percent=full.percent * _grown(pilot, alike, full), windows=())


def _level(pilot: Probe, pilots: Sequence[Probe], full: Probe) -> float | None:
    """VMAF of the pilots' windows at the CRF of the probe of all; None where a single pilot shows no fall."""
    shared = _shared_mean(pilot, full)
    if shared is not None:
        return shared
    if len(pilots) < 2:
        return None
    return curve.predicted([Point(crf=one.crf, value=one.mean) for one in pilots], full.crf)


def _grown(pilot: Probe, pilots: Sequence[Probe], full: Probe) -> float:
    """The factor by which the size at the pilot's CRF is another one than at that of the probe of all."""
    there = curve.percent([Point(crf=one.crf, value=one.percent) for one in pilots], full.crf)
    return pilot.percent / there if there > 0 else 1.0
