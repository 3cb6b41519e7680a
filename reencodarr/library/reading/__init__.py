"""The read side: plain selects that return frozen values, for dashboard, `status` and `run`'s table. Writes nothing.

`page` and `counts` list videos, `film` tells everything about one, `savings`, `report` and `failures` add up, `period`
tells of a day, `summary` is the table at the end of a run; `machines`, `given` and `backlog` tell who works on what,
and what waits; `arrs`, `listed`, `notices` and `bad_files` tell of Sonarr and Radarr. All figures about a swap come
from the ledger, never from live rows. What a session has not flushed yet is not seen.
"""

from reencodarr.library.reading.arrs import Arr, Listed, Unseen, arrs, listed
from reencodarr.library.reading.causes import ExcludedGroup, FailureGroup, FailureReport, Tally, failures, report
from reencodarr.library.reading.errands import Bad, Notice, bad_files, notices
from reencodarr.library.reading.film import Film, film
from reencodarr.library.reading.lists import Counts, Page, Query, Root, Sort, counts, page, roots, summary
from reencodarr.library.reading.machines import Backlog, Condition, Given, Machine, backlog, given, machines
from reencodarr.library.reading.period import Period, period
from reencodarr.library.reading.rows import Row, shown
from reencodarr.library.reading.totals import Savings, savings

__all__ = [
    "Arr",
    "Backlog",
    "Bad",
    "Condition",
    "Counts",
    "ExcludedGroup",
    "FailureGroup",
    "FailureReport",
    "Film",
    "Given",
    "Listed",
    "Machine",
    "Notice",
    "Page",
    "Period",
    "Query",
    "Root",
    "Row",
    "Savings",
    "Sort",
    "Tally",
    "Unseen",
    "arrs",
    "backlog",
    "bad_files",
    "counts",
    "failures",
    "film",
    "given",
    "listed",
    "machines",
    "notices",
    "page",
    "period",
    "report",
    "roots",
    "savings",
    "shown",
    "summary",
]
