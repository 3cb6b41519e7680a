"""What worker and server say to each other below `/api/reencodarr/`, as frozen values that travel as JSON.

Who speaks is told by the secret alone (HTTP Basic, like Prefect's own API), so no message names its worker.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from reencodarr.errors import OrderUnreadable
from reencodarr.quality.engine import Probe
from reencodarr.transfer.parts import Part
from reencodarr.units import Bytes, Seconds

T = TypeVar("T")

PREFIX = "/api/reencodarr"
HELLO = f"{PREFIX}/hello"
BEAT = f"{PREFIX}/beat"
WORKER_BEAT_EVERY = Seconds(30.0)
JOB_BEAT_EVERY = Seconds(15.0)
OFFLINE_AFTER = Seconds(120.0)
"""A worker that was silent for so long gets no more work."""


def job_path(job: str, verb: str) -> str:
    """Where a worker speaks about a job: `claim`, `beat`, `urls`, `upload`, `parts`."""
    return f"{PREFIX}/jobs/{job}/{verb}"


class Platform(StrEnum):
    """A kind of machine; the name of its pool."""

    LINUX = "linux"
    WINDOWS = "windows"
    MACOS = "macos"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a machine is and can do, found out by trying."""

    platform: Platform
    machine: str
    """Architecture: `x86_64`, `arm64`."""
    system: str
    """For people: `Debian 12`, `Windows 11`."""
    cores: int
    memory: Bytes
    scratch_free: Bytes
    version: str
    """Of Reencodarr."""
    build: str
    """Of the encoder: `tools.ffmpeg.Build.identity`."""
    libvmaf: str
    engines: tuple[str, ...]
    slots: int
    """Jobs it does at once."""
    fps: float | None = None
    """Measured on its own finished encodes: 1080p frames a second; None until there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """The server's answer to a machine that wants to work."""

    name: str
    pool: str
    queues: tuple[str, ...]
    """To be polled."""
    prefect_path: str = "/api"
    local: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerBeat:
    """A sign of life of a worker."""

    draining: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A run on a worker asks for its order."""

    attempt: int
    flow_run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """How far a job is."""

    stage: str
    """`download`, `crf_search`, `encode`, `measure`, `upload`."""
    label: str = ""
    fraction: float | None = None
    fps: float | None = None
    eta: float | None = None
    detail: str = ""
    bytes_down: Bytes = Bytes(0)
    bytes_up: Bytes = Bytes(0)
    paused: bool = False
    """Its programs are held still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobBeat:
    """A sign of life of a job; renews its lease."""

    attempt: int
    moment: Moment
    probes: tuple[Probe, ...] = ()
    """Those that the server has not confirmed yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoOn:
    """Whether a job is still wanted."""

    go_on: bool
    words: str = ""
    pause: bool = False
    """It is wanted, but not now: it shall rest until an answer says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Urls:
    """Fresh signed URLs for an attempt: those of its staged source, and where its result goes."""

    film: str = ""
    sheet: str = ""
    excerpt: str = ""
    result: str = ""
    """For one PUT of `result.json`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadAsked:
    """A finished encode wants to be uploaded."""

    attempt: int
    size: Bytes
    suffix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An open multipart upload. Asked again for the same attempt and size, it is the same one, with what it has."""

    upload_id: str
    part_size: Bytes
    there: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsAsked:
    """Signed URLs are wanted for some parts."""

    attempt: int
    upload_id: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartUrls:
    """One URL a part, each for one PUT."""

    urls: dict[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why the server said no; goes with a status of 400 or above."""

    code: str
    """`lost` (another attempt holds the job, or it ended), `taken`, `other_build`, `quarantined`, `revoked`, ..."""
    words: str


def to_json(value: object) -> str:
    """Any of these values, compact."""
    return TypeAdapter(type(value)).dump_json(value).decode()


def from_json(kind: type[T], text: str | bytes) -> T:
    """The value of that kind.

    Raises OrderUnreadable.
    """
    try:
        return TypeAdapter(kind).validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise OrderUnreadable(
            f"A message ({kind.__name__}) cannot be read: {where}: {first['msg']}.",
            advice="Server and worker must have the same version of Reencodarr.",
        ) from error
