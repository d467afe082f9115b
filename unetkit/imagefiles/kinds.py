"""The kinds of image files: how each is opened, and how a result of the same kind is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from unetkit.errors import Fault, FileError
from unetkit.imagefiles.layout import Images
from unetkit.imagefiles.target import Target


class Kind(NamedTuple):
    """A kind of file: its suffixes, the suffix of class maps and that of probabilities, and the module that knows it.

    The module has `opened(path, dims, channels)`, a context with the Images in the file, and
    `made(path, like, images, shape, dtype)`, a context with a Target of that shape (*stack, *channels, *spatial), which
    is in its place when the context ends well. `like` is the file that was read.
    """

    suffixes: tuple[str, ...]
    classes: str
    probabilities: str
    module: str

    @property
    def opened(self) -> Callable[[Path, int, int], AbstractContextManager[Images]]:
        """Opens a file."""
        opener: Callable[[Path, int, int], AbstractContextManager[Images]] = self._member("opened")
        return opener

    @property
    def made(self) -> Callable[[Path, Path, tuple[int, ...], Any], AbstractContextManager[Target]]:
        """Makes a file like another."""
        maker: Callable[[Path, Path, tuple[int, ...], Any], AbstractContextManager[Target]] = self._member("made")
        return maker

    def _member(self, name: str) -> Any:
        return getattr(import_module(f"unetkit.imagefiles.{self.module}"), name)


KINDS = (
    Kind((".png", ".jpg", ".jpeg", ".bmp"), ".png", ".npy", "picture"),
    Kind((".tif", ".tiff"), ".tif", ".tif", "tiff"),
    Kind((".nii", ".nii.gz"), ".nii.gz", ".nii.gz", "nifti"),
    Kind((".npy",), ".npy", ".npy", "numpyfile"),
    Kind((".zarr",), ".zarr", ".zarr", "zarrfile"),
)


def kind_of(path: Path) -> Kind:
    """Returns the kind of a file by the end of its name; raises FileError where it is none of those known."""
    for kind in KINDS:
        if path.name.lower().endswith(kind.suffixes):
            return kind
    known = ", ".join(suffix for kind in KINDS for suffix in kind.suffixes)
    raise FileError(Fault("image-kind", f"{path} is no image file by its name", cure=f"Read are: {known}."))


def stem(path: Path) -> str:
    """Returns the name of a file without the end that says its kind.

    >>> stem(Path("a/brain.nii.gz")), stem(Path("cells.v2.png"))
    ('brain', 'cells.v2')
    """
    ends = (suffix for kind in KINDS for suffix in sorted(kind.suffixes, key=len, reverse=True))
    return next((path.name[: -len(end)] for end in ends if path.name.lower().endswith(end)), path.stem)


def find_images(paths: Iterable[Path]) -> list[Path]:
    """Returns the files named, and of each folder the image files in it by name. Raises FileError for what is not there."""
    found: list[Path] = []
    faults: list[Fault] = []
    for path in paths:
        if path.is_dir() and not path.name.lower().endswith(".zarr"):
            inside = sorted(file for file in path.iterdir() if is_image(file))
            found += inside
            if not inside:
                faults.append(Fault("no-images", f"{path} has no images"))
        elif path.exists():
            found.append(path)
        else:
            faults.append(Fault("file-missing", f"{path} does not exist"))
    if faults:
        raise FileError(*faults)
    return found


def is_image(path: Path) -> bool:
    """Whether a file in a folder is an image by its name; hidden ones are not."""
    known = tuple(suffix for kind in KINDS for suffix in kind.suffixes)
    return path.name.lower().endswith(known) and not path.name.startswith(".")


def needed(module: str, for_: Path) -> Any:
    """Returns a package that reads a kind of file; raises FileError that says how to get it where it is missing."""
    try:
        return import_module(module)
    except ImportError as error:
        message = f"{for_} needs the package {module}"
        raise FileError(Fault("package-missing", message, cure="pip install 'unetkit[images]'")) from error


def unreadable(path: Path, error: Exception) -> FileError:
    """Returns the error for a file that cannot be read."""
    return FileError(Fault("no-image", f"{path} cannot be read as an image: {error or type(error).__name__}"))


def number_type(classes: int) -> np.dtype[Any]:
    """Returns the smallest type that holds so many class numbers."""
    return np.dtype(np.uint8 if classes <= 256 else np.uint16)
