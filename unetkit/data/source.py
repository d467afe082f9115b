"""Data by its name, as the command line takes it."""

from __future__ import annotations

from pathlib import Path

from unetkit.data.folders import folder
from unetkit.data.head import mni
from unetkit.data.pairs import Splits
from unetkit.errors import Fault, FileError


def read_data(source: str, *, channels: int = 1, ignore: int | None = None) -> Splits:
    """Returns the head template for `mni`, or what a folder holds; a folder of that name is `./mni`.

    `channels` and `ignore` say how a folder is read; the template has one channel and labels every pixel.
    """
    if source != "mni":
        return folder(Path(source), channels=channels, ignore=ignore)
    if ignore is not None:
        message = "mni labels every pixel: there is no class to ignore"
        raise FileError(Fault("no-effect", message, cure="Leave ignore out."))
    return mni()
