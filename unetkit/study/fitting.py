"""Whether a network and the data that it is to learn from go together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unetkit.errors import Fault, SpecError
from unetkit.spec import Spec


def check_fitting(spec: Spec, data: Mapping[str, Any]) -> None:
    """Raises SpecError where data, as plain values in full, have other axes, channels or classes than a network."""
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
        faults.append(Fault("in-channels", message, "in_channels", f"Write in_channels: {channels} in the base."))
    if classes > told:
        message = f"the data define {classes} classes, the network predicts {told}"
        faults.append(Fault("classes", message, "out_channels", f"Write out_channels: {classes} in the base."))
    if faults:
        raise SpecError(*faults)
