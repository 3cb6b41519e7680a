"""The policy: what is encoded, how, and how good it has to be, as validated values from a TOML file.

The built-in policy is `default_policy.toml` beside this module; a file of a user's own is laid over it and holds only
what it changes. Reading the file and wording its faults is `policy_file`'s; what follows from
a policy for one film is `rules`'.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from reencodarr.encoding import policy_file
from reencodarr.errors import PolicyError
from reencodarr.units import GIB, Bytes

DEFAULT_NAME = "default_policy.toml"

LeaveOrDrop = Literal["leave", "drop"]
Ratio = Annotated[float, Field(gt=0, lt=1)]
Points = Annotated[float, Field(ge=0, le=50)]
Score = Annotated[float, Field(ge=1, le=100)]
CrfStep = Annotated[float, Field(ge=1, le=70, multiple_of=0.25)]
Count = Annotated[int, Field(ge=0)]
Pixels = Annotated[int, Field(ge=16, le=16384)]
OpusKbps = Annotated[int, Field(ge=6)]

_RESERVED = frozenset(
    {"crf", "preset", "tune", "film-grain", "keyint", "lp", "rc", "qp", "tbr", "mbr", "passes", "pass"}
)
"""Parameters that belong to the search, to another key of the policy, or to the machine."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


Row = TypeVar("Row", bound=_Table)


def _descending(rows: tuple[Row, ...], threshold: Callable[[Row], Any], nothing: Any, name: str) -> tuple[Row, ...]:
    found = sorted(rows, key=threshold, reverse=True)
    if len({threshold(row) for row in found}) < len(found):
        raise ValueError(f"two rows have the same {name}")
    if not found or threshold(found[-1]) != nothing:
        raise ValueError(f"a row with {name} 0 is missing, which all other films need")
    return tuple(found)


class LowestBitrate(_Table):
    """Below how many kbit/s of video a film of that size has little left to save."""

    from_lines: Count
    kbps: Count
    hdr_kbps: Count


class SourcePolicy(_Table):
    """Which films are touched at all."""

    hard_linked: Literal["leave", "replace"]
    interlaced: Literal["leave", "deinterlace"]
    dolby_vision: LeaveOrDrop
    hdr10_plus: LeaveOrDrop
    subtitles: LeaveOrDrop
    data: LeaveOrDrop
    shortest_seconds: Annotated[float, Field(ge=0)]
    lowest_bitrates: tuple[LowestBitrate, ...]

    @field_validator("lowest_bitrates")
    @classmethod
    def _ordered(cls, rows: tuple[LowestBitrate, ...]) -> tuple[LowestBitrate, ...]:
        return _descending(rows, lambda row: row.from_lines, 0, "from_lines")

    def lowest_bitrate(self, lines: int) -> LowestBitrate:
        return next(row for row in self.lowest_bitrates if lines >= row.from_lines)


class Mean(_Table):
    """The mean VMAF to reach for sources over a size."""

    over_gib: Annotated[float, Field(ge=0)]
    mean: Score


class Model(_Table):
    """The VMAF model, and the size at which it scores, for pictures over a width and a height."""

    over_width: Count
    over_height: Count
    model: Annotated[str, Field(pattern=r"^vmaf_[a-z0-9_.]+$")]
    scale_to: tuple[Pixels, Pixels] | None = None


class TargetPolicy(_Table):
    """How good an encode has to be."""

    may_fall_by: Points
    fall_step: Annotated[float, Field(ge=0.1, le=50)]
    lowest_mean: Score
    p5_below_mean: Points
    tolerance: Annotated[float, Field(gt=0, le=5)]
    promise: Points
    accepted_miss: Points
    accepted_excess: Points
    subsample: Annotated[int, Field(ge=1, le=15)]
    lowest_crf: CrfStep
    highest_crf: CrfStep
    means: tuple[Mean, ...]
    models: tuple[Model, ...]

    @field_validator("subsample")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("must be odd: SVT-AV1 codes even frames better, so scoring only those flatters")
        return value

    @field_validator("means")
    @classmethod
    def _by_size(cls, rows: tuple[Mean, ...]) -> tuple[Mean, ...]:
        return _descending(rows, lambda row: row.over_gib, 0, "over_gib")

    @field_validator("models")
    @classmethod
    def _by_resolution(cls, rows: tuple[Model, ...]) -> tuple[Model, ...]:
        return _descending(rows, lambda row: (row.over_width, row.over_height), (0, 0), "over_width and over_height")

    @model_validator(mode="after")
    def _has_a_range(self) -> Self:
        if self.lowest_crf >= self.highest_crf:
            raise ValueError(f"lowest_crf ({self.lowest_crf:g}) must be below highest_crf ({self.highest_crf:g})")
        return self

    def mean(self, size: Bytes) -> Mean:
        """The row for a source of that size; "over" is strict, so exactly 25 GiB is not over 25."""
        return next((row for row in self.means if size > row.over_gib * GIB), self.means[-1])

    def model(self, width: int, height: int) -> Model:
        """The row for a picture as it is shown lying: its longer side is the width."""
        wide, high = max(width, height), min(width, height)
        return next((row for row in self.models if wide > row.over_width and high > row.over_height), self.models[-1])


