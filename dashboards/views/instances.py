"""Each Sonarr and Radarr: its last sync, our webhook in it, what it names that we cannot see, what it has still to be
told, its bad files, and a button that syncs.

The button starts a deployment; where no Prefect API is configured it says what to type instead.
"""

import shlex
from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from dashboards import actions, data, viewer, words
from reencodarr.arr.instance import Instance
from reencodarr.errors import ReencodarrError
from reencodarr.library.reading import Arr, Bad, Notice

_WEBHOOKS = {
    "": "not looked at yet",
    "registered": "registered",
    "missing": "not there",
    "foreign": "altered",
}


def show() -> None:
    """Draw the page."""
    st.title("Sonarr and Radarr", anchor=False)
    configured, known = data.instances(), {one.name: one for one in data.arrs(data.location())}
    if not configured and not known:
        st.write("None is set. Reencodarr works without; with them it hears of new and replaced films at once.")
        st.code(
            "export REENCODARR_SONARR__MAIN__URL=http://nas:8989\nexport REENCODARR_SONARR__MAIN__API_KEY=...",
            language="bash",
        )
    notices, bad = data.errands(data.location())
    for name in sorted({*configured, *known}):
        _instance(name, configured.get(name), known.get(name))
        _untold([one for one in notices if one.instance == name])
        _bad([one for one in bad if one.instance == name])


def _instance(name: str, instance: Instance | None, arr: Arr | None) -> None:
    kind = instance.kind.value if instance else arr.kind if arr else ""
    st.subheader(words.plain(f"{kind.capitalize()} {name}"), anchor=False)
    if instance is None:
        st.warning("It is not in the settings that this dashboard was started with.")
    _figures(kind, arr)
    if arr is not None:
        _state(arr)
        if arr.unseen:
            _unseen(arr)
    if instance is not None:
        sync, page, _ = st.columns([1, 1, 3])
        if sync.button("Sync now", type="primary", width="stretch", key=f"sync {name}"):
            _sync(name)
        page.link_button(f"Open {instance.kind.application} ↗", instance.url, width="stretch")


def _figures(kind: str, arr: Arr | None) -> None:
    zone = viewer.zone()
    called = words.moment(arr.webhook_at, zone) if arr and arr.webhook_at else ""
    figures = {
        "Version": (arr.version if arr and arr.version else words.NOTHING, kind.capitalize()),
        "Last sync": (
            words.moment(arr.synced_at, zone) if arr and arr.synced_at else "never",
            f"{arr.files:,} files, {arr.films:,} of them films here" if arr else "nothing is known yet",
        ),
        "Webhook": (
            _WEBHOOKS.get(arr.webhook, arr.webhook) if arr else _WEBHOOKS[""],
            f"last event {called}" if called else "no event yet",
        ),
        "Waiting": (
            f"{arr.wishes:,} to look at" if arr else words.NOTHING,
            f"{arr.untold:,} to tell of a swap" if arr else words.NOTHING,
        ),
    }
    for column, (label, (value, note)) in zip(st.columns(4, gap="medium"), figures.items(), strict=True):
        column.metric(label, value, delta=note, delta_color="off", delta_arrow="off", border=True)


def _state(arr: Arr) -> None:
    if arr.words:
        (st.error if arr.failing else st.write)(words.plain(arr.words))
    if arr.webhook in {"missing", "foreign"}:
        what = "is not there" if arr.webhook == "missing" else "is there, but not as it should be"
        st.warning(
            f"Our webhook {what}: changes are seen by the next sync only. The sync mends it, or type "
            f"`reencodarr arr register {arr.name}`; `reencodarr arr test {arr.name}` says what is in the way."
        )


def _unseen(arr: Arr) -> None:
    st.write("Files in these folders of its cannot be seen here:")
    rows = [{"Folder": one.folder, "Files": one.files, "What is missing": one.words} for one in arr.unseen]
    _table(rows, wide="What is missing")


def _untold(notices: Sequence[Notice]) -> None:
    """Swaps that it does not know of yet."""
    if not notices:
        return
    st.write("It has still to be told that these films were swapped:")
    rows = [
        {"Film": one.film, "State": _due(one), "What happened last": one.words or "not tried yet"} for one in notices
    ]
    _table(rows, wide="What happened last")
    if any(one.given_up for one in notices):
        st.warning("What was given up is told again after `reencodarr failures --stage sync --retry`.")


def _due(notice: Notice) -> str:
    tries = f"{notice.tries} tries" if notice.tries != 1 else "1 try"
    if notice.given_up:
        return f"given up after {tries}"
    return f"due {words.moment(notice.due_at, viewer.zone())}" + (f", after {tries}" if notice.tries else "")


def _bad(files: Sequence[Bad]) -> None:
    """Bad files, and how far their replacement is."""
    if not files:
        return
    st.write("Bad files:")
    rows = [
        {
            "Number": one.number,
            "Film": one.film,
            "Reason": one.reason,
            "State": one.state,
            "What happened last": one.step or words.NOTHING,
        }
        for one in files
    ]
    _table(rows, wide="What happened last")
    if any(one.state == "reported" for one in files):
        st.info("Nothing is done about a reported file before somebody agrees: `reencodarr bad confirm NUMBER`.")


def _table(rows: Sequence[Mapping[str, object]], *, wide: str) -> None:
    columns = {wide: st.column_config.Column(width="large")}
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", column_config=columns)


def _sync(name: str) -> None:
    """Start the deployment, or say what to type."""
    if not actions.are_possible():
        st.write("No Prefect API is configured for this dashboard. Type this in a terminal:")
        st.code(shlex.join(["reencodarr", "sync", name]), language="bash")
        return
    try:
        with st.spinner("Asking the server ..."):
            run = actions.start(actions.SYNC, {"instances": [name]})
    except ReencodarrError as error:
        st.error(words.plain(error.message))
        if error.advice:
            st.info(error.advice)
        return
    st.success(f"Started as run {words.plain(run)}. A large library takes some minutes; reload the page then.")


if __name__ == "__main__":
    show()
