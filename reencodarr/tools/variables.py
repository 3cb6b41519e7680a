"""Environment variables of ours: which names there are, and what a wrong one means. Server and worker share it."""

import difflib
import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ValidationError

from reencodarr.errors import SettingsError

PREFIX = "REENCODARR_"
PLAIN = frozenset({"FFMPEG_PATH", "AB_AV1_PATH"})
"""Variables that have no prefix, because people know them so."""
_NOT_OURS = f"{PREFIX}TEST_"
"""What the project's own tests read (where their real films are) is no setting."""


def _absolute(path: Path) -> Path:
    """A service has another working folder than the shell in which the setting was written."""
    return path.expanduser().absolute()


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]


def names(model: type[BaseModel], prefix: str = PREFIX) -> set[str]:
    """Every variable that sets a field of `model`, or of a model inside it.

    `*` stands for a name that the owner chooses.
    """
    found: set[str] = set()
    for name, field in model.model_fields.items():
        variable = f"{prefix}{name.upper()}"
        found.add(variable)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found |= names(field.annotation, f"{variable}__")
        elif get_origin(field.annotation) is dict and issubclass(inner := get_args(field.annotation)[1], BaseModel):
            found |= names(inner, f"{variable}__*__")
    return found


def refuse_unknown(given: Iterable[str], model: type[BaseModel], *, ignored: Iterable[str] = ()) -> None:
    """Refuse a variable with our prefix that sets nothing in `model`: a misspelt setting must not be ignored.

    `ignored` are variables that mean something elsewhere.

    Raises SettingsError.
    """
    known = names(model)
    passed = known | set(ignored)
    chosen = [one for one in passed if "*" in one]
    for name in given:
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper.startswith(_NOT_OURS) or upper in passed:
            continue
        if any(_stands_for(one, upper) for one in chosen):
            continue
        meant = difflib.get_close_matches(upper.removeprefix(PREFIX), [one.removeprefix(PREFIX) for one in known], n=1)
        advice = f"Did you mean {PREFIX}{_filled(meant[0], upper)}?" if meant else "Unset it."
        raise SettingsError(f"There is no setting {name}.", advice=advice)


def wrong(error: ValidationError) -> SettingsError:
    """The error that names every variable with a wrong value."""
    words = "; ".join(f"{_variable(_place(one['loc']))}: {one['msg']}" for one in error.errors())
    return SettingsError(f"A setting is wrong. {words}.", advice="Correct it, or unset it.")


def _stands_for(pattern: str, name: str) -> bool:
    """Whether a name is what `pattern` means: where that has `*`, anything without the separator."""
    wanted, given = pattern.split("__"), name.split("__")
    return len(wanted) == len(given) and all(one in {"*", other} for one, other in zip(wanted, given, strict=True))


def _filled(pattern: str, name: str) -> str:
    """A pattern with the owner's name put where it has `*`."""
    given = name.split("__")
    return pattern.replace("*", given[1]) if len(given) > 1 else pattern


def _place(found: tuple[int | str, ...]) -> str:
    """The names on the way to a wrong value; what lies inside one variable is left out."""
    names = itertools.takewhile(lambda one: isinstance(one, str) and one != "[key]", found)
    return "__".join(str(one) for one in names)


def _variable(name: str) -> str:
    """The variable that people set, for the name that validation reports."""
    upper = name.upper()
    return upper if upper.startswith(PREFIX) or upper in PLAIN else PREFIX + upper
