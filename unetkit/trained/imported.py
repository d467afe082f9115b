"""Classes and normalization for a network whose weights come from elsewhere."""

from __future__ import annotations

from torch import nn

from unetkit.checkpoint.faults import ImportWeightsError
from unetkit.data import DataSpec, load_data
from unetkit.data.data_keys import ClassKeys, colour_of
from unetkit.data.preprocessing.signature import ClassRecord, Signature
from unetkit.document.document import override, parse
from unetkit.errors import Fault
from unetkit.language import Spec
from unetkit.model import plan_of
from unetkit.trained.modelfile import Trained
from unetkit.wording import plural

_UNUSED = {"type": "folders", "images": "images", "masks": "masks"}
"""A data set that is never opened, so that the other keys are checked as in a data file."""


def read_description(spec: Spec, classes: str | None, normalization: str) -> DataSpec:
    """Classes and normalization as in a data file; raises UnetkitError where they do not fit the network.

    `classes` are names separated by commas, or maps with name and colour; `normalization` is a type or a map.

    >>> from unetkit.language import load
    >>> read_description(load("unet-same"), "background, cell", "image").classes[1].name
    'cell'
    """
    changes = [f"normalization={normalization}"]
    if classes is not None:
        changes.append(f"classes=[{classes}]")
        named, count = len(override(parse("{}"), changes).values()["classes"]), max(2, spec.out_channels)
        if named != count:
            message = (
                f"{spec.name} predicts {count} classes, {plural(named, 'name')} {'is' if named == 1 else 'are'} given"
            )
            raise ImportWeightsError(Fault("classes", message, "classes", f"Name {count}, class 0 first."))
    values = {"unetkit": 1, "dims": spec.dims, "channels": spec.in_channels, "dataset": _UNUSED}
    data = load_data(values, changes)
    if data.normalization.fixed() is None:
        message = "normalization dataset needs mean and std per channel"
        cure = "Give them: '{type: dataset, mean: [127.5], std: [64]}'; or another type: image, percentile, none."
        raise ImportWeightsError(Fault("wrong-value", message, "normalization", cure))
    return data


def with_description(model: nn.Module, data: DataSpec) -> Trained:
    """The trained network with the classes and the normalization of a description."""
    normalization = data.normalization.fixed()
    assert normalization is not None, "checked by read_description"
    count = max(2, plan_of(model).spec.out_channels)
    named = data.classes or tuple(ClassKeys(name=f"class {index}") for index in range(count))
    classes = tuple(ClassRecord(name=one.name, colour=colour_of(one.colour) if one.colour else None) for one in named)
    return Trained(model, Signature(channels=data.channels, normalization=normalization, classes=classes))
