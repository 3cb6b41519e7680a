"""Curves through measured points: PCHIP, which neither overshoots nor invents a turn. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Curve:
    """A piecewise cubic through points, with the slopes of Fritsch and Butland; straight lines beyond its ends."""

    x: tuple[float, ...]
    """Strictly rising; at least two."""
    y: tuple[float, ...]
    slopes: tuple[float, ...]

    def __call__(self, at: float) -> float:
        """The value at `at`."""
        if at <= self.x[0]:
            return self.y[0] + (at - self.x[0]) * self.slopes[0]
        if at >= self.x[-1]:
            return self.y[-1] + (at - self.x[-1]) * self.slopes[-1]
        place = int(np.searchsorted(self.x, at, side="right")) - 1
        width = self.x[place + 1] - self.x[place]
        t = (at - self.x[place]) / width
        values = (1 + 2 * t) * (1 - t) ** 2, t * (1 - t) ** 2 * width, t**2 * (3 - 2 * t), t**2 * (t - 1) * width
        knots = self.y[place], self.slopes[place], self.y[place + 1], self.slopes[place + 1]
        return sum(value * knot for value, knot in zip(values, knots, strict=True))


def pchip(points: Sequence[tuple[float, float]]) -> Curve:
    """The curve through at least two points with different x."""
    ordered = sorted(points)
    x, y = (tuple(float(point[axis]) for point in ordered) for axis in (0, 1))
    widths = [float(width) for width in np.diff(x)]
    rises = [float(rise) / width for rise, width in zip(np.diff(y), widths, strict=True)]
    if len(x) == 2:
        return Curve(x, y, (rises[0],) * 2)
    inner = [_inner(widths[n : n + 2], rises[n : n + 2]) for n in range(len(x) - 2)]
    first = _end(widths[:2], rises[:2])
    last = _end(widths[:-3:-1], rises[:-3:-1])
    return Curve(x, y, (first, *inner, last))


def _inner(widths: Sequence[float], rises: Sequence[float]) -> float:
    """The weighted harmonic mean of the slopes to both sides; flat at a turn."""
    if rises[0] * rises[1] <= 0:
        return 0.0
    before, after = 2 * widths[1] + widths[0], widths[1] + 2 * widths[0]
    return (before + after) / (before / rises[0] + after / rises[1])


def _end(widths: Sequence[float], rises: Sequence[float]) -> float:
    """Three points' parabola at the end, held so that the curve stays monotone."""
    slope = ((2 * widths[0] + widths[1]) * rises[0] - widths[0] * rises[1]) / (widths[0] + widths[1])
    if slope * rises[0] <= 0:
        return 0.0
    if rises[0] * rises[1] <= 0 and abs(slope) > abs(3 * rises[0]):
        return 3 * rises[0]
    return slope
