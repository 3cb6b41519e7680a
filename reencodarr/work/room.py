"""Whether a job fits into what the owner lets the scratch folder take. The disk's room is checked elsewhere."""

import contextlib
import os
from pathlib import Path

from reencodarr.errors import NoSpace
from reencodarr.tools.ffmpeg import Build
from reencodarr.units import MIB, Bytes
from reencodarr.work.orders import EncodeTerms, Order, StagedSource


def needed(order: Order, build: Build) -> Bytes:
    """The most that a job takes in scratch, but for the windows of a search, which are small.

    An encoder that is PyAV's leaves the video in a file of its own, which is there until it was put together with all
    else: the encode is on the disk twice.
    """
    terms, source = order.terms, order.source
    whole = isinstance(terms, EncodeTerms) or terms.engine != "native"
    copy = source.size if isinstance(source, StagedSource) and whole else 0
    encode = round(terms.facts.size * terms.plan.largest_ratio) if isinstance(terms, EncodeTerms) else 0
    return Bytes(copy + encode * (1 if build.svt_av1 else 2))


def require(scratch: Path, more: Bytes, *, quota: Bytes | None) -> None:
    """Check that so many bytes more keep the scratch folder within its quota.

    Raises NoSpace, which passes: another machine, or this one later, may have the room.
    """
    if quota is None:
        return
    used = _used(scratch)
    if used + more > quota:
        raise NoSpace(
            f"{scratch} takes {used // MIB} MiB, {more // MIB} MiB more are needed; {quota // MIB} MiB is its quota.",
            path=scratch,
            advice="Raise REENCODARR_SCRATCH_QUOTA_BYTES, or do less at once.",
        )


def _used(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += Path(place, name).lstat().st_size
    return total
