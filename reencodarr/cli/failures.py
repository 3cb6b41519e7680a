"""`reencodarr failures`: what went wrong, by cause, and what to do about it."""

import json as jsonlib
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from reencodarr import settings
from reencodarr.cli import exits
from reencodarr.cli.console import err, out, safe
from reencodarr.errors import Category, Stage
from reencodarr.library.failures import Which

if TYPE_CHECKING:
    from reencodarr.library.reading import FailureGroup, FailureReport

Flag = Annotated[bool, Parameter(negative="")]
_LONGEST = 2000
"""Characters of an example's output; all of it is in the JSON."""
_NONE = (
    "No film is excluded: none that waits or failed has such a failure. A film that was replaced already is not "
    "excluded; --retry tries again what is still to be done about it, or acknowledges it."
)


def failures(
    *,
    days: int | None = None,
    stage: str = "",
    category: str = "",
    code: str = "",
    json: Flag = False,
    retry: Flag = False,
    exclude: Flag = False,
    include: Flag = False,
) -> int:
    """Show failures by cause, with an example and a recommendation; with a cause, the example's output too.

    Parameters
    ----------
    days
        Only failures of so many days; all where not said.
    stage
        Where films were: analysis, crf_search, encode, swap, ...
    category
        What kind of cause it has: resources, unreadable_media, ...
    code
        Which cause exactly: no_space, damaged_source, ...
    json
        Print it as JSON.
    retry
        Send the failed films of these causes back to analysis; tell Sonarr and Radarr again what was given up.
    exclude
        Leave these films alone, whatever scans and policies say; wants a stage, category or code.
    include
        Take back the exclusion of films that were excluded for these causes.
    """
    which = Which(stage=stage, category=category, code=code)
    if words := _wrong(which, days, retry=retry, exclude=exclude, include=include):
        err.print(safe(words))
        return exits.CANNOT_WORK
    if retry or exclude or include:
        return _act(which, retry=retry, exclude=exclude, as_json=json)
    return _show(settings.load().database, which, days, as_json=json)


def _wrong(which: Which, days: int | None, *, retry: bool, exclude: bool, include: bool) -> str:
    """What cannot be meant; nothing where all is well."""
    if retry + exclude + include > 1:
        return "Say one of --retry, --exclude and --include."
    if days is not None and (days < 1 or retry or exclude or include):
        return "--days is for looking: a number from 1, without --retry, --exclude or --include."
    if exclude and not (which.stage or which.category or which.code):
        return "Say which failures: --stage, --category or --code. Excluding all of them is hardly meant."
    for name, word, known in (("stage", which.stage, Stage), ("category", which.category, Category)):
        if word and word not in set(known):
            return f"There is no {name} {word!r}. There are: {', '.join(known)}."
    return ""


def _act(which: Which, *, retry: bool, exclude: bool, as_json: bool) -> int:
    from reencodarr.stages import excluding, queue
    from reencodarr.stages.workplace import open_workplace

    workplace = open_workplace(settings.load())
    if retry:
        number = queue.retry(workplace, (), which)
        said, words = {"retried": number}, f"{_films(number)} will be tried again."
    elif exclude:
        done = excluding.exclude(workplace, which)
        said = {"excluded": done.videos, "busy": done.busy}
        words = f"{_films(done.videos)} excluded; take it back with --include." if done.videos else _NONE
        words += f" {_films(done.busy)} worked on now, and left as it was." if done.busy else ""
    else:
        number = excluding.include(workplace, which)
        said, words = {"included": number}, f"{_films(number)} will be analysed again."
    out.print_json(jsonlib.dumps(said)) if as_json else out.print(words)
    return exits.DONE


def _show(url: str, which: Which, days: int | None, *, as_json: bool) -> int:
    from reencodarr.library import database, reading
    from reencodarr.library.tables import now

    since = None if days is None else now() - timedelta(days=days)
    engine = database.engine(url)
    database.check(engine)
    with database.session(engine, reads_only=True) as session:
        report = reading.report(session, since=since, which=which)
    if as_json:
        out.print_json(jsonlib.dumps(_document(report)))
    else:
        _print(report, in_full=which != Which())
    return exits.DONE


def _print(report: "FailureReport", *, in_full: bool) -> None:
    from reencodarr.library.reading import advice

    if report.total:
        share = f"{report.resolved / report.total:.0%} resolved"
        out.print(f"[bold]{report.total - report.resolved}[/] failures stand, of {report.total} ({share}).")
        for title, tallies in (("by stage", report.stages), ("by category", report.categories)):
            out.print(f"{title}: " + ", ".join(f"{safe(one.name)} {one.open}/{one.total}" for one in tallies))
    else:
        out.print("Nothing failed.")
    for one in advice.recommendations(report):
        out.print(f"[{'bold red' if one.urgency is advice.Urgency.HIGH else 'yellow'}]{safe(one.words)}[/]")
    for group in report.groups:
        _print_group(group, in_full=in_full)
    for left in report.excluded:
        cause = safe(f"{left.stage} / {left.category} / {left.code}")
        out.print(f"\n{_films(left.videos)} excluded for {cause}")


def _print_group(group: "FailureGroup", *, in_full: bool) -> None:
    from reencodarr.library.reading import advice

    out.print(f"\n[bold red]{_films(group.videos)}[/]  {safe(f'{group.stage} / {group.category} / {group.code}')}")
    when = f"first {group.first_at.astimezone():%Y-%m-%d %H:%M}, last {group.last_at.astimezone():%Y-%m-%d %H:%M}"
    out.print(f"  {when}; {group.number} stand, {group.resolved} resolved")
    if group.machines:
        out.print("  on " + ", ".join(f"{safe(name)} ({number})" for name, number in group.machines))
    out.print(f"  {safe(group.film)}: {safe(group.message)} {safe(group.advice)}")
    found = advice.about(group)
    out.print(f"  [cyan]{found.remedy.value}[/]: {safe(found.words)}")
    if in_full:
        for name, value in group.context:
            out.print(f"  [dim]{safe(name)}[/] {safe(value[-_LONGEST:])}")


def _document(report: "FailureReport") -> dict[str, Any]:
    from reencodarr.library.reading import advice

    return {
        "total": report.total,
        "resolved": report.resolved,
        "stages": [{"name": one.name, "total": one.total, "resolved": one.resolved} for one in report.stages],
        "categories": [{"name": one.name, "total": one.total, "resolved": one.resolved} for one in report.categories],
        "recommendations": [
            {"urgency": one.urgency.value, "words": one.words} for one in advice.recommendations(report)
        ],
        "causes": [_cause(group) for group in report.groups],
        "excluded": [
            {"stage": one.stage, "category": one.category, "code": one.code, "films": one.videos}
            for one in report.excluded
        ],
    }


def _cause(group: "FailureGroup") -> dict[str, Any]:
    from reencodarr.library.reading import advice

    found = advice.about(group)
    return {
        "stage": group.stage,
        "category": group.category,
        "code": group.code,
        "films": group.videos,
        "failures": group.number,
        "resolved": group.resolved,
        "first_at": group.first_at.isoformat(),
        "last_at": group.last_at.isoformat(),
        "machines": dict(group.machines),
        "remedy": found.remedy.value,
        "recommendation": found.words,
        "example": {
            "video": group.video,
            "film": group.film,
            "message": group.message,
            "advice": group.advice,
            "context": dict(group.context),
        },
    }


def _films(number: int) -> str:
    return "1 film" if number == 1 else f"{number} films"
