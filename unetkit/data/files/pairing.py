"""Which mask belongs to which image: by equal names, or by names that differ in words such as `_mask`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from unetkit.data.files.affixes import IMAGE, MASK, core
from unetkit.data.files.pattern import SPLIT, FileMatches
from unetkit.data.splits.parts import PARTS
from unetkit.errors import Fault
from unetkit.wording import listed

WORDS = {"images": "image", "masks": "mask", "instances": "instances"}
"""What one file under a key is called."""


@dataclass(frozen=True)
class Pairing:
    """The files of each pair by the name of its image, what has no partner, and what was passed over, in words.

    `files` has image, mask, and instances where there are such. `further` has the files of an image's other channels,
    where each lies in a file of its own.
    """

    files: dict[str, tuple[Path, ...]]
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]
    further: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)


def paired(found: Mapping[str, FileMatches], said: Mapping[str, str]) -> Pairing:
    """Returns the pairs among the files that were found under `images`, `masks` and so on, where `said` was written."""
    names = {key: dict(one.files) for key, one in found.items()}
    drop_masks(names, said)
    alone = unlabelled_parts(names) if SPLIT in said["images"] else set()
    left = {key: [name for name in files if name.split("/")[0] not in alone] for key, files in names.items()}
    matches = {key: partners(left["images"], theirs) for key, theirs in left.items() if key != "images"}
    if all(one.single for one in found.values()):
        matches = {key: dict.fromkeys(left["images"], theirs[0]) for key, theirs in left.items() if key != "images"}
    others = {key: further(left["images"], left[key], match) for key, match in matches.items()}
    left |= {key: [name for name in left[key] if name not in more] for key, more in others.items()}
    faults = [fault for key, match in matches.items() for fault in unpaired(key, left, match)]
    files = {
        name: (names["images"][name], *(names[key][match[name]] for key, match in matches.items()))
        for name in left["images"]
        if all(name in match for match in matches.values())
    }
    notes = [f"the images of {part} have no masks and are passed over" for part in PARTS if part in alone]
    used = {file for key, one in names.items() for name, file in one.items() if name not in others.get(key, ())}
    notes += passed_over([path for one in found.values() for path in one.seen], used)
    return Pairing(files, tuple(faults), tuple(notes))


def drop_masks(names: dict[str, dict[str, Path]], said: Mapping[str, str]) -> None:
    """Removes from the images what is a mask by a pattern that says more: `{name}_mask.png` beside `{name}.png`."""
    for key, theirs in names.items():
        if key != "images" and len(said[key]) > len(said["images"]):
            others = set(theirs.values())
            names["images"] = {name: file for name, file in names["images"].items() if file not in others}


def unlabelled_parts(names: Mapping[str, Mapping[str, Path]]) -> set[str]:
    """Returns the parts of the data that have images, but no mask at all."""
    images, masks = ({name.split("/")[0] for name in names[key]} for key in ("images", "masks"))
    return images - masks if masks else set()


def partners(images: Sequence[str], others: Sequence[str]) -> dict[str, str]:
    """Returns the partner of each image: that of its name, or else the only one of the same core.

    >>> partners(["p0", "img_2"], ["p0", "p0_mask", "2_mask"])
    {'p0': 'p0', 'img_2': '2_mask'}
    """
    known = set(others)
    found = {name: name for name in images if name in known}
    mine, theirs = cores(images, IMAGE, found), cores(others, MASK, set(found.values()))
    cored = {name: theirs[key][0] for key, (name, *more) in mine.items() if not more and len(theirs.get(key, ())) == 1}
    return {name: partner for name in images if (partner := found.get(name) or cored.get(name))}


def further(images: Sequence[str], others: Sequence[str], match: Mapping[str, str]) -> set[str]:
    """Returns the further masks of images that all have one: those named by an image and words, as in `p0_color`.

    >>> sorted(further(["p0"], ["p0_labelIds", "p0_color", "p0_1", "p1"], {"p0": "p0_labelIds"}))
    ['p0_color']
    """
    if len(match) < len(images):
        return set()
    known, taken = {core(name, IMAGE) for name in images}, set(match.values())
    found = set()
    for name in others:
        stem, word = core(name, MASK), "word"
        while name not in taken and "_" in stem and word.isalpha() and stem not in known:
            stem, _, word = stem.rpartition("_")
        if name not in taken and stem in known and word.isalpha():
            found.add(name)
    return found


def cores(names: Sequence[str], words: frozenset[str], but: Mapping[str, str] | set[str]) -> dict[str, list[str]]:
    """Returns the names that have no partner yet by their cores."""
    made: dict[str, list[str]] = {}
    for name in names:
        if name not in but:
            made.setdefault(core(name, words), []).append(name)
    return made


def unpaired(key: str, names: Mapping[str, Sequence[str]], match: Mapping[str, str]) -> Iterator[Fault]:
    """Yields what is there without its partner."""
    images = [name for name in names["images"] if name not in match]
    taken = set(match.values())
    others = [name for name in names[key] if name not in taken]
    theirs = cores(others, MASK, {})
    for name in list(images):
        several = theirs.get(core(name, IMAGE), [])
        if len(several) > 1:
            message = f"{listed(several)} could each be that of image {name}"
            yield Fault("two-partners", message, f"dataset.{key}", f"Say which, as in: {key}/{{name}}_mask.png")
            images.remove(name)
            others = [one for one in others if one not in several]
    cure = f"Each image needs a {WORDS[key]} of the same name."
    if images and others:
        cure += f" For names that differ, write patterns: images: images/{{name}}.png, {key}: {key}/{{name}}_x.png"
    if others:
        yield Fault("no-partner", f"no image for {WORDS[key]} {listed(others)}", "dataset.images", cure)
    if images:
        yield Fault("no-partner", f"no {WORDS[key]} for image {listed(images)}", f"dataset.{key}", cure)


def passed_over(seen: Sequence[Path], used: set[Path]) -> list[str]:
    """Returns, in words, what lies beside the files that are used."""
    folders = {parent for file in used for parent in file.parents}
    left = [path for path in dict.fromkeys(seen) if path not in used and path not in folders]
    files, inner = [path for path in left if not path.is_dir()], [path for path in left if path.is_dir()]
    notes = []
    if files:
        ends = list(dict.fromkeys(ending(path) for path in sorted(files)))
        notes.append(f"{len(files)} file{'s' * (len(files) != 1)} passed over: {listed(ends)}")
    if inner:
        many = "s" * (len(inner) != 1)
        notes.append(f"{len(inner)} folder{many} passed over: {listed([path.name + '/' for path in sorted(inner)])}")
    return notes


def ending(path: Path) -> str:
    """Returns the ending of a file by which it is told, or its name where it is hidden or has none."""
    return path.name if path.name.startswith(".") else path.suffix or path.name
