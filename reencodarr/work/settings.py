"""What the owner of a worker's machine can set, from the environment (prefix `REENCODARR_`). Built by `load`.

A worker needs none of the server's settings, and uses none.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import platformdirs
from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from reencodarr.errors import SettingsError
from reencodarr.tools import capacity, variables
from reencodarr.tools.variables import PREFIX, AbsolutePath
from reencodarr.units import GIB
from reencodarr.work import token as tokens
from reencodarr.work.token import Token

_APP = "reencodarr-worker"


class WorkerSettings(BaseSettings):
    """One worker's settings."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, populate_by_name=True, frozen=True)

    server: str | None = None
    """URL of the server; by default the one in the token."""
    token: SecretStr | None = None
    """The line that `reencodarr workers add` printed on the server."""
    token_file: AbsolutePath | None = None
    """A file with that line; by default `token` in `data_dir`."""
    data_dir: AbsolutePath = Field(default_factory=lambda: Path(platformdirs.user_data_dir(_APP)))
    """The worker's memory: its token, Prefect's home, what it measured."""
    scratch_dir: AbsolutePath | None = None
    """Where films and encodes lie while they are worked on; by default a folder in the user's cache."""
    ffmpeg_path: Path | None = Field(None, validation_alias=AliasChoices("FFMPEG_PATH", f"{PREFIX}FFMPEG_PATH"))
    ab_av1_path: Path | None = Field(None, validation_alias=AliasChoices("AB_AV1_PATH", f"{PREFIX}AB_AV1_PATH"))
    slots: int = Field(1, ge=1, le=64)
    """Jobs at once. SVT-AV1 uses all cores for one."""
    probe_workers: int = Field(default_factory=lambda data: max(1, capacity.cores() // data.get("slots", 1)), ge=1)
    """Windows of one probe that are encoded side by side, as far as memory allows; by default all cores."""
    bandwidth: float | None = Field(None, gt=0, allow_inf_nan=False)
    """MiB a second for downloads and uploads together; by default no limit."""
    reserve_bytes: int = Field(1 * GIB, ge=0)
    """What must stay free on the scratch folder's disk."""
    scratch_quota_bytes: int | None = Field(None, ge=GIB // 16)
    """Most that all jobs together may take in the scratch folder; by default what the disk has."""

    @property
    def scratch(self) -> Path:
        return self.scratch_dir or Path(platformdirs.user_cache_dir(_APP)) / "scratch"

    @property
    def token_place(self) -> Path:
        """Where runs find the token."""
        return self.token_file or self.data_dir / "token"

    def joined(self) -> Token:
        """The token of this worker.

        Raises SettingsError.
        """
        if self.token is not None:
            return tokens.from_text(self.token.get_secret_value())
        if self.token_file is None and not self.token_place.exists():
            raise SettingsError(
                "This worker has no token.",
                advice="Run `reencodarr workers add NAME` on the server, and give its line in a file by --token-file.",
            )
        return tokens.from_file(self.token_place)


def load(*, ignored: Iterable[str] = ()) -> WorkerSettings:
    """The settings of this process; `ignored` are variables that are known to mean something elsewhere.

    Raises SettingsError for unknown variables (with what was probably meant) and wrong values.
    """
    variables.refuse_unknown(os.environ, WorkerSettings, ignored=ignored)
    try:
        return WorkerSettings()
    except ValidationError as error:
        raise variables.wrong(error) from error
