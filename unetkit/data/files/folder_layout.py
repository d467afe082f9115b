"""The layout of a folder of images and masks, inferred from common names, as the keys of a data file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from unetkit.data.files.pairing import IMAGE_WORDS, MASK_WORDS, core
from unetkit.data.files.pattern import KEYS, is_text
from unetkit.data.splits.split_file import part_of
from unetkit.data.wildcards import compile_linear, pattern_expression
from unetkit.errors import Fault, FileError

_IMAGE_FOLDERS = ("images", "image", "imgs", "img", "jpegimages", "inputs", "input", "photos", "scans", "volumes",
                 "leftimg8bit", "x")  # fmt: skip
_MASK_FOLDERS = ("masks", "mask", "labels", "label", "segmentations", "segmentation", "seg", "segmentationclass", "gt",
                "groundtruth", "ground_truth", "annotations", "targets", "target", "gtfine", "y")  # fmt: skip
"""Names of folders of images, and of masks, in lower case, the commonest first."""
_SPLIT_FILES = ("splits.json", "splits.csv", "split.json", "split.csv", "train.txt")
"""Files that divide the images, beside their folders."""
_NNUNET_IMAGE = re.compile(r".+_(?P<channel>\d{4})(?P<suffix>\.[^_]+)")
"""The file name of an nnU-Net image, with its channel and suffix."""
_Paths: TypeAlias = str | list[str]
"""A path of images, or one for each channel."""
_CURE = "Put images into images/ and masks of the same names into masks/; or write a data file with patterns: see " \
       "`unetkit new data.yaml --kind data`."  # fmt: skip


def find_layout(folder: Path) -> dict[str, Any]:
    """The keys `dataset` and `split` of a folder; raises FileError for an unknown layout."""
    try:
        inner = _folders_in(folder)
    except OSError as error:
        raise FileError(Fault("no-folder", f"{folder} cannot be read: {error.strerror}")) from error
    for find in (_side_by_side, _inside_parts, _nnunet, _in_one_folder):
        paths = find(folder, inner)
        if paths is not None:
            images, masks = paths
            divided = "{split}" in (images if isinstance(images, str) else images[0])
            split_files = [] if divided else [name for name in _SPLIT_FILES if (folder / name).is_file()]
            split = {"split": {"type": "file", "file": split_files[0]}} if split_files else {}
            return {"dataset": {"type": "folders", "images": images, "masks": masks}} | split
    names = ", ".join([f"{name}/" for name in inner][:6]) or "no folders"
    raise FileError(Fault("no-folder", f"{folder} has no folders of images and masks, but {names}", cure=_CURE))


def _side_by_side(folder: Path, inner: Sequence[str]) -> tuple[str, str] | None:
    """Folders of images and of masks side by side, each possibly with a folder for each part."""
    images, masks = _named(inner, _IMAGE_FOLDERS), _named(inner, _MASK_FOLDERS)
    if images is None or masks is None:
        return None
    below = [_folders_in(folder / name) for name in (images, masks)]
    if not _holds_images(folder / images) and all(any(map(part_of, names)) for names in below):
        depth = [_part_depth(folder / name) for name in (images, masks)]
        return f"{images}/{{split}}{depth[0]}", f"{masks}/{{split}}{depth[1]}"
    return _with_depth(folder, images), _with_depth(folder, masks)


def _inside_parts(folder: Path, inner: Sequence[str]) -> tuple[str, str] | None:
    """A folder for each part, with folders of images and masks inside."""
    names = set()
    for part in filter(part_of, inner):
        below = _folders_in(folder / part)
        images, masks = _named(below, _IMAGE_FOLDERS), _named(below, _MASK_FOLDERS)
        if images is not None and masks is not None:
            names.add((images, masks))
    if len(names) != 1:
        return None
    images, masks = names.pop()
    return f"{{split}}/{images}", f"{{split}}/{masks}"


def _nnunet(folder: Path, inner: Sequence[str]) -> tuple[_Paths, str] | None:
    """The folders imagesTr and labelsTr of nnU-Net, whose images end with the number of their channel."""
    if not {"imagesTr", "labelsTr"} <= set(inner):
        return None
    images, masks = ("images{split}", "labels{split}") if "labelsTs" in inner else ("imagesTr", "labelsTr")
    files = [path.name for path in (folder / "imagesTr").iterdir() if not path.name.startswith(".")]
    matches = [_NNUNET_IMAGE.fullmatch(name) for name in files]
    ends = sorted({f"_{match['channel']}{match['suffix']}" for match in matches if match})
    if not ends or None in matches:
        return images, masks
    paths = [f"{images}/{{name}}{end}" for end in ends]
    return paths[0] if len(paths) == 1 else paths, masks


def _in_one_folder(folder: Path, inner: Sequence[str]) -> tuple[str, str] | None:
    """Masks beside their images in one folder, as in `p0.png` and `p0_mask.png`."""
    from unetkit.imagefiles.file_formats import is_image, split_name

    files = [split_name(path) for path in sorted(folder.iterdir()) if is_image(path)]
    stems = {stem.casefold() for stem, _ in files}
    masks = {
        (stem, suffix)
        for stem, suffix in files
        if core(stem, IMAGE_WORDS) != core(stem, MASK_WORDS) and core(stem, MASK_WORDS) in stems
    }
    patterns = {(stem.casefold().replace(core(stem, MASK_WORDS), "{name}", 1), suffix) for stem, suffix in masks}
    if len(patterns) != 1:
        return None
    stem, _ = min(masks)
    if not stem.casefold().startswith(core(stem, MASK_WORDS)):
        return None
    affix = stem[len(core(stem, MASK_WORDS)) :]
    suffixes = {suffix for stem, suffix in files if (stem, suffix) not in masks}
    image = "{name}" + (suffixes.pop() if len(suffixes) == 1 else ".*")
    return image, f"{{name}}{affix}{patterns.pop()[1]}"


def _named(inner: Sequence[str], known: Sequence[str]) -> str | None:
    """The folder with the first of some names."""
    folded = {name.casefold(): name for name in reversed(inner)}
    return next((folded[name] for name in known if name in folded), None)


def _folders_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _holds_images(folder: Path) -> bool:
    """Whether images lie directly in a folder."""
    from unetkit.imagefiles.file_formats import is_image

    return any(is_image(path) for path in folder.iterdir())


def _with_depth(folder: Path, name: str) -> str:
    """A folder, or the pattern of everything below it where it has no images itself."""
    return name if _holds_images(folder / name) or not _folders_in(folder / name) else f"{name}/**"


def _part_depth(folder: Path) -> str:
    """The end of a pattern below the folders of parts: `/**` where they have no images themselves."""
    parts = [folder / name for name in _folders_in(folder) if part_of(name)]
    return "" if any(map(_holds_images, parts)) else "/**"


def unused_names(folder: Path, keys: Mapping[str, Any]) -> list[str]:
    """The names beside the files and folders that are read; folders end with a slash."""
    values = [keys["dataset"][key] for key in ("images", "masks")] + [keys.get("split", {}).get("file", "")]
    paths = [path for value in values for path in ([value] if isinstance(value, str) else value)]
    used = [compile_linear(pattern_expression(path.split("/")[0], KEYS)) for path in paths if path]
    names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir() if not path.name.startswith("."))
    return [name for name in names if is_text(name) and not any(each.fullmatch(name.rstrip("/")) for each in used)]
