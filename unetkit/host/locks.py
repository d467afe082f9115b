"""Locks on files. The system releases a lock when the process that holds it ends, however it ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Locked(Exception):
    """Another process holds a lock."""


@contextmanager
def exclusive_lock(path: Path, *, timeout: float = 0.0) -> Iterator[None]:
    """Holds the lock of a file, which is created if missing; waits at most `timeout` seconds, forever if negative.

    Raises Locked if another process holds it, and OSError if the file cannot be opened or is a link.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=timeout)
    try:
        lock.acquire(poll_interval=0.02)
    except Timeout as error:
        raise Locked(str(path)) from error
    try:
        yield
    finally:
        lock.release()


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock of a file, which is neither created nor written.

    Concurrent calls do not disturb each other, and read permission is enough: on Unix this takes a shared lock for a
    moment, which filelock does not offer. Raises OSError if the file cannot be opened.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        if not path.exists():
            return False
        try:
            with exclusive_lock(path):
                return False
        except Locked:
            return True
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # does not wait for a pipe
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
