"""Our own notification in Sonarr and Radarr: whether it is there and right, and what to save if not. Sends nothing.

Asked for are events that change what is on disk. Health, grabs and updates are the owner's affair. `onUpgrade` is
among them: a better release over an old one comes as a download that is an upgrade, and in no other way.
"""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import SecretStr

from reencodarr.arr.instance import Kind
from reencodarr.arr.models import Resource
from reencodarr.errors import ArrVersion

NAME = "Reencodarr"
SECRET_HEADER = "X-Reencodarr-Secret"
"""Header of a webhook that proves where it comes from."""

_IMPLEMENTATION = "Webhook"
_POST = 1
_MASK = "********"
"""What they show in place of a value that they keep to themselves; saved again, it means the value they have."""
_UNWANTED = (
    "onGrab",
    "onHealthIssue",
    "includeHealthWarnings",
    "onHealthRestored",
    "onApplicationUpdate",
    "onManualInteractionRequired",
    "onSeriesAdd",
    "onMovieAdded",
)
_WANTED = {
    Kind.SONARR: (
        "onDownload",
        "onUpgrade",
        "onImportComplete",
        "onRename",
        "onSeriesDelete",
        "onEpisodeFileDelete",
        "onEpisodeFileDeleteForUpgrade",
    ),
    Kind.RADARR: (
        "onDownload",
        "onUpgrade",
        "onRename",
        "onMovieDelete",
        "onMovieFileDelete",
        "onMovieFileDeleteForUpgrade",
    ),
}


class Action(StrEnum):
    """What is to be done."""

    NOTHING = "nothing"
    CREATE = "create"
    REPAIR = "repair"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What was found, and what to save."""

    action: Action
    payload: Resource | None = field(default=None, repr=False)
    """For `save_notification`; it holds the secret. Complete also where nothing is to be done, for a test."""
    differences: tuple[str, ...] = ()
    """What is wrong with the one that is there, in words without secrets."""
    surplus: tuple[int, ...] = ()
    """Ids of more notifications with the same URL: each event would come twice."""


def judge(
    kind: Kind, url: str, secret: SecretStr, *, notifications: Sequence[Resource], schema: Sequence[Resource]
) -> Registration:
    """Compare what is there with what should be.

    Ours is the webhook with our URL, else the one with our name. What its owner set beyond our needs (tags, a name,
    more headers) stays.

    Raises ArrVersion when webhooks there cannot carry a header.
    """
    hooks = [one for one in notifications if one.get("implementation") == _IMPLEMENTATION]
    same_url = [one for one in hooks if _value(one, "url") == url]
    ours = same_url or [one for one in hooks if one.get("name") == NAME]
    if not ours:
        return Registration(action=Action.CREATE, payload=_wanted(kind, url, secret, _template(schema)))
    found, surplus = ours[0], tuple(one["id"] for one in same_url[1:] if isinstance(one.get("id"), int))
    payload = _wanted(kind, url, secret, found)
    differences = tuple(_differences(found, payload))
    action = Action.REPAIR if differences else Action.NOTHING
    return Registration(action=action, payload=payload, differences=differences, surplus=surplus)


def _template(schema: Sequence[Resource]) -> Resource:
    """A new webhook, as they offer it."""
    for one in schema:
        if one.get("implementation") == _IMPLEMENTATION:
            offered = copy.deepcopy(one)
            offered.pop("presets", None)
            offered.pop("id", None)
            return {**offered, "name": NAME, "tags": []}
    raise ArrVersion("It has no webhooks.", advice="Update it.")


def _wanted(kind: Kind, url: str, secret: SecretStr, base: Resource) -> Resource:
    """A notification as it should be, made from what is there or offered."""
    wanted = copy.deepcopy(base)
    for flag in _flags(kind, base):
        wanted[flag] = flag in _WANTED[kind]
    kept = [one for one in _headers(base) if not _is_ours(one)]
    headers = [*kept, {"key": SECRET_HEADER, "value": secret.get_secret_value()}]
    said: dict[str, Any] = {"url": url, "method": _POST, "headers": headers}
    missing = {name for name in said if not any(one.get("name") == name for one in _fields(base))}
    if missing:
        raise ArrVersion(
            f"Its webhooks have no {', '.join(sorted(missing))}, so that nothing would prove where they come from.",
            advice="Update it.",
        )
    for one in _fields(wanted):
        for name, value in said.items():
            if one.get("name") == name:
                one["value"] = value
    return wanted


def _flags(kind: Kind, there: Resource) -> Iterable[str]:
    """The events that this version knows and supports."""
    for flag in (*_WANTED[kind], *_UNWANTED):
        support = f"supports{flag[0].upper()}{flag[1:]}"
        if flag in there and there.get(support) is not False:
            yield flag


def _differences(found: Resource, wanted: Resource) -> Iterable[str]:
    for flag in (one for one in wanted if one.startswith(("on", "include"))):
        if bool(found.get(flag)) != bool(wanted[flag]):
            yield f"{flag} is {'off' if wanted[flag] else 'on'}"
    if _value(found, "url") != _value(wanted, "url"):
        yield f"it calls {_value(found, 'url')}"
    if _value(found, "method") != _POST:
        yield "it does not POST"
    if _secret(found) not in (_secret(wanted), _MASK):
        yield "it does not carry our secret" if _secret(found) is None else "it carries another secret"


def _value(notification: Resource, name: str) -> Any:
    return next((one.get("value") for one in _fields(notification) if one.get("name") == name), None)


def _fields(notification: Resource) -> list[Resource]:
    return _objects(notification.get("fields"))


def _headers(notification: Resource) -> list[Resource]:
    return _objects(_value(notification, "headers"))


def _objects(value: object) -> list[Resource]:
    """What can be read of a list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _is_ours(header: Resource) -> bool:
    return str(header.get("key")).lower() == SECRET_HEADER.lower()


def _secret(notification: Resource) -> str | None:
    return next((one.get("value") for one in _headers(notification) if _is_ours(one)), None)
