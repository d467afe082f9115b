"""The field types that several built-in blocks share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from unetkit.block import Act, Count, Inset, Norm, PerAxis
from unetkit.signal import Signal

NormField = Annotated[Norm, Inset("norm", inherited=True)]
"""A norm; the one of the spec unless given."""
ActField = Annotated[Act, Inset("act", inherited=True)]
"""An activation; the one of the spec unless given."""
OwnNorm = Annotated[Norm, Inset("norm")]
"""A norm of this block alone."""
OwnAct = Annotated[Act, Inset("act")]
"""An activation of this block alone."""
PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]
"""What stands outside the image where a convolution is padded."""
Groups = Count | Literal["depthwise"]
"""Groups of channels that are convolved apart; `depthwise`: each input channel by itself."""
Order = Literal["conv_norm_act", "conv_act_norm", "norm_conv_act", "norm_act_conv", "act_conv_norm", "act_norm_conv"]
"""The order of convolution, norm and activation."""


def entered(x: Signal, channels: int) -> Signal:
    """Returns x in the channels of the block."""
    return x if x.channels == channels else x.conv(channels, 1, name="enter")


def widths(value: PerAxis) -> tuple[int, ...]:
    """The value as a tuple, of one entry where it counts for all axes."""
    return (value,) if isinstance(value, int) else value


def group_count(groups: Groups, x: Signal) -> int:
    """The number of groups of a convolution that reads x."""
    return x.channels if groups == "depthwise" else groups


def is_point(kernel: PerAxis) -> bool:
    """Whether a kernel covers one sample only."""
    return set(widths(kernel)) == {1}


def one_sample(kernel: PerAxis, padding: str) -> dict[str, str]:
    """Returns why padding, padding_mode or dilation can have no effect, by field."""
    if is_point(kernel):
        reason = "a kernel of 1 covers one sample"
        return {"padding": reason, "padding_mode": reason, "dilation": reason}
    if padding == "valid":
        return {"padding_mode": "padding: valid adds nothing"}
    return {}


def centred(kernel: PerAxis, dilation: PerAxis, padding: str) -> Iterator[tuple[str, str, str]]:
    """Yields the fault of a kernel that same padding cannot centre at stride 1."""
    spans = [k for k in widths(kernel) if k % 2 == 0]
    odd_dilation = any(d % 2 for d in widths(dilation))
    if padding == "same" and spans and odd_dilation:
        yield (
            "kernel",
            f"padding: same cannot centre an even kernel ({spans[0]})",
            "Use an odd kernel, or padding: valid.",
        )


def keeps_size(kernel: PerAxis, padding: str) -> Iterator[tuple[str, str, str]]:
    """Yields the fault of a convolution without padding whose output meets its input."""
    if padding == "valid" and not is_point(kernel):
        yield "padding", "the output of each convolution meets its input, so it keeps the size", "Use padding: same."
