"""The kinds of image files: how each is opened, and how a result of the same kind is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from unetkit.errors import Fault, FileError
from unetkit.imagefiles.guard import check_file, guarded
from unetkit.imagefiles.images import Images
from unetkit.imagefiles.request import ReadRequest
from unetkit.imagefiles.target import ResultWriter


class FileFormat(NamedTuple):
    """A file format: its suffixes, the module that implements it, and the suffixes of results.

    `classes` and `probabilities` are the suffixes of results; None keeps that of the image. `folder`: a file of this
    format is a folder. `stacks`: it may hold several images.
    """

    suffixes: tuple[str, ...]
    module: str
    classes: str | None = None
    probabilities: str | None = None
    folder: bool = False
    stacks: bool = True

    def open(self, path: Path, request: ReadRequest) -> AbstractContextManager[Images]:
        """Opens a file. Errors are those of the library that reads it; `open_images` turns them into FileError."""
        images: AbstractContextManager[Images] = self._module().open_file(path, request)
        return images

    def create(
        self, path: Path, images: Images, channels: int | None, dtype: Any
    ) -> AbstractContextManager[ResultWriter]:
        """Creates a file for results of some images; `channels` is None for one number per sample.

        The file has the geometry and the axes of the images. It is in its place once the context ends without error.
        """
        writer: AbstractContextManager[ResultWriter] = self._module().create_file(path, images, channels, dtype)
        return writer

    def _module(self) -> Any:
        return import_module(f"unetkit.imagefiles.formats.{self.module}")


FORMATS = (
    FileFormat(
        (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"),
        "picture",
        classes=".png",
        probabilities=".npy",
        stacks=False,
    ),
    FileFormat((".tif", ".tiff"), "tiff"),
    FileFormat((".nii", ".nii.gz"), "nifti"),
    FileFormat((".npy",), "numpy_file"),
    FileFormat((".zarr",), "zarr_file", folder=True),
)


def format_of(path: Path) -> FileFormat:
    """Returns the kind of a file by the end of its name; raises FileError where it is none of those known."""
    for kind in FORMATS:
        if path.name.lower().endswith(kind.suffixes):
            return kind
    cure = f"Read are: {', '.join(known_suffixes())}."
    raise FileError(Fault("image-kind", f"{path} is no image file by its name", cure=cure, file=str(path)))


def known_suffixes() -> tuple[str, ...]:
    """Returns the ends of the names of all kinds."""
    return tuple(suffix for kind in FORMATS for suffix in kind.suffixes)


@contextmanager
def open_images(path: Path, request: ReadRequest) -> Iterator[Images]:
    """Gives the images in a file of any kind; raises FileError for whatever stands against it."""
    with ExitStack() as stack:
        with guarded(path):
            kind = format_of(path)
            check_file(path, folder=kind.folder)
            images = stack.enter_context(kind.open(path, request))
            if 0 in images.array.shape:
                message = f"{path} ({'×'.join(map(str, images.array.shape))}) holds no number"
                raise FileError(Fault("no-image", message, cure="Leave it out, or mend it.", file=str(path)))
        yield images


def split_name(path: Path) -> tuple[str, str]:
    """Returns the name of a file and the end that says its kind.

    >>> split_name(Path("a/brain.nii.gz")), split_name(Path("cells.v2.png"))
    (('brain', '.nii.gz'), ('cells.v2', '.png'))
    """
    ends = sorted(known_suffixes(), key=len, reverse=True)
    end = next((end for end in ends if path.name.lower().endswith(end)), path.suffix)
    return path.name[: len(path.name) - len(end)], path.name[len(path.name) - len(end) :]


def result_name(path: Path, *, probabilities: bool) -> str:
    """Returns the name of the file with the result for an image; raises FileError for a kind that is not known.

    >>> result_name(Path("a/cat.jpg"), probabilities=False), result_name(Path("a/brain.nii.gz"), probabilities=True)
    ('cat.png', 'brain.nii.gz')
    """
    kind, (name, end) = format_of(path), split_name(path)
    return name + ((kind.probabilities if probabilities else kind.classes) or end)


def find_images(paths: Iterable[Path]) -> list[Path]:
    """Returns the files named, and of each folder its image files by name; raises FileError for what is not there."""
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
    return path.name.lower().endswith(known_suffixes()) and not path.name.startswith(".")


def number_type(classes: int) -> np.dtype[Any]:
    """Returns the smallest type that holds so many class numbers."""
    return np.dtype(np.uint8 if classes <= 256 else np.uint16)
