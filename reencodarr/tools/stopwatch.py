"""What the time since a program's start was: work, silence, or neither, because somebody held it still meanwhile."""

import time

from reencodarr.tools import processes

TICK = 0.5
"""Seconds that a program is listened to at once."""
_REST = 5.0
"""What takes longer between two looks is no work of the program: this process was stopped, or the computer slept."""


class Stopwatch:
    """Times one program, look by look."""

    def __init__(self, pid: int, started: float) -> None:
        """`started` by `time.monotonic`."""
        self._pid, self._looked = pid, started
        self.wall = 0.0
        """Seconds without those in which it, or this process, was held still."""
        self.silence = 0.0
        """Seconds since it last spoke, counted likewise."""

    def look(self, *, spoke: bool, listened: float) -> None:
        """Count the time since the last look: whether it spoke, and how long it was listened to."""
        moment = time.monotonic()
        passed, self._looked = moment - self._looked, moment
        if not spoke and processes.is_still(self._pid):
            return
        self.wall += min(passed, _REST)
        # Capped: a computer that slept, or a whole process group that was stopped, was not silent meanwhile.
        self.silence = 0.0 if spoke else self.silence + min(listened, 2 * TICK)
