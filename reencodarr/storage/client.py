"""boto3's clients, built the way that every S3 server we tried understands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import botocore.session
from botocore.config import Config

from reencodarr.errors import SettingsError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_CONNECT_SECONDS = 10
_SILENCE_SECONDS = 120
"""A server that joins the parts of a large object says nothing meanwhile."""
_ATTEMPTS = 4


def make(*, endpoint: str, region: str, access_key: str, secret_key: str, certificate: Path | None) -> S3Client:
    """A client for one server. Connects to nothing yet.

    `certificate` is a PEM file of what the server's certificate is checked against, in place of the public
    authorities. The user's own AWS profiles and configuration files are left out of it.

    Raises SettingsError.
    """
    if certificate is not None and not certificate.is_file():
        raise SettingsError(f"There is no certificate {certificate}.", advice="Name a PEM file, or none.")
    ours = botocore.session.Session(session_vars=_NO_PROFILE)
    ours.set_credentials(access_key, secret_key)
    try:
        return boto3.Session(botocore_session=ours).client(
            "s3",
            endpoint_url=endpoint,
            region_name=region,
            verify=str(certificate) if certificate is not None else True,
            config=_config(),
        )
    except ValueError as error:
        raise SettingsError(
            f"The bucket's endpoint {endpoint} is no URL.", advice="Write https://host:port."
        ) from error


_NO_PROFILE = {"profile": (None, None, None, None), "config_file": (None, None, None, None)}


def _config() -> Config:
    return Config(
        # Without it a URL is signed in the old way, which rclone and others refuse.
        signature_version="s3v4",
        # Not every server has a wildcard name for bucket.host.
        s3={"addressing_style": "path"},
        # The default sends a checksum after the body, which over TLS rclone 1.75 and Ceph 16 refuse with 411; and
        # rclone answers a range with the checksum of the whole object.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_SILENCE_SECONDS,
        retries={"mode": "standard", "max_attempts": _ATTEMPTS},
    )
