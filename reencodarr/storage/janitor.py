"""What keeps the bucket from filling up: objects that nobody wants, and uploads that nobody finishes.

Works without any help of the server, because most servers ignore lifecycle rules; where one takes them, a rule is set
as well, for the day on which no janitor comes. Touches only our own prefixes: a bucket may have other tenants.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from reencodarr.storage import answers
from reencodarr.storage.bucket import Bucket
from reencodarr.units import MIB, Bytes

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import LifecycleRuleOutputTypeDef, LifecycleRuleTypeDef

log = logging.getLogger(__name__)

JOBS = "jobs/"
"""What workers made: wanted until it is collected, never for long."""
SOURCES = "sources/"
"""What workers read: wanted as long as the queue is, so that no rule with days can know."""
OURS = (JOBS, SOURCES)

_OUR_RULES = "reencodarr-"
_NO_RULES_YET = "NoSuchLifecycleConfiguration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one sweep did."""

    objects: int
    freed: Bytes
    """Of objects; how much room the parts of uploads took, few servers say."""
    uploads: int
    kept: int
    """Objects that are wanted, or too young to be judged."""


def sweep(bucket: Bucket, *, wanted: Callable[[str], bool], older_than: timedelta, moment: datetime) -> Swept:
    """Delete our objects that nobody wants, and abort our multipart uploads, where they are older than `older_than`.

    `wanted` is asked for each key that is old enough; whoever stores an object must want it before `older_than` is
    over. An upload is judged by its age alone, so `older_than` must exceed the longest time that one takes. May be
    repeated safely, also by two at once.

    Raises BucketUnreachable, BucketRefused.
    """
    latest = moment - older_than
    doomed: list[str] = []
    freed = kept = 0
    for one in itertools.chain.from_iterable(bucket.keys(prefix) for prefix in OURS):
        if one.modified < latest and not wanted(one.key):
            doomed.append(one.key)
            freed += one.size
        else:
            kept += 1
    bucket.delete(doomed)
    stale = [one for one in bucket.uploads() if one.key.startswith(OURS) and one.started < latest]
    for upload in stale:
        bucket.abort_upload(upload.key, upload.upload_id)
    log.info(
        "swept the bucket: deleted %d objects (%d MiB), kept %d, aborted %d uploads",
        len(doomed),
        freed // MIB,
        kept,
        len(stale),
    )
    return Swept(objects=len(doomed), freed=Bytes(freed), uploads=len(stale), kept=kept)


def set_rule(bucket: Bucket, days: int) -> bool:
    """Have the server itself expire after `days` what workers made, and what they left unfinished; whether it agreed.

    Rules of others in the same bucket stay. A server that knows no rule for unfinished uploads (MinIO) gets the other
    one alone. What it answered is logged, never raised: the sweep does the work.
    """
    said = ""
    for rules in (_rules(days), _rules(days, uploads=False)):
        try:
            others = [rule for rule in _present_rules(bucket) if not rule.get("ID", "").startswith(_OUR_RULES)]
            bucket.client.put_bucket_lifecycle_configuration(
                Bucket=bucket.name, LifecycleConfiguration={"Rules": [*others, *rules]}
            )
            present = {rule.get("ID", "") for rule in _present_rules(bucket)}
        except ClientError as error:
            said = f"{answers.status(error)} {answers.code(error)}"
            continue
        except BotoCoreError as error:
            said = str(error)
            break
        if present >= {rule["ID"] for rule in rules}:
            log.info("the bucket's server keeps %d lifecycle rules (%d days)", len(rules), days)
            return True
        said = "it accepts them and has none"
    log.info("the bucket's server keeps no lifecycle rules (%s); the sweep does it all", said)
    return False


def _rules(days: int, *, uploads: bool = True) -> list[LifecycleRuleTypeDef]:
    """The rules that we want: expired job objects, and where `uploads`, aborted uploads."""
    expiry: LifecycleRuleTypeDef = {
        "ID": f"{_OUR_RULES}jobs",
        "Status": "Enabled",
        "Filter": {"Prefix": JOBS},
        "Expiration": {"Days": days},
    }
    aborts: list[LifecycleRuleTypeDef] = [
        {
            "ID": f"{_OUR_RULES}uploads-{prefix.rstrip('/')}",
            "Status": "Enabled",
            "Filter": {"Prefix": prefix},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": days},
        }
        for prefix in OURS
    ]
    return [expiry, *aborts] if uploads else [expiry]


def _present_rules(bucket: Bucket) -> list[LifecycleRuleOutputTypeDef]:
    try:
        return bucket.client.get_bucket_lifecycle_configuration(Bucket=bucket.name).get("Rules", [])
    except ClientError as error:
        if answers.code(error) == _NO_RULES_YET:
            return []
        raise
