"""Data by its name, as the command line takes it."""

from __future__ import annotations

from pathlib import Path

from unetkit.data.loading import load_data
from unetkit.data.opening import open_data
from unetkit.data.pairs import Splits
from unetkit.errors import Fault, FileError


def read_data(source: str, *, channels: int = 1, ignore: int | None = None, orientation: str = "") -> Splits:
    """Returns what a data file, a folder with images/ and masks/, or `mni` holds.

    `channels` and `ignore` say how a folder is read; the others know it themselves. `orientation` has the axis codes
    that volumes are brought to, "" those that the data file asks for.
    """
    if source == "mni":
        if ignore is not None:
            message = "mni labels every pixel: there is no class to ignore"
            raise FileError(Fault("no-effect", message, cure="Leave ignore out."))
        return open_data(load_data(source))
    changes = [f"channels={channels}"] if Path(source).is_dir() else []
    changes += [f"orientation={orientation}"] if orientation else []
    return open_data(load_data(source, changes + ([] if ignore is None else [f"ignore={ignore}"])))
