"""The command `unetkit`: one file per command; `app.py` lists them."""

from __future__ import annotations

import gc
import os
import sys
import warnings
from types import ModuleType

from unetkit.errors import UnetkitError
from unetkit.stopping import Stopped, stoppable


def main() -> None:
    """Runs the command line of this process: 0 is success, 1 an input at fault, 2 wrong usage."""
    gc.disable()  # while modules are imported it finds nothing to collect, and takes a tenth of a short command's time
    without_pydantic_plugins()
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that wait in a loop slow a busy machine down tenfold
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None where it is closed
        stream.reconfigure(errors="backslashreplace")  # names of files may be no text

    from unetkit.cli.system import open_streams  # after what makes imports quick

    open_streams()
    warnings.showwarning = show_warning
    try:
        with stoppable():
            from unetkit.cli.app import app

            app(prog_name="unetkit")
    except Stopped as stopped:  # before a command began, or after it
        sys.exit(stopped.code)
    except (OSError, MemoryError, RuntimeError, ImportError, UnetkitError) as error:  # of the help, the version
        sys.exit(end(error))


def show_warning(message: Warning | str, *place: object, **further: object) -> None:
    """Says a warning on one line; where in the code it was given helps nobody."""
    from unetkit.cli.output import say

    say(f"warning: {message}", to_errors=True)


def end(error: Exception) -> int:
    """Says what the system refused before or after a command, and returns the exit code; raises any other error."""
    from unetkit.cli.output import print_faults
    from unetkit.cli.system import discard, fault_of

    fault = error.faults[0] if isinstance(error, UnetkitError) else fault_of(error)
    if fault is None:
        raise error
    discard(sys.stdout)
    print_faults([fault], as_json=False)
    return int(getattr(error.__context__, "exit_code", 1))  # that of wrong usage, which could not be said


def without_pydantic_plugins() -> None:
    """Keeps pydantic from looking for plugins of its own in the environment: a tenth of a short command's time.

    Its switch for that, PYDANTIC_DISABLE_PLUGINS, comes after the import of importlib.metadata, which is what costs.
    """
    loader = ModuleType("pydantic.plugin._loader")
    loader.get_plugins = lambda: ()  # type: ignore[attr-defined]  # the one function that pydantic calls
    sys.modules.setdefault(loader.__name__, loader)
