"""What the browser tells about who looks: the URL's parameters and the time zone."""

from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st


def parameters() -> dict[str, list[str]]:
    """Every value of every parameter in the URL."""
    return {name: st.query_params.get_all(name) for name in st.query_params}


def zone() -> tzinfo | None:
    """The time zone of the browser; None, which means this machine's own, where it does not say."""
    name = st.context.timezone
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None
