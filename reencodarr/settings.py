"""Settings from the environment (prefix `REENCODARR_`) and their defaults. Built by `load`, never at import."""

import json
import os
import re
from pathlib import Path
from typing import Annotated

import platformdirs
from pydantic import AliasChoices, BaseModel, BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from pydantic_settings import SettingsError as Undecodable

from reencodarr.errors import SettingsError
from reencodarr.tools import capacity, variables
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


def _pairs(value: object) -> object:
    """`left=right;left=right`, or a JSON object where a name holds one of these signs."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("{"):
        listed = json.loads(value)
        return tuple(listed.items())
    pairs = [part.split("=") for part in value.split(";") if part.strip()]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError("write left=right;left=right, or a JSON object")
    return tuple((left.strip(), right.strip()) for left, right in pairs)


class ArrSettings(BaseModel):
    """One Sonarr or Radarr."""

    model_config = {"frozen": True, "extra": "forbid"}

    url: str
    """With its URL base, if it has one: `http://nas:8989/sonarr`."""
    api_key: SecretStr = Field(min_length=1)
    mappings: Annotated[tuple[tuple[str, AbsolutePath], ...], NoDecode, BeforeValidator(_pairs)] = ()
    """What their folders are here: `/tv=/mnt/nas/tv;/movies=/mnt/nas/movies`."""
    tags_policy: Annotated[tuple[tuple[str, str], ...], NoDecode, BeforeValidator(_pairs)] = ()
    """Which tag chooses which policy: `anime=/etc/reencodarr/anime.toml`."""
    rename: bool = True
    """After a swap, have it name that file, and no other, as its own scheme has it: names may tell the codec."""

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        if not re.fullmatch(r"https?://[^/?#@\s]+(/[^?#\s]*)?", value):
            raise ValueError("write http:// or https://, HOST:PORT and its URL base, if any; no password, no query")
        return value.rstrip("/")

    @field_validator("api_key")
    @classmethod
    def _fit_for_a_header(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[\x21-\x7e]+", value.get_secret_value()):
            raise ValueError("it holds signs that no API key has")
        return value

    @field_validator("tags_policy")
    @classmethod
    def _lower_case(cls, value: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        return tuple((tag.lower(), str(Path(policy).expanduser().absolute())) for tag, policy in value)


class NotifySettings(BaseModel):
    """Who is told about failures that need a person, and sent the daily summary."""

    model_config = {"frozen": True, "extra": "forbid", "hide_input_in_errors": True}

    urls: Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_patterns)] = ()
    """Apprise URLs, `;` between them or as a JSON list; they hold tokens."""
    failures: bool = True
    """Tell of failures that need a person."""
    summary: bool = True
    """Send a summary once a day."""
    summary_hour: int = Field(8, ge=0, le=23)
    """When, in this machine's own time."""


InstanceName = Annotated[str, Field(pattern=r"^[a-z0-9]+([_-][a-z0-9]+)*$", max_length=64)]


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
    probe_workers: int = Field(default_factory=capacity.cores, ge=1)
    """Windows of one probe that are encoded side by side, as far as memory allows; by default all cores."""
    bucket: BucketSettings = BucketSettings()
    server: ServerSettings = ServerSettings()
    sonarr: dict[InstanceName, ArrSettings] = {}
    """Each under a name of its own: `REENCODARR_SONARR__MAIN__URL`."""
    radarr: dict[InstanceName, ArrSettings] = {}
    notify: NotifySettings = NotifySettings()
    arr_searches_a_day: int = Field(10, ge=0)
    """Most replacements of bad files that are looked for in a day."""
    analysis_workers: int = Field(default_factory=lambda: max(2, capacity.cores()), ge=1)

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
