"""Data for a trained network, read like the images that it was trained on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from unetkit.data.opening import find_data
from unetkit.data.preprocessing.signature import Signature
from unetkit.data.spec import DataSpec
from unetkit.data.vectors import vector_faults
from unetkit.errors import Fault, FileError


def data_like(source: str, signature: Signature, dims: int, *, ignore: int | None = None) -> DataSpec:
    """The data spec of a data file, of a folder, or of `mni`, for a network with `dims` spatial axes.

    Volumes are reoriented as for the network; a folder is read with its channels, axes and classes. Raises FileError
    for another number of channels than the network takes, and for other vectors.
    """
    data = find_data(source, ignore=ignore, changes=tuple(_changes(source, signature)), dims=dims)
    if data.channels != len(signature.used_channels):
        message = f"{source} gives {data.channels} channels, the network takes {len(signature.used_channels)}"
        cure = f"Set channels: {_channels_text(signature)} in the data file."
        raise FileError(Fault("channels", message, "channels", cure))
    faults = [*vector_faults("the network", {one.name: one.count for one in signature.vectors}, data.vectors)]
    faults += [] if faults else _other_categories(data, signature)
    if faults:
        raise FileError(*faults)
    return data


def _other_categories(data: DataSpec, signature: Signature) -> Iterator[Fault]:
    """Yields the faults of vectors whose categories differ from those in training."""
    for one in signature.vectors:
        if data.vectors[one.name].categories != one.categories:
            known = f"[{', '.join(one.categories)}]" if one.categories else "none"
            message = f"{one.name} has other categories than in training, which had {known}"
            yield Fault("vectors", message, f"vectors.{one.name}.categories", "Give the same in the same order.")


def other_channels(data: DataSpec, signature: Signature) -> str:
    """A warning if data use other channels of their files than a network was trained on; "" otherwise."""
    stored, used = data.read_options.channels, data.take or tuple(range(data.channels))
    if (stored, used) == (signature.channels, signature.used_channels):
        return ""
    return f"channels {list(used)} of {stored} are used, the network was trained on {_channels_text(signature)}"


def _changes(source: str, signature: Signature) -> Iterator[str]:
    """The settings of data that follow from a signature, as in `orientation=RAS`."""
    if source != "mni":
        yield f"orientation={signature.orientation or 'native'}"
    if Path(source).is_dir():
        yield f"channels={_channels_text(signature)}"
        if signature.axes is not None:
            yield f"dataset.axes={signature.axes}"
        for one in signature.vectors:
            if one.values:
                yield f"vectors.{one.name}={list(one.values)}"
        if any(each.values for each in signature.classes):
            classes = [each.model_dump(exclude_none=True, include={"name", "values"}) for each in signature.classes]
            yield f"classes={json.dumps(classes)}"


def _channels_text(signature: Signature) -> str:
    """The channels of a signature as in a data file."""
    if signature.take is None:
        return str(signature.channels)
    return f"{{count: {signature.channels}, take: {list(signature.take)}}}"
