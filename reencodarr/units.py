"""Units that appear in signatures. Times in media are integers in a `Fraction` time base, never floats."""

from typing import NewType

Bytes = NewType("Bytes", int)
Frames = NewType("Frames", int)
Seconds = NewType("Seconds", float)
Crf = NewType("Crf", float)
"""Constant rate factor of SVT-AV1, 1 to 70 in steps of 0.25; a higher value is a smaller, worse file."""
VmafScore = NewType("VmafScore", float)
"""0 to 100; about 6 points are one just noticeable difference for 75 % of viewers."""

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB
