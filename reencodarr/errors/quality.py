"""The search for a CRF: there is none, or no score can be trusted.

SearchError
├── TargetUnreachable      no CRF in range meets the lowest accepted target
├── FramesMispaired        source and encode have different frame counts
├── EngineFailed           the search engine broke
├── FilmUnsuitable         no search of that film would mean anything; says why
└── ExcerptUnusable        a film cannot be sampled in parts; the whole of it is needed
"""

from reencodarr.errors.base import Category, ReencodarrError, Stage


class SearchError(ReencodarrError):
    """Raised when no CRF could be found."""

    stage = Stage.CRF_SEARCH
    category = Category.QUALITY
    code = "search"


class TargetUnreachable(SearchError):
    """Raised when no CRF in range meets even the lowest accepted target."""

    code = "target_unreachable"


class FramesMispaired(SearchError):
    """Raised when source and encode have different frame counts, so that no score could be trusted."""

    category = Category.VERIFICATION
    code = "frames_mispaired"


class EngineFailed(SearchError):
    """Raised when a search engine broke instead of answering."""

    category = Category.PROGRAM
    code = "engine_failed"


class FilmUnsuitable(SearchError):
    """Raised when no search of a film would mean anything, for instance since it is AV1 already."""

    category = Category.UNREADABLE_MEDIA
    code = "film_unsuitable"


class ExcerptUnusable(SearchError):
    """Raised when a film cannot be sampled in parts, or an excerpt lacks what is asked of it."""

    category = Category.VERIFICATION
    code = "excerpt_unusable"
