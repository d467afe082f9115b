"""The mask of each image: by equal names, or by names that differ in words such as `_mask`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from unetkit.data.files.pattern import SPLIT, FileMatches
from unetkit.data.splits.split_file import PARTS
from unetkit.errors import Fault
from unetkit.wording import listed, plural

IMAGE_WORDS = frozenset({
    "image", "images", "img", "im", "photo", "pic", "raw", "sat", "scan", "vol", "volume", "data",
    "training", "test", "input", "orig", "original", "leftimg8bit",
})  # fmt: skip
MASK_WORDS = IMAGE_WORDS | frozenset({
    "mask", "masks", "seg", "segm", "segmentation", "segmentations", "label", "labels", "lab", "lbl", "labelid",
    "labelids", "labelmap", "gt", "groundtruth", "truth", "annotation", "annotations", "anno", "ann", "manual",
    "manual1", "1stho", "target", "classes", "trimap", "instances", "instance", "objects", "ids", "gtfine", "gtcoarse",
})  # fmt: skip
"""Words at the start and the end of file names of images, and of masks, in lower case."""
_SEPARATORS = re.compile(r"[_\-. ]+")
_NUMBERED = re.compile(r"(?P<word>[a-z]+)(?P<number>\d+)", re.ASCII)
_NOUNS = {"images": "image", "masks": "mask", "instances": "instances"}
"""What one file under a key is called."""


def core(name: str, words: frozenset[str]) -> str:
    """A name without such words at its start and end, in lower case; folders in it stay.

    >>> core("a/P0_gtFine_labelIds", MASK_WORDS), core("label0007", MASK_WORDS), core("mask", MASK_WORDS)
    ('a/p0', '0007', '')
    """
    folder, slash, stem = unicodedata.normalize("NFC", name).casefold().rpartition("/")
    parts = _SEPARATORS.split(stem.replace("ground_truth", "groundtruth").replace("ground-truth", "groundtruth"))
    while parts and (parts[-1] in words or not parts[-1]):
        parts.pop()
    while parts and (parts[0] in words or not parts[0]):
        parts.pop(0)
    if parts and (numbered := _NUMBERED.fullmatch(parts[0])) and numbered["word"] in words:
        parts[0] = numbered["number"]
    return f"{folder}{slash}{'_'.join(parts)}"


@dataclass(frozen=True)
class Pairing:
    """The files of each pair by the name of its image, faults of files without a partner, and notes on skipped files.

    `files` has image, mask, and instances where there are some. `further` has the files of an image's other channels,
    where each channel has its own file.
    """

    files: dict[str, tuple[Path, ...]]
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]
    further: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)


def pair_files(matches: Mapping[str, FileMatches], paths: Mapping[str, str]) -> Pairing:
    """Pairs the files that match the paths of the keys `images`, `masks` and `instances`."""
    files = {key: dict(each.files) for key, each in matches.items()}
    _drop_masks(files, paths)
    unlabelled = _unlabelled_parts(files) if SPLIT in paths["images"] else set()
    names = {key: [name for name in each if name.split("/")[0] not in unlabelled] for key, each in files.items()}
    images = names["images"]
    if all(each.single for each in matches.values()):
        partners = {key: dict.fromkeys(images, each[0]) for key, each in names.items() if key != "images"}
    else:
        partners = {key: _find_partners(images, each) for key, each in names.items() if key != "images"}
    variants = {key: _further_masks(images, names[key], match) for key, match in partners.items()}
    names |= {key: [name for name in names[key] if name not in more] for key, more in variants.items()}
    faults = [fault for key, match in partners.items() for fault in _unpaired(key, names, match)]
    pairs = {
        name: (files["images"][name], *(files[key][match[name]] for key, match in partners.items()))
        for name in images
        if all(name in match for match in partners.values())
    }
    notes = [f"the images of {part} have no masks and are skipped" for part in PARTS if part in unlabelled]
    used = {file for key, each in files.items() for name, file in each.items() if name not in variants.get(key, ())}
    notes += _skipped_files([path for each in matches.values() for path in each.seen], used)
    return Pairing(pairs, tuple(faults), tuple(notes))


def _drop_masks(files: dict[str, dict[str, Path]], paths: Mapping[str, str]) -> None:
    """Removes from the images what a more specific pattern matches: `{name}_mask.png` beside `{name}.png`."""
    for key, each in files.items():
        if key != "images" and len(paths[key]) > len(paths["images"]):
            others = set(each.values())
            files["images"] = {name: file for name, file in files["images"].items() if file not in others}


def _unlabelled_parts(files: Mapping[str, Mapping[str, Path]]) -> set[str]:
    """The parts of the data that have images, but no masks at all."""
    images, masks = ({name.split("/")[0] for name in files[key]} for key in ("images", "masks"))
    return images - masks if masks else set()


def _find_partners(images: Sequence[str], others: Sequence[str]) -> dict[str, str]:
    """The partner of each image: the one with its name, or else the only one with the same core.

    >>> _find_partners(["p0", "img_2"], ["p0", "p0_mask", "2_mask"])
    {'p0': 'p0', 'img_2': '2_mask'}
    """
    known = set(others)
    same = {name: name for name in images if name in known}
    image_cores, other_cores = _by_core(images, IMAGE_WORDS, same), _by_core(others, MASK_WORDS, set(same.values()))
    by_core = {
        names[0]: other_cores[key][0]
        for key, names in image_cores.items()
        if len(names) == 1 and len(other_cores.get(key, ())) == 1
    }
    return {name: partner for name in images if (partner := same.get(name) or by_core.get(name))}


def _further_masks(images: Sequence[str], others: Sequence[str], match: Mapping[str, str]) -> set[str]:
    """The second masks of images that all have one: those with the name of an image and words, as in `p0_color`.

    >>> sorted(_further_masks(["p0"], ["p0_labelIds", "p0_color", "p0_1", "p1"], {"p0": "p0_labelIds"}))
    ['p0_color']
    """
    if len(match) < len(images):
        return set()
    image_cores, paired = {core(name, IMAGE_WORDS) for name in images}, set(match.values())
    variants = set()
    for name in others:
        stem, word = core(name, MASK_WORDS), "word"
        while name not in paired and "_" in stem and word.isalpha() and stem not in image_cores:
            stem, _, word = stem.rpartition("_")
        if name not in paired and stem in image_cores and word.isalpha():
            variants.add(name)
    return variants


def _by_core(names: Sequence[str], words: frozenset[str], exclude: Container[str] = ()) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name in names:
        if name not in exclude:
            groups.setdefault(core(name, words), []).append(name)
    return groups


def _unpaired(key: str, names: Mapping[str, Sequence[str]], match: Mapping[str, str]) -> Iterator[Fault]:
    """The images without a partner, and the files under a key without an image."""
    images = [name for name in names["images"] if name not in match]
    paired = set(match.values())
    others = [name for name in names[key] if name not in paired]
    by_core = _by_core(others, MASK_WORDS)
    for name in list(images):
        several = by_core.get(core(name, IMAGE_WORDS), [])
        if len(several) > 1:
            message = f"{listed(several)} could each be that of image {name}"
            yield Fault("two-partners", message, f"dataset.{key}", f"Say which, as in: {key}/{{name}}_mask.png")
            images.remove(name)
            others = [other for other in others if other not in several]
    cure = f"Each image needs a {_NOUNS[key]} of the same name."
    if images and others:
        cure += f" For names that differ, write patterns: images: images/{{name}}.png, {key}: {key}/{{name}}_x.png"
    if others:
        yield Fault("no-partner", f"no image for {_NOUNS[key]} {listed(others)}", "dataset.images", cure)
    if images:
        yield Fault("no-partner", f"no {_NOUNS[key]} for image {listed(images)}", f"dataset.{key}", cure)


def _skipped_files(seen: Sequence[Path], used: set[Path]) -> list[str]:
    """Notes on the files and folders that are not used."""
    parents = {parent for file in used for parent in file.parents}
    unused = [path for path in dict.fromkeys(seen) if path not in used and path not in parents]
    files, folders = [path for path in unused if not path.is_dir()], [path for path in unused if path.is_dir()]
    notes = []
    if files:
        suffixes = list(dict.fromkeys(_suffix(path) for path in sorted(files)))
        notes.append(f"{plural(len(files), 'file')} skipped: {listed(suffixes)}")
    if folders:
        notes.append(
            f"{plural(len(folders), 'folder')} skipped: {listed([f'{path.name}/' for path in sorted(folders)])}"
        )
    return notes


def _suffix(path: Path) -> str:
    """The suffix of a file, or its name where it is hidden or has none."""
    return path.name if path.name.startswith(".") else path.suffix or path.name
