"""The command line `unetkit`: one file per command, listed in `app.py`."""

from __future__ import annotations

import gc
import os
import sys
import warnings
from types import ModuleType

from unetkit.errors import UnetkitError
from unetkit.stopping import Stopped, stoppable


def main() -> None:
    """Runs the command line of this process. Exit codes: 0 success, 1 invalid input, 2 wrong usage."""
    gc.disable()  # imports leave nothing to collect; it takes 10 % of the time of a short command
    _disable_pydantic_plugins()
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # busy waiting slows a loaded machine tenfold
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None if closed
        stream.reconfigure(errors="backslashreplace")  # file names may not be valid text

    from unetkit.cli.system import open_streams  # after the lines above, which speed up imports

    open_streams()
    warnings.showwarning = show_warning
    try:
        with stoppable():
            from unetkit.cli.app import app

            app(prog_name="unetkit")
    except Stopped as stopped:  # before a command began
        from unetkit.cli.stopping import report_stopped

        sys.exit(report_stopped(stopped))
    except (OSError, MemoryError, RuntimeError, ImportError, UnetkitError) as error:  # of --help and --version
        sys.exit(_report(error))


def show_warning(message: Warning | str, *place: object, **further: object) -> None:
    """Prints a warning on one line, without its place in the code."""
    from unetkit.cli.output import say

    say(f"warning: {message}", to_errors=True)


def _report(error: Exception) -> int:
    """Prints an error of the system outside of any command, and returns the exit code. Raises any other error."""
    from unetkit.cli.output import print_faults
    from unetkit.cli.system import discard, fault_of

    fault = error.faults[0] if isinstance(error, UnetkitError) else fault_of(error)
    if fault is None:
        raise error
    discard(sys.stdout)
    print_faults([fault], as_json=False)
    return int(getattr(error.__context__, "exit_code", 1))  # that of wrong usage, if its message could not be printed


def _disable_pydantic_plugins() -> None:
    """Prevents pydantic's search for its own plugins, which takes 10 % of the time of a short command.

    PYDANTIC_DISABLE_PLUGINS does not avoid the import of importlib.metadata, which takes most of that time.
    """
    loader = ModuleType("pydantic.plugin._loader")
    loader.get_plugins = lambda: ()  # type: ignore[attr-defined]  # the only function that pydantic calls
    sys.modules.setdefault(loader.__name__, loader)
