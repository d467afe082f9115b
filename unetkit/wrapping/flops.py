"""Counts the multiply-adds of whatever torch computes."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

_ATEN = torch.ops.aten
_ON_CPU = {
    _ATEN._scaled_dot_product_flash_attention_for_cpu: flop_registry[_ATEN._scaled_dot_product_efficient_attention]
}
"""A kernel of attention that torch has no formula for."""
_FORMULAS = flop_registry | _ON_CPU


class MacCounter(TorchDispatchMode):
    """Counts, while it is entered, the multiply-adds of convolutions and matrix products by torch's own formulas.

    torch's `FlopCounterMode` gives the same number. It also keeps a table of all modules, and computes batch norms
    in Python, which takes most of the time of a small network.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._flops = 0

    @property
    def macs(self) -> int:
        """The multiply-adds until now."""
        return self._flops // 2

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = func(*args, **kwargs or {})
        formula = _FORMULAS.get(func.overloadpacket)
        if formula is not None:
            self._flops += formula(*args, **kwargs or {}, out_val=output)
        return output
