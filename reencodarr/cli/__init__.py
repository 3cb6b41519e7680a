"""The command line: one module a command; the only place that prints and the one that puts the parts together."""


def main() -> None:
    """Entry point of the `reencodarr` program."""
    from reencodarr.cli.app import app

    app()
