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
from reencodarr.cli.console import duration_text, err, out, safe
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
    search_plot.draw(plot, trial, result)
    err.print(f"Drawn: {safe(str(plot))}")
    return result


def _searched(film: Path, wish: "Wish", *, as_json: bool) -> "tuple[Trial, SearchResult]":
    """Search, and show what was found."""
    from reencodarr.cli import live, search_document
    from reencodarr.stages import trying

    with _told(film, as_json=as_json), trying.prepared(settings.load(), film, wish) as trial:
        if not as_json:
            _head(trial)
        with live.bars() as report:
            result = trying.search(trial, on_probe=_silent if as_json else _show, report=report)
    if as_json:
        _print(search_document.found(trial, result))
    else:
        _end(trial, result)
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


def _head(trial: "Trial") -> None:
    target, video = trial.terms.target, trial.terms.video
    out.print(
        f"[bold]{safe(trial.path.name)}[/]: VMAF {target.mean:g} wanted, preset {video.preset}, {trial.terms.engine}"
    )
    for note in trial.notes:
        out.print(safe(note), style="yellow", soft_wrap=True)
    out.print(f"{'CRF':>6}  {'VMAF':<13}  {'p5':>6}  {'size':>7}  {'time':>12}", style="dim")
    for probe in trial.terms.known:
        _row(probe, took="remembered")


def _show(probe: "Probe") -> None:
    _row(probe, took=duration_text(probe.seconds))


def _silent(_: "Probe") -> None:
    """A document has all probes at its end."""


def _row(probe: "Probe", *, took: str) -> None:
    """A probe as a line of fixed columns: CRF, mean with its interval, p5, predicted size, time."""
    spread = f" ± {probe.interval:.2f}" if probe.interval else ""
    p5 = f"{probe.p5:.2f}" if probe.p5 is not None else ""
    out.print(f"{probe.crf:>6g}  {f'{probe.mean:.2f}{spread}':<13}  {p5:>6}  {f'{probe.percent:.1f} %':>7}  {took:>12}")


def _end(trial: "Trial", result: "SearchResult") -> None:
    spread = f" ± {result.interval:.2f}" if result.interval else ""
    known = {probe.crf for probe in trial.terms.known}
    new = [probe for probe in result.probes if probe.crf not in known]
    took = duration_text(sum(probe.seconds for probe in new))
    hdr = " by the SDR model" if trial.hdr else ""
    out.print(
        f"[bold]CRF {result.crf:g}[/]: VMAF {result.predicted:.2f}{spread}{hdr}, {result.percent:.1f} % of the video's "
        f"size. {len(new)} {'probe' if len(new) == 1 else 'probes'} in {took}, {len(known)} remembered.",
        style="" if result.met else "yellow",
        soft_wrap=True,
    )
    if result.reason:
        out.print(safe(result.reason), soft_wrap=True)
