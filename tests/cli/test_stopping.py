"""What is ended by force, and what is not."""

import subprocess
import sys

from reencodarr.cli import exits

SLOW_TO_GO = """
import signal, sys, time
from reencodarr.cli import exits, stopping

class Slow:
    def __del__(self, sleep=time.sleep):
        sleep(2)

stopping.GRACE_SECONDS = 1
stopping.on_signals()
slow = Slow()
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    sys.exit(exits.INTERRUPTED)
"""
"""Python gives up its signal handlers before it takes its modules apart."""


def test_a_clean_stop_keeps_its_exit_code_however_long_python_takes_to_go() -> None:
    done = subprocess.run([sys.executable, "-c", SLOW_TO_GO], capture_output=True, text=True)

    assert done.returncode == exits.INTERRUPTED, done.stderr
