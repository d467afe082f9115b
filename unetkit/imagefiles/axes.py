"""Which axis of a stored array is what: as the file says, as the key `axes` says, or as only one reading allows.

An axis has a letter: X, Y and Z are those of the image; C or S has the channels; every other letter counts images, and
so does Z where images are 2D. `?` stands for an axis of which the file says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from pathlib import Path

from unetkit.errors import Fault, FileError
from unetkit.imagefiles.images import AxisLayout
from unetkit.imagefiles.request import ReadRequest
from unetkit.wording import size_text

SPATIAL = {1: "X", 2: "YX", 3: "ZYX"}
CHANNEL = "CS"
LETTERS = "XYZCSTNIQ"
"""What the key `axes` may hold."""
GROUPS = "TN"
"""Two axes that count images, such as the slices of each time: never taken where a file does not say its axes."""
MOST_BANDS = 32
"""A last axis up to this length, and at most a fourth of the two before it, is taken for channels, not for a width."""


def lay_out(
    path: Path, shape: tuple[int, ...], request: ReadRequest, letters: str | None = None, *, pages: bool = False
) -> tuple[str, AxisLayout]:
    """Returns a letter for each axis of an array, and how it holds images.

    `letters` is what the file says, None for nothing. `pages`: where nothing else says, the first axis counts images.
    Raises FileError where key and file contradict each other, or where there is no reading, or more than one.

    >>> lay_out(Path("a.npy"), (20, 3, 64, 64), ReadRequest(2, 3))
    ('NCYX', Layout(stack=(0,), channel=(1,), spatial=(2, 3)))
    >>> lay_out(Path("a.tif"), (64, 64, 3), ReadRequest(2, 3), "YXS")
    ('YXS', Layout(stack=(), channel=(2,), spatial=(0, 1)))
    """
    said = letters or "?" * len(shape)
    asked = None if request.axes is None else asked_letters(path, shape, request, said)
    if asked is not None:
        found = asked
    elif "?" not in said:
        found = said
    else:
        found = only_reading(path, shape, request, said, pages or request.mask)
    layout = layout_of(path, shape, found, request.dims)
    check_channels(path, shape, found, layout, request)
    return found, layout


def layout_of(path: Path, shape: tuple[int, ...], letters: str, dims: int, order: str = "ZYX") -> AxisLayout:
    """Returns the layout that letters say; `order` is that of the axes of an image as it is read."""
    wanted = [letter for letter in order if letter in SPATIAL[dims]]
    missing = [letter for letter in wanted if letter not in letters]
    if missing:
        message = f"{path} ({size_text(shape)}) holds no {dims}D images: its axes are {letters}"
        raise FileError(
            Fault("image-dims", message, cure=f"dims: {dims} needs the axes {''.join(wanted)}.", file=str(path))
        )
    spatial = tuple(letters.index(letter) for letter in wanted)
    channel = tuple(axis for axis, letter in enumerate(letters) if letter in CHANNEL)
    stack = tuple(axis for axis in range(len(letters)) if axis not in (*spatial, *channel))
    return AxisLayout(stack, channel, spatial)


def check_channels(path: Path, shape: tuple[int, ...], letters: str, layout: AxisLayout, request: ReadRequest) -> None:
    """Raises FileError where an image has not the channels that are wanted."""
    found = prod(shape[axis] for axis in layout.channel)
    if request.channels is not None and found != request.channels:
        raise other_channels(path, f"{size_text(shape)}, {letters}", found, request)


def other_channels(path: Path, shown: str, found: int, request: ReadRequest) -> FileError:
    """Returns the error for an image with other channels than those wanted; the first cure keeps what the file has."""
    wanted = request.channels or 0
    message = f"{path} ({shown}) has {in_words(found)}"
    if request.trained:
        message += f", the network was trained on images of {wanted}"
        cure = f"Give images of {in_words(wanted)}, or train on images of {found}."
    else:
        message += f", the network takes {wanted}"
        cure = f"To use what the file has: channels={found} in the data file, in_channels={found} in the spec."
        if found > wanted:
            cure += f" To use some of it: channels={{count: {found}, take: {list(range(wanted))}}}."
    return FileError(Fault("channels", message, cure=cure, file=str(path)))


def in_words(channels: int) -> str:
    """Returns a number of channels in words.

    >>> in_words(1), in_words(3)
    ('1 channel', '3 channels')
    """
    return f"{channels} channel{'s' * (channels != 1)}"


# --- the key ----------------------------------------------------------------------------------------------------------


def asked_letters(path: Path, shape: tuple[int, ...], request: ReadRequest, said: str) -> str | None:
    """Returns the letters of the key for this array; None for a mask of another form. Raises FileError as `lay_out`."""
    key = request.axes or ""
    if request.mask:
        if "?" not in said:
            return None
        bare = "".join(letter for letter in key if letter not in CHANNEL)
        return next((one for one in (key, bare) if len(one) == len(shape) and fits(one, said, request.dims)), None)
    if len(key) != len(shape):
        message = f"{path} ({size_text(shape)}) has {len(shape)} axes, the key axes says {key}"
        cure = f"{request.where_axes}, with {len(shape)} letters, one per axis."
        raise FileError(Fault("axes", message, cure=cure, file=str(path)))
    if not fits(key, said, request.dims):
        message = f"{path} ({size_text(shape)}) says that its axes are {said}, the key axes says {key}"
        cure = f"{request.where_axes}, as the file has them, or mend the file."
        raise FileError(Fault("axes", message, cure=cure, file=str(path)))
    return key


def fits(letters: str, said: str, dims: int) -> bool:
    """Whether letters do not contradict those that a file says; axes that count images may have any letter."""
    return len(letters) == len(said) and all(
        theirs == "?" or role(ours, dims) == role(theirs, dims) for ours, theirs in zip(letters, said, strict=True)
    )


def role(letter: str, dims: int) -> str:
    """Returns what an axis is for: X, Y or Z of an image, C for channels, N for what counts images.

    >>> role("S", 2), role("Z", 2), role("Z", 3)
    ('C', 'N', 'Z')
    """
    return "C" if letter in CHANNEL else letter if letter in SPATIAL[dims] else "N"


# --- without letters --------------------------------------------------------------------------------------------------


def only_reading(path: Path, shape: tuple[int, ...], request: ReadRequest, said: str, pages: bool) -> str:
    """Returns the letters that a shape has where only one reading is possible; raises FileError otherwise."""
    readings = [one for one in templates(request.dims) if fits(one, said, request.dims)]
    if not readings:
        if len(shape) < request.dims:
            message = f"{path} ({size_text(shape)}) holds no {request.dims}D images"
            cure = f"Set dims to {max(1, len(shape))}, or mend the file."
            if request.trained:
                cure = f"Give images of {request.dims} axes, as those that the network was trained on."
            raise FileError(Fault("image-dims", message, cure=cure, file=str(path)))
        message = f"{path} ({size_text(shape)}) does not say what its {len(shape)} axes are"
        cure = f"{request.where_axes}, one letter per axis, as in {'TZYX' if request.trained else 'axes: TZYX'}."
        raise FileError(Fault("axes", message, cure=cure, file=str(path)))
    spatial = SPATIAL[request.dims]
    if banded(shape) and spatial + "C" in readings:
        readings = [one for one in readings if one != "N" + spatial and (request.channels or one != "C" + spatial)]
    fitting = [one for one in readings if request.channels in (None, channels_of(one, shape))]
    if pages or request.channels == 1:
        fitting = [one for one in fitting if one == "N" + spatial] or fitting
    if len(fitting) == 1:
        return fitting[0]
    every = [one for one in (*templates(request.dims), GROUPS + spatial) if fits(one, said, request.dims)]
    if banded(shape):  # the likelier first, and without those of as many channels as rows
        every = [one for one in every[::-1] if one not in ("C" + spatial, "NC" + spatial, GROUPS + spatial)]
    if not fitting and len({channels_of(one, shape) for one in every}) == 1:
        raise other_channels(path, f"{size_text(shape)}, {every[0]}", channels_of(every[0], shape), request)
    raise ambiguous(path, shape, fitting if len(fitting) > 1 else every, request)


def templates(dims: int) -> Iterator[str]:
    """Yields the axes that arrays of images commonly have."""
    spatial = SPATIAL[dims]
    yield from (spatial, "N" + spatial, "C" + spatial, spatial + "C", "NC" + spatial, f"N{spatial}C")


def banded(shape: tuple[int, ...]) -> bool:
    """Whether the last axis looks like the channels of an image whose rows and columns are the two before it."""
    if len(shape) < 3:
        return False
    last, others = shape[-1], min(shape[-3:-1])
    return last == 1 or (last <= MOST_BANDS and 4 * last <= others)


def channels_of(letters: str, shape: tuple[int, ...]) -> int:
    """Returns the channels that an array has with these letters."""
    return prod(n for letter, n in zip(letters, shape, strict=True) if letter in CHANNEL)


def ambiguous(path: Path, shape: tuple[int, ...], readings: list[str], request: ReadRequest) -> FileError:
    """Returns the error that shows a shape with its readings, and the line that chooses each."""
    message = f"{path} ({size_text(shape)}) does not say what its axes are"
    if request.trained and request.channels is not None:
        return ambiguous_for_trained(path, shape, readings, request.channels)
    lines = [f"axes: {one}{set_channels(one, shape, request.channels)} reads {told(one, shape)}" for one in readings]
    return FileError(Fault("axes", message, cure=f"{request.where_axes}: {'; '.join(lines)}.", file=str(path)))


def ambiguous_for_trained(path: Path, shape: tuple[int, ...], readings: list[str], channels: int) -> FileError:
    """Returns the error of a file whose axes are not known, for a network that takes so many channels."""
    fitting = [one for one in readings if channels_of(one, shape) == channels]
    message = f"{path} ({size_text(shape)}) does not say what its axes are"
    cures = []
    if len(fitting) < len(readings):
        counts = sorted({channels_of(one, shape) for one in readings} - {channels})
        others = " or ".join(str(count) for count in counts if count <= MOST_BANDS or count == counts[0])
        message += f": has it {others} channels, or {channels} as the images that the network was trained on?"
        cures.append(f"Give images of {in_words(channels)}.")
    if fitting:
        cures.append(f"Say it with --axes: {'; '.join(f'{one} reads {told(one, shape)}' for one in fitting)}.")
    return FileError(Fault("axes", message, cure=" Or: ".join(cures), file=str(path)))


def set_channels(letters: str, shape: tuple[int, ...], channels: int | None) -> str:
    """Returns what else is to be written for a reading whose channels are not those asked for."""
    found = channels_of(letters, shape)
    return "" if channels in (None, found) else f" with channels: {found}"


def told(letters: str, shape: tuple[int, ...]) -> str:
    """Returns a reading in words.

    >>> told("NYX", (443, 489, 5)), told("YXC", (443, 489, 5))
    ('443 images of 489×5', 'one image of 443×489 with 5 channels')
    """
    lengths = dict(zip(letters, shape, strict=True))
    groups, count, channels = (lengths.pop(letter, None) for letter in "TNC")
    count = count * groups if count is not None and groups is not None else count
    what = "one image" if count is None else f"{count} image{'s' * (count != 1)}"
    of = f"{what} of {size_text(tuple(lengths.values()))}"
    return of if channels is None else f"{of} with {channels} channel{'s' * (channels != 1)}"
