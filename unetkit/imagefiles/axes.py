"""Which axis of a stored array is which: as the file says, as the key `axes` says, or as the shape implies.

An axis has a letter: X, Y and Z are spatial; C and S have the channels; every other letter counts images, and so does
Z where images are 2D. `?` stands for an axis about which the file says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from pathlib import Path

from unetkit.errors import Fault, FileError
from unetkit.imagefiles.images import AxisLayout, ReadRequest
from unetkit.wording import plural, size_text

_SPATIAL = {1: "X", 2: "YX", 3: "ZYX"}
_CHANNEL = "CS"
_STACKS = "TN"
"""Two axes that count images, such as the slices of each time step; never inferred from a shape."""
_MAX_BANDS = 32
"""A last axis up to this length, and at most a quarter of the two before it, is taken for channels, not a width."""


def find_axes(
    path: Path, shape: tuple[int, ...], request: ReadRequest, letters: str | None = None, *, pages: bool = False
) -> tuple[str, AxisLayout]:
    """A letter for each axis of an array, and its layout.

    `letters` is what the file says, None for nothing. `pages`: by default the first axis counts images. Raises
    FileError where key and file contradict each other, and for a shape with no interpretation or several.

    >>> find_axes(Path("a.npy"), (20, 3, 64, 64), ReadRequest(2, 3))
    ('NCYX', AxisLayout(stack=(0,), channel=(1,), spatial=(2, 3)))
    >>> find_axes(Path("a.tif"), (64, 64, 3), ReadRequest(2, 3), "YXS")
    ('YXS', AxisLayout(stack=(), channel=(2,), spatial=(0, 1)))
    """
    file_letters = letters or "?" * len(shape)
    axes = None if request.axes is None else letters_of_key(path, shape, request, file_letters)
    if axes is None:
        axes = file_letters
        if "?" in file_letters:
            axes = _infer_letters(path, shape, request, file_letters, pages or request.mask)
    layout = layout_of(path, shape, axes, request.dims)
    check_channels(path, shape, axes, layout, request)
    return axes, layout


def layout_of(path: Path, shape: tuple[int, ...], letters: str, dims: int, order: str = "ZYX") -> AxisLayout:
    """The layout of axes with these letters; `order` is the order in which spatial axes are read."""
    spatial_letters = [letter for letter in order if letter in _SPATIAL[dims]]
    if any(letter not in letters for letter in spatial_letters):
        message = f"{path} ({size_text(shape)}) has no {dims}D images: its axes are {letters}"
        cure = f"dims: {dims} needs the axes {''.join(spatial_letters)}."
        raise FileError(Fault("image-dims", message, cure=cure, file=str(path)))
    spatial = tuple(letters.index(letter) for letter in spatial_letters)
    channel = tuple(axis for axis, letter in enumerate(letters) if letter in _CHANNEL)
    stack = tuple(axis for axis in range(len(letters)) if axis not in (*spatial, *channel))
    return AxisLayout(stack, channel, spatial)


def check_channels(path: Path, shape: tuple[int, ...], letters: str, layout: AxisLayout, request: ReadRequest) -> None:
    """Raises FileError where an image does not have the requested channels."""
    count = prod(shape[axis] for axis in layout.channel)
    if request.channels is not None and count != request.channels:
        raise _wrong_channels(path, f"{size_text(shape)}, {letters}", count, request)


def _wrong_channels(path: Path, form: str, count: int, request: ReadRequest) -> FileError:
    """The error for an image with other channels than requested; the first cure uses all that the file has."""
    requested = request.channels or 0
    message = f"{path} ({form}) has {plural(count, 'channel')}"
    if request.trained:
        message += f", the network was trained on images with {requested}"
        cure = f"Give images with {plural(requested, 'channel')}, or train on images with {count}."
    else:
        message += f", the network takes {requested}"
        cure = f"To use all of them: channels={count} in the data file, in_channels={count} in the spec."
        if count > requested:
            cure += f" To use some of them: channels={{count: {count}, take: {list(range(requested))}}}."
    return FileError(Fault("channels", message, cure=cure, file=str(path)))


# --- the key `axes` ---------------------------------------------------------------------------------------------------


def letters_of_key(path: Path, shape: tuple[int, ...], request: ReadRequest, file_letters: str) -> str | None:
    """The letters of the key for an array; None for a mask of another shape. Raises FileError like `find_axes`."""
    key = request.axes or ""
    if request.mask:
        if "?" not in file_letters:
            return None
        spatial_key = "".join(letter for letter in key if letter not in _CHANNEL)
        return next((letters for letters in (key, spatial_key) if _agree(letters, file_letters, request.dims)), None)
    if len(key) != len(shape):
        message = f"{path} ({size_text(shape)}) has {len(shape)} axes, the key axes is {key}"
        cure = f"{request.where_axes}, with {len(shape)} letters, one per axis."
        raise FileError(Fault("axes", message, cure=cure, file=str(path)))
    if not _agree(key, file_letters, request.dims):
        message = f"{path} ({size_text(shape)}) has the axes {file_letters}, the key axes is {key}"
        cure = f"{request.where_axes} as the file has them, or correct the file."
        raise FileError(Fault("axes", message, cure=cure, file=str(path)))
    return key


def _agree(letters: str, file_letters: str, dims: int) -> bool:
    """Whether letters do not contradict those of a file; axes that count images may have any letter."""
    return len(letters) == len(file_letters) and all(
        theirs == "?" or _role(ours, dims) == _role(theirs, dims)
        for ours, theirs in zip(letters, file_letters, strict=True)
    )


def _role(letter: str, dims: int) -> str:
    """The role of an axis: X, Y or Z of an image, C for channels, N for what counts images.

    >>> _role("S", 2), _role("Z", 2), _role("Z", 3)
    ('C', 'N', 'Z')
    """
    return "C" if letter in _CHANNEL else letter if letter in _SPATIAL[dims] else "N"


# --- inference from the shape -----------------------------------------------------------------------------------------


def _infer_letters(path: Path, shape: tuple[int, ...], request: ReadRequest, file_letters: str, pages: bool) -> str:
    """The letters of a shape with a single interpretation; raises FileError otherwise."""
    dims = request.dims
    readings = [letters for letters in common_axes(dims) if _agree(letters, file_letters, dims)]
    if not readings:
        raise _no_interpretation(path, shape, request)
    spatial = _SPATIAL[dims]
    if _has_bands_last(shape) and spatial + "C" in readings:
        unlikely = ("N" + spatial, *([] if request.channels else ["C" + spatial]))
        readings = [letters for letters in readings if letters not in unlikely]
    fitting = [letters for letters in readings if request.channels in (None, _channels_of(letters, shape))]
    if pages or request.channels == 1:
        fitting = [letters for letters in fitting if letters == "N" + spatial] or fitting
    if len(fitting) == 1:
        return fitting[0]
    possible = [letters for letters in (*common_axes(dims), _STACKS + spatial) if _agree(letters, file_letters, dims)]
    if _has_bands_last(shape):  # the likelier first, and without those with as many channels as rows
        possible = [
            letters for letters in possible[::-1] if letters not in ("C" + spatial, "NC" + spatial, _STACKS + spatial)
        ]
    counts = {_channels_of(letters, shape) for letters in possible}
    if not fitting and len(counts) == 1:
        raise _wrong_channels(path, f"{size_text(shape)}, {possible[0]}", counts.pop(), request)
    raise _ambiguous(path, shape, fitting if len(fitting) > 1 else possible, request)


def common_axes(dims: int) -> Iterator[str]:
    """The axes that arrays of images commonly have."""
    spatial = _SPATIAL[dims]
    yield from (spatial, "N" + spatial, "C" + spatial, spatial + "C", "NC" + spatial, f"N{spatial}C")


def _has_bands_last(shape: tuple[int, ...]) -> bool:
    """Whether the last axis looks like the channels of an image whose rows and columns are the two before it."""
    if len(shape) < 3:
        return False
    return shape[-1] == 1 or (shape[-1] <= _MAX_BANDS and 4 * shape[-1] <= min(shape[-3:-1]))


def _channels_of(letters: str, shape: tuple[int, ...]) -> int:
    return prod(n for letter, n in zip(letters, shape, strict=True) if letter in _CHANNEL)


def _no_interpretation(path: Path, shape: tuple[int, ...], request: ReadRequest) -> FileError:
    if len(shape) < request.dims:
        message = f"{path} ({size_text(shape)}) has no {request.dims}D images"
        cure = f"Set dims to {max(1, len(shape))}, or correct the file."
        if request.trained:
            cure = f"Give images with {request.dims} axes, like those that the network was trained on."
        return FileError(Fault("image-dims", message, cure=cure, file=str(path)))
    message = f"{path} ({size_text(shape)}) does not say what its {len(shape)} axes are"
    cure = f"{request.where_axes}, one letter per axis, as in {'TZYX' if request.trained else 'axes: TZYX'}."
    return FileError(Fault("axes", message, cure=cure, file=str(path)))


def _ambiguous(path: Path, shape: tuple[int, ...], readings: list[str], request: ReadRequest) -> FileError:
    """The error that lists the interpretations of a shape, each with the line that chooses it."""
    message = f"{path} ({size_text(shape)}) does not say what its axes are"
    if not request.trained or request.channels is None:
        choices = []
        for letters in readings:
            channels = _channels_of(letters, shape)
            extra = "" if request.channels in (None, channels) else f" with channels: {channels}"
            choices.append(f"axes: {letters}{extra} reads {_describe(letters, shape)}")
        return FileError(Fault("axes", message, cure=f"{request.where_axes}: {'; '.join(choices)}.", file=str(path)))
    fitting = [letters for letters in readings if _channels_of(letters, shape) == request.channels]
    cures = []
    if len(fitting) < len(readings):
        counts = sorted({_channels_of(letters, shape) for letters in readings} - {request.channels})
        others = " or ".join(str(count) for count in counts if count <= _MAX_BANDS or count == counts[0])
        message += f": {others} channels, or {request.channels} like the images that the network was trained on?"
        cures.append(f"Give images with {plural(request.channels, 'channel')}.")
    if fitting:
        choices = [f"{letters} reads {_describe(letters, shape)}" for letters in fitting]
        cures.append(f"Name them with --axes: {'; '.join(choices)}.")
    return FileError(Fault("axes", message, cure=" Or: ".join(cures), file=str(path)))


def _describe(letters: str, shape: tuple[int, ...]) -> str:
    """An interpretation in words.

    >>> _describe("NYX", (443, 489, 5)), _describe("YXC", (443, 489, 5))
    ('443 images of 489×5', 'one image of 443×489 with 5 channels')
    """
    lengths = dict(zip(letters, shape, strict=True))
    times, count, channels = (lengths.pop(letter, None) for letter in "TNC")
    images = "one image" if count is None else plural(count * (times or 1), "image")
    text = f"{images} of {size_text(lengths.values())}"
    return text if channels is None else f"{text} with {plural(channels, 'channel')}"
