"""Networks of other packages to measure beside one of ours: what their users get for the same task."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

from torch import nn

from unetkit.errors import Fault, UnetkitError
from unetkit.planning import Plan


class Rival(NamedTuple):
    """A network of another package, for images with the channels, classes and axes of a plan."""

    label: str
    package: str
    dims: tuple[int, ...]
    make: Callable[[Plan], nn.Module]


def _monai(plan: Plan) -> nn.Module:
    """MONAI's U-Net with the channels of ours, one per level."""
    widths = [plan.nodes[call.output].channels for call in plan.calls if call.slot == "block"]
    channels = widths[: plan.spec.depth]
    networks: Any = import_module("monai.networks.nets")
    made: nn.Module = networks.UNet(
        plan.dims,
        plan.spec.in_channels,
        next(iter(plan.output_channels.values())),
        channels,
        [2] * (len(channels) - 1),
        num_res_units=2,
    )
    return made


def _smp(plan: Plan) -> nn.Module:
    package: Any = import_module("segmentation_models_pytorch")
    classes = next(iter(plan.output_channels.values()))
    made: nn.Module = package.Unet("resnet34", encoder_weights=None, in_channels=plan.spec.in_channels, classes=classes)
    return made


RIVALS = {
    "monai": Rival("MONAI UNet, same channels", "monai", (1, 2, 3), _monai),
    "smp": Rival("smp Unet, ResNet-34", "segmentation_models_pytorch", (2,), _smp),
}
"""By the name that is asked for."""


def check_rival(name: str, plan: Plan) -> None:
    """Raises UnetkitError where there is no network of that name for the images that a plan takes."""
    if name not in RIVALS:
        raise UnetkitError(
            Fault("against", f"there is no {name!r} to compare with", cure=f"Known: {', '.join(RIVALS)}.")
        )
    found = RIVALS[name]
    if find_spec(found.package) is None:
        cure = f"pip install {found.package.replace('_', '-')}"
        raise UnetkitError(Fault("against", f"{name} is not installed", cure=cure))
    if plan.dims not in found.dims or len(plan.vectors):
        message = f"{found.label} does not take what {plan.spec.name} takes"
        raise UnetkitError(Fault("against", message, cure="Leave it out."))
