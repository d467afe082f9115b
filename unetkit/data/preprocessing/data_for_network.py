"""Data for a network that is trained already: read as the images were that it was trained on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from unetkit.data.opening import find_data
from unetkit.data.preprocessing.signature import Signature
from unetkit.data.spec import DataSpec
from unetkit.errors import Fault, FileError


def data_like(source: str, signature: Signature, dims: int, *, ignore: int | None = None) -> DataSpec:
    """Returns the data spec of a data file, of a folder, or of `mni`, for a network of so many axes.

    Volumes are brought to the network's orientation; a folder is read with its channels, axes and classes. Raises
    FileError where a data file gives it other channels than it takes.
    """
    asked = find_data(source, ignore=ignore, changes=tuple(changes(source, signature)), dims=dims)
    if asked.channels != len(signature.taken):
        message = f"{source} gives {asked.channels} channels, the network takes {len(signature.taken)}"
        cure = f"Set channels: {written(signature)} in the data file."
        raise FileError(Fault("channels", message, "channels", cure))
    return asked


def other_channels(asked: DataSpec, signature: Signature) -> str:
    """Returns what is to be said where data take other channels of their files than a network was trained on, or ""."""
    own = (asked.read_options.channels, asked.take or tuple(range(asked.channels)))
    if own == (signature.channels, signature.taken):
        return ""
    return f"channels {list(own[1])} of {own[0]} are taken, the network was trained on {written(signature)}"


def changes(source: str, signature: Signature) -> Iterator[str]:
    """Yields the settings of data that a signature knows, as in `orientation=RAS`."""
    if source != "mni":
        yield f"orientation={signature.orientation or 'native'}"
    if Path(source).is_dir():
        yield f"channels={written(signature)}"
        if signature.axes is not None:
            yield f"dataset.axes={signature.axes}"
        if any(one.values for one in signature.classes):
            classes = [one.model_dump(exclude_none=True, include={"name", "values"}) for one in signature.classes]
            yield f"classes={json.dumps(classes)}"


def written(signature: Signature) -> str:
    """Returns the channels of a signature as they stand in a data file."""
    if signature.take is None:
        return str(signature.channels)
    return f"{{count: {signature.channels}, take: {list(signature.take)}}}"
