"""A block made of torchvision's layers."""

from typing import Annotated

from pydantic import Field
from torch import Tensor, nn
from torchvision.ops import Conv2dNormActivation

from unetkit.plugin import wrap


class InvertedBottleneck(nn.Module):
    """Expands the channels, convolves each for itself, and projects them back."""

    def __init__(self, in_channels: int, channels: int, expansion: Annotated[int, Field(ge=1, le=16)] = 4) -> None:
        super().__init__()
        hidden = in_channels * expansion
        self.expand = Conv2dNormActivation(in_channels, hidden, 1)
        self.depthwise = Conv2dNormActivation(hidden, hidden, 3, groups=hidden)
        self.project = Conv2dNormActivation(hidden, channels, 1, activation_layer=None)

    def forward(self, x: Tensor) -> Tensor:
        """Returns the block's output."""
        return self.project(self.depthwise(self.expand(x)))  # type: ignore[no-any-return]


Inverted = wrap(InvertedBottleneck, dims=(2,), source="Sandler et al., 2018, arXiv:1801.04381")
