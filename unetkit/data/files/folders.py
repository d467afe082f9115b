"""Folders of image files and their masks, paired by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import AfterValidator, Field

from unetkit.data.dataset import Dataset, FilePath, ImageEntry, PathField, RawPair, ReadOptions, path_fields
from unetkit.data.files.modalities import check_count, with_modalities, without_modalities
from unetkit.data.files.pairing import Pairing, paired
from unetkit.data.files.pattern import SPLIT, find
from unetkit.data.splits.parts import PARTS
from unetkit.data.splits.split import Division
from unetkit.errors import Fault, FileError, UnetkitError
from unetkit.wording import size_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from unetkit.imagefiles import Images, ReadRequest


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


ImagePaths = Annotated[str | Annotated[tuple[str, ...], Field(min_length=2)], PathField()]
"""A path as `FilePath`, or one for each channel of an image."""


class Folders(Dataset):
    """Images and masks in folders: PNG, JPEG, TIFF, NIfTI, NumPy or Zarr, paired by the stems of their names.

    A path may be a pattern, as in `scans/{name}/image.nii.gz`: what stands for `{name}` pairs the files. `{split}` is
    the word for a part of the data (train, val, test), `**` stands for folders of any depth. Names may differ in words
    such as `_mask`. A file with several 2D images, such as pages or slices, makes a pair of each. Masks hold a number
    per pixel, or a colour.
    """

    images: ImagePaths
    """The folder of the images, or a pattern with {name}; a list where each channel lies in a file of its own."""
    masks: FilePath
    """The folder of the masks, or a pattern with {name}."""
    instances: FilePath | None = None
    """Images that number the objects from 1, for losses that look at the borders between them."""
    axes: Axes | None = None
    """A letter for each axis of the stored images, as in YXC, where their files do not say: X Y Z, C, T or N."""

    @property
    def modalities(self) -> tuple[str, ...]:
        """The paths of the images: several where each channel of an image lies in a file of its own."""
        return self.images if isinstance(self.images, tuple) else (self.images,)

    def entries(self, asked: ReadOptions) -> list[ImageEntry]:
        check_count(self.modalities, asked.channels)
        pairs = self.pairs(asked.folder)
        entries = [broken(f"{fault.path}#{at}", FileError(fault)) for at, fault in enumerate(pairs.faults)]
        for name, files in pairs.files.items():
            try:
                entries += entries_of(name, files, asked, self.axes, pairs.further.get(name, ()))
            except UnetkitError as error:
                entries.append(broken(name, error))
        return entries

    def orientation(self, asked: ReadOptions) -> str:
        from unetkit.imagefiles import ReadRequest, open_images
        from unetkit.imagefiles.views.reorientation import axis_codes

        if asked.orientation != "most_common":
            return "" if asked.orientation == "native" else asked.orientation
        found: Counter[str] = Counter()
        for files in self.pairs(asked.folder).files.values():
            with suppress(UnetkitError), open_images(files[0], ReadRequest(asked.dims, axes=self.axes)) as images:
                found[axis_codes(images)] += 1  # what cannot be read is told when its turn comes
        del found[""]
        return max(sorted(found), key=found.__getitem__, default="")

    def pairs(self, folder: Path) -> Pairing:
        """Returns the files of each pair, what has no partner, and what was passed over."""
        said = {"images": self.modalities[0], "masks": self.masks}
        said |= {"instances": self.instances} if self.instances is not None else {}
        found = {key: find(path, folder) for key, path in said.items()}
        others = [find(path, folder) for path in self.modalities[1:]]
        found = without_modalities(found, others, self.modalities)
        return with_modalities(paired(found, said), found["images"], others, self.modalities)

    def parts(self, names: Sequence[str]) -> Division | None:
        if SPLIT not in self.modalities[0]:
            return None
        train, validation, test = ([name for name in names if name.split("/")[0] == part] for part in PARTS)
        return train, validation, test

    def files(self, folder: Path) -> Iterator[Path]:
        try:
            for name in path_fields(self):
                said = getattr(self, name)
                for one in said if isinstance(said, tuple) else (said,) * (said is not None):
                    yield from find(one, folder).files.values()
        except FileError:  # it is told when they are read
            yield from super().files(folder)

    def notes(self, folder: Path) -> Sequence[str]:
        return self.pairs(folder).notes


def broken(name: str, error: UnetkitError) -> ImageEntry:
    """Returns an entry that cannot be read, so that what is wrong with it is told along with all else."""

    def read() -> RawPair:
        raise error

    return ImageEntry(name, read)


def entries_of(
    name: str, files: Sequence[Path], asked: ReadOptions, axes: str | None = None, further: tuple[Path, ...] = ()
) -> list[ImageEntry]:
    """Returns the pairs in an image file, its mask file, and that of its instances if there is one.

    `further` are the files of an image's other channels, where each lies in a file of its own.
    """
    requests = [requested(asked, axes, mask=index > 0) for index in range(len(files))]
    sources = EntryFiles(tuple(files), tuple(requests), further)
    with opened_together(sources, asked) as together:
        stacks = [images.count for images in together.images]
    count = stacks[0]
    for file, other in zip(files[1:], stacks[1:], strict=True):
        if other != count:
            message = f"{file} has {other} image{'s' * (other != 1)}, {files[0]} has {count}"
            cure = "Give one mask for each image."
            if count == 1:
                cure += " Of a mask with a sample per class, save the number of the class instead."
            raise FileError(Fault("mask-count", message, cure=cure, file=str(file)))
    digits = len(str(count - 1))
    return [
        ImageEntry(f"{name}[{number:0{digits}}]" if count > 1 else name,
              partial(read_entry, sources, number, asked), str(files[1]))
        for number in range(count)
    ]  # fmt: skip


def requested(asked: ReadOptions, axes: str | None, *, mask: bool) -> ReadRequest:
    """Returns how an image or a mask is to be read."""
    from unetkit.imagefiles.images import ReadRequest

    return ReadRequest(asked.dims, None if mask else asked.channels, axes, mask)


def request_of_mask(request: ReadRequest, image: Images) -> ReadRequest:
    """Returns how a mask is to be read whose file does not say its axes: those of its image, where they say more."""
    usual = request.axes is None and image.axes == "ZYX"[3 - request.dims :]
    return request if request.axes is not None or usual else replace(request, axes=image.letters)


class OpenEntry(NamedTuple):
    """Images with their masks and their instances, on the same samples; `axis_codes` are those of the image's file."""

    images: list[Images]
    axis_codes: str
    notes: tuple[str, ...]


