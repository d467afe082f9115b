"""Blocks written for unetkit: a convolution with a channel gate, a way up, a skip."""

from unetkit.plugin import Block, Count, PerAxis, Signal, Skip, Up


class SEConv(Block):
    """A convolution whose channels are weighted by what the whole image says."""

    source = "Hu et al., 2018, arXiv:1709.01507"
    kernel: PerAxis = 3
    """Samples that the convolution covers; an odd number."""
    reduction: Count = 4
    """Channels per hidden channel of the gate."""

    def wire(self, x: Signal, channels: int) -> Signal:
        x = x.conv(channels, self.kernel).activation("ReLU")
        gate = x.global_avg_pool().conv(max(1, channels // self.reduction), 1, name="squeeze").activation("SiLU")
        return x.gate(gate.conv(channels, 1, name="excite").activation("Sigmoid"), whole=True)


class Nearest(Up):
    """Each sample repeated, then a convolution."""

    kernel: PerAxis = 3
    """Samples that the convolution covers; an odd number."""

    def wire(self, x: Signal, channels: int, stride: tuple[int, ...]) -> Signal:
        return x.interpolate(stride, "nearest").conv(channels, self.kernel)


class Mean(Skip):
    """The sum of the decoder and of the encoder in as many channels."""

    def wire(self, x: Signal, skip: Signal) -> Signal:  # type: ignore[override]  # it merges one map
        return x.same_size_as(skip).add(skip.conv(x.channels, 1, name="project"))
