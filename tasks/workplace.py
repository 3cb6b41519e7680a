"""The workplace of this process, opened once; and the domain's log records, which Prefect would drop below WARNING."""

import functools
import logging

from reencodarr import settings
from reencodarr.stages.workplace import Workplace, open_workplace


@functools.cache
def current() -> Workplace:
    """The workplace that all tasks of this process share.

    Raises SettingsError, PolicyError, ProgramMissing, DatabaseError.
    """
    # `PREFECT_LOGGING_EXTRA_LOGGERS=reencodarr` attaches the handler; the level stays WARNING without this (measured).
    logging.getLogger("reencodarr").setLevel(logging.INFO)
    return open_workplace(settings.load())
