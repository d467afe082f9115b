"""Blocks of self-attention between the samples of a map, and the positions by which it tells them apart."""

from __future__ import annotations

from collections.abc import Iterator

from unetkit.block import Block, Count, PerAxis
from unetkit.blocks.act import GELU
from unetkit.blocks.fields import NormField, OwnAct, OwnNorm, centred, entered
from unetkit.blocks.norm import Batch, LayerNorm
from unetkit.operations.operation import per_axis, wiring_error
from unetkit.signal import Signal


class Attending(Block):
    """The base of blocks of self-attention, among all samples or those of windows."""

    head_channels: Count | None = None
    """Channels of each head; one head of all channels unless given."""
    window: PerAxis | None = None
    """Samples of a window along each axis, of which maps are multiples; the whole map unless given."""
    shifted: bool = False
    """Whether windows are moved by half their size, as in every second block of Swin."""
    position_bias: bool = True
    """Whether a number learned for each offset within a window is added to the similarities."""
    bias: bool = True
    """Whether the convolution to queries, keys and values has a bias."""

    def idle(self) -> dict[str, str]:
        if self.window is None:
            return dict.fromkeys(("shifted", "position_bias"), "there are no windows")
        return {}

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        if self.shifted and self.window is not None and max(per_axis(self.window, dims, "window")) == 1:
            yield "shifted", "a window of one sample cannot be moved by half its size", "Use a larger window."

    def attend(self, x: Signal) -> Signal:
        """Returns what each sample takes from the others: a 1×1 convolution, attention, and a 1×1 convolution."""
        heads, rest = divmod(x.channels, self.head_channels or x.channels)
        if rest:
            raise wiring_error(f"{x.channels} channels cannot be divided into heads of {self.head_channels}")
        y = x.conv(3 * x.channels, 1, bias=self.bias, name="qkv")
        if self.window is None:
            y = y.attend(heads)
        else:
            window = per_axis(self.window, x.dims, "window")
            shift = tuple(n // 2 for n in window) if self.shifted else 0
            y = y.attend_in_windows(heads, window, shift=shift, position_bias=self.position_bias)
        return y.conv(x.channels, 1, bias=True, name="project")


class SelfAttention(Attending):
    """Norm and self-attention beside a shortcut. Without a window it looks at the whole image."""

    source = "Wang et al., 2018, arXiv:1711.07971; in U-Nets Ho et al., 2020, arXiv:2006.11239 (DDPM)"
    norm: NormField = Batch()
    """Norm of this block; the one of the spec unless given."""

    def wire(self, x: Signal, channels: int) -> Signal:
        x = entered(x, channels)
        return x.add(self.attend(x.norm(self.norm)))


class Transformer(Attending):
    """Norm and self-attention beside a shortcut, then norm and two 1×1 convolutions beside another."""

    source = "Dosovitskiy et al., 2021, arXiv:2010.11929; with windows Liu et al., 2021, arXiv:2103.14030 (Swin)"
    expansion: Count = 4
    """By how much the channels grow between the last two convolutions."""
    norm: OwnNorm = LayerNorm()
    """Norm before the attention and before the convolutions."""
    act: OwnAct = GELU()
    """Activation between the last two convolutions."""

    def wire(self, x: Signal, channels: int) -> Signal:
        x = entered(x, channels)
        x = x.add(self.attend(x.norm(self.norm)))
        y = x.norm(self.norm).conv(channels * self.expansion, 1, bias=True, name="expand").act(self.act)
        return x.add(y.conv(channels, 1, bias=True, name="reduce"))


class PositionAttention(Block):
    """Adds to each sample values of all samples, weighed by how alike pairs of samples are, then convolves the sum.

    The weights of all pairs together have the sum 1, and rows of values become maps without a transposition: so in the
    authors' program and in segmentation_models_pytorch.
    """

    source = "Fan et al., 2020, doi:10.1109/ACCESS.2020.3025372 (MA-Net)"
    features: Count = 64
    """Channels by which samples are compared."""
    kernel: PerAxis = 3
    """Samples that the convolution to the values, and that of the sum, cover."""

    def faults(self, dims: int) -> Iterator[tuple[str, str, str]]:
        yield from centred(self.kernel, 1, "same")

    def wire(self, x: Signal, channels: int) -> Signal:
        x = entered(x, channels)
        key = x.conv(self.features, 1, bias=True, name="key")
        query = x.conv(self.features, 1, bias=True, name="query")
        value = x.conv(channels, self.kernel, bias=True, name="value")
        return x.add(query.attend_jointly(key, value)).conv(channels, self.kernel, bias=True, name="output")


class LearnedPositions(Block):
    """Adds a learned number for each channel and sample, so that attention can tell samples apart.

    The map must have exactly this size, so that images have one size, or few, too.
    """

    source = "Dosovitskiy et al., 2021, arXiv:2010.11929 (ViT)"
    example = {"bottleneck": {"block": [{"type": "learned_positions", "size": 8}, "transformer"]}}
    size: PerAxis
    """Samples of the map along each axis."""

    def wire(self, x: Signal, channels: int) -> Signal:
        return entered(x, channels).learned_positions(self.size)
