"""Windows: a job object that the system closes with us ends our children; files are locked by ranges of bytes.

The calls were run under Wine, not on Windows itself.
"""

import ctypes
import functools
import logging
import msvcrt
import os
import subprocess
import sys
import time
from ctypes import wintypes
from pathlib import Path
from typing import Any

import psutil

from reencodarr.tools.platforms.system import Usage
from reencodarr.units import Bytes, Seconds

assert sys.platform == "win32"

log = logging.getLogger(__name__)

name = "windows"

_LOCKED_BYTE = 1 << 30
"""Far behind the end of any lock file: what is locked here cannot even be read by others."""
_LOOK_EVERY = 0.05

_KILL_ON_JOB_CLOSE = 0x2000
_EXTENDED_LIMITS = 9  # JobObjectExtendedLimitInformation

_ENDINGS = {
    15: "SIGTERM",
    0xC000013A: "CTRL_C_EXIT",
    0x40010004: "DEBUG_TERMINATE",
    0xC0000017: "NO_MEMORY",
    0xC000012D: "COMMITMENT_LIMIT",
    0xC0000005: "ACCESS_VIOLATION",
    0xC00000FD: "STACK_OVERFLOW",
    0xC0000374: "HEAP_CORRUPTION",
    0xC0000409: "STACK_BUFFER_OVERRUN",
}
"""NTSTATUS values that Windows gives as exit codes; 15 is what psutil has it give to a process that it ends."""

_kernel = ctypes.WinDLL("kernel32", use_last_error=True)
_kernel.CreateJobObjectW.restype = wintypes.HANDLE
_kernel.CreateJobObjectW.argtypes = [ctypes.c_void_p, wintypes.LPCWSTR]
_kernel.SetInformationJobObject.argtypes = [wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD]
_kernel.AssignProcessToJobObject.argtypes = [wintypes.HANDLE, wintypes.HANDLE]
_kernel.GetCurrentProcess.restype = wintypes.HANDLE
_kernel.GetProcessTimes.argtypes = [wintypes.HANDLE, *[ctypes.POINTER(wintypes.FILETIME)] * 4]


class _Limits(ctypes.Structure):
    """`JOBOBJECT_EXTENDED_LIMIT_INFORMATION`, whose third field is the flags."""

    _fields_ = (
        ("process_time", wintypes.LARGE_INTEGER),
        ("job_time", wintypes.LARGE_INTEGER),
        ("flags", wintypes.DWORD),
        ("least_working_set", ctypes.c_size_t),
        ("largest_working_set", ctypes.c_size_t),
        ("active_processes", wintypes.DWORD),
        ("affinity", ctypes.c_size_t),
        ("priority", wintypes.DWORD),
        ("scheduling", wintypes.DWORD),
        ("io_counters", ctypes.c_ulonglong * 6),
        ("memory", ctypes.c_size_t * 4),
    )


def start_options(*, own_session: bool) -> dict[str, Any]:
    # Without a console of our own (a service) each console program would open a window.
    group = subprocess.CREATE_NEW_PROCESS_GROUP if own_session else 0
    return {"creationflags": subprocess.CREATE_NO_WINDOW | group}


def adopt(process: "subprocess.Popen[bytes]") -> None:
    job = _job()
    if job is None or not _kernel.AssignProcessToJobObject(job, _handle(process)):
        log.debug("process %d is not bound to this one: error %d", process.pid, ctypes.get_last_error())


def bind_descendants() -> None:
    # Whoever is in a job passes it on to all that it starts.
    job = _job()
    if job is not None and not _kernel.AssignProcessToJobObject(job, _kernel.GetCurrentProcess()):
        log.warning("what this process starts is not bound to it: error %d", ctypes.get_last_error())


def finished(process: "subprocess.Popen[bytes]") -> Usage | None:
    return None if process.poll() is None else Usage(cpu=_cpu(_handle(process)))


def ask_to_end(process: psutil.Process) -> None:
    """Windows knows no request that every program hears."""
    process.terminate()


def ended_by(exit_code: int) -> str:
    return _ENDINGS.get(exit_code & 0xFFFFFFFF, "")


def end_like(exit_code: int) -> None:
    if ended_by(exit_code):
        os._exit(exit_code)


def peak_memory(pid: int) -> Bytes:
    try:
        return Bytes(psutil.Process(pid).memory_info().peak_wset)
    except psutil.Error:
        return Bytes(0)


def try_lock(handle: int) -> bool:
    os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
    try:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    finally:
        os.lseek(handle, 0, os.SEEK_SET)
    return True


def wait_for_lock(handle: int) -> None:
    while not try_lock(handle):
        time.sleep(_LOOK_EVERY)


def folder_handle(folder: Path) -> int | None:
    """Folders cannot be opened as files are; whoever locks them relies on another lock beside."""
    return None


def sync(path: Path) -> None:
    if path.is_dir():  # NTFS writes names to its journal by itself.
        return
    handle = os.open(path, os.O_RDWR | os.O_BINARY)  # Only what may be written may be flushed.
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def executable(name: str) -> str:
    return f"{name}.exe"


@functools.cache
def _job() -> int | None:
    """The job whose last handle is ours, which Windows closes when we end, however that happens."""
    job: int | None = _kernel.CreateJobObjectW(None, None)
    limits = _Limits(flags=_KILL_ON_JOB_CLOSE)
    size = ctypes.sizeof(limits)
    if not job or not _kernel.SetInformationJobObject(job, _EXTENDED_LIMITS, ctypes.byref(limits), size):
        log.warning("children are not bound to this process: error %d", ctypes.get_last_error())
        return None
    return job


def _handle(process: "subprocess.Popen[bytes]") -> int:
    return int(process._handle)  # type: ignore[attr-defined]  # the only handle that stays valid after the end


def _cpu(handle: int) -> Seconds:
    made, ended, kernel, user = (wintypes.FILETIME() for _ in range(4))
    if not _kernel.GetProcessTimes(handle, made, ended, kernel, user):
        return Seconds(0.0)
    ticks = sum((time.dwHighDateTime << 32) + time.dwLowDateTime for time in (kernel, user))
    return Seconds(ticks / 1e7)
