"""Backends that are torch: the optimised network as it is, or compiled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from unetkit.backends.backend import NUMBER_TYPES, Request
from unetkit.errors import Fault, UnetkitError
from unetkit.fast.network import OptimizedNetwork
from unetkit.fast.optimization import optimized_network
from unetkit.model.interface import InputCheck, named_outputs
from unetkit.planning import Plan


class TorchBackend:
    """The passes over the plan, run by torch step by step."""

    name = "torch"

    def obstacle(self, request: Request) -> str:
        return "" if request.dtype in NUMBER_TYPES else f"it has no {request.dtype}"

    def slow_to_make(self, request: Request) -> bool:
        return False

    def make(self, request: Request) -> OptimizedNetwork:
        dtype = NUMBER_TYPES[request.dtype]
        return optimized_network(request.model, request.size, request.passes, dtype)


class CompileBackend(TorchBackend):
    """The optimised network by `torch.compile`; on a GPU as CUDA graphs, one for each size."""

    name = "compile"

    def slow_to_make(self, request: Request) -> bool:
        return request.device.type == "cpu"

    def make(self, request: Request) -> CompiledNetwork:  # type: ignore[override]
        own = ("normalize_in_place", "upsample_late")  # loops over parts that stay in the cache, which compilers make
        passes = tuple(name for name in request.passes if name not in own)
        network = CompiledNetwork(super().make(replace(request, passes=passes)))
        try:
            with torch.inference_mode():
                network(*request.example())
        except RuntimeError as error:  # the compilers of torch have no class of their own in common
            reason = str(error).strip().partition("\n")[0]
            raise UnetkitError(Fault("compile", f"torch cannot compile {request.plan.spec.name}: {reason}")) from error
        return network


class CompiledNetwork(nn.Module):
    """An optimised network that torch compiles at the first call of each size."""

    def __init__(self, network: OptimizedNetwork) -> None:
        super().__init__()
        self.network = network
        self.plan: Plan = network.plan
        self.spec, self.dtype = network.spec, network.dtype
        self.graphs = any(weight.is_cuda for weight in (*network.parameters(), *network.buffers()))
        mode = "reduce-overhead" if self.graphs else "default"
        self.compiled: Any = torch.compile(network.forward, mode=mode, dynamic=False)
        self.register_forward_pre_hook(InputCheck(network.plan))
        self.eval()

    def train(self, mode: bool = True) -> CompiledNetwork:
        """Stays in evaluation mode."""
        return super().train(False)

    def forward(self, image: Tensor, *vectors: Tensor) -> Any:
        """What the network gives."""
        found = self.compiled(image, *vectors)
        if not self.graphs:
            return found
        outputs = [found] if isinstance(found, Tensor) else list(found)
        # The next call of a CUDA graph writes over the outputs of this one.
        return named_outputs(tuple(self.plan.outputs), [one.clone() for one in outputs])
