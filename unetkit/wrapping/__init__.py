"""Any torch.nn.Module as a block: its constructor gives the parameters, its facts are declared or measured."""

from unetkit.wrapping.block import wrap
from unetkit.wrapping.facts import ModuleFacts

__all__ = ["ModuleFacts", "wrap"]
