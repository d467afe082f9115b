"""The data that an arm trains on, and whether a network fits them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from unetkit.document.document import Document, as_map
from unetkit.document.merge import TreeNode, assigned
from unetkit.errors import Fault, SpecError
from unetkit.language import Spec
from unetkit.language.find import SUFFIXES
from unetkit.study.matrix.axis import Setting

_UNSEEN = ("name", "description", "source", "cache", "workers")
"""Keys that do not change the samples that a network sees."""


class DataValues(NamedTuple):
    """Complete data settings, and what was taken from the files of a folder of data, as lines to be shown."""

    settings: dict[str, Any]
    taken: tuple[str, ...] = ()


def data_values(node: TreeNode, settings: tuple[Setting, ...], dims: Callable[[], int]) -> DataValues:
    """The complete data settings with absolute paths; empty where no data are given. Raises SpecError for invalid ones.

    A text is the path of a data file, of a folder of images and masks, or the name of a built-in data set. Paths are
    relative to the file that contains them. `dims` returns the number of axes of the network, needed for a folder.
    """
    from unetkit.data import data_of  # the packages of networks are imported where they are needed

    for one in settings:
        if len(one.keys) == 1:
            node = one.leaf
    if node.value == {}:
        return DataValues({})
    document, folder, taken = _opened(node, dims)
    root = document.root
    for one in settings:
        if len(one.keys) > 1:
            root = assigned(root, one.keys[1:], one.leaf)
    return DataValues(data_of(Document(document.name, root), folder).resolve(), taken)


def _opened(node: TreeNode, dims: Callable[[], int]) -> tuple[Document, Path, tuple[str, ...]]:
    """The document that a node contains or names, the folder to which its paths are relative, and what was taken."""
    from unetkit.data import load_data  # as above

    named = Path(node.source.name)  # what was typed on the command line is relative to the current folder
    here = named.parent if named.suffix in SUFFIXES else Path()
    if type(node.value) is not str:
        return Document(node.source.name, as_map(node)), here, ()
    path = here / node.value
    if node.value != "mni" and not os.path.exists(path):
        cure = "Give a data file, a folder of images and masks, or mni."
        raise SpecError(Fault("file-missing", f"there is no file {path}", "data", cure, node.place()))
    found = load_data("mni") if node.value == "mni" else load_data(path, dims=dims() if path.is_dir() else None)
    assert found.document is not None, "what was loaded has a document"
    return found.document, found.folder, found.inferred


def identity(values: dict[str, Any]) -> dict[str, Any]:
    """The data settings that change the samples that a network sees."""
    return {key: value for key, value in values.items() if key not in _UNSEEN}


def check_fitting(spec: Spec, data: Mapping[str, Any], targets: Mapping[str, Any], shipped: str = "") -> None:
    """Raises SpecError where the axes, channels or classes of the data do not fit a network.

    `targets` are those of a training, by output; `shipped` is the name of the base where that is a shipped spec.
    """
    if not data:
        return
    channels = data["channels"] if isinstance(data["channels"], int) else len(data["channels"]["take"])
    classes, told = len(data.get("classes", ())), max(2, spec.out_channels)
    faults = []
    if data["dims"] != spec.dims:
        message = f"the images have {data['dims']} axes, the network takes {spec.dims}"
        faults.append(Fault("dims", message, "data", f"Set data.dims={spec.dims}, or choose another spec."))
    if channels != spec.in_channels:
        message = f"the images have {channels} channel{'s' * (channels != 1)}, the network takes {spec.in_channels}"
        faults.append(Fault("in-channels", message, "in_channels", cure("in_channels", channels, shipped)))
    if classes > told and targets.get(spec.outputs[0].name, {"type": "classes"})["type"] == "classes":
        message = f"the data define {classes} classes, the network predicts {told}"
        faults.append(Fault("classes", message, "out_channels", cure("out_channels", classes, shipped)))
    if faults:
        raise SpecError(*faults)


def cure(key: str, number: int, shipped: str) -> str:
    """How to give the base another number.

    >>> cure("in_channels", 3, "unet-small")
    'Write base: {extends: unet-small, in_channels: 3}.'
    """
    return f"Write base: {{extends: {shipped}, {key}: {number}}}." if shipped else f"Write {key}: {number} in the base."
