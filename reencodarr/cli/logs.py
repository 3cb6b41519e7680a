"""The log file of `run`: what the domain logs goes there, never between the progress bars."""

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

NAME = "reencodarr.log"
LARGEST = 10 * 1024 * 1024
KEPT = 3


def to_file(data_dir: Path) -> Path:
    """Write INFO and above to a file in the data folder, of 10 MiB at most, three older ones kept; its path."""
    path = data_dir / NAME
    data_dir.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(path, maxBytes=LARGEST, backupCount=KEPT, encoding="utf-8", errors="replace")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    logger = logging.getLogger("reencodarr")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    return path
