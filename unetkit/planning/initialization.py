"""How the weights of convolutions begin: the layers that are filled, and the function of torch.nn.init that does it."""

from __future__ import annotations

from typing import Any, NamedTuple

from unetkit.language.spec_keys import Init

CONVOLUTIONS = tuple(f"{kind}{dims}d" for kind in ("Conv", "ConvTranspose") for dims in (1, 2, 3))
"""The layers of torch.nn whose weights are filled; their biases begin at 0."""

STD = 0.02
"""The standard deviation of normal and trunc_normal where a spec gives none."""

METHODS: dict[str, dict[str, Any]] = {
    "kaiming_normal": {"nonlinearity": "relu"},
    "kaiming_uniform": {"nonlinearity": "relu"},
    "xavier_normal": {},
    "xavier_uniform": {},
    "orthogonal": {},
    "normal": {"std": STD},
    "trunc_normal": {"std": STD},
}
"""The methods other than torch's own, each with the arguments of the function in torch.nn.init that has its name.

kaiming: He et al., 2015, arXiv:1502.01852, for ReLU; kaiming_normal is √(2/N) of the 2015 U-Net paper.
xavier: Glorot & Bengio, 2010. orthogonal: Saxe et al., 2014, arXiv:1312.6120.
"""


class Filling(NamedTuple):
    """A function of torch.nn.init by name, and its arguments after the weight."""

    function: str
    arguments: dict[str, Any]


def filling(init: Init) -> Filling | None:
    """Returns what fills a weight; None where torch's own initialisation stays.

    >>> filling(Init(type="normal", std=0.1))
    Filling(function='normal_', arguments={'std': 0.1})
    """
    if init.type == "default":
        return None
    own = {} if init.std is None else {"std": init.std}
    return Filling(f"{init.type}_", METHODS[init.type] | own)
