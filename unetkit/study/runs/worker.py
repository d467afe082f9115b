"""The process of one run: `python -m unetkit.study.runs.worker RUN_FOLDER PARENT BYTES`.

It executes the run unless its result exists, and exits. It holds a lock on the folder, so that no two processes execute
the same run, and it dies with the process that started it.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from unetkit.errors import UnetkitError
from unetkit.host import die_with, exclusive_lock, limit_memory
from unetkit.stopping import Stopped, stoppable
from unetkit.study.results.exit_status import FILE, REFUSED, ExitStatus, state_of, sweep
from unetkit.study.runs.training import train
from unetkit.wording import gigabytes

_LOCK = ".worker"
NEEDED = ("filelock", "psutil", "torch", "lightning.pytorch", "unetkit.train", "unetkit.scoring")
"""Modules that each run imports, and that take seconds."""
_LATER = ("diverged", "memory")
"""Codes of faults that come up while a run trains, or that depend on the machine."""


def main(arguments: Sequence[str], work: Callable[[Path], None] = train) -> int:
    """Executes a run in its folder and returns the exit code; a finished run is left unchanged."""
    folder, parent, memory = Path(arguments[0]), int(arguments[1]), int(arguments[2])
    die_with(parent)
    if memory:
        limit_memory(memory)
    try:
        with stoppable():
            return execute(folder, work, memory)
    except Stopped as stopped:  # for the study, a run whose process was ended is one to be begun again
        signal.signal(stopped.number, signal.SIG_DFL)
        os.kill(os.getpid(), stopped.number)
        return stopped.code


def execute(folder: Path, work: Callable[[Path], None], memory: int) -> int:
    """Executes a run while holding its folder's lock, and returns the exit code."""
    with exclusive_lock(folder / _LOCK, timeout=-1):  # whoever holds it does the same work: it is waited for
        sweep(folder)
        if state_of(folder) == "done":
            return 0
        (folder / FILE).unlink(missing_ok=True)
        status = attempt(folder, work, memory)
        status.write(folder)
    return status.code


def attempt(folder: Path, work: Callable[[Path], None], memory: int = 0) -> ExitStatus:
    """Does the work and returns its exit status; errors are printed to the log."""
    try:
        work(folder)
    except UnetkitError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the log
        code = 1 if any(fault.code in _LATER for fault in error.faults) else REFUSED
        return ExitStatus(code, "; ".join(fault.message for fault in error.faults))
    except Exception as error:  # noqa: BLE001 - whatever fails, the study goes on and tells it
        traceback.print_exc()
        if memory and (isinstance(error, MemoryError) or "allocate memory" in str(error)):
            return ExitStatus(1, f"it needs more than {gigabytes(memory)} of memory, its share; try fewer --at-once")
        return ExitStatus(1, f"{type(error).__name__}: {error}")
    return ExitStatus(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
