"""A folder given in place of a data file: what is taken from its files, as the keys of a data file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from unetkit.data.files.folders import Folders
from unetkit.data.labels.classes import ClassMap, MaskError
from unetkit.data.labels.recognition import MaskDiagnosis, recognised, written
from unetkit.data.spec import DataSpec
from unetkit.errors import Fault, FileError, UnetkitError
from unetkit.imagefiles import ReadRequest, open_images
from unetkit.imagefiles.axes import common_axes
from unetkit.imagefiles.header import ImageHeader, read_header

Advance = Callable[[int, int], None]
THREADS = 4
"""Masks that are read at the same time."""


@dataclass
class HeaderCounts:
    """What the files of a folder say: the channels and the axes of each image that could be read."""

    channels: Counter[int] = field(default_factory=Counter)
    axes: Counter[str | None] = field(default_factory=Counter)
    examples: dict[int, Path] = field(default_factory=dict)
    pictures: bool = True
    """Whether all images are pictures, in which grey is colour too and the last of 2 or 4 channels is alpha."""


def taken(data: DataSpec, said: Iterable[str], advance: Advance = lambda done, total: None) -> dict[str, Any]:
    """Returns the keys of a data file that the files of a folder say, but for those that are `said` already.

    Raises FileError where the files do not agree, or may be read in more than one way; with the lines to write.
    """
    dataset, known = data.dataset, set(said)
    if not isinstance(dataset, Folders):
        return {}
    files = dataset.pairs(data.folder).files
    seen = seen_in(data, dataset, list(files.values()))
    keys: dict[str, Any] = {}
    if len(seen.axes) == 1 and (axes := next(iter(seen.axes))) is not None:
        keys["dataset"] = {"axes": axes}
    if seen.channels and "channels" not in known:
        keys["channels"] = len(dataset.modalities) if len(dataset.modalities) > 1 else agreed(seen)
    if "classes" not in known:
        found = class_keys(data, [file[1] for file in files.values()], advance)
        keys = found | {"dataset": found.get("dataset", {}) | keys.pop("dataset", {})} | keys
    return keys


# --- channels and axes ----------------------------------------------------------------------------------------------


def seen_in(data: DataSpec, dataset: Folders, files: Sequence[Sequence[Path]]) -> HeaderCounts:
    """Returns the channels of the images, and the letters of their axes where only the masks show what they are."""
    seen = HeaderCounts()
    for image, mask, *_ in files:
        try:
            axes, found = seen_as(image, mask, ReadRequest(data.dims, None, dataset.axes))
        except UnetkitError:
            continue  # it is told when everything is read
        seen.axes[axes] += 1
        seen.channels[found.channels] += 1
        seen.examples.setdefault(found.channels, image)
        seen.pictures &= image.suffix.lower() not in (".tif", ".tiff", ".npy", ".zarr", ".nii", ".gz")
    return seen


def seen_as(image: Path, mask: Path, request: ReadRequest) -> tuple[str | None, ImageHeader]:
    """Returns the header of an image with the letters of its axes, None where it is read rightly without them.

    The mask tells: what is as large as it, as often, is the image; what is left are channels.
    """
    wanted = read_header(mask, ReadRequest(request.dims, None, request.axes, mask=True))
    readings: list[tuple[str | None, ImageHeader]] = []
    for axes in (request.axes, *([] if request.axes else common_axes(request.dims))):
        try:
            found = read_header(image, ReadRequest(request.dims, None, axes))
        except UnetkitError:
            continue
        if found.num_images == wanted.num_images and sorted(found.size) == sorted(wanted.size):
            readings.append((axes, found))
            if axes == request.axes:
                break
    if len(readings) != 1:
        return request.axes, read_header(image, request)
    return readings[0]


def agreed(seen: HeaderCounts) -> Any:
    """Returns the channels that all images have; raises FileError where they differ."""
    counts = sorted(seen.channels)
    if seen.pictures and counts in ([4], [2]):
        return {"count": counts[0], "take": list(range(counts[0] - 1))}
    if seen.pictures and counts == [1, 3]:
        return 3
    if len(counts) == 1:
        return counts[0]
    shown = "; ".join(
        f"{seen.channels[count]} with {count} channel{'s' * (count > 1)}, as {seen.examples[count]}" for count in counts
    )
    cure = "Make them alike, or leave some out."
    if counts == [1, 3]:
        cure = (
            "Make them alike; or, where those of 3 are in colour, say channels: 3: grey ones give three equal channels."
        )
    raise FileError(Fault("channels", f"the images have different channels: {shown}", "channels", cure))


# --- classes --------------------------------------------------------------------------------------------------------


def class_keys(data: DataSpec, masks: Sequence[Path], advance: Advance) -> dict[str, Any]:
    """Returns the classes that are in the masks; raises FileError where they may be read in more than one way."""
    classes = ClassMap.of(data)

    def survey(file: Path) -> None:
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
            return  # it is told when everything is read

    with ThreadPoolExecutor(THREADS) as threads:
        for done, _ in enumerate(threads.map(survey, masks), 1):
            advance(done, len(masks))
    finding = recognised(data, classes)
    if finding is not None and len(finding.readings) == 1:
        return dict(finding.readings[0].keys)
    if finding is not None:
        raise FileError(whole(data, finding))
    highest = max((number for number in classes.survey.numbers if number not in data.ignored), default=1)
    return {"classes": [f"class {number}" for number in range(max(2, highest + 1))]}


def whole(data: DataSpec, finding: MaskDiagnosis) -> Fault:
    """Returns the fault of what was found, with the lines of a whole data file."""
    if not finding.readings:
        return finding.fault()
    top = {"unetkit": 1, "dims": data.dims, "dataset": dict(data.keys.dataset)}
    if data.keys.split is not None:
        top["split"] = dict(data.keys.split)
    readings = tuple(replace(one, keys=top | dict(one.keys)) for one in finding.readings)
    file = data.folder / "data.yaml"
    lines = "one of these" if len(readings) > 1 else "this"
    cure = f"Write {lines} into {file}, and give that file in place of the folder."
    return replace(finding, readings=readings, cure=cure).fault()


def lines_of(keys: Mapping[str, Any]) -> list[str]:
    """Returns keys as lines of a data file."""
    return [line for key, value in keys.items() for line in written(key, value)]
