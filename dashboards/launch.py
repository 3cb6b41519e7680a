"""How the dashboard's server is started: on loopback, headless, telling nobody. Starting it is the caller's part."""

import sys
from pathlib import Path

APP = Path(__file__).with_name("app.py")
_DATABASE_URL = "REENCODARR_DATABASE_URL"


def command(*, port: int, database_url: str | None = None) -> tuple[list[str], dict[str, str]]:
    """The arguments of the server and what to add to its environment.

    The server loads its settings as any other command does; `database_url` makes it show another database. It goes
    through the environment because it may hold a password, which a process list would show.
    """
    options = {
        "server.address": "127.0.0.1",
        "server.port": str(port),
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "runner.magicEnabled": "false",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    environment = {} if database_url is None else {_DATABASE_URL: database_url}
    return [sys.executable, "-m", "streamlit", "run", str(APP), *flags], environment
