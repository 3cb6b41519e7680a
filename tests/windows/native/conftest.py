"""Tests of the Windows side, run by Windows' Python: under Wine by `test_windows`, or on Windows itself."""

import sys

collect_ignore_glob = [] if sys.platform == "win32" else ["test_*.py"]
