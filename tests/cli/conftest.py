"""The `reencodarr` program itself, as people start it, with a data folder of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).parent / "reencodarr"


@dataclass(frozen=True, kw_only=True)
class Program:
    """How the program is started in a test."""

    environment: dict[str, str]
    cwd: Path

    def __call__(self, *arguments: str | Path, **changes: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end, without a terminal."""
        return subprocess.run(
            [PROGRAM, *arguments],
            env={**self.environment, **changes},
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )

    def start(self, *arguments: str | Path, **changes: str) -> subprocess.Popen[bytes]:
        """Start it in a process group of its own, as a shell would."""
        return subprocess.Popen(
            [PROGRAM, *arguments],
            env={**self.environment, **changes},
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def data(self) -> Path:
        return Path(self.environment["REENCODARR_DATA_DIR"])


@pytest.fixture
def reencodarr(tmp_path: Path, fast_policy: Path) -> Program:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("REENCODARR_", "PREFECT_"))}
    return Program(
        environment={
            **clean,
            "REENCODARR_DATA_DIR": str(tmp_path / "data"),
            "REENCODARR_POLICY": str(fast_policy),
            "REENCODARR_RESERVE_BYTES": "0",
            "COLUMNS": "160",
        },
        cwd=tmp_path,
    )