class Preset(_Table):
    """SVT-AV1's preset from a number of lines."""

    from_lines: Count
    preset: Annotated[int, Field(ge=0, le=13)]


class VideoPolicy(_Table):
    """How the video is encoded."""

    pixel_format: Literal["yuv420p", "yuv420p10le"]
    tune: Annotated[int, Field(ge=0, le=2)]
    keyframe_seconds: Annotated[float, Field(ge=1, le=60)]
    keyframe_from_seconds: Annotated[float, Field(ge=0)]
    downscale: bool
    downscale_from_lines: Annotated[int, Field(ge=64)]
    downscale_width: Annotated[int, Field(ge=64, le=16384, multiple_of=2)]
    film_grain: Annotated[int, Field(ge=0, le=50)]
    film_grain_before: int
    presets: tuple[Preset, ...]
    svt_parameters: dict[str, Annotated[str, Field(pattern=r"^[A-Za-z0-9.,_+\-]+$")]]

    @field_validator("presets")
    @classmethod
    def _ordered(cls, rows: tuple[Preset, ...]) -> tuple[Preset, ...]:
        return _descending(rows, lambda row: row.from_lines, 0, "from_lines")

    @field_validator("svt_parameters")
    @classmethod
    def _free(cls, parameters: dict[str, str]) -> dict[str, str]:
        for name in parameters:
            if not re.fullmatch(r"[a-z][a-z0-9\-]*", name):
                raise ValueError(f"{name!r} is not how SVT-AV1 writes a parameter")
            if name in _RESERVED:
                raise ValueError(f"{name} cannot be set here: the search or another key of the policy sets it")
        return dict(sorted(parameters.items()))

    def preset(self, lines: int) -> int:
        return next(row for row in self.presets if lines >= row.from_lines).preset


class AudioPolicy(_Table):
    """Which audio tracks become Opus, at which bitrate."""

    reencode: Literal["all", "lossless", "none"]
    opus_kbps: Annotated[tuple[OpusKbps, ...], Field(min_length=8, max_length=8)]
    keep_below_kbps_per_channel: Annotated[float, Field(ge=0)]
    factors: dict[str, Annotated[float, Field(gt=0, le=1)]]

    @field_validator("opus_kbps")
    @classmethod
    def _possible(cls, table: tuple[int, ...]) -> tuple[int, ...]:
        for channels, kbps in enumerate(table, start=1):
            if kbps > 256 * channels:
                raise ValueError(f"{kbps} kbit/s is more than Opus takes for {channels} channels (256 each)")
        return table

    def factor(self, codec: str) -> float:
        return self.factors.get(codec, self.factors["other"])


class ContainerPolicy(_Table):
    """Which container a result gets."""

    mp4: Literal["keep", "mkv"]


class SizePolicy(_Table):
    """Result size / source size between which a result is worth it and believed."""

    largest_ratio: Ratio
    smallest_ratio: Ratio

    @model_validator(mode="after")
    def _has_a_range(self) -> Self:
        if self.smallest_ratio >= self.largest_ratio:
            raise ValueError(
                f"smallest_ratio ({self.smallest_ratio:g}) must be below largest_ratio ({self.largest_ratio:g})"
            )
        return self


class Policy(_Table):
    """All of it. Two policies with the same digest decide the same."""

    source: SourcePolicy
    target: TargetPolicy
    video: VideoPolicy
    audio: AudioPolicy
    container: ContainerPolicy
    size: SizePolicy

    @property
    def digest(self) -> str:
        """SHA-256 of what the policy says; comments, order and places of line breaks do not count."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()


def load(path: Path | None) -> Policy:
    """The built-in policy, or the file laid over it.

    Raises PolicyError, which names the file, the line and the key.
    """
    default = tomllib.loads(default_text())
    if path is None:
        return _validated(default)
    text = policy_file.text(path)
    try:
        return _validated(policy_file.laid_over(default, policy_file.parsed(path, text)))
    except ValidationError as error:
        findings = policy_file.findings(error.errors(include_url=False), text=text, default=default)
        raise PolicyError("\n".join(f"{path}, {finding}" for finding in findings), path=path) from error


def default_text() -> str:
    """The built-in policy as TOML, with its comments: what a user starts from."""
    return resources.files("reencodarr.encoding").joinpath(DEFAULT_NAME).read_text(encoding="utf-8")


def _validated(data: dict[str, Any]) -> Policy:
    # As JSON, so that strict types still take lists for tuples; dates, which the policy has none of, become strings.
    return Policy.model_validate_json(json.dumps(data, default=str))
