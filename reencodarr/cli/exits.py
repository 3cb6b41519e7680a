"""Exit codes, part of the contract with scripts."""

DONE = 0
"""Everything that was asked for was done; films left alone for a reason are no failure."""
SOME_FAILED = 1
"""At least one film failed, and the others were done; or a search found no CRF that meets its target."""
CANNOT_WORK = 2
"""Nothing could be done: a wrong setting, a missing program, a library or database that cannot be used, wrong usage."""
NOT_CONFIRMED = 3
"""Replacing films of a new library was not confirmed; nothing was replaced."""
INTERRUPTED = 130
"""Ctrl-C or SIGTERM; the next run goes on from there."""