class EntryFiles(NamedTuple):
    """The files of image, mask, and instances, how each is read, and the files of the image's other channels."""

    files: tuple[Path, ...]
    requests: tuple[ReadRequest, ...]
    further: tuple[Path, ...] = ()


@contextmanager
def opened_together(sources: EntryFiles, asked: ReadOptions) -> Iterator[OpenEntry]:
    """Gives the images of a file with their masks, all turned as is asked for.

    Raises FileError where a file cannot be read, or where a mask lies on other samples than its image.
    """
    from unetkit.imagefiles.open_files import OPEN_FILES
    from unetkit.imagefiles.views.alignment import alignment_to, join_channels
    from unetkit.imagefiles.views.reorientation import axis_codes, reorientation_to, reoriented

    files, requests, further = sources
    with ExitStack() as stack:
        one = replace(requests[0], channels=None) if further else requests[0]
        image, *others = [stack.enter_context(OPEN_FILES.open_images(file, one)) for file in (files[0], *further)]
        own = [request_of_mask(request, image) for request in requests[1:]]
        masks = [
            stack.enter_context(OPEN_FILES.open_images(file, one)) for file, one in zip(files[1:], own, strict=True)
        ]
        how = reorientation_to(image, "" if asked.orientation in ("native", "most_common") else asked.orientation)
        together, notes = [join_channels([image, *others], how) if others else reoriented(image, how)], []
        for key, mask in zip(("mask", "instances"), masks, strict=False):
            turn = alignment_to(mask, image, how) if asked.check_geometry else how
            together.append(reoriented(mask, turn))
            if turn != how and not (turn.is_identity and how.is_identity):
                notes.append(f"{key} turned onto the image: {axis_codes(mask)} onto {axis_codes(image)}")
        yield OpenEntry(together, axis_codes(image), tuple(notes))


def read_entry(sources: EntryFiles, number: int, asked: ReadOptions) -> RawPair:
    """Returns what the files hold under a number; raises FileError where they cannot be read or do not fit."""
    with opened_together(sources, asked) as together:
        image, *masks = together.images
        numbers = image.read(number)
        others = [read_mask(mask, number, image.axes) for mask in masks]
        for file, other in zip(sources.files[1:], others, strict=True):
            if other.shape[: asked.dims] != numbers.shape[1:]:
                raise other_size(file, other.shape[: asked.dims], numbers.shape[1:])
        instances = others[1] if len(others) > 1 else None
        unit = image.geometry.unit if image.geometry else ""
        return RawPair(numbers, others[0], instances, image.spacing, unit, together.axis_codes, together.notes)


def other_size(file: Path, mask: tuple[int, ...], image: tuple[int, ...]) -> FileError:
    """Returns the error for a mask of another size than its image."""
    cure = "Make them alike."
    if sorted(mask) == sorted(image):
        cure = (
            "One of them is turned, or has its axes in another order. Photographs are read as displayed, "
            "by their tag Orientation (EXIF): save the mask so, too."
        )
    mine, theirs = (size_text(shape) for shape in (mask, image))
    return FileError(Fault("mask-size", f"{file} is {mine}, its image {theirs}", cure=cure, file=str(file)))


def read_mask(images: Images, number: int, axes: str) -> NDArray[Any]:
    """Returns a mask in the axes of its image: numbers (*spatial), or colours (*spatial, 3)."""
    found = images.read(number)
    layers = found.transpose(0, *(1 + images.axes.index(letter) for letter in axes))
    if len(layers) == 4:
        layers = layers[:3]  # without alpha
    if len(layers) == 1:
        numbers: NDArray[Any] = layers[0]
        return numbers
    if len(layers) != 3:
        message = f"{images.path} has {len(layers)} channels: a mask holds one number per pixel, or a colour"
        cure = "Of a mask with a channel per class, save the number of the class instead."
        raise FileError(Fault("mask-channels", message, cure=cure, file=str(images.path)))
    colours: NDArray[Any] = layers.transpose(*range(1, layers.ndim), 0)
    return colours
