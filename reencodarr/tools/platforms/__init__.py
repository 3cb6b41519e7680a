"""What differs between systems, one module for each: `platforms.here()` is the one of this machine.

Everything above asks here instead of looking at `sys.platform`. The promise is `system.System`.
"""

import sys

from reencodarr.tools.platforms.system import System


def here() -> System:
    """The system that this process runs on; whatever is neither Windows nor macOS counts as Linux."""
    if sys.platform == "win32":
        from reencodarr.tools.platforms import windows

        return windows
    elif sys.platform == "darwin":  # noqa: RET505 - type checkers then look at one branch only
        from reencodarr.tools.platforms import macos

        return macos
    else:
        from reencodarr.tools.platforms import linux

        return linux
