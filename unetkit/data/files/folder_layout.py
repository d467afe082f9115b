"""Where images and masks are in a folder, by the names that people give: the keys of a data file that say so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from unetkit.data.files.affixes import IMAGE, MASK, core
from unetkit.data.files.pattern import KEYS, is_text
from unetkit.data.splits.parts import part_of
from unetkit.data.wildcards import compiled, expression
from unetkit.errors import Fault, FileError

IMAGES = ("images", "image", "imgs", "img", "jpegimages", "inputs", "input", "photos", "scans", "volumes",
          "leftimg8bit", "x")  # fmt: skip
MASKS = ("masks", "mask", "labels", "label", "segmentations", "segmentation", "seg", "segmentationclass", "gt",
         "groundtruth", "ground_truth", "annotations", "targets", "target", "gtfine", "y")  # fmt: skip
"""What folders of images, and of masks, are called, in small letters, the commonest first."""
LISTS = ("splits.json", "splits.csv", "split.json", "split.csv", "train.txt")
"""Files that divide the images, beside their folders."""
CHANNEL = re.compile(r".+_(?P<channel>\d{4})(?P<end>\.[^_]+)")
"""The name of a file of nnU-Net's images: its channel and its ending."""
Paths: TypeAlias = str | list[str]
"""A path of images, or one for each channel."""
CURE = "Put images into images/ and masks of the same names into masks/; or write a data file with patterns: see " \
       "`unetkit new data.yaml --kind data`."  # fmt: skip


def arranged(folder: Path) -> dict[str, Any]:
    """Returns the keys dataset and split of a folder; raises FileError where it is not seen what is what."""
    try:
        inner = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError as error:
        raise FileError(Fault("no-folder", f"{folder} cannot be read: {error.strerror}")) from error
    for find in (beside, in_parts, of_nnu_net, in_one):
        paths = find(folder, inner)
        if paths is not None:
            images, masks = paths
            divided = "{split}" in (images if isinstance(images, str) else images[0])
            lists = [] if divided else [name for name in LISTS if (folder / name).is_file()]
            split = {"split": {"type": "file", "file": lists[0]}} if lists else {}
            return {"dataset": {"type": "folders", "images": images, "masks": masks}} | split
    found = ", ".join([f"{name}/" for name in inner][:6]) or "no folders"
    raise FileError(Fault("no-folder", f"{folder} has no folders of images and masks, but {found}", cure=CURE))


def beside(folder: Path, inner: Sequence[str]) -> tuple[str, str] | None:
    """Returns the folders of images and of masks that lie side by side, or have a folder for each part."""
    images, masks = (named(inner, known) for known in (IMAGES, MASKS))
    if images is None or masks is None:
        return None
    below = [list(inside(folder / name)) for name in (images, masks)]
    if not holds_files(folder / images) and all(any(part_of(one) for one in names) for names in below):
        deep = [any_deeper(folder / name) for name in (images, masks)]
        return f"{images}/{{split}}{deep[0]}", f"{masks}/{{split}}{deep[1]}"
    return deepened(folder, images), deepened(folder, masks)


def in_parts(folder: Path, inner: Sequence[str]) -> tuple[str, str] | None:
    """Returns the patterns of folders for the parts that each have images and masks."""
    parts = [name for name in inner if part_of(name)]
    names = {pair for part in parts if (pair := pair_in(folder / part)) is not None}
    if len(names) != 1:
        return None
    images, masks = next(iter(names))
    return f"{{split}}/{images}", f"{{split}}/{masks}"


def pair_in(folder: Path) -> tuple[str, str] | None:
    """Returns the names of the folders of images and of masks in a folder."""
    found = [named(list(inside(folder)), known) for known in (IMAGES, MASKS)]
    return (found[0], found[1]) if found[0] is not None and found[1] is not None else None


def of_nnu_net(folder: Path, inner: Sequence[str]) -> tuple[Paths, str] | None:
    """Returns the patterns of imagesTr and labelsTr, whose images end with the number of their channel."""
    if not {"imagesTr", "labelsTr"} <= set(inner):
        return None
    images, masks = ("images{split}", "labels{split}") if "labelsTs" in inner else ("imagesTr", "labelsTr")
    files = [path.name for path in (folder / "imagesTr").iterdir() if not path.name.startswith(".")]
    found = [CHANNEL.fullmatch(name) for name in files]
    ends = sorted({f"_{one['channel']}{one['end']}" for one in found if one})
    if not ends or None in found:
        return images, masks
    paths = [f"{images}/{{name}}{end}" for end in ends]
    return paths[0] if len(paths) == 1 else paths, masks


def in_one(folder: Path, inner: Sequence[str]) -> tuple[str, str] | None:
    """Returns the patterns of masks that lie beside their images, as in `p0.png` and `p0_mask.png`."""
    from unetkit.imagefiles.file_formats import is_image, split_name

    files = [split_name(path) for path in sorted(folder.iterdir()) if is_image(path)]
    stems = {stem.casefold() for stem, _ in files}
    marked = {(stem, end) for stem, end in files if core(stem, IMAGE) != core(stem, MASK) and core(stem, MASK) in stems}
    affixes = {(stem.casefold().replace(core(stem, MASK), "{name}", 1), end) for stem, end in marked}
    if len(affixes) != 1:
        return None
    stem, _ = sorted(marked)[0]
    mark = stem[len(core(stem, MASK)) :] if stem.casefold().startswith(core(stem, MASK)) else None
    if mark is None:
        return None
    endings = {end for stem, end in files if (stem, end) not in marked}
    image = "{name}" + (endings.pop() if len(endings) == 1 else ".*")
    return image, f"{{name}}{mark}{next(iter(affixes))[1]}"


def named(inner: Sequence[str], known: Sequence[str]) -> str | None:
    """Returns the folder with the commonest of some names."""
    folded = {name.casefold(): name for name in reversed(inner)}
    return next((folded[name] for name in known if name in folded), None)


def inside(folder: Path) -> Iterator[str]:
    """Yields the names of the folders in a folder."""
    if folder.is_dir():
        yield from sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def holds_files(folder: Path) -> bool:
    """Whether images lie in a folder, not only in folders of it."""
    from unetkit.imagefiles.file_formats import is_image

    return any(is_image(path) for path in folder.iterdir())


def deepened(folder: Path, name: str) -> str:
    """Returns a folder, or the pattern of all below it where it has no images itself."""
    return name if holds_files(folder / name) or not any(inside(folder / name)) else f"{name}/**"


def any_deeper(folder: Path) -> str:
    """Returns the end of a pattern for the folders of parts: that of all below, where no images lie in themselves."""
    parts = [folder / name for name in inside(folder) if part_of(name)]
    return "" if any(holds_files(part) for part in parts) else "/**"


def left_over(folder: Path, keys: Mapping[str, Any]) -> list[str]:
    """Returns what lies beside the folders and files that are read, each name once; folders end with a slash."""
    said = [keys["dataset"][key] for key in ("images", "masks")] + [keys.get("split", {}).get("file", "")]
    paths = [one for path in said for one in ([path] if isinstance(path, str) else path)]
    fits = [compiled(expression(path.split("/")[0], KEYS)) for path in paths if path]
    names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir() if not path.name.startswith("."))
    return [name for name in names if is_text(name) and not any(one.fullmatch(name.rstrip("/")) for one in fits)]
