"""The head template of the demo as a data set: needs no files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from unetkit.data.dataset import Dataset, ImageEntry, RawPair, ReadOptions
from unetkit.errors import Fault, FileError

if TYPE_CHECKING:
    from unetkit.data.pairs import Pair


class Mni(Dataset):
    """Axial slices of the MNI152 head MRI template with added noise, in three parts that are apart in the head."""

    source = "Fonov et al., NeuroImage 54 (2011)"
    classes = ("background", "fluid", "grey", "white")

    def entries(self, asked: ReadOptions) -> list[ImageEntry]:
        if (asked.dims, asked.channels) != (2, 1):
            message = f"mni has 2D images of one channel, not {asked.dims}D with {asked.channels}"
            raise FileError(Fault("channels", message, "dataset", "Set dims=2 and channels=1."))
        every = sorted((pair for part in slices() for pair in part), key=lambda pair: pair.name)
        return [ImageEntry(pair.name, lambda pair=pair: RawPair(pair.image, pair.labels), pair.name) for pair in every]  # type: ignore[misc]

    def parts(self, names: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
        train, validation, test = ([pair.name for pair in part] for part in slices())
        return train, validation, test


@cache
def slices() -> tuple[tuple[Pair, ...], ...]:
    """Returns the pairs of the three parts."""
    from unetkit.data.mni_template import mni

    splits = mni()
    return tuple(tuple(part) for part in (splits.train, splits.validation, splits.test))
