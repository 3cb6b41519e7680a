"""Settings from the environment (prefix `REENCODARR_`) and their defaults. Built by `load`, never at import."""

import difflib
import os
from pathlib import Path

import platformdirs
from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from reencodarr.errors import SettingsError
from reencodarr.units import GIB

PREFIX = "REENCODARR_"


class Settings(BaseSettings):
    """What the owner of a machine can set. Nothing here changes what a good encode is: that is the policy's."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", frozen=True)

    data_dir: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("reencodarr")))
    """Database, Prefect's home and default scratch."""
    database_url: SecretStr | None = None
    """SQLAlchemy URL; by default a SQLite file in `data_dir`."""
    scratch_dir: Path | None = None
    """Where encodes are written before they are proven; by default `data_dir/scratch`."""
    policy: Path | None = None
    """A TOML policy; by default the built-in one."""
    ffmpeg_path: Path | None = Field(None, validation_alias=AliasChoices("FFMPEG_PATH", f"{PREFIX}FFMPEG_PATH"))
    ab_av1_path: Path | None = Field(None, validation_alias=AliasChoices("AB_AV1_PATH", f"{PREFIX}AB_AV1_PATH"))
    engine: str = "native"
    """CRF search engine: `native` or `ab-av1`."""
    exclude: tuple[str, ...] = ()
    """Glob patterns, relative to a library's root, that a scan leaves out; `**` crosses folders."""
    stable_seconds: float = Field(60.0, ge=0)
    """A file younger than this, or one that changed during the scan, is still being written."""
    gone_limit: float = Field(0.05, gt=0, le=1)
    """The brake: a scan that would drop more than this share of the known files stops."""
    trash_days: float = Field(30.0, ge=0)
    """How long originals stay in the trash."""
    reserve_bytes: int = Field(1 * GIB, ge=0)
    """What must stay free on every disk that is written."""
    probe_workers: int = Field(default_factory=lambda: max(1, (os.cpu_count() or 2) // 2), ge=1)
    """Windows of one probe that are encoded side by side."""
    analysis_workers: int = Field(default_factory=lambda: max(2, os.cpu_count() or 2), ge=1)

    @property
    def scratch(self) -> Path:
        return self.scratch_dir or self.data_dir / "scratch"

    @property
    def database(self) -> str:
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir / 'reencodarr.db'}"


def load() -> Settings:
    """The settings of this process.

    Raises SettingsError for unknown variables (with what was probably meant) and wrong values.
    """
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for name in os.environ:
        if name.startswith(PREFIX) and name.split("__")[0] not in known:
            close = difflib.get_close_matches(name, known, n=1)
            meant = f"Did you mean {close[0]}?" if close else "Unset it."
            raise SettingsError(f"There is no setting {name}.", advice=meant)
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "?"
        name = name if name.startswith(PREFIX) or name in {"FFMPEG_PATH", "AB_AV1_PATH"} else PREFIX + name
        raise SettingsError(f"The setting {name} is wrong: {first['msg']}.") from error
