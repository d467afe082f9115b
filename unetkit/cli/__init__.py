"""The command `unetkit`: one file per command; `app.py` lists them."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Runs the command line of this process: 0 is success, 1 an input at fault, 2 wrong usage."""
    gc.disable()  # while modules are imported it finds nothing to collect, and takes a tenth of a short command's time
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # looking for plugins of pydantic takes 15 ms
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # names of files may be no text

    from unetkit.cli.app import app  # after what makes its import quick

    app(prog_name="unetkit")
