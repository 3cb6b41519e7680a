"""The states of a video and every transition between them. Pure; `transitions` performs them."""

from enum import StrEnum


class State(StrEnum):
    """Where a video is on its way."""

    NEEDS_ANALYSIS = "needs_analysis"
    ANALYZING = "analyzing"
    ANALYZED = "analyzed"
    """Facts are known and the policy wants it encoded."""
    CRF_SEARCHING = "crf_searching"
    CRF_SEARCHED = "crf_searched"
    ENCODING = "encoding"
    ENCODED = "encoded"
    """A result exists and waits to be proven and swapped in."""
    REPLACED = "replaced"
    SKIPPED = "skipped"
    """Left alone, for a reason the video's row names."""
    FAILED = "failed"
    """A failure row says where and why."""
    GONE = "gone"
    """A scan no longer found the file: a tombstone, never a deletion."""


WORKING = frozenset({State.ANALYZING, State.CRF_SEARCHING, State.ENCODING})
"""States that only a claim leads to, and in which somebody holds it."""

FOLLOWING = {
    State.NEEDS_ANALYSIS: State.ANALYZING,
    State.ANALYZED: State.CRF_SEARCHING,
    State.CRF_SEARCHED: State.ENCODING,
    State.ENCODED: State.ENCODED,
}
"""What a claim makes of a waiting video. Proof and swap have no state of their own: an encoded video is only held."""

HOLDABLE = frozenset({State.ANALYZED, State.CRF_SEARCHED})
"""States in which a person may have a video rest: what follows may take hours, all else is too short to be paused."""

RESTING = {
    State.ANALYZING: State.NEEDS_ANALYSIS,
    State.CRF_SEARCHING: State.ANALYZED,
    State.ENCODING: State.CRF_SEARCHED,
}
"""Where a video goes back to when its claim died."""

ALLOWED: dict[State, frozenset[State]] = {
    State.NEEDS_ANALYSIS: frozenset({State.ANALYZING, State.SKIPPED, State.GONE}),
    State.ANALYZING: frozenset({State.ANALYZED, State.SKIPPED, State.FAILED, State.NEEDS_ANALYSIS, State.GONE}),
    State.ANALYZED: frozenset({State.CRF_SEARCHING, State.SKIPPED, State.NEEDS_ANALYSIS, State.GONE}),
    State.CRF_SEARCHING: frozenset(
        {State.CRF_SEARCHED, State.SKIPPED, State.FAILED, State.ANALYZED, State.NEEDS_ANALYSIS, State.GONE}
    ),
    State.CRF_SEARCHED: frozenset({State.ENCODING, State.SKIPPED, State.ANALYZED, State.NEEDS_ANALYSIS, State.GONE}),
    State.ENCODING: frozenset(
        {State.ENCODED, State.SKIPPED, State.FAILED, State.CRF_SEARCHED, State.NEEDS_ANALYSIS, State.GONE}
    ),
    State.ENCODED: frozenset(
        {State.REPLACED, State.SKIPPED, State.FAILED, State.CRF_SEARCHED, State.NEEDS_ANALYSIS, State.GONE}
    ),
    State.REPLACED: frozenset({State.NEEDS_ANALYSIS, State.SKIPPED, State.GONE}),
    State.SKIPPED: frozenset({State.NEEDS_ANALYSIS, State.ANALYZED, State.GONE}),
    # Back to where it waited when the machine, not the film, was at fault.
    State.FAILED: frozenset({State.NEEDS_ANALYSIS, State.ANALYZED, State.CRF_SEARCHED, State.SKIPPED, State.GONE}),
    State.GONE: frozenset({State.NEEDS_ANALYSIS}),
}
"""Every transition there is. A file that changed on disk goes back to `needs_analysis` from anywhere."""


def allowed(before: State, after: State) -> bool:
    """Whether a video may go from `before` to `after`."""
    return after in ALLOWED[before]
