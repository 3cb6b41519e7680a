"""`python -m reencodarr.cli`: the program, for processes that start it themselves."""

from reencodarr.cli import main

main()
