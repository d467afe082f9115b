"""The command `unetkit`: one file per command; `app.py` lists them."""

from __future__ import annotations

import gc
import os
import sys
from types import ModuleType


def main() -> None:
    """Runs the command line of this process: 0 is success, 1 an input at fault, 2 wrong usage."""
    gc.disable()  # while modules are imported it finds nothing to collect, and takes a tenth of a short command's time
    without_pydantic_plugins()
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # threads that wait in a loop slow a busy machine down tenfold
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # names of files may be no text

    from unetkit.cli.app import app  # after what makes its import quick

    app(prog_name="unetkit")


def without_pydantic_plugins() -> None:
    """Keeps pydantic from looking for plugins of its own in the environment: a tenth of a short command's time.

    Its switch for that, PYDANTIC_DISABLE_PLUGINS, comes after the import of importlib.metadata, which is what costs.
    """
    loader = ModuleType("pydantic.plugin._loader")
    loader.get_plugins = lambda: ()  # type: ignore[attr-defined]  # the one function that pydantic calls
    sys.modules.setdefault(loader.__name__, loader)
