"""A run from a spec, its data and a budget, without a run file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from unetkit.data.loading import load_data
from unetkit.data.spec import DataSpec
from unetkit.document.document import read
from unetkit.errors import Fault, SpecError
from unetkit.language import Spec, find_spec, load, specs_folder
from unetkit.planning import plan
from unetkit.train.runspec import RunSpec, load_run


def quick_run(
    spec: str,
    data: str,
    training: Mapping[str, Any],
    changes: Iterable[str] = (),
    others: Iterable[str] = (),
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> RunSpec:
    """The run of a spec on a data file, a folder, or `mni`.

    `changes` are overrides of the spec, `others` those of training and data. The network gets as many channels and
    classes as the data have, unless its own file or an override sets them. `advance` is called with the number of
    masks of a folder that were read, and the number of all.
    """
    changes, others = list(changes), list(others)
    network = load(spec, changes)
    data_changes = [one.removeprefix("data.") for one in others if one.startswith("data.")]
    images = load_data(data, data_changes, dims=network.dims, advance=advance)
    adapted = _adapted(spec, network, images, changes)
    network = load(spec, [*changes, *adapted])
    plan(network)  # what cannot be planned is a fault of the spec's own file
    values = {"unetkit": 1, "spec": network.resolve(), "data": data, "training": dict(training)}
    run = load_run(values, [one for one in others if not one.startswith("data.")], data=images)
    notes = [f"{network.name}: {', '.join(adapted)}, as in the data"] if adapted else []
    return replace(run, taken=(*run.taken, *notes))


def _adapted(name: str, spec: Spec, data: DataSpec, changes: Iterable[str]) -> list[str]:
    """The overrides that give a network the channels and classes of the data.

    Raises SpecError where the file of the spec or an override sets others.
    """
    values = {"in_channels": data.channels} if data.channels != spec.in_channels else {}
    if len(data.classes) > max(2, spec.out_channels) or 2 <= len(data.classes) < spec.out_channels:
        values["out_channels"] = len(data.classes)
    overridden = {one.partition("=")[0].strip() for one in changes}
    fixed = [key for key in values if data.dims == spec.dims and (key in overridden or not _is_shipped(name, key))]
    if fixed:
        raise SpecError(*(_mismatch(key, spec, data) for key in fixed))
    return [f"{key}={number}" for key, number in values.items()]


def _is_shipped(name: str, key: str) -> bool:
    """Whether only shipped files set a key of a spec."""
    document = read(find_spec(name), find=find_spec)
    place = document.place((key,), key=True) if key in document.values() else None
    return place is None or Path(place.file).resolve().is_relative_to(specs_folder().resolve())


def _mismatch(key: str, spec: Spec, data: DataSpec) -> Fault:
    """The fault of a network whose channels or classes differ from those of the data."""
    if key == "out_channels":
        count, names = len(data.classes), ", ".join(one.name for one in data.classes[:5])
        message = f"the data define {count} classes ({names}), {spec.name} predicts {max(2, spec.out_channels)}"
        return Fault("classes", message, "spec", f"Set out_channels={count}.")
    several = "s" * (data.channels != 1)
    message = f"the images have {data.channels} channel{several}, {spec.name} takes {spec.in_channels}"
    cure = f"Set in_channels={data.channels} to use all channels."
    if data.channels > spec.in_channels and data.take is None:
        cure += f" Or data.channels={{count: {data.channels}, take: {list(range(spec.in_channels))}}}."
    return Fault("in-channels", message, "data", cure)
