"""The root of the tree, and the words that every error says of itself: where it failed and of what kind."""

from enum import StrEnum
from pathlib import Path
from typing import ClassVar


class Stage(StrEnum):
    """Where in a video's way something failed."""

    SETUP = "setup"
    SCAN = "scan"
    ANALYSIS = "analysis"
    CRF_SEARCH = "crf_search"
    ENCODE = "encode"
    PROOF = "proof"
    SWAP = "swap"
    TRANSFER = "transfer"
    SYNC = "sync"


class Category(StrEnum):
    """What kind of cause it has; failures are grouped and explained by it."""

    CONFIGURATION = "configuration"
    FILE_ACCESS = "file_access"
    UNREADABLE_MEDIA = "unreadable_media"
    QUALITY = "quality"
    SIZE = "size"
    PROGRAM = "program"
    RESOURCES = "resources"
    TIMEOUT = "timeout"
    VERIFICATION = "verification"
    FILE_OPERATION = "file_operation"
    STATE = "state"
    DATABASE = "database"
    STORAGE = "storage"
    ARR = "arr"
    UNKNOWN = "unknown"


class ReencodarrError(Exception):
    """The root: everything Reencodarr raises on purpose."""

    stage: ClassVar[Stage] = Stage.SETUP
    category: ClassVar[Category] = Category.UNKNOWN
    code: ClassVar[str] = "unknown"
    transient: ClassVar[bool] = False

    def __init__(self, message: str, *, path: Path | None = None, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".rstrip()
