"""Flows for Windows that do no more than run `ffmpeg.exe`."""

import os
from collections.abc import Sequence
from pathlib import Path

from prefect import flow, get_run_logger

from reencodarr.tools import ffmpeg, programs


def _arguments(seconds: int) -> Sequence[str | Path]:
    slowly = ("-re", "-f", "lavfi", "-i", "testsrc=rate=5", "-t", str(seconds))
    return [ffmpeg.locate(), *ffmpeg.QUIET, *slowly, "-progress", "pipe:1", "-f", "null", "-"]


@flow(name="short")
def short() -> str:
    """Run ffmpeg for a second; tell its build."""
    programs.run(_arguments(1))
    build = ffmpeg.build(ffmpeg.locate()).identity
    get_run_logger().info("%s on %s", build, os.name)
    return build


@flow(name="endless")
def endless() -> None:
    """Run ffmpeg for ten minutes, with an ear for what Prefect says to the main thread."""
    get_run_logger().info("ffmpeg begins")
    programs.run(_arguments(600), on_line=lambda _: None)
