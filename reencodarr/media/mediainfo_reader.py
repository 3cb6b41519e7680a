"""The program that asks MediaInfo's library about one file: `python -P mediainfo_reader.py FILE`.

It is a process of its own because the library ends with a segmentation fault on some damaged files (measured: 3 of
2800 real files with a few bytes changed, version 24.12), which may not take the run with it. It prints MediaInfo's
JSON; where the file cannot be read it says why and ends with `UNREADABLE`. It is run as a file, not as a module, and
imports nothing of this package: a process for each film has to start fast.
"""

import importlib
import os
import sys
from types import SimpleNamespace
from typing import BinaryIO

UNREADABLE = 74
"""Exit code: EX_IOERR of sysexits.h."""

_SLACK = 64 * 1024 * 1024


class Source:
    """A file as the library reads it: through us, so that any name opens and no neighbour is drawn in.

    Given a path, the library could not open names that are not UTF-8, and would join «00001.ts» and «00002.ts».
    A damaged file may send it back and forth: after the whole size and 64 MiB more, it is told that the file ends.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        self._left = self._size + _SLACK

    def read(self, size: int) -> bytes:
        found = self._file.read(min(size, self._left))
        self._left -= len(found)
        return found

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        # A damaged header may name a place that no file can have.
        return self._file.seek(min(offset, self._size), whence)

    def tell(self) -> int:
        return self._file.tell()


def document(file: BinaryIO) -> str:
    """MediaInfo's JSON about an open file. May end the process."""
    import pymediainfo

    if not pymediainfo.MediaInfo.can_parse():
        raise RuntimeError("pymediainfo's wheel for this system brings no library of MediaInfo; install libmediainfo")
    text: str = pymediainfo.MediaInfo.parse(Source(file), output="JSON", full=False)
    return text


def main(arguments: list[str]) -> int:
    """Print the document of the one file that is named; the exit code."""
    # pymediainfo 7 asks for its own version at import, for which this module alone would take half of our time.
    vars(importlib)["metadata"] = SimpleNamespace(version=lambda _: "", PackageNotFoundError=LookupError)
    try:
        with open(arguments[0], "rb", buffering=0) as file:  # noqa: PTH123 - pathlib takes its time, too
            answer = document(file)
    except OSError as error:
        sys.stderr.write(f"{error.strerror or error}\n")
        return UNREADABLE
    sys.stdout.buffer.write(answer.encode("utf-8", "replace"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
