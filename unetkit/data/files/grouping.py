"""The files of one image among those that are given: each by the pattern of its channel, as in {name}_0000.nii.gz."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

from unetkit.data.files.pattern import ANY_DEPTH, KEYS, NAME, names_files, split_stem
from unetkit.data.wildcards import compiled, expression, is_wild
from unetkit.errors import Fault, FileError
from unetkit.imagefiles.file_formats import is_image, result_name, split_name
from unetkit.wording import listed


class FileGroup(NamedTuple):
    """The files of one image, a file per channel, and its name; an image of one file has the name of that."""

    name: str
    files: tuple[Path, ...]


def name_of_result(group: FileGroup, *, probabilities: bool) -> str:
    """Returns the name of the file with the result for an image; raises FileError for a kind that is not known.

    >>> name_of_result(FileGroup("p7", (Path("p7_0000.nii.gz"), Path("p7_0001.nii.gz"))), probabilities=False)
    'p7.nii.gz'
    """
    single = result_name(group.files[0], probabilities=probabilities)
    return single if len(group.files) == 1 else group.name.replace("/", "_") + split_name(Path(single))[1]


def below_common(paths: Sequence[str]) -> tuple[str, ...]:
    """Returns the ends of patterns, below the folders that all have in common; none for one path.

    >>> below_common(["heads/{name}_0000.nii.gz", "heads/{name}_0001.nii.gz"])
    ('{name}_0000.nii.gz', '{name}_0001.nii.gz')
    >>> below_common(["heads/t1", "heads/t2"])
    ('t1/*', 't2/*')
    """
    if len(paths) < 2:
        return ()
    parts = [ended(list(PurePath(path).parts)) for path in paths]
    while all(len(one) > 1 for one in parts) and len({one[0] for one in parts}) == 1 and not is_wild(parts[0][0]):
        parts = [one[1:] for one in parts]
    return tuple("/".join(one) for one in parts)


def check_pattern(pattern: str) -> None:
    """Raises ValueError where a pattern is none."""
    parts = PurePath(pattern).parts
    if not parts or not any(map(is_wild, parts)):
        raise ValueError(f"{pattern!r} is no pattern of files")
    for part in parts:
        compiled(expression(part, KEYS))


def ended(parts: list[str]) -> list[str]:
    """Returns the parts of a pattern after `**`, down to the files."""
    if ANY_DEPTH in parts[:-1]:
        parts = parts[len(parts) - parts[::-1].index(ANY_DEPTH) :]
    last = parts[-1]
    return parts if last != ANY_DEPTH and names_files(last) else [*(part for part in parts if part != ANY_DEPTH), "*"]


def image_groups(paths: Sequence[Path], patterns: Sequence[str]) -> tuple[list[FileGroup], list[Fault]]:
    """Returns the images among files and folders, and what is wrong with the others.

    A file that fits no pattern is an image with all channels; in a folder with files that fit, it is passed over.
    Raises FileError for a path that is not there.
    """
    missing = [Fault("file-missing", f"{path} does not exist") for path in paths if not path.exists()]
    if missing:
        raise FileError(*missing)
    depth = max(len(PurePath(pattern).parts) for pattern in patterns)
    found: dict[str, dict[int, Path]] = {}
    faults: list[Fault] = []
    groups: list[FileGroup] = []
    shown = ", ".join(patterns)
    for path in paths:
        inside = [path] if is_image(path) or not path.is_dir() else list(files_in(path, depth))
        known = [(file, fit) for file in inside if (fit := fitted(file, patterns)) is not None]
        if not inside:
            cure = f"The network takes one file of each: {shown}."
            faults.append(Fault("no-images", f"{path} has no images", cure=cure))
        groups += [FileGroup("", (file,)) for file in inside if not known]
        for file, (name, channel) in known:
            other = found.setdefault(name, {}).setdefault(channel, file)
            if other != file:
                faults.append(Fault("twice", f"{other} and {file} are both {patterns[channel]} of {name}"))
    for name, files in found.items():
        lost = [pattern for channel, pattern in enumerate(patterns) if channel not in files]
        if lost:
            message = f"{name} has {listed([str(files[one]) for one in sorted(files)])}, and no {' and no '.join(lost)}"
            faults.append(Fault("no-partner", message, cure=f"An image is one file of each: {shown}."))
        else:
            groups.append(FileGroup(name, tuple(files[channel] for channel in range(len(patterns)))))
    return groups, faults


def files_in(folder: Path, depth: int) -> Iterator[Path]:
    """Yields the image files in a folder, and in those below it, down to a depth."""
    for path in sorted(folder.iterdir()):
        if is_image(path):
            yield path
        elif depth > 1 and path.is_dir() and not path.name.startswith("."):
            yield from files_in(path, depth - 1)


def fitted(file: Path, patterns: Sequence[str]) -> tuple[str, int] | None:
    """Returns the name of the image that a file is of, and its channel: that of the longest pattern that fits it."""
    names = [(len(pattern), name, at) for at, pattern in enumerate(patterns) if (name := fit(file, pattern))]
    return max(names, key=lambda one: (one[0], -one[2]))[1:] if names else None


def fit(file: Path, pattern: str) -> str | None:
    """Returns the name that a file has by a pattern; None where it does not fit.

    >>> fit(Path("in/p7_0001.nii.gz"), "{name}_0001.nii.gz"), fit(Path("in/t1/p7.tif"), "t1/*")
    ('p7', 'p7')
    """
    parts = PurePath(pattern).parts
    own = Path(os.path.abspath(file)).parts[-len(parts) :]
    name, words = None, []
    for at, (part, text) in enumerate(zip(parts, own, strict=False)):
        last = at == len(parts) - 1
        found = compiled(expression(part, KEYS)).fullmatch(text)
        if found is None:
            return None
        groups = {value for key, value in found.groupdict().items() if key.startswith("name")}
        if len(groups | ({name} if name else set())) > 1:
            return None
        for value in groups:
            name = split_stem(Path(value)) if last and part.endswith(NAME) else value
        if is_wild(part) and not groups:
            words.append(split_stem(Path(text)) if last else text)
    return (name or "/".join(words) or None) if len(own) == len(parts) else None
