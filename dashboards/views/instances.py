"""Each Sonarr and Radarr: its last sync, our webhook in it, what it names that we cannot see, and a button that syncs.

The button starts a deployment; where no Prefect API is configured it says what to type instead.
"""

import shlex

import pandas as pd
import streamlit as st

from dashboards import actions, data, viewer, words
from reencodarr.arr.instance import Instance
from reencodarr.errors import ReencodarrError
from reencodarr.library.reading import Arr

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
    for name in sorted({*configured, *known}):
        _instance(name, configured.get(name), known.get(name))


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
    columns = {
        "Folder": st.column_config.Column(width=260),
        "Files": st.column_config.Column(width=70),
        "What is missing": st.column_config.Column(width="large"),
    }
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
