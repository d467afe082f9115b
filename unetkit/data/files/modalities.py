"""Channels in files of their own, such as the modalities of a head: the files of one image have one name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from unetkit.data.files.pairing import Pairing
from unetkit.data.files.pattern import FileMatches
from unetkit.errors import Fault, FileError
from unetkit.wording import listed


def check_count(paths: Sequence[str], channels: int) -> None:
    """Raises FileError where there is not a path for each channel; one path has all channels."""
    if len(paths) not in (1, channels):
        message = f"images has {len(paths)} files for each image, channels says {channels}"
        raise FileError(Fault("channels", message, "channels", f"Set channels: {len(paths)}."))


def without_modalities(
    found: Mapping[str, FileMatches], others: Sequence[FileMatches], paths: Sequence[str]
) -> dict[str, FileMatches]:
    """Returns what was found, without the files of other modalities.

    A file that two patterns fit belongs to the longer one: `{name}_t2.tif` beside `{name}.tif`.
    """
    every = {file for one in others for file in one.files.values()}
    longer = {file for path, one in zip(paths[1:], others, strict=True) if len(path) > len(paths[0])
              for file in one.files.values()}  # fmt: skip
    made = {key: replace(one, seen=tuple(path for path in one.seen if path not in every)) for key, one in found.items()}
    images = {name: file for name, file in found["images"].files.items() if file not in longer}
    return made | {"images": replace(made["images"], files=images)}


def with_modalities(pairs: Pairing, found: FileMatches, others: Sequence[FileMatches], paths: Sequence[str]) -> Pairing:
    """Returns pairs with the files of each image's other modalities; an image that lacks one is a fault.

    `found` are the files of the first modality, `others` those of the others; `paths` is what was written for each.
    """
    if not others:
        return pairs
    whole = [name for name in pairs.files if all(name in one.files for one in others)]
    return replace(
        pairs,
        files={name: pairs.files[name] for name in whole},
        further={name: tuple(one.files[name] for one in others) for name in whole},
        faults=(*pairs.faults, *lacking(found.files, others, paths)),
    )


def lacking(files: Mapping[str, Path], others: Sequence[FileMatches], paths: Sequence[str]) -> Iterator[Fault]:
    """Yields which images lack a modality, and which files of one belong to no image."""
    cure = "Give each image a file of the same {name} under each of the paths of images."
    for path, one in zip(paths[1:], others, strict=True):
        lost = [name for name in files if name not in one.files]
        if lost:
            yield Fault("no-partner", f"no file {path} for image {listed(lost)}", "dataset.images", cure)
        alone = [name for name in one.files if name not in files]
        if alone:
            message = f"no file {paths[0]} for {listed(alone)} of {path}"
            yield Fault("no-partner", message, "dataset.images", cure)
