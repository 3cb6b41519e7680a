"""The command line: one module a command; the only place that prints and the one that puts the parts together."""

import sys


def main() -> None:
    """Entry point of the `reencodarr` program; exits with one of the codes of `cli.exits`."""
    import logging

    from cyclopts import CycloptsError

    from reencodarr.cli import exits
    from reencodarr.cli.app import app
    from reencodarr.errors import ReencodarrError

    logging.getLogger("reencodarr").addHandler(logging.NullHandler())
    try:
        code = app(exit_on_error=False, print_error=True, result_action="return_value")
    except ReencodarrError as error:
        from reencodarr.cli.console import err, safe

        err.print(f"[bold red]{type(error).__name__}[/]: {safe(str(error))}")
        sys.exit(exits.CANNOT_WORK)
    except CycloptsError:
        sys.exit(exits.CANNOT_WORK)
    except KeyboardInterrupt:
        sys.exit(exits.INTERRUPTED)
    sys.exit(code if isinstance(code, int) else exits.DONE)
