"""Folders of image files and their masks, paired by name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unetkit.data.dataset import Asked, Dataset, Entry, FilePath, Raw
from unetkit.data.pairing import Paired, paired
from unetkit.data.parts import PARTS
from unetkit.data.pattern import SPLIT, find
from unetkit.data.split import Division
from unetkit.errors import Fault, FileError, UnetkitError

if TYPE_CHECKING:
    from numpy.typing import NDArray


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

    def entries(self, asked: Asked) -> list[Entry]:
        pairs = self.pairs(asked.folder)
        entries = [broken(fault.path, FileError(fault)) for fault in pairs.faults]
        for name, files in pairs.files.items():
            try:
                entries += entries_of(name, files, asked)
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


def entries_of(name: str, files: Sequence[Path], asked: Asked) -> list[Entry]:
    """Returns the pairs in an image file, its mask file, and that of its instances if there is one."""
    stacks = []
    for file, channels in zip(files, (asked.channels, None, None), strict=False):
        stacks.append(count_images(file, asked.dims, channels))
    count = stacks[0]
    for file, other in zip(files[1:], stacks[1:], strict=True):
        if other != count:
            message = f"{file} has {other} image{'s' * (other != 1)}, {files[0]} has {count}"
            raise FileError(Fault("mask-count", message, cure="Give one mask for each image."))
    digits = len(str(count - 1))
    return [
        Entry(f"{name}[{number:0{digits}}]" if count > 1 else name,
              partial(read_entry, tuple(files), number, asked), str(files[1]))
        for number in range(count)
    ]  # fmt: skip


def count_images(file: Path, dims: int, channels: int | None) -> int:
    """Returns how many images a file has; without channels it is a mask, and a picture has one whatever its colours."""
    from unetkit.data.images import PICTURES
    from unetkit.imagefiles import kind_of

    if channels is None and dims == 2 and file.name.lower().endswith(PICTURES):
        return 1
    with kind_of(file).opened(file, dims, channels or 1) as images:
        return images.count


def read_entry(files: tuple[Path, ...], number: int, asked: Asked) -> Raw:
    """Returns what the files hold under a number; raises FileError where they cannot be read or do not fit."""
    image = read_numbers(files[0], number, asked.dims, asked.channels)
    others = [read_mask(file, number, asked.dims) for file in files[1:]]
    for file, other in zip(files[1:], others, strict=True):
        if other.shape[: asked.dims] != image.shape[1:]:
            mine, theirs = ("×".join(map(str, shape)) for shape in (other.shape[: asked.dims], image.shape[1:]))
            raise FileError(Fault("mask-size", f"{file} is {mine}, its image {theirs}", cure="Make them alike."))
    return Raw(image, others[0], others[1] if len(others) > 1 else None, spacing_of(files[0], asked.dims))


def read_numbers(file: Path, number: int, dims: int, channels: int) -> NDArray[Any]:
    """Returns an image (channels, *spatial) of a file."""
    import zlib

    from unetkit.imagefiles import kind_of
    from unetkit.imagefiles.kinds import unreadable

    with kind_of(file).opened(file, dims, channels) as images:
        try:
            numbers: NDArray[Any] = images.read(number, tuple(slice(0, n) for n in images.size))
        except (OSError, ValueError, KeyError, TypeError, EOFError, IndexError, zlib.error) as error:
            raise unreadable(file, error) from error
    return numbers


def read_mask(file: Path, number: int, dims: int) -> NDArray[Any]:
    """Returns a mask: numbers (*spatial), or colours (height, width, 3)."""
    from unetkit.data.images import PICTURES, read_picture_mask

    if dims == 2 and file.name.lower().endswith(PICTURES):
        return read_picture_mask(file)
    numbers: NDArray[Any] = read_numbers(file, number, dims, 1)[0]
    return numbers


def spacing_of(file: Path, dims: int) -> tuple[float, ...] | None:
    """Returns the distance between samples that a NIfTI file tells; None for other files."""
    if not file.name.lower().endswith((".nii", ".nii.gz")):
        return None
    import nibabel

    zooms = nibabel.load(file).header.get_zooms()[:dims]  # type: ignore[attr-defined]
    return tuple(map(float, zooms)) if all(zoom > 0 for zoom in zooms) else None
