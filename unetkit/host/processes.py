"""Processes: whether one exists, ending it with its parent or with those it began, and limiting its memory."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress

LINUX = sys.platform == "linux"
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def process_exists(number: int) -> bool:
    """Whether there is a process of a number."""
    import psutil

    try:
        return psutil.pid_exists(number)
    except OverflowError:
        return False


def die_with(parent: int) -> None:
    """Ends this process as soon as its parent ends, however that ends; at once where it has ended already.

    On Linux the kernel does it, see prctl(2); elsewhere a thread waits for the parent.
    """
    if LINUX:
        import ctypes  # slow to import

        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
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
    """Kills a process that leads a session, and those that it began; none where it has ended already.

    Windows has no sessions: there, those are killed that descend from the process while it lives.
    """
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):  # macOS denies it where all have ended
            os.killpg(number, signal.SIGKILL)
        return
    import psutil

    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(number)
        for each in (*process.children(recursive=True), process):
            with suppress(psutil.NoSuchProcess):
                each.kill()


def limit_memory(num_bytes: int) -> None:
    """Lets the system refuse this process more data than it has now and so many bytes; no effect on macOS, Windows."""
    try:
        import resource
    except ImportError:  # Windows
        return
    import psutil

    used = getattr(psutil.Process().memory_info(), "data", 0)  # as the limit counts it, on Linux
    with suppress(OSError, ValueError):  # a lower limit is in force
        resource.setrlimit(resource.RLIMIT_DATA, (used + num_bytes, resource.getrlimit(resource.RLIMIT_DATA)[1]))
