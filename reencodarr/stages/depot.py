"""The bucket that this server's settings name, and what is known of the disk below it."""

from reencodarr.errors import SettingsError
from reencodarr.settings import Settings
from reencodarr.storage import bucket, embedded
from reencodarr.storage.bucket import Bucket
from reencodarr.units import Bytes


def open_bucket(settings: Settings) -> Bucket | None:
    """The bucket; None where none is set, so that only this machine can work. Connects to nothing yet.

    Raises SettingsError.
    """
    ours = settings.bucket
    if ours.endpoint is None:
        return None
    if ours.access_key is None or ours.secret_key is None:
        raise SettingsError(
            f"The bucket at {ours.endpoint} has no keys.",
            advice="Set REENCODARR_BUCKET__ACCESS_KEY and REENCODARR_BUCKET__SECRET_KEY.",
        )
    return bucket.open_bucket(
        endpoint=ours.endpoint,
        name=ours.name,
        access_key=ours.access_key.get_secret_value(),
        secret_key=ours.secret_key.get_secret_value(),
        region=ours.region,
        public_endpoint=ours.public_endpoint,
        certificate=ours.certificate,
    )


def free(settings: Settings) -> Bytes | None:
    """What the disk below the bucket that comes along can still take; None where the bucket is another one.

    The reserve, which every disk keeps, is not part of it.
    """
    if settings.bucket.endpoint != settings.own_bucket_url or not settings.own_bucket.is_dir():
        return None
    return Bytes(max(0, embedded.free(settings.own_bucket) - settings.reserve_bytes))
