"""Folders of image files and their masks, paired by name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import AfterValidator

from unetkit.data.dataset import Asked, Dataset, Entry, FilePath, Raw
from unetkit.data.pairing import Paired, paired
from unetkit.data.parts import PARTS
from unetkit.data.pattern import SPLIT, find
from unetkit.data.split import Division
from unetkit.errors import Fault, FileError, UnetkitError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from unetkit.imagefiles import Request


def check_axes(text: str) -> str:
    """Returns letters of axes; raises ValueError where they are none, or one of an image's is twice."""
    letters = text.upper()
    if not letters or not set(letters) <= set("XYZCSTNIQ"):
        raise ValueError(f"{text!r} does not name axes: write a letter for each, of X Y Z C T N, as in YXC")
    if "X" not in letters or any(letters.count(one) > 1 for one in letters):
        raise ValueError(f"{text!r} does not name axes: X is missing, or one is there twice")
    return letters


Axes = Annotated[str, AfterValidator(check_axes)]
"""Letters of the axes of an array, the slowest first, as in YXC."""


class Folders(Dataset):
    """Images and masks in folders: PNG, JPEG, TIFF, NIfTI, NumPy or Zarr, paired by the stems of their names.

    A path may be a pattern, as in `scans/{name}/image.nii.gz`: what stands for `{name}` pairs the files. `{split}` is
    the word for a part of the data (train, val, test), `**` stands for folders of any depth. Names may differ in words
    such as `_mask`. A file with several 2D images, such as pages or slices, makes a pair of each. Masks hold a number
    per pixel, or a colour.
    """

    images: FilePath
    """The folder of the images, or a pattern with {name}."""
    masks: FilePath
    """The folder of the masks, or a pattern with {name}."""
    instances: FilePath | None = None
    """Images that number the objects from 1, for losses that look at the borders between them."""
    axes: Axes | None = None
    """A letter for each axis of the stored images, as in YXC, where their files do not say: X Y Z, C, T or N."""

    def entries(self, asked: Asked) -> list[Entry]:
        pairs = self.pairs(asked.folder)
        entries = [broken(f"{fault.path}#{at}", FileError(fault)) for at, fault in enumerate(pairs.faults)]
        for name, files in pairs.files.items():
            try:
                entries += entries_of(name, files, asked, self.axes)
            except UnetkitError as error:
                entries.append(broken(name, error))
        return entries

    def pairs(self, folder: Path) -> Paired:
        """Returns the files of each pair, what has no partner, and what was passed over."""
        said = {key: path for key in ("images", "masks", "instances") if (path := getattr(self, key)) is not None}
        return paired({key: find(path, folder) for key, path in said.items()}, said)

    def parts(self, names: Sequence[str]) -> Division | None:
        if SPLIT not in self.images:
            return None
        train, validation, test = ([name for name in names if name.split("/")[0] == part] for part in PARTS)
        return train, validation, test

    def notes(self, folder: Path) -> Sequence[str]:
        return self.pairs(folder).notes


def broken(name: str, error: UnetkitError) -> Entry:
    """Returns an entry that cannot be read, so that what is wrong with it is told along with all else."""

    def read() -> Raw:
        raise error

    return Entry(name, read)


def entries_of(name: str, files: Sequence[Path], asked: Asked, axes: str | None = None) -> list[Entry]:
    """Returns the pairs in an image file, its mask file, and that of its instances if there is one."""
    requests = [requested(asked, axes, mask=index > 0) for index in range(len(files))]
    stacks = [count_images(file, request) for file, request in zip(files, requests, strict=True)]
    count = stacks[0]
    for file, other in zip(files[1:], stacks[1:], strict=True):
        if other != count:
            message = f"{file} has {other} image{'s' * (other != 1)}, {files[0]} has {count}"
            cure = "Give one mask for each image."
            if count == 1:
                cure += " Of a mask with a sample per class, save the number of the class instead."
            raise FileError(Fault("mask-count", message, cure=cure))
    digits = len(str(count - 1))
    return [
        Entry(f"{name}[{number:0{digits}}]" if count > 1 else name,
              partial(read_entry, tuple(files), number, tuple(requests)), str(files[1]))
        for number in range(count)
    ]  # fmt: skip


def requested(asked: Asked, axes: str | None, *, mask: bool) -> Request:
    """Returns how an image or a mask is to be read."""
    from unetkit.imagefiles.request import Request

    return Request(asked.dims, None if mask else asked.channels, axes, mask)


def count_images(file: Path, request: Request) -> int:
    """Returns how many images a file has."""
    from unetkit.imagefiles import opened

    with opened(file, request) as images:
        return images.count


def read_entry(files: tuple[Path, ...], number: int, requests: tuple[Request, ...]) -> Raw:
    """Returns what the files hold under a number; raises FileError where they cannot be read or do not fit."""
    image = read_numbers(files[0], number, requests[0])
    others = [
        read_mask(file, number, request, image.axes) for file, request in zip(files[1:], requests[1:], strict=True)
    ]
    dims = requests[0].dims
    for file, other in zip(files[1:], others, strict=True):
        if other.numbers.shape[:dims] != image.numbers.shape[1:]:
            mine, theirs = (
                "×".join(map(str, shape)) for shape in (other.numbers.shape[:dims], image.numbers.shape[1:])
            )
            raise FileError(Fault("mask-size", f"{file} is {mine}, its image {theirs}", cure="Make them alike."))
    return Raw(image.numbers, others[0].numbers, others[1].numbers if len(others) > 1 else None, image.spacing)


class Numbers(NamedTuple):
    """What a file holds under a number, the letters of its spatial axes, and the distance between its samples."""

    numbers: NDArray[Any]
    axes: str
    spacing: tuple[float, ...] | None


def read_numbers(file: Path, number: int, request: Request) -> Numbers:
    """Returns an image (channels, *spatial) of a file."""
    from unetkit.imagefiles import opened

    with opened(file, request) as images:
        return Numbers(images.read(number), images.axes, images.spacing)


def read_mask(file: Path, number: int, request: Request, axes: str) -> Numbers:
    """Returns a mask in the axes of its image: numbers (*spatial), or colours (*spatial, 3)."""
    found = read_numbers(file, number, request)
    layers = found.numbers.transpose(0, *(1 + found.axes.index(letter) for letter in axes))
    if len(layers) == 4:
        layers = layers[:3]  # without alpha
    if len(layers) == 1:
        return found._replace(numbers=layers[0], axes=axes)
    if len(layers) != 3:
        message = f"{file} has {len(layers)} channels: a mask holds one number per pixel, or a colour"
        cure = "Of a mask with a channel per class, save the number of the class instead."
        raise FileError(Fault("mask-channels", message, cure=cure, file=str(file)))
    return found._replace(numbers=layers.transpose(*range(1, layers.ndim), 0), axes=axes)
