"""The read side: plain selects that return frozen values, for dashboard, `status` and `run`'s table. Writes nothing.

`page` and `counts` list videos, `film` tells everything about one, `savings` and `failures` add up, `summary` is the
table at the end of a run; `machines`, `given` and `backlog` tell who works on what, and what waits. All figures about
a swap come from the ledger, never from live rows. What a session has not flushed yet is not seen.
"""

from reencodarr.library.reading.film import Film, film
from reencodarr.library.reading.lists import Counts, Page, Query, Root, Sort, counts, page, roots, summary
from reencodarr.library.reading.machines import Backlog, Condition, Given, Machine, backlog, given, machines
from reencodarr.library.reading.rows import Row, shown
from reencodarr.library.reading.totals import FailureGroup, Savings, failures, savings

__all__ = [
    "Backlog",
    "Condition",
    "Counts",
    "FailureGroup",
    "Film",
    "Given",
    "Machine",
    "Page",
    "Query",
    "Root",
    "Row",
    "Savings",
    "Sort",
    "backlog",
    "counts",
    "failures",
    "film",
    "given",
    "machines",
    "page",
    "roots",
    "savings",
    "shown",
    "summary",
]
