"""`reencodarr db upgrade`: bring the database to this version."""

from cyclopts import App

from reencodarr import settings
from reencodarr.cli import exits
from reencodarr.cli.console import out
from reencodarr.library import database

app = App(name="db")


@app.command
def upgrade() -> int:
    """Create the database or bring it to this version. A SQLite file is copied beside itself first."""
    url = settings.load().database
    database.upgrade(url)
    out.print("The database is up to date.")
    return exits.DONE
