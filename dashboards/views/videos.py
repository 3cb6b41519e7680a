"""The list: what was saved, how many videos are in which state, and the videos, searched, filtered and paged in SQL.

The URL is the one truth about what the list shows: widgets are set from it, and write to it when they change.
"""

from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from dashboards import address, data, viewer, words
from reencodarr.library import reading
from reencodarr.library.reading import Query, Sort
from reencodarr.library.states import WORKING, State
from reencodarr.quality import dynamic_range

ROW_HEIGHT = 38
VIDEO_PAGE = "views/video.py"

_SORTS = {Sort.NAME: "Name", Sort.SIZE: "Largest first", Sort.SAVED: "Most saved", Sort.CHANGED: "Latest change"}
# Each is readable on a light and on a dark ground; the other states have the text's own colour.
_COLOURS = {State.REPLACED: "#2f8f80", State.FAILED: "#d0563b", State.SKIPPED: "#8a8f98", State.GONE: "#8a8f98"}
_COLOURS.update(dict.fromkeys(WORKING, "#4a86cf"))


def show() -> None:
    """Draw the page."""
    url = data.location()
    query = address.query(viewer.parameters())
    counts = data.counts(url, query.library)
    st.title("Videos", anchor=False)
    if not counts.states:
        _invite()
        return
    _savings(data.savings(url, query.library), counts)
    _controls(url, query, counts)
    page = data.page(url, query)
    if not page.rows:
        st.info("No video fits. Take a filter away, or search for less.")
        return
    _table(page)
    _pager(page, query)


def _invite() -> None:
    st.write("No video is known yet. Type this in a terminal, with the folder of your films:")
    st.code("reencodarr run /path/to/films", language="bash")
    st.write("Or try it on films made for the purpose:")
    st.code("reencodarr demo", language="bash")


def _savings(savings: reading.Savings, counts: reading.Counts) -> None:
    total, freed, trash, projected = st.columns(4, gap="medium")
    replaced = counts.states.get(State.REPLACED, 0)
    _figure(total, "Videos", f"{counts.total:,}", f"{replaced:,} replaced")
    _figure(freed, "Freed", words.size(savings.freed), "on the disk today")
    until = f"frees from {words.day(savings.next_expiry, viewer.zone())}" if savings.next_expiry else "not yet freed"
    held = f"The originals in the trash hold {words.size(savings.trash)}; `reencodarr undo` brings one back."
    note, held = (until, held) if savings.trash else ("the trash is empty", "")
    _figure(trash, "Saved, still in trash", words.size(savings.pending), note, held)
    note = f"estimate for {savings.projected_videos:,} searched" if savings.projected_videos else "nothing is searched"
    _figure(projected, "In sight", words.size(savings.projected), note)


def _figure(column: Any, label: str, value: str, note: str, more: str = "") -> None:
    column.metric(label, value, delta=note, delta_color="off", delta_arrow="off", border=True, help=more or None)


def _controls(url: str, query: Query, counts: reading.Counts) -> None:
    reasons = _reasons(query, counts)
    roots = data.roots(url)
    known = [state for state in words.STATES if state in counts.states or state in query.state]
    st.session_state.update(q=query.text, states=list(query.state), reason=query.reason, sort=query.sort)
    st.pills(
        "State",
        known,
        selection_mode="multi",
        format_func=lambda state: f"{words.STATES[state]}  {counts.states.get(state, 0):,}",
        key="states",
        on_change=_changed,
        label_visibility="collapsed",
    )
    widths = [5, 2, 2, 2] if len(roots) > 1 else [5, 2, 2]
    columns = st.columns(widths, gap="medium")
    columns[0].text_input("Search", placeholder="Words of the path or title", key="q", on_change=_changed)
    columns[1].selectbox("Reason", list(reasons), format_func=reasons.__getitem__, key="reason", on_change=_changed)
    columns[2].selectbox("Sort", list(_SORTS), format_func=_SORTS.__getitem__, key="sort", on_change=_changed)
    if len(roots) > 1:
        names: dict[int | None, str] = {None: "All"}
        names.update((root.id, root.path) for root in roots)
        st.session_state["library"] = query.library if query.library in names else None
        columns[3].selectbox("Library", list(names), format_func=names.__getitem__, key="library", on_change=_changed)


