"""The commands. Each is imported only when it is called, so that `--help` answers at once.

The commands of a group are imported when the group is named, for their own words are what its help shows.
"""

from cyclopts import App

from reencodarr import __version__

COMMANDS = {
    "demo": "Make a few small films, re-encode them, and show what came of it.",
    "doctor": "Check this machine, its tools, your settings and your libraries.",
    "search": "Search the CRF of one film and show every probe; changes nothing.",
    "plan": "Show what would be done, why, and what it would save; writes nothing.",
    "run": "Re-encode what is worth it; originals stay in the trash until they expire.",
    "status": "Show films by state, bytes saved, and failures by cause.",
    "pause": "Have the search or encode of some films rest, wherever it runs, until they are resumed.",
    "resume": "Let paused films go on, and cancelled ones be begun again.",
    "cancel": "End the search or encode of some films; they are not begun again before they are resumed.",
    "failures": "Show what failed, by cause, with what to do; retry or exclude all films of a cause.",
    "undo": "Put originals back from the trash.",
    "dashboard": "Show every film, its probes and its history in a browser.",
    "sync": "Ask Sonarr and Radarr what they have, and look at films that changed.",
    "notify": "Tell people what needs them, or test whether messages arrive.",
    "up": "Start everything a server needs, and keep it running.",
    "serve": "Run one part of the server alone.",
    "worker": "Work for a server: search and encode films until a signal says stop.",
    "service": "Print what starts a worker or a server with its machine.",
    "pools": "Make the Prefect work pools that `prefect deploy --all` needs.",
}
GROUPS = {
    "db": "Make the database, or bring it to this version.",
    "workers": "Say which machines may work for this server.",
    "libraries": "Say which folders a server re-encodes on its own.",
    "arr": "Show, test and register with your Sonarrs and Radarrs.",
    "bad": "Have a Sonarr or Radarr replace a bad file; nothing is done unasked.",
}

app = App(
    name="reencodarr",
    version=__version__,
    help="Shrink a video library to AV1 without visible loss, and never lose an original.",
)
for place, (command, about) in enumerate(COMMANDS.items()):
    app.command(f"reencodarr.cli.{command}:{command}", name=command, help=about, sort_key=place)
for place, (group, about) in enumerate(GROUPS.items()):
    app.command(f"reencodarr.cli.{group}:app", name=group, help=about, sort_key=len(COMMANDS) + place)
