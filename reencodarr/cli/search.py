"""`reencodarr search`: the CRF of one film, probe by probe. It only looks: nothing is replaced, recorded or left."""

import json as jsonlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from reencodarr import settings
from reencodarr.cli import exits, stopping
from reencodarr.cli.console import err, out, safe
from reencodarr.errors import ReencodarrError
from reencodarr.units import VmafScore

if TYPE_CHECKING:
    from reencodarr.quality.engine import Probe, SearchResult
    from reencodarr.stages.trying import Trial, Wish

Flag = Annotated[bool, Parameter(negative="")]


def _score(_: object, value: float | None) -> None:
    if value is not None and not 1 <= value <= 100:  # not a number fails it as well
        raise ValueError("a VMAF score is between 1 and 100.")


def search(
    film: Path,
    /,
    *,
    target: Annotated[float | None, Parameter(validator=_score)] = None,
    preset: Annotated[int | None, Parameter(validator=Number(gte=0, lte=13))] = None,
    engine: Literal["native", "ab-av1"] | None = None,
    cold: Flag = False,
    json: Flag = False,
    plot: Path | None = None,
) -> int:
    """Search the CRF of FILM and show every probe; changes nothing. The film need not be in a library.

    Parameters
    ----------
    film
        Any film file.
    target
        Mean VMAF to reach, instead of the policy's.
    preset
        Preset of SVT-AV1, instead of the policy's.
    engine
        Who searches, instead of what the settings say.
    cold
        Use nothing that earlier searches found.
    json
        Print one JSON document; docs/search.md says what it promises.
    plot
        Draw VMAF and size against CRF into this file, a .png or .svg.
    """
    from reencodarr.stages.trying import Wish

    stopping.on_signals()
    wish = Wish(target=None if target is None else VmafScore(target), preset=preset, engine=engine, cold=cold)
    try:
        result = _searched(film, wish, as_json=json)[1] if plot is None else _plotted(film, wish, plot, as_json=json)
    except KeyboardInterrupt:
        err.print("Stopped; nothing was changed, and nothing is left over.")
        return exits.INTERRUPTED
    return exits.DONE if result.met else exits.SOME_FAILED


def _plotted(film: Path, wish: "Wish", plot: Path, *, as_json: bool) -> "SearchResult":
    """Search and draw; whether it can be drawn is checked before."""
    from reencodarr.cli import search_plot

    with _told(film, as_json=as_json):
        search_plot.require_drawable(plot)
    trial, result = _searched(film, wish, as_json=as_json)
    if not result.probes:
        err.print(f"Nothing was probed, so there is no curve to draw: {safe(str(plot))} was not written.")
        return result
    search_plot.draw(plot, trial, result)
    err.print(f"Drawn: {safe(str(plot))}")
    return result


def _searched(film: Path, wish: "Wish", *, as_json: bool) -> "tuple[Trial, SearchResult]":
    """Search, and show what was found."""
    from reencodarr.cli import live, search_document, search_words
    from reencodarr.stages import trying

    with _told(film, as_json=as_json), trying.prepared(settings.load(), film, wish) as trial:
        show = _silent if as_json else search_words.head(trial)
        with live.bars() as report:
            result = trying.search(trial, on_probe=show, report=report)
    if as_json:
        _print(search_document.found(trial, result))
    else:
        search_words.end(trial, result)
    return trial, result


@contextmanager
def _told(film: Path, *, as_json: bool) -> Iterator[None]:
    """A failure inside becomes the document of scripts as well."""
    try:
        yield
    except ReencodarrError as error:
        if as_json:
            from reencodarr.cli import search_document

            _print(search_document.failed(film, error))
        raise


def _print(document: dict[str, Any]) -> None:
    """All of it in ASCII, which is UTF-8 whatever the system takes for its encoding."""
    out.print_json(jsonlib.dumps(document), ensure_ascii=True)


def _silent(_: "Probe") -> None:
    """A document has all probes at its end."""
