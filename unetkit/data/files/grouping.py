"""The files of one image among given files: each by the pattern of its channel, as in {name}_0000.nii.gz."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

from unetkit.data.files.pattern import ANY_DEPTH, KEYS, NAME, names_files, split_stem
from unetkit.data.wildcards import compile_linear, is_wild, pattern_expression
from unetkit.errors import Fault, FileError
from unetkit.imagefiles.file_formats import is_image, result_name, split_name
from unetkit.wording import listed


class FileGroup(NamedTuple):
    """The files of one image, a file per channel, and its name; an image with one file has the name of that file."""

    name: str
    files: tuple[Path, ...]


def name_of_result(group: FileGroup, *, probabilities: bool) -> str:
    """The file name of the result for an image; raises FileError for an unknown format.

    >>> name_of_result(FileGroup("p7", (Path("p7_0000.nii.gz"), Path("p7_0001.nii.gz"))), probabilities=False)
    'p7.nii.gz'
    """
    single = result_name(group.files[0], probabilities=probabilities)
    return single if len(group.files) == 1 else group.name.replace("/", "_") + split_name(Path(single))[1]


def below_common(paths: Sequence[str]) -> tuple[str, ...]:
    """The ends of patterns, below the folders that they have in common; none for one path.

    >>> below_common(["heads/{name}_0000.nii.gz", "heads/{name}_0001.nii.gz"])
    ('{name}_0000.nii.gz', '{name}_0001.nii.gz')
    >>> below_common(["heads/t1", "heads/t2"])
    ('t1/*', 't2/*')
    """
    if len(paths) < 2:
        return ()
    ends = [_end_of_pattern(list(PurePath(path).parts)) for path in paths]
    while all(len(end) > 1 for end in ends) and len({end[0] for end in ends}) == 1 and not is_wild(ends[0][0]):
        ends = [end[1:] for end in ends]
    return tuple(map("/".join, ends))


def _end_of_pattern(parts: list[str]) -> list[str]:
    """The parts of a pattern after `**`, down to the files."""
    if ANY_DEPTH in parts[:-1]:
        parts = parts[len(parts) - parts[::-1].index(ANY_DEPTH) :]
    last = parts[-1]
    return parts if last != ANY_DEPTH and names_files(last) else [*(part for part in parts if part != ANY_DEPTH), "*"]


def check_pattern(pattern: str) -> None:
    """Raises ValueError for an invalid pattern."""
    parts = PurePath(pattern).parts
    if not parts or not any(map(is_wild, parts)):
        raise ValueError(f"{pattern!r} is not a pattern of files")
    for part in parts:
        compile_linear(pattern_expression(part, KEYS))


def image_groups(paths: Sequence[Path], patterns: Sequence[str]) -> tuple[list[FileGroup], list[Fault]]:
    """The images among files and folders, and the faults of incomplete ones.

    A file that matches no pattern is an image with all channels; in a folder with files that match, it is skipped.
    Raises FileError for a missing path.
    """
    missing = [Fault("file-missing", f"{path} does not exist") for path in paths if not path.exists()]
    if missing:
        raise FileError(*missing)
    depth = max(len(PurePath(pattern).parts) for pattern in patterns)
    channels: dict[str, dict[int, Path]] = {}
    faults: list[Fault] = []
    groups: list[FileGroup] = []
    all_patterns = ", ".join(patterns)
    for path in paths:
        files = [path] if is_image(path) or not path.is_dir() else list(_files_in(path, depth))
        matches = [(file, match) for file in files if (match := _match_channel(file, patterns)) is not None]
        if not files:
            cure = f"The network takes one file of each: {all_patterns}."
            faults.append(Fault("no-images", f"{path} has no images", cure=cure))
        groups += [FileGroup("", (file,)) for file in files if not matches]
        for file, (name, channel) in matches:
            other = channels.setdefault(name, {}).setdefault(channel, file)
            if other != file:
                faults.append(Fault("twice", f"{other} and {file} are both {patterns[channel]} of {name}"))
    for name, by_channel in channels.items():
        absent = [pattern for channel, pattern in enumerate(patterns) if channel not in by_channel]
        files = [by_channel[channel] for channel in sorted(by_channel)]
        if absent:
            message = f"{name} has {listed(files)}, and no {' and no '.join(absent)}"
            faults.append(Fault("no-partner", message, cure=f"An image is one file of each: {all_patterns}."))
        else:
            groups.append(FileGroup(name, tuple(files)))
    return groups, faults


def _files_in(folder: Path, depth: int) -> Iterator[Path]:
    """The image files in a folder, and in those below it, down to a depth."""
    for path in sorted(folder.iterdir()):
        if is_image(path):
            yield path
        elif depth > 1 and path.is_dir() and not path.name.startswith("."):
            yield from _files_in(path, depth - 1)


def _match_channel(file: Path, patterns: Sequence[str]) -> tuple[str, int] | None:
    """The name of a file's image, and its channel: that of the longest pattern that it matches."""
    names = [
        (len(pattern), -channel, name) for channel, pattern in enumerate(patterns) if (name := _match(file, pattern))
    ]
    if not names:
        return None
    _, channel, name = max(names)
    return name, -channel


def _match(file: Path, pattern: str) -> str | None:
    """The name that a file has by a pattern; None where it does not match.

    >>> _match(Path("in/p7_0001.nii.gz"), "{name}_0001.nii.gz"), _match(Path("in/t1/p7.tif"), "t1/*")
    ('p7', 'p7')
    """
    parts = PurePath(pattern).parts
    texts = Path(os.path.abspath(file)).parts[-len(parts) :]
    name, words = None, []
    for index, (part, text) in enumerate(zip(parts, texts, strict=False)):
        last = index == len(parts) - 1
        match = compile_linear(pattern_expression(part, KEYS)).fullmatch(text)
        if match is None:
            return None
        names = {value for key, value in match.groupdict().items() if key.startswith("name")}
        if len(names | ({name} if name else set())) > 1:
            return None
        for value in names:
            name = split_stem(Path(value)) if last and part.endswith(NAME) else value
        if is_wild(part) and not names:
            words.append(split_stem(Path(text)) if last else text)
    return (name or "/".join(words) or None) if len(texts) == len(parts) else None
