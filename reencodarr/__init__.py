"""Reencodarr shrinks a video library to AV1 without visible loss, and never loses an original.

The rooms, from the bottom up: `units`, `errors` and `progress` are words everybody uses; `tools` runs
programs; `media` learns what a file is; `encoding` decides and performs an encode; `quality` searches and
measures; `proof` compares a result with its source; `library` remembers; `swap` replaces a file; `stages`
takes one video from a state to the next; `cli` is what people type.
"""

from importlib.metadata import version

__version__ = version("reencodarr")
