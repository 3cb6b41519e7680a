"""What can be wrong with a pretended Sonarr or Radarr, to be turned while it runs."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Mangle = Callable[[str, Any], Any]
"""Given the path (below `/api/v3`) and what would be answered, what is answered instead."""


@dataclass(slots=True, kw_only=True)
class Failure:
    """An answer in place of the right one, for requests whose «METHOD /path» matches."""

    status: int
    times: int = 1
    matching: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b'{"message": "Database is locked"}'
    afterwards: bool = False
    """It did what it was asked all the same."""

    def hits(self, method: str, path: str) -> bool:
        return self.times > 0 and re.search(self.matching, f"{method} {path}") is not None


@dataclass(slots=True, kw_only=True)
class Knobs:
    """As they are, it works."""

    delay: float = 0.0
    """Seconds before each answer."""
    failures: list[Failure] = field(default_factory=list)
    page: bool = False
    """A proxy answers everything with a page of its own."""
    redirect: str = ""
    """A login page that everything is sent on to."""
    url_base: str = ""
    version: str = ""
    says_it_is: str = ""
    """The name of another application."""
    polls: int = 1
    """How often a command is looked at before it has ended."""
    failing_commands: set[str] = field(default_factory=set)
    ignored_commands: set[str] = field(default_factory=set)
    """They end well and do nothing."""
    redownloads: bool = False
    """It looks for another release by itself once one is marked as failed."""
    recycle_bin: str = "/bin"
    tries_webhooks: bool = True
    """A notification is tried before it is saved."""
    sends_webhooks: bool = True
    mangle: Mangle | None = None
    """After the contract was checked: what no sane one answers."""
