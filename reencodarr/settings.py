"""Settings from the environment (prefix `REENCODARR_`) and their defaults. Built by `load`, never at import."""

import json
import os
from pathlib import Path
from typing import Annotated

import platformdirs
from pydantic import AliasChoices, BaseModel, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from pydantic_settings import SettingsError as Undecodable

from reencodarr.errors import SettingsError
from reencodarr.tools import variables
from reencodarr.tools.variables import PREFIX, AbsolutePath
from reencodarr.units import GIB

_LONGEST_TRASH_DAYS = 36500


def _patterns(value: object) -> object:
    """A JSON list, or patterns with `;` between them: brackets are common in patterns, so both may begin with one."""
    if not isinstance(value, str):
        return value
    try:
        listed = json.loads(value)
    except ValueError:
        listed = None
    return listed if isinstance(listed, list) else [part.strip() for part in value.split(";") if part.strip()]


Patterns = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_patterns)]


class BucketSettings(BaseModel):
    """An S3-compatible bucket; without an endpoint `reencodarr up` starts a server of its own."""

    model_config = {"frozen": True, "extra": "forbid"}

    endpoint: str | None = None
    """URL that this machine reaches it by."""
    public_endpoint: str | None = None
    """URL that workers reach it by, where that is another one."""
    name: str = "reencodarr"
    region: str = "us-east-1"
    access_key: SecretStr | None = None
    secret_key: SecretStr | None = None
    certificate: AbsolutePath | None = None
    """PEM of a certificate authority of your own."""
    quota_bytes: int = Field(200 * GIB, ge=GIB)
    """Most that films and results may take in it."""
    url_seconds: int = Field(3600, ge=60, le=7 * 86400)
    """How long a signed URL is good; workers ask for fresh ones."""


class ServerSettings(BaseModel):
    """How workers reach this server."""

    model_config = {"frozen": True, "extra": "forbid"}

    host: str = "127.0.0.1"
    """Address to listen on; `0.0.0.0` for workers on other machines."""
    port: int = Field(4200, ge=1, le=65535)
    public_url: str | None = None
    """URL that workers reach it by, where that is not host and port."""
    tls: bool = False
    """Serve HTTPS with a generated certificate that workers pin."""
    bucket_port: int = Field(4201, ge=1, le=65535)
    """Port of the S3 server that `reencodarr up` starts."""
    dashboard_port: int = Field(8501, ge=1, le=65535)
    """Loopback port of the dashboard that `reencodarr up` starts."""


class Settings(BaseSettings):
    """What the owner of a machine can set. Nothing here changes what a good encode is: that is the policy's."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True, populate_by_name=True, frozen=True
    )

    data_dir: AbsolutePath = Field(default_factory=lambda: Path(platformdirs.user_data_dir("reencodarr")))
    """Database, Prefect's home and default scratch."""
    database_url: SecretStr | None = None
    """SQLAlchemy URL; by default a SQLite file in `data_dir`."""
    scratch_dir: AbsolutePath | None = None
    """Where encodes are written before they are proven; by default `data_dir/scratch`."""
    policy: AbsolutePath | None = None
    """A TOML policy; by default the built-in one."""
    ffmpeg_path: Path | None = Field(None, validation_alias=AliasChoices("FFMPEG_PATH", f"{PREFIX}FFMPEG_PATH"))
    ab_av1_path: Path | None = Field(None, validation_alias=AliasChoices("AB_AV1_PATH", f"{PREFIX}AB_AV1_PATH"))
    engine: str = Field("native", pattern="^(native|ab-av1)$")
    """CRF search engine: `native` or `ab-av1`."""
    exclude: Patterns = ()
    """Glob patterns, relative to a library's root, that a scan leaves out; `**` crosses folders; `;` between them."""
    stable_seconds: float = Field(60.0, ge=0, allow_inf_nan=False)
    """A file younger than this, or one that changed during the scan, is still being written."""
    gone_limit: float = Field(0.05, gt=0, le=1)
    """The brake: a scan that would drop more than this share of the known files stops."""
    trash_days: float = Field(30.0, ge=0, le=_LONGEST_TRASH_DAYS)
    """How long originals stay in the trash."""
    reserve_bytes: int = Field(1 * GIB, ge=0)
    """What must stay free on every disk that is written."""
    probe_workers: int = Field(default_factory=lambda: max(1, (os.cpu_count() or 2) // 2), ge=1)
    """Windows of one probe that are encoded side by side."""
    bucket: BucketSettings = BucketSettings()
    server: ServerSettings = ServerSettings()
    analysis_workers: int = Field(default_factory=lambda: max(2, os.cpu_count() or 2), ge=1)

    @property
    def scratch(self) -> Path:
        return self.scratch_dir or self.data_dir / "scratch"

    @property
    def own_bucket(self) -> Path:
        """Where the bucket that `reencodarr up` starts keeps its objects."""
        return self.data_dir / "bucket"

    @property
    def own_bucket_url(self) -> str:
        """URL that this machine reaches that bucket by."""
        scheme, host = ("https", "localhost") if self.server.tls else ("http", "127.0.0.1")
        return f"{scheme}://{host}:{self.server.bucket_port}"

    @property
    def database(self) -> str:
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir / 'reencodarr.db'}"


def load() -> Settings:
    """The settings of this process.

    Raises SettingsError for unknown variables (with what was probably meant) and wrong values.
    """
    variables.refuse_unknown(os.environ, Settings)
    try:
        return Settings()
    except Undecodable as error:
        raise SettingsError(f"A setting cannot be read: {error}.", advice="Nested settings are JSON.") from error
    except ValidationError as error:
        raise variables.wrong(error) from error
