"""Files with holes: as long as a film, while only what was written of it takes room on the disk."""

import sys
from pathlib import Path
from typing import BinaryIO

from reencodarr.units import Bytes

_FSCTL_SET_SPARSE = 0x900C4


def create(path: Path, size: Bytes) -> BinaryIO:
    """A new file of `size` bytes that reads as zeros, opened for reading and writing.

    It takes no room where the filesystem knows holes (ext4, XFS, Btrfs, ZFS, APFS, NTFS), the whole room elsewhere.
    """
    file = path.open("w+b")
    try:
        if sys.platform == "win32":
            _mark(file)
        file.truncate(size)
    except BaseException:
        file.close()
        raise
    return file


if sys.platform == "win32":

    def _mark(file: BinaryIO) -> None:
        """NTFS writes out a file's holes unless it was told beforehand; a refusal costs room only."""
        import ctypes
        import msvcrt
        from ctypes import wintypes

        control = ctypes.WinDLL("kernel32").DeviceIoControl
        control.argtypes = [
            wintypes.HANDLE, wintypes.DWORD, wintypes.LPVOID, wintypes.DWORD,
            wintypes.LPVOID, wintypes.DWORD, ctypes.POINTER(wintypes.DWORD), wintypes.LPVOID,
        ]  # fmt: skip
        returned = wintypes.DWORD()
        handle = msvcrt.get_osfhandle(file.fileno())
        control(handle, _FSCTL_SET_SPARSE, None, 0, None, 0, ctypes.byref(returned), None)
