"""What ab-av1 says in its JSON, one object a line. It promises the keys that are read here and may add others."""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, ValidationError

from reencodarr.quality.engine import Probe
from reencodarr.units import Crf, Seconds, VmafScore

log = logging.getLogger(__name__)


class _Message(BaseModel):
    """A line of its standard output; further keys and types are ignored, as its documentation asks."""

    model_config = ConfigDict(extra="ignore")

    type: str
    crf: float | None = None
    vmaf: float | None = None
    predicted_encode_percent: float | None = None
    message: str = ""


@dataclass(slots=True, kw_only=True)
class Listener:
    """Takes the lines of one run."""

    on_attempt: Callable[[Probe], None]
    attempts: list[Probe] = field(default_factory=list)
    best: Crf | None = None
    error: str = ""
    _since: float = field(default_factory=time.monotonic)

    def line(self, text: str) -> None:
        message = _parsed(text)
        if message is None:
            return
        if message.type == "sample-encode-done" and message.crf is not None and message.vmaf is not None:
            now = time.monotonic()
            attempt = Probe(
                crf=Crf(message.crf),
                mean=VmafScore(message.vmaf),
                p5=None,
                percent=message.predicted_encode_percent or 0.0,
                seconds=Seconds(now - self._since),
                cpu_seconds=Seconds(0.0),  # ab-av1 does not tell
            )
            self._since = now
            self.attempts.append(attempt)
            self.on_attempt(attempt)
        elif message.type == "crf-search-done" and message.crf is not None:
            self.best = Crf(message.crf)
        elif message.type == "crf-search-error":
            self.error = message.message


def _parsed(text: str) -> _Message | None:
    """The message of a line; None for one that is none."""
    try:
        return _Message.model_validate(json.loads(text))
    except (ValueError, ValidationError):
        log.debug("ab-av1 said: %s", text)
        return None
