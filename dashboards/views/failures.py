"""Failures by cause: what stands, what to do about it, one cause in full, and buttons that retry or exclude its films.

The buttons start a deployment; where no Prefect API is configured they say what to type instead.
"""

import shlex

import pandas as pd
import streamlit as st

from dashboards import actions, address, data, viewer, words
from reencodarr.errors import ReencodarrError
from reencodarr.library.reading import ExcludedGroup, FailureGroup, FailureReport, advice
from reencodarr.library.reading.advice import Urgency

VIDEO_PAGE = "views/video.py"


def show() -> None:
    """Draw the page."""
    st.title("Failures", anchor=False)
    report = data.report(data.location())
    if not report.total and not report.excluded:
        st.write("Nothing has failed.")
        return
    _figures(report)
    for one in advice.recommendations(report):
        (st.error if one.urgency is Urgency.HIGH else st.warning)(words.plain(one.words))
    if report.groups:
        _table(report)
        _details(_chosen(report))
    if report.excluded:
        _excluded(report.excluded)


def _figures(report: FailureReport) -> None:
    standing = report.total - report.resolved
    figures = {
        "Failures that stand": (f"{standing:,}", "not yet resolved"),
        "Causes": (f"{len(report.groups):,}", "by stage, category and code"),
        "Resolved": (words.share(report.resolved, report.total), f"{report.resolved:,} of {report.total:,} failures"),
        "Excluded by hand": (f"{sum(one.videos for one in report.excluded):,}", "left alone until included again"),
    }
    for column, (label, (value, note)) in zip(st.columns(4, gap="medium"), figures.items(), strict=True):
        column.metric(label, value, delta=note, delta_color="off", delta_arrow="off", border=True)


def _table(report: FailureReport) -> None:
    zone = viewer.zone()
    rows = [
        {
            "Cause": words.reason(one.code),
            "Stage": words.reason(one.stage),
            "Category": words.reason(one.category),
            "Films": one.videos,
            "Resolved": one.resolved,
            "First": words.moment(one.first_at, zone),
            "Last": words.moment(one.last_at, zone),
            "Machines": ", ".join(f"{name} ({number})" for name, number in one.machines) or words.NOTHING,
            "What to do": advice.about(one).words,
        }
        for one in report.groups
    ]
    widths = {"Cause": 150, "Stage": 90, "Category": 140, "Films": 60, "Resolved": 75, "First": 135, "Last": 135}
    columns = {name: st.column_config.Column(width=width) for name, width in widths.items()}
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", column_config=columns)


def _chosen(report: FailureReport) -> FailureGroup:
    """The cause that the URL names, else the most frequent."""
    causes = {address.cause(one.stage, one.category, one.code): one for one in report.groups}
    named = st.query_params.get("cause", "")
    st.session_state["cause"] = named if named in causes else next(iter(causes))
    key = st.selectbox("Cause", list(causes), format_func=lambda one: _label(causes[one]), key="cause", on_change=_turn)
    return causes[key]


def _turn() -> None:
    st.query_params["cause"] = st.session_state["cause"]


def _label(group: FailureGroup) -> str:
    return f"{words.reason(group.code)}, {words.reason(group.stage)}: {_films(group.videos)}"


def _details(group: FailureGroup) -> None:
    found = advice.about(group)
    st.info(f"**{found.remedy.value.capitalize()}:** {words.plain(found.words)}")
    _buttons(group)
    st.subheader("Example", anchor=False)
    st.page_link(VIDEO_PAGE, label=words.plain(group.film), query_params={"video": str(group.video)})
    st.error(words.plain(group.message))
    if group.advice:
        st.write(f"What to do: {words.plain(group.advice)}")
    for name, value in group.context:
        st.caption(words.plain(words.reason(name)))
        st.code(value, language=None, wrap_lines=True)


def _buttons(group: FailureGroup) -> None:
    again, never, _ = st.columns([1, 1, 3])
    if again.button(f"Try again: {_films(group.videos)}", type="primary", width="stretch", key="retry"):
        _act(group, exclude=False)
    if never.button(f"Exclude: {_films(group.videos)}", width="stretch", key="exclude"):
        _act(group, exclude=True)


def _act(group: FailureGroup, *, exclude: bool) -> None:
    """Start the deployment, or say what to type."""
    if not actions.are_possible():
        st.write("No Prefect API is configured for this dashboard. Type this in a terminal:")
        st.code(_command(group, "exclude" if exclude else "retry"), language="bash")
        return
    cause = {"stage": group.stage, "category": group.category, "code": group.code}
    try:
        with st.spinner("Asking the server ..."):
            run = actions.start(actions.RETRY_FAILURES, {**cause, "exclude": exclude})
    except ReencodarrError as error:
        st.error(words.plain(error.message))
        if error.advice:
            st.info(error.advice)
        return
    done = "They are excluded" if exclude else "They wait for analysis"
    st.success(f"Started as run {words.plain(run)}. {done} in about half a minute; reload the page then.")


def _command(group: FailureGroup | ExcludedGroup, action: str) -> str:
    cause = ("--stage", group.stage, "--category", group.category, "--code", group.code)
    return shlex.join(["reencodarr", "failures", *cause, f"--{action}"])


def _excluded(excluded: tuple[ExcludedGroup, ...]) -> None:
    st.subheader("Excluded by hand", anchor=False)
    st.write("Scans and policies leave these films alone. To take that back, type in a terminal:")
    for one in excluded:
        cause = ", ".join(words.plain(words.reason(word)) for word in (one.code, one.stage) if word)
        st.caption(f"{_films(one.videos)}: {cause}")
        st.code(_command(one, "include"), language="bash")


def _films(number: int) -> str:
    return "1 film" if number == 1 else f"{number:,} films"


if __name__ == "__main__":
    show()
