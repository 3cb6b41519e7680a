"""The Streamlit app: its pages, and the one place where an error becomes friendly words instead of a traceback."""

import streamlit as st

from dashboards import data, words
from reencodarr.errors import ReencodarrError


def main() -> None:
    """Show the page that the URL names."""
    # An emoji as the icon: with a material icon the browser would fetch a font from outside for it.
    st.set_page_config(page_title="Reencodarr", page_icon="🎬", layout="wide")
    page = st.navigation(
        [
            st.Page("views/videos.py", title="Videos", url_path="videos", default=True),
            st.Page("views/video.py", title="Video", url_path="video"),
            st.Page("views/machines.py", title="Machines", url_path="machines"),
            st.Page("views/failures.py", title="Failures", url_path="failures"),
            st.Page("views/instances.py", title="Sonarr & Radarr", url_path="instances"),
        ],
        position="top",
    )
    try:
        data.check(data.location())
        page.run()
    except ReencodarrError as error:
        _explain(error)


def _explain(error: ReencodarrError) -> None:
    st.title("Nothing to show yet" if error.transient else "This cannot be shown", anchor=False)
    st.write(words.plain(error.message))
    if error.advice:
        st.info(error.advice)


if __name__ == "__main__":
    main()
