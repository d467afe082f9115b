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

from unetkit.data.dataset import Dataset, FilePath, ImageEntry, PathField, RawPair, ReadOptions, path_fields, paths_in
from unetkit.data.files.modalities import channels_of_files, check_count, with_modalities, without_modalities
from unetkit.data.files.pairing import Pairing, pair_files
from unetkit.data.files.pattern import SPLIT, find_files
from unetkit.data.splits.split import Division
from unetkit.data.splits.split_file import PARTS
from unetkit.errors import Fault, FileError, UnetkitError
from unetkit.wording import plural, size_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from unetkit.imagefiles import Images, ReadRequest


def check_axes(text: str) -> str:
    """Letters of axes in upper case; raises ValueError where they are none."""
    letters = text.upper()
    if not letters or not set(letters) <= set("XYZCSTNIQ"):
        raise ValueError(f"{text!r} does not name axes: write a letter for each, of X Y Z C T N, as in YXC")
    if "X" not in letters or any(letters.count(letter) > 1 for letter in letters):
        raise ValueError(f"{text!r} does not name axes: X is missing, or a letter appears twice")
    return letters


Axes = Annotated[str, AfterValidator(check_axes)]
"""Letters of the axes of an array, the slowest first, as in YXC."""
_ImagePaths = Annotated[
    str | Annotated[tuple[str, ...], Field(min_length=2)] | Annotated[dict[str, str], Field(min_length=2)],
    PathField(),
]
"""A path as `FilePath`, one for each channel of an image, or one for each of several images by their names."""


class Folders(Dataset):
    """Images and masks in folders: PNG, JPEG, TIFF, NIfTI, NumPy or Zarr, paired by the stems of their names.

    A path may be a pattern, as in `scans/{name}/image.nii.gz`: files with the same `{name}` are a pair. `{split}` is
    the word for a part of the data (train, val, test), `**` stands for folders of any depth. Names may differ in words
    such as `_mask`. A file with several 2D images, such as pages or slices, makes a pair of each. Masks hold a number
    per pixel, or a colour.
    """

    images: _ImagePaths
    """The folder of the images, or a pattern with {name}; a list where each channel has its own file.

    For a network with several images, a map with their names, as in {before: A, after: B}.
    """
    masks: FilePath
    """The folder of the masks, or a pattern with {name}."""
    instances: FilePath | None = None
    """Images that number the objects from 1, for losses that weight the borders between them."""
    axes: Axes | None = None
    """A letter for each axis of the stored images, as in YXC, where their files lack them: X Y Z, C, T or N."""

    @property
    def modalities(self) -> tuple[str, ...]:
        """The paths of the images: several where each channel, or each of several images, has its own file."""
        return tuple(paths_in(self.images))

    @property
    def image_names(self) -> tuple[str, ...]:
        return tuple(self.images) if isinstance(self.images, dict) else ()

    def entries(self, options: ReadOptions) -> list[ImageEntry]:
        channels = channels_of_files(self.image_names, options)
        if not channels:
            check_count(self.modalities, options.channels)
        pairs = self.pairs(options.folder)
        entries = [_broken(f"{fault.path}#{index}", FileError(fault)) for index, fault in enumerate(pairs.faults)]
        for name, files in pairs.files.items():
            try:
                entries += _entries_of(
                    name, EntryFiles(files, self.axes, pairs.further.get(name, ()), channels), options
                )
            except UnetkitError as error:
                entries.append(_broken(name, error))
        return entries

    def orientation(self, options: ReadOptions) -> str:
        from unetkit.imagefiles import ReadRequest, open_images
        from unetkit.imagefiles.views.reorientation import axis_codes

        if options.orientation != "most_common":
            return "" if options.orientation == "native" else options.orientation
        counts: Counter[str] = Counter()
        for files in self.pairs(options.folder).files.values():
            with suppress(UnetkitError), open_images(files[0], ReadRequest(options.dims, axes=self.axes)) as images:
                counts[axis_codes(images)] += 1  # faults of a file are reported when its pair is read
        del counts[""]
        return max(sorted(counts), key=counts.__getitem__, default="")

    def pairs(self, folder: Path) -> Pairing:
        """The files of each pair, faults of files without a partner, and notes on skipped files."""
        paths = {"images": self.modalities[0], "masks": self.masks}
        paths |= {"instances": self.instances} if self.instances is not None else {}
        others = [find_files(path, folder) for path in self.modalities[1:]]
        matches = {key: find_files(path, folder) for key, path in paths.items()}
        matches = without_modalities(matches, others, self.modalities)
        return with_modalities(pair_files(matches, paths), matches["images"], others, self.modalities)

    def parts(self, names: Sequence[str]) -> Division | None:
        if SPLIT not in self.modalities[0]:
            return None
        train, validation, test = ([name for name in names if name.split("/")[0] == part] for part in PARTS)
        return train, validation, test

    def files(self, folder: Path) -> Iterator[Path]:
        try:
            for name in path_fields(self):
                for path in paths_in(getattr(self, name)):
                    yield from find_files(path, folder).files.values()
        except FileError:  # reported when the files are read
            yield from super().files(folder)

    def notes(self, folder: Path) -> Sequence[str]:
        return self.pairs(folder).notes


def _broken(name: str, error: UnetkitError) -> ImageEntry:
    """A pair that raises an error when it is read, so that its faults are reported with all others."""

    def read() -> RawPair:
        raise error

    return ImageEntry(name, read)


class EntryFiles(NamedTuple):
    """The files of image, mask and instances, the key `axes`, and the files of the image's other channels.

    `channels` are those of each of the image's files, where they are known.
    """

    files: tuple[Path, ...]
    axes: str | None = None
    further: tuple[Path, ...] = ()
    channels: tuple[int, ...] = ()

    @property
    def where_masks(self) -> tuple[Path, ...]:
        """The files of mask and instances."""
        return self.files[1:]


