"""Tying what Sonarrs and Radarrs listed to films that a scan of ours found only later, as in a library added since.

Until the next sync nobody else does, and a swap tells only those of whom it is known that they have the film.
"""

import functools
import logging
import os
from pathlib import Path

from reencodarr.arr import instance as instances
from reencodarr.arr import mapping
from reencodarr.arr.instance import Instance
from reencodarr.library import arr_files, database
from reencodarr.stages.workplace import Workplace

log = logging.getLogger(__name__)


def tie(workplace: Workplace) -> int:
    """Note of each listed file without a film which film of ours it is, if it is one now; how many were tied.

    Asks no instance. May be repeated safely.

    Raises SettingsError, DatabaseError.
    """
    tied = sum(_tied(workplace, one) for one in instances.configured(workplace.settings))
    if tied:
        log.info("%d films of this scan were listed by a Sonarr or Radarr before", tied)
    return tied


def _tied(workplace: Workplace, instance: Instance) -> int:
    real = functools.cache(os.path.realpath)
    with database.session(workplace.database, reads_only=True) as session:
        untied = arr_files.untied(session, instance.name)
    here = {file_id: mapping.to_ours(theirs, instance.mappings) for file_id, theirs in untied}
    places = {file_id: Path(real(ours.parent), ours.name) for file_id, ours in here.items() if ours}
    if not places:
        return 0
    with database.session(workplace.database) as session:
        return arr_files.tie(session, instance.name, places)
