"""A run that is told in a few words: a spec, its data, and how long."""

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

Advance = Callable[[int, int], None]


def quick_run(
    spec: str,
    data: str,
    training: Mapping[str, Any],
    changes: Iterable[str] = (),
    others: Iterable[str] = (),
    advance: Advance = lambda done, total: None,
) -> RunSpec:
    """Returns the run of a spec, with `changes` of its own, on a folder, a data file or `mni`.

    `others` are changes of training and data. The network gets as many channels as the images have, and as many
    classes, where neither the file of its spec nor a change says how many. `advance` is called with the masks of a
    folder that were read.
    """
    own = list(changes)
    asked = load(spec, own)
    inside = [one.removeprefix("data.") for one in others if one.startswith("data.")]
    images = load_data(data, inside, dims=asked.dims, advance=advance)
    fitting = fitted(spec, asked, images, own)
    asked = load(spec, [*own, *fitting])
    plan(asked)  # what cannot be planned is a fault of the spec's own file
    values = {"unetkit": 1, "spec": asked.resolve(), "data": data, "training": dict(training)}
    run = load_run(values, [one for one in others if not one.startswith("data.")], data=images)
    said = [f"{asked.name}: {', '.join(fitting)}, as the images have"] if fitting else []
    return replace(run, taken=(*run.taken, *said))


def fitted(name: str, spec: Spec, data: DataSpec, changes: Iterable[str]) -> list[str]:
    """Returns the changes that give a network the channels and the classes of the data.

    Raises SpecError where the file of the spec, or a change, says other ones.
    """
    wanted = {"in_channels": data.channels} if data.channels != spec.in_channels else {}
    if len(data.classes) > max(2, spec.out_channels) or 2 <= len(data.classes) < spec.out_channels:
        wanted["out_channels"] = len(data.classes)
    said = {one.partition("=")[0].strip() for one in changes}
    faults = [
        misfit(key, spec, data) for key in wanted if data.dims == spec.dims and (key in said or not is_free(name, key))
    ]
    if faults:
        raise SpecError(*faults)
    return [f"{key}={number}" for key, number in wanted.items()]


def is_free(name: str, key: str) -> bool:
    """Whether a key of a spec stands in no file but those that are shipped."""
    document = read(find_spec(name), find=find_spec)
    place = document.place((key,), key=True) if key in document.values() else None
    return place is None or Path(place.file).resolve().is_relative_to(specs_folder().resolve())


def misfit(key: str, spec: Spec, data: DataSpec) -> Fault:
    """Returns the fault of a network that takes other channels, or predicts other classes, than the data have."""
    if key == "out_channels":
        names = ", ".join(one.name for one in data.classes[:5])
        message = (
            f"the data define {len(data.classes)} classes ({names}), {spec.name} predicts {max(2, spec.out_channels)}"
        )
        return Fault("classes", message, "spec", f"Set out_channels={len(data.classes)}.")
    several = "s" * (data.channels != 1)
    message = f"the images have {data.channels} channel{several}, {spec.name} takes {spec.in_channels}"
    cure = f"Set in_channels={data.channels}, which uses all that the images have."
    if data.channels > spec.in_channels and data.take is None:
        cure += f" Or data.channels={{count: {data.channels}, take: {list(range(spec.in_channels))}}}."
    return Fault("in-channels", message, "data", cure)
