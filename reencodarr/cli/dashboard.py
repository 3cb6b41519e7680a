"""`reencodarr dashboard`: the Streamlit app on this machine."""

import os
import time
import webbrowser

from reencodarr import settings
from reencodarr.cli import exits
from reencodarr.cli.console import out
from reencodarr.library import database
from reencodarr.tools import servers


def dashboard(*, port: int = 8501, open_browser: bool = False) -> int:
    """Show the library in a browser, on loopback only; nothing leaves this machine. Ctrl-C stops it.

    Parameters
    ----------
    port
        Loopback port to listen on.
    open_browser
        Also open the page.
    """
    from dashboards import launch

    loaded = settings.load()
    database.check(database.engine(loaded.database))
    arguments, environment = launch.command(port=port)
    log_path = loaded.data_dir / "dashboard.log"
    with servers.running(arguments, environment={**os.environ, **environment}, log_path=log_path) as process:
        servers.wait_until_listening(process, port, log_path=log_path)
        out.print(f"The dashboard is at [bold]http://127.0.0.1:{port}[/]; Ctrl-C stops it.")
        if open_browser:
            webbrowser.open(f"http://127.0.0.1:{port}")
        try:
            while process.poll() is None:
                time.sleep(0.5)
        except KeyboardInterrupt:
            return exits.DONE
    return exits.CANNOT_WORK