def _reasons(query: Query, counts: reading.Counts) -> dict[str, str]:
    """The reasons that the chosen states have, with their counts."""
    found: dict[str, int] = {query.reason: 0} if query.reason else {}
    for (state, reason), number in counts.reasons.items():
        if not query.state or state in query.state:
            found[reason] = found.get(reason, 0) + number
    ordered = sorted(found.items(), key=lambda item: -item[1])
    return {"": "Any", **{reason: f"{words.reason(reason)} ({number:,})" for reason, number in ordered}}


def _changed() -> None:
    """Write what the widgets say to the URL, and go to the first page."""
    chosen = st.session_state
    before = address.query(viewer.parameters())
    library = chosen.get("library", before.library)
    after = Query(text=chosen.q, state=tuple(chosen.states), reason=chosen.reason, library=library, sort=chosen.sort)
    st.query_params.from_dict(address.parameters(after))


def _turned() -> None:
    query = address.query(viewer.parameters())
    st.query_params.from_dict(address.parameters(replace(query, number=st.session_state["page"])))


def _table(page: reading.Page) -> None:
    frame = pd.DataFrame([_line(row) for row in page.rows])
    colours = [f"color: {_COLOURS[row.state]}" if row.state in _COLOURS else "" for row in page.rows]
    shown = frame.style.apply(lambda _: colours, subset=["State"]).format(_FORMATS, na_rep=words.NOTHING)
    for number, row in enumerate(page.rows):
        if dynamic_range.off_model(row.hdr):
            scores = ([number], ["Predicted", "Achieved"])
            shown = shown.format(partial(_score, hdr=row.hdr), subset=scores, na_rep=words.NOTHING)
    event = st.dataframe(
        shown,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        row_height=ROW_HEIGHT,
        height=ROW_HEIGHT * (len(page.rows) + 1) + 2,
        column_config=_COLUMNS,
        placeholder=words.NOTHING,
        key="table",
    )
    for index in event["selection"]["rows"]:
        st.session_state["list"] = dict(viewer.parameters())
        st.switch_page(VIDEO_PAGE, query_params={"video": str(page.rows[index].id)})


def _score(value: float, *, hdr: str | None) -> str:
    return dynamic_range.marked(f"{value:.1f}", hdr)


def _line(row: reading.Row) -> dict[str, Any]:
    state = words.STATES[row.state]
    return {
        "Film": row.name,
        "State": f"{state}: {words.reason(row.reason)}" if row.reason else state,
        "Codec": row.codec or "",
        "Picture": words.picture(row.width, row.height) if row.width else "",
        "Size": row.size_before,
        "After": row.size_after,
        "Saved": row.saved,
        "CRF": row.crf,
        "Predicted": row.predicted,
        "Achieved": row.achieved,
        "Folder": row.folder,
    }


_FORMATS: dict[str, Any] = {
    "Size": words.size,
    "After": words.size,
    "Saved": words.size,
    "CRF": "{:g}",
    "Predicted": "{:.1f}",
    "Achieved": "{:.1f}",
}
_COLUMNS: dict[str, Any] = {
    "Film": st.column_config.TextColumn(width=300),
    "State": st.column_config.TextColumn(width=175),
    "Codec": st.column_config.TextColumn(width=65),
    "Picture": st.column_config.TextColumn(width=98),
    "Size": st.column_config.NumberColumn(width=78, help="Of the original"),
    "After": st.column_config.NumberColumn(width=78, help="Of the result"),
    "Saved": st.column_config.NumberColumn(width=78, help="Once the result is in place; the original may be in trash"),
    "CRF": st.column_config.NumberColumn(width=55),
    "Predicted": st.column_config.NumberColumn("VMAF predicted", width=125, help="From the probes"),
    "Achieved": st.column_config.NumberColumn("VMAF achieved", width=125, help="Measured on the finished film"),
    "Folder": st.column_config.TextColumn(width=200),
}


def _pager(page: reading.Page, query: Query) -> None:
    first = (page.number - 1) * query.size + 1
    left, right = st.columns([1, 2], vertical_alignment="center")
    left.caption(f"{first:,} to {first + len(page.rows) - 1:,} of {page.total:,}. A click on a row's box opens it.")
    if page.pages > 1:
        st.session_state["page"] = page.number
        with right.container(horizontal_alignment="right"):
            st.pagination(page.pages, key="page", on_change=_turned)


if __name__ == "__main__":
    show()
