"""Encoders that are chains of blocks, and blocks that several families use."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from unetkit.block import Block
from unetkit.encoder import Encoder, EncoderLevel
from unetkit.encoders.layers import batch_norm, conv_norm
from unetkit.signal import Padding, Signal


class Unit(NamedTuple):
    """A block of an encoder: the name that its weights have where they were published, its channels and its level."""

    name: str
    block: Block
    channels: int
    level: int


class UnitEncoder(Encoder):
    """The base of encoders that are chains of units."""

    @property
    @abstractmethod
    def units(self) -> Iterator[Unit]:
        """The units in their order."""

    @property
    def pyramid(self) -> tuple[EncoderLevel, ...]:
        channels = {unit.level: unit.channels for unit in self.units}  # those of the last unit of each level
        return tuple(EncoderLevel(channels.get(level, 0), 1 << level) for level in range(max(channels) + 1))

    def wire(self, x: Signal, level: int) -> Signal:
        for unit in self.units:
            if unit.level == level:
                x = x.place(unit.name, unit.block, channels=unit.channels)
        return x


class StagedEncoder(UnitEncoder):
    """The base of encoders of four stages: the map of a level is that of the last block of a stage.

    The finest is at a stride of 4; channels double from stage to stage.
    """

    blocks: ClassVar[tuple[int, int, int, int]]
    """Blocks of each stage."""
    width: ClassVar[int]
    """Channels of the first stage."""
    drop: ClassVar[float]
    """The share of images for which the last block is left out in training; before it the share grows from 0."""

    @property
    def units(self) -> Iterator[Unit]:
        done, last = 0, sum(self.blocks) - 1
        for stage, blocks in enumerate(self.blocks):
            level, channels = stage + 2, self.width << stage
            yield Unit(f"features.{2 * stage}", self.first(stage), channels, level)
            for index in range(blocks):
                yield Unit(
                    f"features.{2 * stage + 1}.{index}", self.block(index, self.drop * done / last), channels, level
                )
                done += 1

    @abstractmethod
    def first(self, stage: int) -> Block:
        """What a stage begins with: patches of the image, or half the size of the stage before."""

    @abstractmethod
    def block(self, index: int, drop: float) -> Block:
        """A block of a stage, with the share of images for which it is left out in training."""


class Style(NamedTuple):
    """The batch norms and activations of a family."""

    act: str = "ReLU"
    eps: float = 1e-5
    momentum: float = 0.1
    squeeze: str = "ReLU"
    """The activation between squeeze and excitation."""
    gate: str = "Sigmoid"
    """The activation after the excitation."""


class Window(NamedTuple):
    """The window of a convolution; `pads` are zeros before and after, the same on each side unless given."""

    kernel: int
    stride: int = 1
    groups: int = 1
    pads: tuple[int, int] | None = None


def conv_norm_act(x: Signal, channels: int, window: Window, style: Style, *, act: bool = True) -> Signal:
    """Returns x after a convolution named 0, a norm named 1, and an activation."""
    kernel, stride, groups, pads = window
    norm = batch_norm(style.eps, style.momentum)
    padding: Padding = "same" if pads is None else "valid"
    x = x if pads is None else x.pad(*pads)
    x = conv_norm(x, channels, kernel, stride=stride, groups=groups, padding=padding, names=("0", "1"), norm=norm)
    return x.activation(style.act) if act else x


def excited(x: Signal, squeezed: int, style: Style) -> Signal:
    """Returns x with each channel weighted by what the whole image says (Hu et al., 2018, arXiv:1709.01507)."""
    gate = x.global_avg_pool().conv(squeezed, 1, bias=True, name="fc1").activation(style.squeeze)
    gate = gate.conv(x.channels, 1, bias=True, name="fc2").activation(style.gate)
    return x.gate(gate, whole=True)


class Convolved(Block):
    """A convolution, batch norm and activation."""

    window: Window
    style: Style = Style()

    def wire(self, x: Signal, channels: int) -> Signal:
        return conv_norm_act(x, channels, self.window, self.style)


class InvertedResidual(Block):
    """A 1×1 convolution to more channels, a depthwise one, squeeze and excitation, and a 1×1 one, beside a shortcut.

    The shortcut is there where neither size nor channels change.
    """

    inner: int
    """The channels of the depthwise convolution."""
    window: Window
    """The window of the depthwise convolution."""
    squeezed: int = 0
    """The channels between squeeze and excitation; 0: neither."""
    style: Style = Style()
    drop: float = 0.0
    """The share of images for which the shortcut alone is left in training."""

    def wire(self, x: Signal, channels: int) -> Signal:
        y, number = x, 0
        if self.inner != x.channels:
            with x.scope("block.0"):
                y = conv_norm_act(y, self.inner, Window(1), self.style)
            number = 1
        with x.scope(f"block.{number}"):
            y = conv_norm_act(y, self.inner, self.window._replace(groups=self.inner), self.style)
        if self.squeezed:
            number += 1
            with x.scope(f"block.{number}"):
                y = excited(y, self.squeezed, self.style)
        with x.scope(f"block.{number + 1}"):
            y = conv_norm_act(y, channels, Window(1), self.style, act=False)
        return beside(x, y, self.window.stride, self.drop)


def beside(x: Signal, y: Signal, stride: int, drop: float = 0.0) -> Signal:
    """Returns the sum of y and a shortcut from x, where size and channels are the same; else y."""
    return y if stride > 1 or x.channels != y.channels else y.stochastic_depth(drop).add(x)


def divisible(channels: float, by: int = 8) -> int:
    """The nearest multiple that is at least 90 % of the number (Sandler et al., 2018).

    >>> divisible(32 * 1.1), divisible(11)
    (32, 16)
    """
    nearest = max(by, int(channels + by / 2) // by * by)
    return nearest if nearest >= 0.9 * channels else nearest + by
