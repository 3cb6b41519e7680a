"""A failure on a worker as a value that travels: what happened, where, with which command and its last words."""

import logging
import platform
import traceback

from reencodarr import __version__
from reencodarr.errors import Category, ProgramFailed, ReencodarrError, Stage
from reencodarr.work.orders import Failed, Kind

log = logging.getLogger(__name__)

_LAST_WORDS = 4000
_STAGES = {Kind.CRF_SEARCH: Stage.CRF_SEARCH, Kind.ENCODE: Stage.ENCODE}


def failed(error: Exception, *, kind: Kind, worker: str, build: str) -> Failed:
    """What the server is told; the programs' part of it goes into this run's log as well.

    The stage is the job's own, wherever a program broke, but for transfers: these say nothing about the film.
    """
    context = {
        "worker": worker,
        "machine": platform.node(),
        "system": platform.platform(),
        "version": __version__,
        "build": build,
    }
    if isinstance(error, ProgramFailed):
        context |= {
            "command": error.command,
            "exit_code": str(error.exit_code),
            "stderr": error.stderr[-_LAST_WORDS:],
        }
        log.error("%s\nended with exit code %d:\n%s", error.command, error.exit_code, context["stderr"])
    stage = _STAGES[kind]
    if not isinstance(error, ReencodarrError):
        context["traceback"] = "".join(traceback.format_exception(error))[-_LAST_WORDS:]
        log.error("%s", context["traceback"])
        words = f"{type(error).__name__}: {error}"
        return Failed(stage=stage, category=Category.UNKNOWN, code="unknown", message=words, context=context)
    log.error("%s", error)
    return Failed(
        stage=error.stage if error.stage is Stage.TRANSFER else stage,
        category=error.category,
        code=error.code,
        message=error.message,
        advice=error.advice,
        transient=error.transient,
        context=context,
    )
