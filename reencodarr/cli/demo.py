"""`reencodarr demo`: a small library of films of different kinds, and the main job on it."""

import os
from pathlib import Path

from reencodarr import settings
from reencodarr.cli import exits
from reencodarr.cli.console import err, out


def demo(folder: Path = Path("reencodarr-demo"), /) -> int:
    """Make a few small films, re-encode them, and show what came of it. Takes a minute or two.

    Everything it writes, its own database included, is in FOLDER; it knows nothing of your library.

    Parameters
    ----------
    folder
        Where to make it; a folder that is not there yet, or an earlier demo's.
    """
    from reencodarr.cli import demo_films, live
    from reencodarr.cli.run import run
    from reencodarr.tools import ffmpeg

    films, data = folder.resolve() / "films", folder.resolve() / "data"
    err.print(f"[bold]Making a small library[/] in {films}", highlight=False)
    with live.bars() as report:
        demo_films.make(films, ffmpeg.locate(settings.load().ffmpeg_path), report=report)
    os.environ["REENCODARR_DATA_DIR"] = str(data)
    os.environ["REENCODARR_SCRATCH_DIR"] = str(data / "scratch")
    for name in ("REENCODARR_DATABASE_URL", "PREFECT_HOME"):
        os.environ.pop(name, None)
    code = run([films], yes=True)
    _next(films, data)
    # One film of the demo is broken on purpose: that one failure is what it wants to show.
    return exits.DONE if code == exits.SOME_FAILED else code


def _next(films: Path, data: Path) -> None:
    out.print(
        "\nOne film was left alone and one is broken: both are meant to be. What to type next:\n"
        f"  [bold]REENCODARR_DATA_DIR={data} reencodarr dashboard[/]   look at it in a browser\n"
        f"  [bold]REENCODARR_DATA_DIR={data} reencodarr undo {films}[/]   put all originals back\n"
        "  [bold]reencodarr doctor /your/films[/]   check this machine and your library\n"
        "  [bold]reencodarr plan /your/films[/]     see what would be done and saved; writes nothing",
        highlight=False,
        soft_wrap=True,
    )
