"""Our webhook in each Sonarr and Radarr: created where it is missing, mended where it is wrong, and only there once."""

import contextlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reencodarr.arr import application as applications
from reencodarr.arr import registration, secrets
from reencodarr.arr.application import Application
from reencodarr.arr.client import DEFAULT_TIMES, Times
from reencodarr.arr.instance import Instance
from reencodarr.arr.models import Resource
from reencodarr.arr.registration import Action, Registration
from reencodarr.errors import ArrError, ArrFailed, SettingsError
from reencodarr.library import database, webhooks
from reencodarr.library.webhooks import Standing
from reencodarr.stages import address
from reencodarr.stages.workplace import Workplace

log = logging.getLogger(__name__)

_UNDONE = {Action.CREATE: Standing.MISSING, Action.REPAIR: Standing.FOREIGN, Action.NOTHING: Standing.REGISTERED}
"""How it stands while what is to be done is not done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What came of it."""

    good: bool
    words: str
    """What was done, or what is in the way; for people."""


def ensure(
    workplace: Workplace, instance: Instance, *, anew: bool = False, times: Times = DEFAULT_TIMES
) -> Registered:  # fmt: skip
    """Have our webhook there as it should be. May be repeated safely. `anew` saves also what looks right.

    What is in the way is told, logged and kept in the instance's row: nothing else has to wait for it.

    Raises DatabaseError.
    """
    try:
        with applications.connect(instance, times=times) as connection:
            connection.status()  # Another application's webhooks know other events.
            words = register(workplace, connection, anew=anew)
    except (ArrError, SettingsError) as error:
        log.warning("the webhook of %s is not as it should be: %s", instance, error)
        return Registered(good=False, words=str(error))
    return Registered(good=True, words=words)


def register(workplace: Workplace, connection: Application, *, anew: bool = False) -> str:
    """Have our webhook there as it should be; in words, what was done. `anew` saves also what looks right.

    It sends a test event before it saves anything, so this server must run.

    Raises ArrError, SettingsError, DatabaseError.
    """
    instance, found = connection.instance, look(workplace, connection)
    saving = anew or found.action is not Action.NOTHING
    if saving:
        _note(workplace, instance, _UNDONE[found.action])
        with _reaching(workplace, instance):
            connection.save_notification(_payload(found))
    for one in found.surplus:
        connection.delete_notification(one)
    _note(workplace, instance, Standing.REGISTERED)
    words = _done(found, saving=saving)
    if saving or found.surplus:
        log.info("the webhook of %s: %s", instance, words)
    return words


def look(workplace: Workplace, connection: Application) -> Registration:
    """How our webhook stands there. Changes nothing.

    Raises ArrError, SettingsError.
    """
    instance = connection.instance
    url = address.webhook(workplace.settings.server, instance)
    there, secret = connection.notifications(), secrets.webhook(workplace.settings)
    schema: Sequence[Resource] = connection.notification_schema()
    return registration.judge(instance.kind, url, secret, notifications=there, schema=schema)


def test(workplace: Workplace, connection: Application, found: Registration) -> None:
    """Have it send a test event.

    Raises ArrError; ArrFailed when the event did not arrive.
    """
    with _reaching(workplace, connection.instance):
        connection.test_notification(_payload(found))


@contextlib.contextmanager
def _reaching(workplace: Workplace, instance: Instance) -> Iterator[None]:
    """It calls us meanwhile; where it cannot, the error says what that takes."""
    try:
        yield
    except ArrFailed as error:
        raise ArrFailed(
            error.message,
            advice=f"The server must run (`reencodarr up`), and {instance} must reach it at "
            f"{address.webhook(workplace.settings.server, instance)}; REENCODARR_SERVER__PUBLIC_URL sets that address.",
        ) from error


def _payload(found: Registration) -> Resource:
    return found.payload or {}


def _done(found: Registration, *, saving: bool) -> str:
    done = {Action.CREATE: "created", Action.REPAIR: "mended", Action.NOTHING: "saved anew" if saving else "registered"}
    words = done[found.action]
    if found.differences:
        words += f" ({', '.join(found.differences)})"
    if found.surplus:
        words += f"; {len(found.surplus)} more of the same removed"
    return words


def _note(workplace: Workplace, instance: Instance, standing: Standing) -> None:
    with database.session(workplace.database) as session:
        webhooks.stands(session, instance.name, instance.kind.value, standing)
