"""Processes: existence, termination with parents and children, and memory limits."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress

LINUX = sys.platform == "linux"
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def process_exists(number: int) -> bool:
    """Whether a process with this number exists."""
    import psutil

    try:
        return psutil.pid_exists(number)
    except OverflowError:
        return False


def die_with(parent: int) -> None:
    """Ends this process as soon as its parent ends, or at once if it has ended already.

    On Linux the kernel does this, see prctl(2); elsewhere a thread waits for the parent.
    """
    if LINUX:
        import ctypes  # slow to import

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        return
    import psutil

    try:
        process = psutil.Process(parent)
    except psutil.NoSuchProcess:
        os._exit(1)

    def wait() -> None:
        process.wait()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def kill_session(number: int) -> None:
    """Kills the leader of a session and its descendants; does nothing if it has ended already.

    Windows has no sessions: there the current descendants of the process are killed.
    """
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):  # macOS denies it if all have ended
            os.killpg(number, signal.SIGKILL)
        return
    import psutil

    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(number)
        for each in (*process.children(recursive=True), process):
            with suppress(psutil.NoSuchProcess):
                each.kill()


def limit_memory(num_bytes: int) -> None:
    """Limits the data of this process to its current size and some bytes; no effect on macOS and Windows."""
    try:
        import resource
    except ImportError:  # Windows
        return
    import psutil

    used = getattr(psutil.Process().memory_info(), "data", 0)  # as the limit counts it, on Linux
    with suppress(OSError, ValueError):  # a lower limit is in force
        resource.setrlimit(resource.RLIMIT_DATA, (used + num_bytes, resource.getrlimit(resource.RLIMIT_DATA)[1]))
