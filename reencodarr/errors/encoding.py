"""The encode and its proof: there is no result, or it is not provably the same film.

EncodeError
├── NotSmaller             the result would exceed the policy's size ceiling
└── SourceVanished         the source was deleted or replaced during the encode
    └── SourceGone         it is not there any more, while its library is
ProofError                 the result is not the same film; lists every difference
"""

from pathlib import Path

from reencodarr.errors.base import Category, ReencodarrError, Stage


class EncodeError(ReencodarrError):
    """Raised when an encode did not produce a result."""

    stage = Stage.ENCODE
    category = Category.PROGRAM
    code = "encode"


class NotSmaller(EncodeError):
    """Raised when a result is or becomes larger than the policy's ceiling."""

    category = Category.SIZE
    code = "not_smaller"


class SourceVanished(EncodeError):
    """Raised when a source was deleted or replaced while it was worked on."""

    category = Category.FILE_ACCESS
    code = "source_vanished"


class SourceGone(SourceVanished):
    """Raised when a source is not there any more, while its library and its folder are."""

    code = "source_gone"


class ProofError(ReencodarrError):
    """Raised when a result is not provably the same film; `differences` lists each finding."""

    stage = Stage.PROOF
    category = Category.VERIFICATION
    code = "proof"

    def __init__(self, message: str, *, differences: tuple[str, ...], path: Path | None = None) -> None:
        super().__init__(message, path=path)
        self.differences = differences

    def __str__(self) -> str:
        return f"{self.message} {'; '.join(self.differences)}".rstrip()
