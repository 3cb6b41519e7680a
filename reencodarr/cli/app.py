"""The commands. Each is imported only when it is called, so that `--help` answers at once."""

from cyclopts import App

from reencodarr import __version__

app = App(
    name="reencodarr",
    version=__version__,
    help="Shrink a video library to AV1 without visible loss, and never lose an original.",
)
app.command("reencodarr.cli.run:run", name="run")
app.command("reencodarr.cli.plan:plan", name="plan")
app.command("reencodarr.cli.status:status", name="status")
app.command("reencodarr.cli.undo:undo", name="undo")
app.command("reencodarr.cli.doctor:doctor", name="doctor")
app.command("reencodarr.cli.demo:demo", name="demo")
app.command("reencodarr.cli.dashboard:dashboard", name="dashboard")
app.command("reencodarr.cli.pools:pools", name="pools")

db = App(name="db", help="The database.")
db.command("reencodarr.cli.db:upgrade", name="upgrade")
app.command(db)
