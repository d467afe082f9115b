"""Data by its name, as the command line takes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unetkit.data.loading import load_data
from unetkit.data.opening import open_data
from unetkit.data.pairs import Splits
from unetkit.data.spec import DataSpec
from unetkit.errors import Fault, FileError


def read_data(source: str, *, channels: int = 1, ignore: int | None = None, dims: int | None = None) -> Splits:
    """Returns what a data file, a folder of images and masks, or `mni` holds.

    `channels`, `ignore` and `dims` say how a folder is read; the others know it themselves.
    """
    changes = (f"channels={channels}",) if Path(source).is_dir() else ()
    return open_data(find_data(source, ignore=ignore, changes=changes, dims=dims))


def find_data(
    source: str, *, ignore: int | None = None, changes: Sequence[str] = (), dims: int | None = None
) -> DataSpec:
    """Returns the data spec of a data file, of a folder of images and masks, or of `mni`.

    `changes` are settings as in `channels=3`; `ignore` is the class of pixels that count nowhere; `dims` are the axes
    of the images of a folder.
    """
    if source == "mni" and ignore is not None:
        message = "mni labels every pixel: there is no class to ignore"
        raise FileError(Fault("no-effect", message, cure="Leave ignore out."))
    return load_data(source, [*changes, *([] if ignore is None else [f"ignore={ignore}"])], dims=dims)
