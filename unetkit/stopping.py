"""Signals that stop a process as an exception, so that it cleans up and ends with the exit code of the signal."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""The signals of Ctrl-C, a scheduler, and a closed terminal; Windows has no SIGHUP."""


class Stopped(BaseException):
    """A signal stopped this process. It is no Exception, so error handlers do not catch it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def signal(self) -> str:
        """The name of the signal, such as SIGTERM."""
        return signal.Signals(self.number).name

    @property
    def code(self) -> int:
        """The exit code that shells and schedulers expect: 128 and the number of the signal."""
        return 128 + self.number


_LOST_AFTER = 0.5
"""Seconds between two looks at whether a Stopped is still on its way; it is lost where it twice is not."""


class StopHandler:
    """The handler of these signals. The second signal ends the process at once.

    Python and C discard an exception in some places, such as destructors and callbacks. A signal that arrives there
    would be without effect, so its exception is raised again.
    """

    def __init__(self) -> None:
        self.process = os.getpid()
        self.stopped: Stopped | None = None
        self.arrived = threading.Event()
        """Set when the context ends, however it ends."""

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self.process:  # forked, like data loading workers, which the first process ends
            if number == signal.SIGTERM:
                signal.signal(number, signal.SIG_DFL)
                os.kill(os.getpid(), number)
            return
        for each in _SIGNALS:  # a shell and the kernel may both tell that a terminal has closed
            signal.signal(each, signal.SIG_DFL if each.name != "SIGHUP" else signal.SIG_IGN)
        self.stopped = Stopped(number)
        sys.unraisablehook = _ignore  # destructors fail where the signal ended their workers too
        _thread.start_new_thread(self._insist, ())  # a Thread takes locks that the code which was interrupted may hold
        raise self.stopped

    def _insist(self) -> None:
        """Raises an exception in the main thread again, as often as the exception is lost."""
        import ctypes

        main, missing = threading.main_thread().ident or 0, 0
        while not self.arrived.wait(_LOST_AFTER):
            missing = 0 if self.stopped in _handled(main) else missing + 1
            if missing > 1:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(main), ctypes.py_object(_StoppedAgain))


class _StoppedAgain(BaseException):
    """In place of a Stopped that was lost; the context turns it into that Stopped."""


def _handled(thread: int) -> list[BaseException]:
    """The exception that a thread is handling, in `except`, `finally` or `__exit__`, and those during which it came."""
    found: list[BaseException] = []
    error: Any = sys._current_exceptions().get(thread)
    error = error[1] if isinstance(error, tuple) else error  # a tuple before Python 3.12
    while error is not None and all(error is not one for one in found):
        found.append(error)
        error = error.__context__
    return found


@contextmanager
def stoppable() -> Iterator[None]:
    """Within the context the SIGNALS raise Stopped; so do errors that they cause, such as lost processes.

    Signals that the process ignores, as under nohup, stay ignored. Only the main thread gets signals; nothing changes
    for others.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    request = StopHandler()
    report_unraisable = sys.unraisablehook
    heeded = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before: dict[int, Any] = {number: signal.signal(number, request) for number in heeded}
    try:
        yield
    except BaseException as error:
        if request.stopped is not None and error is not request.stopped:
            raise request.stopped from error
        raise
    finally:
        request.arrived.set()
        sys.unraisablehook = report_unraisable
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore(unraisable: object) -> None:
    """Ignores the exception of a destructor."""
