"""The URL as a value: which list of videos, which video. Pure. A wrong value in a link is ignored, never an error."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from reencodarr.library.reading import Query, Sort
from reencodarr.library.states import State

_Word = TypeVar("_Word", State, Sort)
_LARGEST = 2**31 - 1

Parameters = Mapping[str, Sequence[str]]
"""Every value of every parameter, in order."""


def query(parameters: Parameters) -> Query:
    """The list that these parameters ask for."""
    wanted = (_member(State, value) for value in parameters.get("state", ()))
    return Query(
        text=_first(parameters, "q"),
        state=tuple(dict.fromkeys(state for state in wanted if state is not None)),
        reason=_first(parameters, "reason"),
        library=_number(parameters, "library"),
        sort=_member(Sort, _first(parameters, "sort")) or Sort.NAME,
        number=_number(parameters, "page") or 1,
    )


def parameters(query: Query) -> dict[str, list[str]]:
    """The parameters of a list, those with their default left out, so that links stay short."""
    values: dict[str, list[str]] = {
        "q": [query.text],
        "state": [state.value for state in query.state],
        "reason": [query.reason],
        "library": [] if query.library is None else [str(query.library)],
        "sort": [] if query.sort is Sort.NAME else [query.sort.value],
        "page": [] if query.number == 1 else [str(query.number)],
    }
    return {name: found for name, found in values.items() if found and found != [""]}


def video(parameters: Parameters) -> int | None:
    """The video that these parameters name."""
    return _number(parameters, "video")


def cause(stage: str, category: str, code: str) -> str:
    """The name of a cause in a URL."""
    return "/".join((stage, category, code))


def _first(parameters: Parameters, name: str) -> str:
    return next(iter(parameters.get(name, ())), "")


def _number(parameters: Parameters, name: str) -> int | None:
    text = _first(parameters, name)
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text[:11]) <= _LARGEST else None


def _member(of: type[_Word], value: str) -> _Word | None:
    return next((member for member in of if member.value == value), None)
