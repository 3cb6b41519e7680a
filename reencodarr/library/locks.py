"""Names that one process of this machine holds at a time. The system ends a lock with the process, however it ends."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reencodarr.library.transitions import holder_name
from reencodarr.tools import platforms


@contextmanager
def held(data_dir: Path, name: str) -> Iterator[str]:
    """Hold a name while the block runs; gives nothing, or who holds it instead."""
    folder = data_dir / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    file = os.open(folder / f"{name}.lock", os.O_CREAT | os.O_RDWR, 0o644)
    try:
        if not platforms.here().try_lock(file):
            yield os.read(file, 300).decode(errors="replace") or "another process"
            return
        os.ftruncate(file, 0)
        os.write(file, holder_name().encode())
        yield ""
    finally:
        os.close(file)
