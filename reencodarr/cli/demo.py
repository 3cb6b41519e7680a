"""`reencodarr demo`: a small library of films of different kinds, and the main job on it."""

import os
import shlex
import shutil
import sys
from pathlib import Path

from reencodarr import settings
from reencodarr.cli import exits
from reencodarr.cli.console import err, out, safe


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
    # One film of the demo is broken on purpose: that one failure, and no other, is what it wants to show.
    as_meant = code == exits.SOME_FAILED and _failed(data) == demo_films.BROKEN
    return exits.DONE if as_meant else code


def _failed(data: Path) -> set[str]:
    """The names of the films that failed."""
    from sqlmodel import col, select

    from reencodarr.library import database
    from reencodarr.library.states import State
    from reencodarr.library.tables import Video, VideoState

    query = select(col(Video.path)).join(VideoState, col(VideoState.video_id) == col(Video.id))
    with database.session(database.engine(f"sqlite:///{data / 'reencodarr.db'}"), reads_only=True) as session:
        return {path.name for path in session.exec(query.where(VideoState.state == State.FAILED.value)).all()}


def _next(films: Path, data: Path) -> None:
    program, here = _program(), f"REENCODARR_DATA_DIR={shlex.quote(str(data))}"
    out.print(
        "\nOne film was left alone and one is broken: both are meant to be. What to type next:\n"
        f"  [bold]{safe(f'{here} {program} dashboard')}[/]   look at it in a browser\n"
        f"  [bold]{safe(f'{here} {program} undo {shlex.quote(str(films))}')}[/]   put all originals back\n"
        f"  [bold]{safe(program)} doctor /your/films[/]   check this machine and your library\n"
        f"  [bold]{safe(program)} plan /your/films[/]     see what would be done and saved; writes nothing",
        highlight=False,
        soft_wrap=True,
    )


def _program() -> str:
    """How this program is called from the shell that called it."""
    return "reencodarr" if shutil.which("reencodarr") else shlex.quote(sys.argv[0])
