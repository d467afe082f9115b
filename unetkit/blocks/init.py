"""Initialisation of the weights of convolutions, by the functions of torch.nn.init."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from unetkit.block import Filling, Init

_STD = 0.02
"""The standard deviation of normal and trunc_normal where a spec gives none."""
_Deviation = Annotated[float, Field(gt=0, le=10)]


class TorchDefault(Init):
    """Torch's own initialisation, of biases too."""

    def filling(self) -> None:
        return None


class KaimingNormal(Init):
    """Normal, for ReLU: a standard deviation of √(2/N), as in the 2015 U-Net paper."""

    source = "He et al., 2015, arXiv:1502.01852"

    def filling(self) -> Filling:
        return Filling("kaiming_normal_", {"nonlinearity": "relu"})


class KaimingUniform(Init):
    """Uniform, for ReLU."""

    source = "He et al., 2015, arXiv:1502.01852"

    def filling(self) -> Filling:
        return Filling("kaiming_uniform_", {"nonlinearity": "relu"})


class XavierNormal(Init):
    """Normal, by the number of inputs and outputs."""

    source = "Glorot & Bengio, 2010"

    def filling(self) -> Filling:
        return Filling("xavier_normal_", {})


class XavierUniform(Init):
    """Uniform, by the number of inputs and outputs."""

    source = "Glorot & Bengio, 2010"

    def filling(self) -> Filling:
        return Filling("xavier_uniform_", {})


class Orthogonal(Init):
    """A (semi-)orthogonal matrix."""

    source = "Saxe et al., 2014, arXiv:1312.6120"

    def filling(self) -> Filling:
        return Filling("orthogonal_", {})


class Normal(Init):
    """Normal, with the same standard deviation for all layers.

    >>> Normal(std=0.1).filling()
    Filling(function='normal_', arguments={'std': 0.1})
    """

    std: _Deviation | None = None
    """Standard deviation; 0.02 unless given."""

    def filling(self) -> Filling:
        return Filling("normal_", {"std": self.std or _STD})


class TruncatedNormal(Init):
    """Normal, cut off at −2 and 2, with the same standard deviation for all layers."""

    std: _Deviation | None = None
    """Standard deviation; 0.02 unless given."""

    def filling(self) -> Filling:
        return Filling("trunc_normal_", {"std": self.std or _STD})
