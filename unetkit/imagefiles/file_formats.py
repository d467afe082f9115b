"""The formats of image files by suffix, and opening a file of any of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from unetkit.errors import Fault, FileError
from unetkit.imagefiles.guard import check_file, guarded
from unetkit.imagefiles.images import Images, ReadRequest
from unetkit.imagefiles.result import ResultWriter
from unetkit.wording import size_text


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
    """The format of a file by its suffix; raises FileError for an unknown one."""
    for file_format in FORMATS:
        if path.name.lower().endswith(file_format.suffixes):
            return file_format
    cure = f"Known suffixes: {', '.join(known_suffixes())}."
    raise FileError(Fault("image-kind", f"{path} has no known image suffix", cure=cure, file=str(path)))


def known_suffixes() -> tuple[str, ...]:
    """The suffixes of all formats."""
    return tuple(suffix for file_format in FORMATS for suffix in file_format.suffixes)


@contextmanager
def open_images(path: Path, request: ReadRequest) -> Iterator[Images]:
    """Opens the images in a file of any format; every error is a FileError."""
    with ExitStack() as stack:
        with guarded(path):
            file_format = format_of(path)
            check_file(path, folder=file_format.folder)
            images = stack.enter_context(file_format.open(path, request))
            if min(images.array.shape, default=1) < 1:  # a damaged NIfTI header has negative lengths
                message = f"{path} ({size_text(images.array.shape)}) is empty"
                raise FileError(Fault("no-image", message, cure="Remove or replace it.", file=str(path)))
        yield images


def split_name(path: Path) -> tuple[str, str]:
    """The name of a file without its suffix, and the suffix.

    >>> split_name(Path("a/brain.nii.gz")), split_name(Path("cells.v2.png"))
    (('brain', '.nii.gz'), ('cells.v2', '.png'))
    """
    suffixes = sorted(known_suffixes(), key=len, reverse=True)
    suffix = next((suffix for suffix in suffixes if path.name.lower().endswith(suffix)), path.suffix)
    length = len(path.name) - len(suffix)
    return path.name[:length], path.name[length:]


def result_name(path: Path, *, probabilities: bool) -> str:
    """The file name of the result for an image; raises FileError for an unknown format.

    >>> result_name(Path("a/cat.jpg"), probabilities=False), result_name(Path("a/brain.nii.gz"), probabilities=True)
    ('cat.png', 'brain.nii.gz')
    """
    file_format, (stem, suffix) = format_of(path), split_name(path)
    return stem + ((file_format.probabilities if probabilities else file_format.classes) or suffix)


def find_images(paths: Iterable[Path]) -> list[Path]:
    """The given files, and the image files in given folders, sorted; raises FileError for missing or empty ones."""
    files: list[Path] = []
    faults: list[Fault] = []
    for path in paths:
        if path.is_dir() and not path.name.lower().endswith(".zarr"):
            inside = sorted(file for file in path.iterdir() if is_image(file))
            files += inside
            if not inside:
                faults.append(Fault("no-images", f"{path} has no images"))
        elif path.exists():
            files.append(path)
        else:
            faults.append(Fault("file-missing", f"{path} does not exist"))
    if faults:
        raise FileError(*faults)
    return files


def is_image(path: Path) -> bool:
    """Whether a file in a folder is an image by its suffix; hidden files are not."""
    return path.name.lower().endswith(known_suffixes()) and not path.name.startswith(".")


def number_type(classes: int) -> np.dtype[Any]:
    """The smallest integer type for the numbers of so many classes."""
    return np.dtype(np.uint8 if classes <= 256 else np.uint16)
