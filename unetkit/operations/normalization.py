"""Normalisation: by batch, instance, group (Wu & He, 2018) and over the channels of each sample (Ba et al., 2016)."""

from __future__ import annotations

from typing import Any

from unetkit.operations.execution import Execution, MapShape, Workspace
from unetkit.operations.operation import Axes, Layer, Operation, facts, volume, wiring_error
from unetkit.operations.strip import Strip


class NormalizationOperation(Operation):
    """The family of operations after which a convolution needs no bias."""

    __slots__ = ()
    affine: bool

    kind = "norm"
    keeps_input = True
    replaces_bias = True

    def parameters(self, inputs: Axes) -> int:
        return 2 * inputs[0] * self.affine


@facts
class BatchNorm(NormalizationOperation):
    """Mean and variance per channel over the batch in training, running values in evaluation."""

    eps: float = 1e-5
    momentum: float = 0.1
    affine: bool = True

    holds_product = True

    def training_limit(self, sizes: Axes, batch: int) -> str:
        return "" if batch * volume(sizes) > 1 else "batch norm needs more than one value per channel in training"

    def layer(self, inputs: Axes, dims: int) -> Layer:
        kwargs = changed(eps=(self.eps, 1e-5), momentum=(self.momentum, 0.1), affine=(self.affine, True))
        return Layer(f"nn.BatchNorm{dims}d", (inputs[0],), kwargs, arg_names=("num_features",))


@facts
class InstanceNorm(NormalizationOperation):
    """Mean and variance per image and channel: every sample depends on the whole image."""

    eps: float = 1e-5
    affine: bool = True

    pointwise = False
    is_global = True
    channels_first = True
    holds_product = True
    gives_view = True

    def joint_limit(self, sizes: Axes) -> str:
        return "" if volume(sizes) > 1 else "instance norm needs more than one sample per channel"

    def strip(self, sizes: Axes) -> Strip | None:
        return Strip(self, kind="moments")

    def layer(self, inputs: Axes, dims: int) -> Layer:
        kwargs = changed(eps=(self.eps, 1e-5), affine=(self.affine, False))
        return Layer(f"nn.InstanceNorm{dims}d", (inputs[0],), kwargs, arg_names=("num_features",))


@facts
class GroupNorm(NormalizationOperation):
    """Mean and variance per image and group of channels: every sample depends on the whole image."""

    groups: int
    eps: float = 1e-5
    affine: bool = True
    lone: bool = False
    """Whether each group is one channel, so that one sample has no variance."""

    pointwise = False
    is_global = True

    def channels(self, inputs: Axes) -> int:
        if inputs[0] % self.groups:
            raise wiring_error(
                f"{self.groups} groups do not divide {inputs[0]} channels",
                "Choose norm groups that divide the channels.",
            )
        return inputs[0]

    def joint_limit(self, sizes: Axes) -> str:
        if self.lone and volume(sizes) == 1:
            return "group norm with one channel per group needs more than one sample per channel"
        return ""

    def strip(self, sizes: Axes) -> Strip | None:
        return Strip(self, kind="moments", groups=self.groups)

    def layer(self, inputs: Axes, dims: int) -> Layer:
        kwargs = changed(eps=(self.eps, 1e-5), affine=(self.affine, True))
        return Layer("nn.GroupNorm", (self.groups, inputs[0]), kwargs, arg_names=("num_groups", "num_channels"))


@facts
class ChannelNormalization(NormalizationOperation):
    """Layer norm over the channels of each sample, as in ConvNeXt (Liu et al., 2022): local."""

    eps: float = 1e-6
    affine: bool = True

    keeps_input = False
    mask_bytes = 4  # a copy of the input with the channels last
    gives_view = True

    def kept_bytes(self, source: MapShape, result: MapShape, run: Execution) -> int:
        return Operation.kept_bytes(self, source, result, run) + self._moments(source, run)

    def workspace(self, source: MapShape, result: MapShape, run: Execution) -> Workspace:
        copy = run.bytes(*source) * (not run.channels_last)
        return Workspace(copy + self._moments(source, run), run.bytes(*source) + copy, run.bytes(*source) + copy)

    def _moments(self, source: MapShape, run: Execution) -> int:
        """Bytes of the mean and the deviation of each sample."""
        return 2 * run.bytes(1, source.size)

    def gives_channels_last(self, source: MapShape, run: Execution) -> bool:
        return True

    def layer(self, inputs: Axes, dims: int) -> Layer:
        kwargs = changed(eps=(self.eps, 1e-6), affine=(self.affine, True))
        return Layer("functional.ChannelNorm", (inputs[0],), kwargs, arg_names=("channels",))


def changed(**values: tuple[Any, Any]) -> dict[str, Any]:
    """The arguments that differ from torch's defaults, given (value, default) by name."""
    return {name: value for name, (value, default) in values.items() if value != default}
