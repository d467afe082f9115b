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
    heads: Count | None = None
    """The number of heads, in place of their channels."""
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
        if self.heads is not None and self.head_channels is not None:
            yield "heads", "the channels of a head follow from the number of heads", "Give heads or head_channels."

    def attend(self, x: Signal) -> Signal:
        """Returns what each sample takes from the others: a 1×1 convolution, attention, and a 1×1 convolution."""
        heads = self.num_heads(x.channels)
        y = x.conv(3 * x.channels, 1, bias=self.bias, name="qkv")
        if self.window is None:
            y = y.attend(heads)
        else:
            window = per_axis(self.window, x.dims, "window")
            shift = tuple(n // 2 for n in window) if self.shifted else 0
            y = y.attend_in_windows(heads, window, shift=shift, position_bias=self.position_bias)
        return y.conv(x.channels, 1, bias=True, name="project")

    def num_heads(self, channels: int) -> int:
        """The number of heads of so many channels."""
        heads, rest = divmod(channels, self.head_channels or channels)
        if rest:
            raise wiring_error(f"{channels} channels cannot be divided into heads of {self.head_channels}")
        if channels % (self.heads or heads):
            raise wiring_error(f"{channels} channels cannot be divided among {self.heads} heads")
        return self.heads or heads


class SelfAttention(Attending):
    """Norm and self-attention beside a shortcut. Without a window it looks at the whole image."""

    source = "Wang et al., 2018, arXiv:1711.07971; in U-Nets Ho et al., 2020, arXiv:2006.11239 (DDPM)"
    norm: NormField = Batch()
    """Norm of this block; the one of the spec unless given."""

    def wire(self, x: Signal, channels: int) -> Signal:
        x = entered(x, channels)
        return x.add(self.attend(x.norm(self.norm)))


class Transformer(Attending):
    """Norm and self-attention beside a shortcut, then norm and two 1×1 convolutions beside another.

    With a `condition` each sample also attends to a sequence beside the image, such as a text, between the two.
    """

    source = (
        "Dosovitskiy et al., 2021, arXiv:2010.11929; with windows Liu et al., 2021, arXiv:2103.14030 (Swin); with a "
        "condition Rombach et al., 2022, arXiv:2112.10752"
    )
    expansion: Count = 4
    """By how much the channels grow between the last two convolutions."""
    gated: bool = False
    """Whether the first of the two gives twice as many, and the activation of one half weighs the other (GEGLU)."""
    condition: str | None = None
    """A sequence of tokens, or a vector, among the inputs, to which the samples attend."""
    norm: OwnNorm = LayerNorm()
    """Norm before the attention and before the convolutions."""
    act: OwnAct = GELU()
    """Activation between the last two convolutions."""

    def wire(self, x: Signal, channels: int) -> Signal:
        x = entered(x, channels)
        x = x.add(self.attend(x.norm(self.norm)))
        if self.condition is not None:
            x = x.add(self.attend_to(x.norm(self.norm), x.condition(self.condition)))
        return x.add(self.expanded(x.norm(self.norm)).conv(channels, 1, bias=True, name="reduce"))

    def attend_to(self, x: Signal, context: Signal) -> Signal:
        """Returns what each sample takes from the samples of a context."""
        query = x.conv(x.channels, 1, bias=self.bias, name="query")
        context = context.conv(2 * x.channels, 1, bias=self.bias, name="context")
        y = query.attend_to(context, self.num_heads(x.channels))
        return y.conv(x.channels, 1, bias=True, name="project_context")

    def expanded(self, x: Signal) -> Signal:
        """Returns the output of the first convolution after its activation."""
        width = x.channels * self.expansion
        if not self.gated:
            return x.conv(width, 1, bias=True, name="expand").act(self.act)
        y = x.conv(2 * width, 1, bias=True, name="expand")
        return y.channel_range(0, width).gate(y.channel_range(width, width).act(self.act))


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
