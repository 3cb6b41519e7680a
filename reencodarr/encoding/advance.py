"""Whether an encode gets on: how long it has run, and how long it has stood at one frame.

Time passes only as long as ffmpeg speaks, which it does twice a second: a pause of any length is no standstill.
"""

_REST = 10.0
"""Seconds between two words that count at most."""


class Advance:
    """Counts word by word; moments are seconds by any clock that only goes forward."""

    def __init__(self, moment: float) -> None:
        self._heard = moment
        self.elapsed = 0.0
        """Seconds that the encode has run."""
        self.standing = 0.0
        """Seconds of these since its last new frame."""
        self.frames = 0

    def word(self, frames: int, moment: float) -> None:
        """Take the number of frames that ffmpeg had written at that moment."""
        passed, self._heard = min(moment - self._heard, _REST), moment
        self.elapsed += passed
        self.standing = self.standing + passed if frames <= self.frames else 0.0
        self.frames = max(self.frames, frames)
