"""Who works on what: the machines and how they are, the jobs and how far they are, and what waits for somebody."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboards import data, viewer, words
from reencodarr.library.reading import Condition, Given, Machine

REFRESH = 10
"""Seconds; workers tell of their jobs every fifteen."""
_KINDS = {"crf_search": "CRF search", "encode": "Encode"}
_PHASES = {"staging": "is brought into the bucket", "ready": "waits for a worker"}


def show() -> None:
    """Draw the page."""
    st.title("Machines", anchor=False)
    _live()


@st.fragment(run_every=REFRESH)
def _live() -> None:
    machines, given, backlog = data.machines(data.location())
    if not machines:
        st.write("No machine has joined. The first one comes with the server; type this in a terminal:")
        st.code("reencodarr up", language="bash")
    if backlog.searches or backlog.encodes:
        held = "" if any(_takes_work(one) for one in machines) else " No machine takes work now, so they wait."
        st.write(f"{backlog.searches:,} videos wait for their CRF search, {backlog.encodes:,} for their encode.{held}")
    if backlog.unconfirmed:
        st.info(
            f"{backlog.unconfirmed:,} of them lie in libraries whose films nobody said may be replaced:"
            " `reencodarr libraries add PATH` says so."
        )
    if backlog.resting:
        st.write(
            f"{backlog.resting:,} of them were paused or cancelled by a person: `reencodarr resume` lets them go on."
        )
    if machines:
        _machines(machines)
    for one in machines:
        if one.condition is Condition.QUARANTINED:
            st.error(f"{words.plain(one.name)} gets no more work. {words.plain(one.reason)}")
    _jobs(given)


def _takes_work(machine: Machine) -> bool:
    return machine.condition in {Condition.IDLE, Condition.WORKING}


def _machines(machines: Sequence[Machine]) -> None:
    rows = [
        {
            "Machine": one.name,
            "Condition": one.condition.value,
            "Jobs": f"{one.busy} of {one.slots}",
            "System": one.system or one.pool,
            "1080p frames/s": one.fps,
            "Encoder": one.build,
            "Heard": words.moment(one.beaten_at, viewer.zone()) if one.beaten_at else words.NOTHING,
        }
        for one in machines
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch")


def _jobs(given: Sequence[Given]) -> None:
    st.subheader("Jobs", anchor=False)
    if not given:
        st.write("Nothing is given out.")
        return
    rows = [
        {
            "Film": one.name,
            "Work": _KINDS.get(one.kind, one.kind),
            "Where": one.worker or _PHASES.get(one.phase, one.phase),
            "Doing": _doing(one),
            "Progress": None if one.moment is None else one.moment.fraction,
            "Left": _left(one),
        }
        for one in given
    ]
    progress = st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="percent")
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", column_config={"Progress": progress})


def _doing(one: Given) -> str:
    if one.hold == "cancelled":
        return "is being cancelled"
    if one.hold:
        return "paused" if one.moment is not None and one.moment.paused else "is being paused"
    if one.moment is None:
        return words.NOTHING
    parts = [one.moment.stage.replace("_", " "), one.moment.detail]
    if one.moment.fps:
        parts.append(f"{one.moment.fps:.0f} fps")
    return ", ".join(part for part in parts if part)


def _left(one: Given) -> str:
    return words.NOTHING if one.moment is None or one.moment.eta is None else words.duration(one.moment.eta)


if __name__ == "__main__":
    show()
