"""Environment variables of ours: which names there are, and what a wrong one means. Server and worker share it."""

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

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
    """Every variable that sets a field of `model`, or of a model inside it."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        variable = f"{prefix}{name.upper()}"
        found.add(variable)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found |= names(field.annotation, f"{variable}__")
    return found


def refuse_unknown(given: Iterable[str], model: type[BaseModel], *, ignored: Iterable[str] = ()) -> None:
    """Refuse a variable with our prefix that sets nothing in `model`: a misspelt setting must not be ignored.

    `ignored` are variables that mean something elsewhere.

    Raises SettingsError.
    """
    known = names(model)
    passed = known | set(ignored)
    for name in given:
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper.startswith(_NOT_OURS) or upper in passed:
            continue
        meant = difflib.get_close_matches(upper.removeprefix(PREFIX), [one.removeprefix(PREFIX) for one in known], n=1)
        advice = f"Did you mean {PREFIX}{meant[0]}?" if meant else "Unset it."
        raise SettingsError(f"There is no setting {name}.", advice=advice)


def wrong(error: ValidationError) -> SettingsError:
    """The error that names every variable with a wrong value."""
    words = "; ".join(f"{_variable(str(one['loc'][0]))}: {one['msg']}" for one in error.errors())
    return SettingsError(f"A setting is wrong. {words}.", advice="Correct it, or unset it.")


def _variable(name: str) -> str:
    """The variable that people set, for the name that validation reports."""
    upper = name.upper()
    return upper if upper.startswith(PREFIX) or upper in PLAIN else PREFIX + upper
