"""One video: how it stands, its VMAF-against-CRF curve, its streams, what was decided, what happened when."""

from collections.abc import Iterable, Iterator, Sequence

import pandas as pd
import streamlit as st

from dashboards import address, charts, data, viewer, words
from reencodarr.library.reading import Film, Listed
from reencodarr.library.reading.parts import Encoded, Failed, Known, Probed, Searched, Swapped
from reencodarr.library.states import WORKING, State
from reencodarr.quality import dynamic_range

VIDEOS_PAGE = "views/videos.py"
_BADGES = {State.REPLACED: "green", State.FAILED: "red", State.SKIPPED: "gray", State.GONE: "gray"}


def show() -> None:
    """Draw the page."""
    st.page_link(VIDEOS_PAGE, label="← Videos", query_params=st.session_state.get("list", {}))
    key = address.video(viewer.parameters())
    film = None if key is None else data.film(data.location(), key)
    if film is None:
        st.title("Video", anchor=False)
        st.info("Choose a video on the page Videos." if key is None else f"There is no video with the number {key}.")
        return
    _heading(film)
    _listed(data.listed(data.location(), film.row.id))
    if film.failure is not None and film.row.state is State.FAILED:
        _failure(film.failure)
    if film.row.state is State.SKIPPED:
        st.info(words.plain(_why_skipped(film)))
    _figures(film)
    wide, narrow = st.columns([3, 2], gap="large")
    with narrow:
        _facts(film)
    with wide:
        if film.probes:
            _curve(film)
        elif film.search is not None:
            _unprobed(film, film.search)
            _plan(film)
            _history(film)
        else:
            _plan(film)
            _history(film)
    _streams(film)
    if film.probes:
        decided, happened = st.columns(2, gap="large")
        with decided:
            _plan(film)
        with happened:
            _history(film)


def _heading(film: Film) -> None:
    row = film.row
    st.title(words.plain(row.name), anchor=False)
    colour = "blue" if row.state in WORKING else _BADGES.get(row.state, "primary")
    label = words.STATES[row.state] + (f": {words.reason(row.reason)}" if row.reason else "")
    badge = f":{colour}-badge[{words.plain(label)}]" + (f" :orange-badge[{row.hold}]" if row.hold else "")
    saved = "" if row.saved is None else f" **{words.saved(row.size_before, row.size_before - row.saved)}**,"
    st.markdown(f"{badge}{saved} {words.moment(row.changed_at, viewer.zone())}")
    st.code(film.identity.path, language=None, wrap_lines=True)


def _listed(listed: Sequence[Listed]) -> None:
    """Links to its series or movie, where the settings say how that Sonarr or Radarr is reached."""
    if not listed:
        return
    known = data.instances()
    with st.container(horizontal=True):
        for one in listed:
            there = known.get(one.instance)
            if there is None:
                st.caption(words.plain(f"{one.instance}: {one.title}"))
            else:
                st.link_button(words.plain(f"{there}: {one.title} ↗"), there.page(one.slug))


def _failure(failure: Failed) -> None:
    stage = words.reason(failure.stage)
    st.error(f"**{words.plain(failure.message)}**\n\nIn {stage}, {words.moment(failure.failed_at, viewer.zone())}")
    if failure.advice:
        st.info(f"**What to do:** {failure.advice}")
    if failure.context:
        with st.expander("Details"):
            for name, value in failure.context:
                st.caption(words.plain(words.reason(name)))
                st.code(value, language=None, wrap_lines=True)


def _why_skipped(film: Film) -> str:
    """The policy's own words, or those of the step that gave up."""
    if film.plan is not None and film.plan.action == "leave":
        return " ".join(film.plan.sentences)
    note = next((change.note for change in reversed(film.changes) if change.note), film.row.reason)
    return words.reason(note)


def _figures(film: Film) -> None:
    row, search = film.row, film.search
    if row.crf is None:
        return
    spread = f" ± {search.interval:.1f}" if search and search.interval else ""
    predicted, achieved = (dynamic_range.marked(f"VMAF {name}", row.hdr) for name in ("predicted", "achieved"))
    figures = {
        "Before" if row.size_after is not None else "Size": words.size(row.size_before),
        "After": None if row.size_after is None else words.size(row.size_after),
        "CRF": f"{row.crf:g}",
        predicted: None if row.predicted is None else f"{row.predicted:.1f}{spread}",
        achieved: None if row.achieved is None else f"{row.achieved:.1f}",
    }
    known = [(label, value) for label, value in figures.items() if value is not None]
    for column, (label, value) in zip(st.columns(5, gap="medium"), known, strict=False):
        column.metric(label, value, border=True)


def _curve(film: Film) -> None:
    st.header("VMAF against CRF", anchor=False)
    encode = _current(film)
    achieved = None if encode is None or encode.achieved is None else (encode.crf, encode.achieved)
    st.altair_chart(charts.probe_curve(film.probes, search=film.search, achieved=achieved), width="stretch")
    st.caption(f"{_spent(film.probes)} {' '.join(_legend(film, achieved=achieved is not None))}")
    if film.search is not None and film.search.reason:
        st.caption(words.plain(film.search.reason))
    if encode is not None:
        _deviated(encode)


