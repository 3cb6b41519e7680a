"""A search in the words of `reencodarr search`: what is expected, each probe as it comes, the answer."""

from collections.abc import Callable, Iterator

from reencodarr.cli.console import duration_text, out, safe
from reencodarr.quality import dynamic_range
from reencodarr.quality.engine import OnProbe, Probe, SearchResult
from reencodarr.quality.prior import Origin
from reencodarr.stages.trying import Trial
from reencodarr.work.orders import SearchTerms

_ALIKE = {
    Origin.SIBLINGS: ("sibling", "siblings"),
    Origin.LIBRARY: ("film of its kind", "films of its kind"),
}
"""Whose curves are expected, one and more of them."""


def head(trial: Trial) -> OnProbe:
    """Print what is wanted, known and expected; returns what prints a probe."""
    target, video = trial.terms.target, trial.terms.video
    out.print(
        f"[bold]{safe(trial.path.name)}[/]: VMAF {target.mean:g} wanted, preset {video.preset}, {trial.terms.engine}"
    )
    for note in trial.notes:
        out.print(safe(note), style="yellow", soft_wrap=True)
    for line in _expected(trial.terms):
        out.print(line, style="dim", soft_wrap=True)
    show = _table()
    for probe in trial.terms.known:
        show(probe, "remembered")
    return lambda probe: show(probe, duration_text(probe.seconds))


def _expected(terms: SearchTerms) -> Iterator[str]:
    """What films alike have taught, as sentences."""
    prior = terms.prior
    if prior.films:
        one, more = _ALIKE[prior.origin]
        yield f"{prior.films} {one if prior.films == 1 else more}: CRF {prior.crf:.1f} ± {prior.spread:.1f} expected."
    if terms.bias:
        side = "better" if terms.bias > 0 else "worse"
        yield f"Finished films alike came out {abs(terms.bias):.2f} VMAF {side} than their samples."


def _table() -> Callable[[Probe, str], None]:
    """What prints probes and how long each took; the names of the columns come before the first."""
    titled = False

    def row(probe: Probe, took: str) -> None:
        nonlocal titled
        if not titled:
            out.print(f"{'CRF':>6}  {'VMAF':<13}  {'p5':>6}  {'size':>7}  {'time':>12}", style="dim")
            titled = True
        _row(probe, took=took)

    return row


def _row(probe: Probe, *, took: str) -> None:
    """A probe as a line of fixed columns: CRF, mean with its interval, p5, predicted size, time; what is special."""
    spread = f" ± {probe.interval:.2f}" if probe.interval else ""
    p5 = f"{probe.p5:.2f}" if probe.p5 is not None else ""
    preset = "" if probe.preset is None else f"preset {probe.preset}"
    special = ", ".join(word for word in ("pilot" if probe.pilot else "", preset) if word)
    columns = f"{probe.crf:>6g}  {f'{probe.mean:.2f}{spread}':<13}  {p5:>6}  {f'{probe.percent:.1f} %':>7}  {took:>12}"
    out.print(f"{columns}  {special}" if special else columns, soft_wrap=True)


def end(trial: Trial, result: SearchResult) -> None:
    """Print the answer with its interval, what it cost, and why it is so."""
    spread = f" ± {result.interval:.2f}" if result.interval else ""
    score = dynamic_range.marked(f"VMAF {result.predicted:.2f}{spread}", trial.terms.hdr)
    out.print(
        f"[bold]CRF {result.crf:g}[/]: {score}, {result.percent:.1f} % of the video's size.{_effort(trial, result)}",
        style="" if result.met else "yellow",
        soft_wrap=True,
    )
    if result.reason:
        out.print(safe(result.reason), soft_wrap=True)


def _effort(trial: Trial, result: SearchResult) -> str:
    """What the answer cost; nothing where nothing was probed, which the reason explains."""
    if not result.probes:
        return ""
    known = {probe.kind for probe in trial.terms.known}
    new = [probe for probe in result.probes if probe.kind not in known]
    pilots = sum(probe.pilot for probe in new)
    among = f" ({pilots} pilot{'' if pilots == 1 else 's'})" if pilots else ""
    took = duration_text(sum(probe.seconds for probe in new))
    return f" {len(new)} probe{'' if len(new) == 1 else 's'}{among} in {took}, {len(known)} remembered."
