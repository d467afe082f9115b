"""The keys of a data file for a folder, inferred from its files: axes, channels and classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from unetkit.data.files.folders import Folders
from unetkit.data.labels.classes import ClassMap, MaskError
from unetkit.data.labels.recognition import MaskDiagnosis, diagnose
from unetkit.data.spec import DataSpec
from unetkit.errors import Fault, FileError, UnetkitError
from unetkit.imagefiles import ReadRequest, open_images
from unetkit.imagefiles.axes import common_axes
from unetkit.imagefiles.header import ImageHeader, read_header
from unetkit.wording import plural

_Advance = Callable[[int, int], None]
_THREADS = 4
"""Masks that are read at the same time."""


@dataclass
class HeaderCounts:
    """The channels and the axes of the images that could be read, with their counts."""

    channels: Counter[int] = field(default_factory=Counter)
    axes: Counter[str | None] = field(default_factory=Counter)
    examples: dict[int, Path] = field(default_factory=dict)
    pictures: bool = True
    """Whether all images are pictures, where grey is colour too and the last of 2 or 4 channels is alpha."""


def infer_keys(data: DataSpec, given: Iterable[str], advance: _Advance = lambda done, total: None) -> dict[str, Any]:
    """The keys that follow from the files of a folder, except for the `given` ones.

    Raises FileError, with the lines to write, where the files disagree or have several interpretations.
    """
    dataset, given = data.dataset, set(given)
    if not isinstance(dataset, Folders):
        return {}
    files = dataset.pairs(data.folder).files
    counts = _read_headers(data, dataset, list(files.values()))
    keys: dict[str, Any] = {}
    if len(counts.axes) == 1 and (axes := next(iter(counts.axes))) is not None:
        keys["dataset"] = {"axes": axes}
    if counts.channels and "channels" not in given:
        keys["channels"] = len(dataset.modalities) if len(dataset.modalities) > 1 else _common_channels(counts)
    if "classes" not in given:
        classes = _class_keys(data, [file[1] for file in files.values()], advance)
        keys = classes | {"dataset": classes.get("dataset", {}) | keys.pop("dataset", {})} | keys
    return keys


# --- channels and axes ----------------------------------------------------------------------------------------------


def _read_headers(data: DataSpec, dataset: Folders, files: Sequence[Sequence[Path]]) -> HeaderCounts:
    """The channels of the images, and the letters of their axes where only the masks tell them."""
    counts = HeaderCounts()
    for image, mask, *_ in files:
        try:
            axes, header = _interpret(image, mask, ReadRequest(data.dims, None, dataset.axes))
        except UnetkitError:
            continue  # reported when everything is read
        counts.axes[axes] += 1
        counts.channels[header.channels] += 1
        counts.examples.setdefault(header.channels, image)
        counts.pictures &= image.suffix.lower() not in (".tif", ".tiff", ".npy", ".zarr", ".nii", ".gz")
    return counts


def _interpret(image: Path, mask: Path, request: ReadRequest) -> tuple[str | None, ImageHeader]:
    """The header of an image with the letters of its axes, None where they are not needed.

    The image has the size and the count of the mask; what is left are channels.
    """
    target = read_header(mask, ReadRequest(request.dims, None, request.axes, mask=True))
    readings: list[tuple[str | None, ImageHeader]] = []
    for axes in (request.axes, *([] if request.axes else common_axes(request.dims))):
        try:
            header = read_header(image, ReadRequest(request.dims, None, axes))
        except UnetkitError:
            continue
        if header.num_images == target.num_images and sorted(header.size) == sorted(target.size):
            readings.append((axes, header))
            if axes == request.axes:
                break
    return readings[0] if len(readings) == 1 else (request.axes, read_header(image, request))


def _common_channels(counts: HeaderCounts) -> Any:
    """The channels of all images; raises FileError where they differ."""
    numbers = sorted(counts.channels)
    if counts.pictures and numbers in ([4], [2]):
        return {"count": numbers[0], "take": list(range(numbers[0] - 1))}
    if counts.pictures and numbers == [1, 3]:
        return 3
    if len(numbers) == 1:
        return numbers[0]
    forms = (f"{counts.channels[n]} with {plural(n, 'channel')}, as {counts.examples[n]}" for n in numbers)
    cure = "Make them the same, or leave some out."
    if numbers == [1, 3]:
        cure = (
            "Make them the same; or, if those with 3 are in colour, set channels: 3: grey becomes three equal channels."
        )
    message = f"the images have different channels: {'; '.join(forms)}"
    raise FileError(Fault("channels", message, "channels", cure))


# --- classes --------------------------------------------------------------------------------------------------------


def _class_keys(data: DataSpec, masks: Sequence[Path], advance: _Advance) -> dict[str, Any]:
    """The classes in the masks; raises FileError where they have several interpretations."""
    classes = ClassMap.of(data)

    def count(file: Path) -> None:
        try:
            with open_images(file, ReadRequest(data.dims, None, None, mask=True)) as images:
                for number in range(images.count):
                    layers = images.read(number)
                    colours = layers[:3].transpose(*range(1, layers.ndim), 0)
                    try:
                        classes.labels(layers[0] if len(layers) < 3 else colours, data.dims, str(file))
                    except MaskError:
                        continue  # it was counted
        except UnetkitError:
            return  # reported when everything is read

    with ThreadPoolExecutor(_THREADS) as threads:
        for done, _ in enumerate(threads.map(count, masks), 1):
            advance(done, len(masks))
    diagnosis = diagnose(data, classes)
    if diagnosis is not None and len(diagnosis.interpretations) == 1:
        return dict(diagnosis.interpretations[0].keys)
    if diagnosis is not None:
        raise FileError(_whole_file_fault(data, diagnosis))
    highest = max((number for number in classes.statistics.numbers if number not in data.ignored), default=1)
    return {"classes": [f"class {number}" for number in range(max(2, highest + 1))]}


def _whole_file_fault(data: DataSpec, diagnosis: MaskDiagnosis) -> Fault:
    """The fault of a diagnosis, with the lines of a whole data file."""
    if not diagnosis.interpretations:
        return diagnosis.fault()
    keys = {"unetkit": 1, "dims": data.dims, "dataset": dict(data.keys.dataset)}
    if data.keys.split is not None:
        keys["split"] = dict(data.keys.split)
    interpretations = tuple(replace(each, keys=keys | dict(each.keys)) for each in diagnosis.interpretations)
    lines = "one of these" if len(interpretations) > 1 else "this"
    cure = f"Write {lines} into {data.folder / 'data.yaml'}, and give that file in place of the folder."
    return replace(diagnosis, interpretations=interpretations, cure=cure).fault()