def _spent(probes: Sequence[Probed]) -> str:
    pilots = sum(probe.pilot for probe in probes)
    among = f", {pilots} of them pilot{'' if pilots == 1 else 's'}," if pilots else ""
    spent = words.duration(sum(probe.seconds for probe in probes))
    return f"{len(probes)} probe{'' if len(probes) == 1 else 's'}{among} in {spent}."


def _legend(film: Film, *, achieved: bool) -> Iterator[str]:
    yield "Ring: the chosen CRF with its 95 % interval." if film.search else "The search is not done."
    if any(probe.pilot for probe in film.probes):
        yield "Hollow: pilots, of a few windows only, at the level of the others."
    if film.search is not None and film.search.bias:
        yield f"The ring is moved by {film.search.bias:+.2f}, as films alike have taught."
    if achieved:
        yield "Diamond: measured on the finished film."
    if dynamic_range.off_model(film.row.hdr):
        yield dynamic_range.NOTE


def _unprobed(film: Film, search: Searched) -> None:
    """In place of a curve that nobody measured."""
    st.header("VMAF against CRF", anchor=False)
    st.info(words.plain(search.reason or "Nothing was probed, so there is no curve."))
    if dynamic_range.off_model(film.row.hdr):
        st.caption(dynamic_range.NOTE)
    encode = _current(film)
    if encode is not None:
        _deviated(encode)


def _deviated(encode: Encoded) -> None:
    """What the finished film has to say about the prediction."""
    if encode.deviation is not None:
        st.caption(f"The first encode came out {encode.deviation:+.2f} VMAF against its prediction.")
    if encode.note:
        st.caption(words.plain(encode.note))


def _current(film: Film) -> Encoded | None:
    """The newest encode, unless the list shows that it is stale."""
    return film.encodes[0] if film.encodes and film.row.crf == film.encodes[0].crf else None


def _facts(film: Film) -> None:
    replaced = film.row.state is State.REPLACED
    st.header("Facts of the original" if replaced else "Facts", anchor=False)
    identity = film.identity
    rows = {"Size": words.size(film.row.size_before if replaced else identity.size)}
    rows.update(_known(film.facts) if film.facts else [("Contents", "not analysed")])
    rows["Names"] = f"{identity.links} hard links" if identity.links > 1 else ""
    rows["Last modified"] = words.moment(identity.modified_at, viewer.zone())
    _two_columns((label, value) for label, value in rows.items() if value)


def _known(facts: Known) -> Iterable[tuple[str, str]]:
    yield "Title", facts.title or ""
    yield "Container", facts.container
    yield "Video", ", ".join(part for part in (facts.codec, facts.chroma, _depth(facts), facts.scan) if part)
    yield "Picture", words.picture(facts.width, facts.height)
    yield "Dynamic range", words.reason(facts.hdr).upper()
    yield "Frame rate", f"{float(facts.frame_rate):.3f} fps" if facts.frame_rate else ""
    yield "Duration", words.duration(facts.duration) if facts.duration is not None else ""
    yield "Bit rate", words.bitrate(facts.bitrate) if facts.bitrate else ""


def _depth(facts: Known) -> str:
    return f"{facts.bit_depth} bit" if facts.bit_depth else ""


def _two_columns(rows: Iterable[tuple[str, str]]) -> None:
    found = [(words.plain(label), words.plain(value)) for label, value in rows]
    frame = pd.DataFrame({"": [value for _, value in found]}, index=[label for label, _ in found])
    st.table(frame, border="horizontal", hide_header=True)


def _streams(film: Film) -> None:
    before, after = film.streams_before, film.streams_after
    if not before and not after:
        return
    st.header("Streams", anchor=False)
    longest = max(len(before), len(after))
    pairs = [tuple(side[n] if n < len(side) else "" for side in (before, after)) for n in range(longest)]
    frame = pd.DataFrame([tuple(words.plain(text) for text in pair) for pair in pairs], columns=["Before", "After"])
    st.table(frame if after else frame[["Before"]], border="horizontal", hide_index=True)


def _plan(film: Film) -> None:
    if film.plan is not None and film.plan.action == "encode":
        st.header("Decided", anchor=False)
        st.markdown("\n".join(f"- {words.plain(sentence)}" for sentence in film.plan.sentences))
    for swap in film.swaps:
        st.caption(_swap_words(swap))


def _swap_words(swap: Swapped) -> str:
    if swap.outcome == "replaced":
        until = words.day(swap.keep_until, viewer.zone())
        return f"The original is in the trash until {until}: {words.plain(swap.trash)}"
    known = {"freed": "The original has left the trash.", "undone": "A swap was undone: the original is back."}
    return known.get(swap.outcome, f"Swap: {words.plain(swap.state)}.")


def _history(film: Film) -> None:
    st.header("What happened", anchor=False)
    zone = viewer.zone()
    lines = [
        (words.moment(change.at, zone), words.STATES[change.after], words.plain(words.reason(change.note)))
        for change in reversed(film.changes)
    ]
    lines.append((words.moment(film.identity.found_at, zone), "Found", ""))
    st.table(pd.DataFrame(lines, columns=["When", "State", "Note"]), border="horizontal", hide_index=True)


if __name__ == "__main__":
    show()