def _entries_of(name: str, files: EntryFiles, options: ReadOptions) -> list[ImageEntry]:
    """The pairs in an image file and its mask file."""
    with _open_entry(files, options) as entry:
        counts = [images.count for images in entry.images]
    count = counts[0]
    for file, other in zip(files.where_masks, counts[1:], strict=True):
        if other != count:
            message = f"{file} has {plural(other, 'image')}, {files.files[0]} has {count}"
            cure = "Give one mask for each image."
            if count == 1:
                cure += " If the mask has one channel per class, save the number of the class instead."
            raise FileError(Fault("mask-count", message, cure=cure, file=str(file)))
    mask = str(files.files[1])
    return [
        ImageEntry(each, partial(_read_entry, files, index, options), mask)
        for index, each in enumerate(names_in_file(name, count))
    ]


def names_in_file(name: str, count: int) -> list[str]:
    """The names of the images in a file with a name.

    >>> names_in_file("a", 1), names_in_file("stack", 11)[:2]
    (['a'], ['stack[00]', 'stack[01]'])
    """
    digits = len(str(count - 1))
    return [f"{name}[{number:0{digits}}]" if count > 1 else name for number in range(count)]


class OpenEntry(NamedTuple):
    """Images, masks and instances on the same samples; `axis_codes` are those of the image's file."""

    images: list[Images]
    axis_codes: str
    notes: tuple[str, ...]


@contextmanager
def _open_entry(files: EntryFiles, options: ReadOptions) -> Iterator[OpenEntry]:
    """Opens an image with its masks, reoriented as requested.

    Raises FileError where a file cannot be read, or where a mask lies on other samples than its image.
    """
    from unetkit.imagefiles import ReadRequest
    from unetkit.imagefiles.open_files import OPEN_FILES
    from unetkit.imagefiles.views.alignment import alignment_to, join_channels
    from unetkit.imagefiles.views.reorientation import axis_codes, reorientation_to, reoriented

    request = ReadRequest(options.dims, None if files.further else options.channels, files.axes)
    with ExitStack() as stack:
        image, *others = [
            stack.enter_context(OPEN_FILES.open_images(file, replace(request, channels=count)))
            for file, count in zip(
                (files.files[0], *files.further),
                files.channels or (request.channels,) * (1 + len(files.further)),
                strict=True,
            )
        ]
        mask_request = _mask_request(request, image)
        masks = [stack.enter_context(OPEN_FILES.open_images(file, mask_request)) for file in files.where_masks]
        codes = "" if options.orientation in ("native", "most_common") else options.orientation
        image_turn = reorientation_to(image, codes)
        images = [
            join_channels([image, *others], image_turn, one_each=not files.channels)
            if others
            else reoriented(image, image_turn)
        ]
        notes = []
        for key, mask in zip(("mask", "instances"), masks, strict=False):
            turn = alignment_to(mask, image, image_turn) if options.check_geometry else image_turn
            images.append(reoriented(mask, turn))
            if turn != image_turn and not (turn.is_identity and image_turn.is_identity):
                notes.append(f"{key} reoriented to the image: {axis_codes(mask)} to {axis_codes(image)}")
        yield OpenEntry(images, axis_codes(image), tuple(notes))


def _mask_request(request: ReadRequest, image: Images) -> ReadRequest:
    """How to read a mask: an array without named axes has those of its image, unless these are the default."""
    default = request.axes is None and image.axes == "ZYX"[3 - request.dims :]
    axes = request.axes if request.axes is not None or default else image.letters
    return replace(request, channels=None, axes=axes, mask=True)


def _read_entry(files: EntryFiles, number: int, options: ReadOptions) -> RawPair:
    """The image and the masks with a number; raises FileError where they cannot be read or have different sizes."""
    with _open_entry(files, options) as entry:
        image, *masks = entry.images
        pixels = image.read(number)
        labels = [_read_mask(mask, number, image.axes) for mask in masks]
        for file, each in zip(files.where_masks, labels, strict=True):
            if each.shape[: options.dims] != pixels.shape[1:]:
                raise _other_size(file, each.shape[: options.dims], pixels.shape[1:])
        instances = labels[1] if len(labels) > 1 else None
        unit = image.geometry.unit if image.geometry else ""
        return RawPair(pixels, labels[0], instances, image.spacing, unit, entry.axis_codes, entry.notes)


def _other_size(file: Path, mask: tuple[int, ...], image: tuple[int, ...]) -> FileError:
    cure = "Give them the same size."
    if sorted(mask) == sorted(image):
        cure = (
            "One of them is rotated, or has its axes in another order. Photographs are read as displayed, "
            "by their tag Orientation (EXIF): save the mask the same way."
        )
    message = f"{file} is {size_text(mask)}, its image {size_text(image)}"
    return FileError(Fault("mask-size", message, cure=cure, file=str(file)))


def _read_mask(images: Images, number: int, axes: str) -> NDArray[Any]:
    """A mask in the axes of its image: numbers (*spatial), or colours (*spatial, 3)."""
    layers: NDArray[Any] = images.read(number).transpose(0, *(1 + images.axes.index(letter) for letter in axes))
    if len(layers) == 4:
        layers = layers[:3]  # without alpha
    if len(layers) == 1:
        numbers: NDArray[Any] = layers[0]
        return numbers
    if len(layers) != 3:
        message = f"{images.path} has {len(layers)} channels: a mask holds one number per pixel, or a colour"
        cure = "If the mask has one channel per class, save the number of the class instead."
        raise FileError(Fault("mask-channels", message, cure=cure, file=str(images.path)))
    return layers.transpose(*range(1, layers.ndim), 0)
