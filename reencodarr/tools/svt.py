"""What SVT-AV1 says of itself; only when it encodes, whoever asked it to."""

import re

TALKATIVE = {"SVT_LOG": "3"}
"""The environment in which it says its version, whatever the user's own says."""

_BANNER = re.compile(r"SVT-AV1 Encoder Lib v(\S+)")


def version(stderr: str) -> str:
    """The version in the words of an encode; `unknown` where it did not say."""
    found = _BANNER.search(stderr)
    return found[1] if found else "unknown"
