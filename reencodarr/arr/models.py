"""What Sonarr and Radarr answer, read leniently: unknown fields mean nothing, and what is not vital may be missing.

Everything here is a hint. What is known of a film comes from the film itself.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.alias_generators import to_camel

T = TypeVar("T")

Resource = dict[str, Any]
"""A resource that is given back as it came, with what we do not know of it."""

PENDING = frozenset({"queued", "started"})
GRABBED = "grabbed"
BLOCKED = "downloadFailed"
_YEARS = range(1870, 2200)
IMPORTED = frozenset({"downloadFolderImported", "seriesFolderImported", "movieFolderImported"})


def _lenient(value: object, read: ValidatorFunctionWrapHandler) -> object:
    """Nothing, where the value cannot be read: no hint is worth losing a file over."""
    try:
        return read(value)
    except ValidationError:
        return None


def _text(value: object) -> object:
    return "" if value is None else value


def _year(value: int | None) -> int | None:
    """0 is how they say that they do not know; beyond the years of films is a slip of somebody's finger."""
    return value if value and value in _YEARS else None


Hint = Annotated[T | None, WrapValidator(_lenient)]
Text = Annotated[str, BeforeValidator(_text)]
Id = Annotated[int, Field(ge=1, lt=2**31)]
Year = Annotated[Hint[int], AfterValidator(_year)]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel, populate_by_name=True)


class Status(_Answer):
    """What it says about itself."""

    app_name: str
    version: str


class MediaFile(_Answer):
    """A file, as it knows it. What it believes of its streams (`mediaInfo`) is not read: that is asked of the film."""

    id: Id
    title_id: Id
    """Of the series or movie."""
    path: str = Field(min_length=1)
    """As it sees it."""
    size: int = Field(ge=0, lt=2**63)
    """Bytes."""
    date_added: Text = ""
    edition: Text = ""
    year: Year = None
    """In which this was first seen: an episode's own year, not its series'."""


class Part(_Answer):
    """An episode."""

    id: Id


class Aired(_Answer):
    """When an episode was first seen, and in which file it is."""

    file_id: Hint[int] = None
    year: Year = None


class Title(_Answer):
    """A series or a movie."""

    id: Id
    title: Text = ""
    year: Year = None
    path: Text = ""
    slug: Text = ""
    """What its web page is called; see `Instance.page`."""
    tags: tuple[int, ...] = ()
    files: tuple[MediaFile, ...] | None = None
    """Where the answer held them; None means: ask for them."""


class Command(_Answer):
    """Something it was told to do."""

    id: Id
    name: Text = ""
    status: str
    result: Text = ""
    message: Text = ""
    exception: Text = ""

    @property
    def pending(self) -> bool:
        return self.status in PENDING

    @property
    def good(self) -> bool:
        return self.status == "completed" and self.result != "unsuccessful"


class Rename(_Answer):
    """A file that it would name otherwise."""

    file_id: Id
    title_id: Id
    existing_path: Text = ""
    """Relative to the title's folder, as is the next."""
    new_path: Text = ""


class HistoryRecord(_Answer):
    """Something that happened to a title."""

    id: Id
    title_id: Id
    part_id: Id
    """The episode; for Radarr the movie."""
    event: str = Field("", alias="eventType")
    source_title: Text = ""
    """The release."""
    date: Hint[datetime] = None
    download_id: Text = ""
    file_id: Hint[int] = Field(None, validation_alias=AliasPath("data", "fileId"))
    """The file that an import made; it may be gone."""


def renamed(entry: Mapping[str, Any], names: Mapping[str, tuple[str, ...]]) -> Resource:
    """An entry with each application's own names (`seriesId`, `movieId`) turned into ours (`titleId`)."""
    return {name: value for key, value in entry.items() for name in names.get(key, (key,))}
