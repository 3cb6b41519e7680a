"""The token of the worker on the server's own machine, in a file that only the owner can read."""

from pathlib import Path

from reencodarr.errors import SettingsError
from reencodarr.stages.machines import workers_desk
from reencodarr.stages.workplace import Workplace
from reencodarr.tools import private
from reencodarr.work import token
from reencodarr.work.token import Token

NAME = "local"


def token_file(workplace: Workplace, *, pool: str, server: str, certificate: str) -> Path:
    """The file with its token. The secret stays while it is good: work that went on while the server was away, or was
    killed, still speaks with it.

    Raises SettingsError, DatabaseUnavailable.
    """
    file = workplace.settings.data_dir / "worker" / "token"
    secret = _secret(workplace, file, pool) or workers_desk.add(workplace, NAME, pool, local=True)
    wanted = Token(name=NAME, secret=secret, pool=pool, server=server, certificate=certificate)
    file.unlink(missing_ok=True)
    private.write_new(file, token.to_text(wanted).encode())
    return file


def _secret(workplace: Workplace, file: Path, pool: str) -> str:
    """The secret that it was given before; empty where there is none, or none that still opens anything."""
    try:
        kept = token.from_file(file)
    except SettingsError:
        return ""
    row = workers_desk.known(workplace, NAME, kept.secret)
    return kept.secret if row is not None and row.local and row.pool == pool else ""
