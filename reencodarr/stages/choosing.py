"""Which policy decides about a film, and what its Sonarr or Radarr knows of it that its file does not say.

A tag of its series or movie can choose a policy of its own (`TAGS_POLICY`); the year stands in where neither the
file's name nor its tags have one. Both are hints: a film that none of them knows is decided like any other.
"""

import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session, col, select

from reencodarr.arr import instance
from reencodarr.encoding import policy as policies
from reencodarr.encoding.policy import Policy
from reencodarr.errors import PolicyError
from reencodarr.library import arr_files
from reencodarr.library.tables import ArrFile
from reencodarr.media.facts import MediaFacts
from reencodarr.stages.workplace import Workplace

_FILES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What is said of one film."""

    year: int | None = None
    tag: str = ""
    """The tag that chose the policy."""
    policy: str = ""
    """The file that it chose; empty for the policy of all films."""


NONE = Hint()


def hints(session: Session, workplace: Workplace, video_ids: Sequence[int]) -> dict[int, Hint]:
    """What is said of some films, where anything is. Reads only.

    Of several instances the first by name that knows a tag decides, and in it the first tag in the setting's order.
    """
    chosen = {one.name: one.tag_policies for one in instance.configured(workplace.settings)}
    found: dict[int, Hint] = {}
    for first in range(0, len(video_ids) if chosen else 0, arr_files.AT_ONCE):
        some = video_ids[first : first + arr_files.AT_ONCE]
        query = select(ArrFile).where(col(ArrFile.video_id).in_(some), col(ArrFile.instance).in_(chosen))
        for row in session.exec(query.order_by(col(ArrFile.instance), col(ArrFile.file_id))).all():
            said = found.get(row.video_id or 0, NONE)
            tag, file = _choice(arr_files.tags(row), chosen[row.instance])
            known = (said.tag, said.policy) if said.policy else (tag, file)
            found[row.video_id or 0] = Hint(year=said.year or row.year, tag=known[0], policy=known[1])
    return found


def policy(workplace: Workplace, hint: Hint) -> Policy:
    """The policy that decides about a film.

    Raises PolicyError, which names the file that a tag chose, and the tag.
    """
    if not hint.policy:
        return workplace.policy
    path = Path(hint.policy)
    try:
        status = path.stat()
        return _loaded(path, status.st_mtime_ns, status.st_size)
    except OSError as error:
        raise _unusable(hint, path, f"{path} cannot be read: {error.strerror}.") from error
    except PolicyError as error:
        raise _unusable(hint, path, error.message) from error


def with_year(facts: MediaFacts, hint: Hint) -> MediaFacts:
    """The facts as the rules are to see them."""
    if facts.content_year is not None or hint.year is None:
        return facts
    return dataclasses.replace(facts, content_year=hint.year)


def _choice(tags: Sequence[str], chosen: Sequence[tuple[str, str]]) -> tuple[str, str]:
    return next(((tag, file) for tag, file in chosen if tag in tags), ("", ""))


@functools.lru_cache(_FILES)
def _loaded(path: Path, _changed: int, _size: int) -> Policy:
    """Read once for as long as the file stays as it is."""
    return policies.load(path)


def _unusable(hint: Hint, path: Path, words: str) -> PolicyError:
    return PolicyError(
        f"The policy that the tag {hint.tag} chooses cannot be used: {words}",
        path=path,
        advice="Mend the file, or the setting TAGS_POLICY of its Sonarr or Radarr; then retry the film.",
    )
