"""Where the result of an attempt is left: in the bucket, or beside the server's own scratch. Written once, whole."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from reencodarr.errors import JobLost, JobRefused, ServerRefused, ServerUnreachable, StorageError
from reencodarr.paths import from_text
from reencodarr.tools import scratch as scratches
from reencodarr.transfer import small
from reencodarr.transfer.line import Line
from reencodarr.transfer.patience import rest, scattered
from reencodarr.transfer.urls import Renewing
from reencodarr.units import Seconds
from reencodarr.work import orders
from reencodarr.work.orders import LocalSource, Order, Result
from reencodarr.work.talk import Urls

log = logging.getLogger(__name__)

PATIENCE = Seconds(3600.0)
"""What took hours is not thrown away because the bucket is away for one."""
HURRIED = Seconds(8.0)
"""For a run that is about to be killed."""

_PAUSE = Seconds(15.0)

Fetch = Callable[[], Urls]


def leave(
    order: Order, result: Result, *, scratch: Path, fetch: Fetch, line: Line, patience: Seconds = PATIENCE
) -> bool:
    """Leave the result where the server looks for it; whether it is there. May be repeated safely.

    False when the attempt does not hold the job any more (nothing is written then), or nobody took it for so long.
    Raises SettingsError, NoSpace for a result on this machine.
    """
    text = orders.result_json(result).encode()
    if isinstance(order.source, LocalSource):
        place = orders.kept_result(from_text(order.source.results), order.job, order.attempt)
        with scratches.folder(scratch, "result") as folder:
            (folder / "result").write_bytes(text)
            scratches.keep(folder / "result", place)
        return True
    return _put(text, fetch=fetch, line=line, patience=patience)


def _put(text: bytes, *, fetch: Fetch, line: Line, patience: Seconds) -> bool:
    url = Renewing(lambda: fetch().result, name="result.json")
    end = time.monotonic() + patience
    while True:
        try:
            small.put(url, text, line=line)
        except (StorageError, ServerUnreachable) as error:
            if time.monotonic() + _PAUSE > end:
                log.error("the result could not be left: %s", error)
                return False
            log.warning("the result could not be left yet: %s", error)
        except (JobLost, JobRefused, ServerRefused) as error:
            log.warning("the result is not wanted: %s", error)
            return False
        else:
            return True
        rest(scattered(_PAUSE), line.stop)
