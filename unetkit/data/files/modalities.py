"""Channels in separate files, such as the modalities of a head: the files of one image share its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from unetkit.data.files.pairing import Pairing
from unetkit.data.files.pattern import FileMatches
from unetkit.errors import Fault, FileError
from unetkit.wording import listed

if TYPE_CHECKING:
    from unetkit.data.dataset import ReadOptions


def check_count(paths: Sequence[str], channels: int) -> None:
    """Raises FileError unless there is one path for all channels, or one path for each."""
    if len(paths) not in (1, channels):
        message = f"images has {len(paths)} files for each image, channels is {channels}"
        raise FileError(Fault("channels", message, "channels", f"Set channels: {len(paths)}."))


def channels_of_files(names: Sequence[str], options: ReadOptions) -> tuple[int, ...]:
    """The channels of each of several images that have names; none where they have no names.

    Without numbers for each, all have the same. Raises FileError where they cannot.
    """
    if not names or options.of_each:
        return tuple(options.of_each[name] for name in names)
    if options.channels % len(names):
        message = f"{len(names)} images cannot have {options.channels} channels together, each the same number"
        cure = f"Give those of each, as in channels: {{{', '.join(f'{name}: 3' for name in names)}}}."
        raise FileError(Fault("channels", message, "channels", cure))
    return (options.channels // len(names),) * len(names)


def without_modalities(
    matches: Mapping[str, FileMatches], others: Sequence[FileMatches], paths: Sequence[str]
) -> dict[str, FileMatches]:
    """The matches of each key without the files of other modalities.

    A file that matches two patterns belongs to the longer one: `{name}_t2.tif` beside `{name}.tif`.
    """
    modality_files = {file for each in others for file in each.files.values()}
    more_specific = {
        file
        for path, each in zip(paths[1:], others, strict=True)
        if len(path) > len(paths[0])
        for file in each.files.values()
    }
    result = {
        key: replace(each, seen=tuple(path for path in each.seen if path not in modality_files))
        for key, each in matches.items()
    }
    images = {name: file for name, file in matches["images"].files.items() if file not in more_specific}
    return result | {"images": replace(result["images"], files=images)}


def with_modalities(pairs: Pairing, first: FileMatches, others: Sequence[FileMatches], paths: Sequence[str]) -> Pairing:
    """Pairs with the files of each image's other modalities; an image that lacks one is a fault.

    `first` and `others` are the files of each modality, `paths` their paths in the data file.
    """
    if not others:
        return pairs
    complete = [name for name in pairs.files if all(name in each.files for each in others)]
    return replace(
        pairs,
        files={name: pairs.files[name] for name in complete},
        further={name: tuple(each.files[name] for each in others) for name in complete},
        faults=(*pairs.faults, *_missing_modalities(first.files, others, paths)),
    )


def _missing_modalities(
    files: Mapping[str, Path], others: Sequence[FileMatches], paths: Sequence[str]
) -> Iterator[Fault]:
    """The images without one of the modalities, and the files of a modality without an image."""
    cure = "Give each image a file of the same {name} under each of the paths of images."
    for path, each in zip(paths[1:], others, strict=True):
        incomplete = [name for name in files if name not in each.files]
        if incomplete:
            yield Fault("no-partner", f"no file {path} for image {listed(incomplete)}", "dataset.images", cure)
        unpaired = [name for name in each.files if name not in files]
        if unpaired:
            message = f"no file {paths[0]} for {listed(unpaired)} of {path}"
            yield Fault("no-partner", message, "dataset.images", cure)
