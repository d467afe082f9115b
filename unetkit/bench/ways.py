"""Ways to run a network: forward by each backend, in tiles, in strips, a training step, and networks of others."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any, NamedTuple

import torch
from numpy.typing import NDArray
from torch import Tensor

from unetkit.backends.available import BACKENDS
from unetkit.backends.optimization import optimize
from unetkit.bench.rivals import RIVALS
from unetkit.errors import Fault, UnetkitError
from unetkit.fast.plan import OptimizedPlan
from unetkit.host import has_native_bf16
from unetkit.host.allocator import kept_memory
from unetkit.model import build
from unetkit.model.interface import arrange, arranged
from unetkit.planning import Plan, Size
from unetkit.tiling import Strips, Tiles, plan_tiles, ready, stream, tiles
from unetkit.tiling.strips import strips
from unetkit.wrapping.flops import MacCounter

_BACKWARD = 2
"""Multiply-adds of a backward pass, as a multiple of those of the forward pass."""
WAYS = ("eager", *BACKENDS, "bf16 torch", "bf16 openvino", "tiled", "streamed", "training", "training bf16")
"""All ways of one's own network."""
SLOW = ("compile",)
"""Ways that take minutes to prepare, which are measured only where they are asked for."""


class Way(NamedTuple):
    """One way to compute a network, ready to be measured."""

    name: str
    call: Callable[[], object]
    macs: int
    parameters: int
    traffic: int
    """Bytes that its operations read and write, weights included."""
    accounted: bool = True
    """Whether its memory is torch's, so that there is an account of it."""
    dtype: str = "fp32"
    note: str = ""
    """Into which tiles or strips the image is cut."""


class Ways:
    """Makes the ways to run one network for images of one size."""

    def __init__(self, plan: Plan, size: Size, batch: int) -> None:
        self.plan, self.size, self.batch = plan.for_inference(), size, batch
        self.whole = plan
        self.model = build(plan.spec, seed=0, pretrained=False)
        generator = torch.Generator().manual_seed(0)
        image = torch.rand(batch, plan.spec.in_channels, *size, generator=generator)
        vectors = [torch.rand(batch, count, generator=generator) for count in plan.vectors.values()]
        self.inputs = [image, *vectors]
        self.macs = batch * self.plan.macs(size)

    def make(self, name: str) -> Way:
        """A way; raises UnetkitError with the reason where it is not possible here."""
        if name in RIVALS:
            return self._rival(name)
        dtype = "bf16" if "bf16" in name else "fp32"
        if dtype == "bf16" and not has_native_bf16():
            raise UnetkitError(Fault("dtype", "bf16 is not native on this processor", cure="Use fp32."))
        if name in ("tiled", "streamed"):
            return self._predicted(name)
        if name.startswith("training"):
            return self._training(name, dtype)
        if name == "eager":
            network = self.model.eval()
            return self._way(name, lambda: network(*self.inputs), self.plan)
        backend = name.split()[-1]
        network = optimize(self.model, self.size, dtype, backend=backend)

        def call() -> None:
            with kept_memory():  # as `predict` makes its calls
                network(*self.inputs)

        used = getattr(network, "plan", self.plan)
        way = self._way(name, call, used if isinstance(used, OptimizedPlan) else self.plan)
        moved = way.traffic // 2 if dtype == "bf16" else way.traffic
        return way._replace(dtype=dtype, traffic=moved, accounted=backend in ("torch", "compile"))

    def _way(self, name: str, call: Callable[[], object], plan: Plan) -> Way:
        def inferring() -> None:
            with torch.inference_mode():
                call()

        return Way(name, inferring, self.macs, self.plan.parameters, self.batch * traffic(plan, self.size))

    def _predicted(self, name: str) -> Way:
        """The prediction of one image after another, in tiles or strips, by the optimised network.

        They are those that `predict` chooses for half of the memory that the whole image needs, or for all of it where
        no strips fit into half.
        """
        network = optimize(self.model, self.size, backend="torch")
        images = self.inputs[0].numpy()
        with ready(network) as runner:
            cut: Tiles | Strips
            half = tiles(runner.plan, self.size, None, 0).bytes // 2
            if name == "streamed":
                cut = strips(runner.plan, self.size, half) or plan_tiles(runner, self.size, "stream")
            else:
                cut = tiles(runner.plan, self.size, "auto", half)
        result = torch.empty(cut.num_channels, *self.size)

        def call() -> None:
            with ready(network) as runner:
                for number, image in enumerate(images):
                    vectors = zip(self.plan.vectors, (one[number] for one in self.inputs[1:]), strict=True)
                    runner.condition(dict(vectors))
                    for part, block in stream(runner, cut, partial(_part, image)):
                        result[(slice(None), *part)] = block

        call()  # raises where the network does not allow it
        return self._way(name, call, network.plan)._replace(note=str(cut))

    def _training(self, name: str, dtype: str) -> Way:
        """A training step without the update of the weights: forward and backward."""
        model = build(self.plan.spec, seed=0, pretrained=False).train()
        arrange(model, self.plan)
        image, *vectors = self.inputs
        image = arranged(image, self.plan)

        def call() -> None:
            with kept_memory():
                with torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bf16"):
                    loss = _loss(model(image, *vectors))
                loss.backward()  # type: ignore[no-untyped-call]  # torch's own
                model.zero_grad(set_to_none=False)

        moved = (1 + _BACKWARD) * self.batch * traffic(self.plan, self.size) // (2 if dtype == "bf16" else 1)
        return Way(name, call, (1 + _BACKWARD) * self.macs, self.plan.parameters, moved, dtype=dtype)

    def _rival(self, name: str) -> Way:
        network = RIVALS[name].make(self.plan).eval()
        image = self.inputs[0]
        with torch.no_grad(), MacCounter() as counted:
            network(image)

        def call() -> None:
            with torch.inference_mode():
                network(image)

        parameters = sum(weight.numel() for weight in network.parameters())
        return Way(RIVALS[name].label, call, counted.macs, parameters, 0)


def traffic(plan: Plan, size: Size) -> int:
    """Bytes that the operations of a network read and write for one image in float32, and its weights.

    >>> from unetkit.language import load
    >>> from unetkit.planning import plan
    >>> network = plan(load({"unetkit": 1, "in_channels": 1, "out_channels": 1, "channels": [1], "block": []}))
    >>> traffic(network, (8, 8)) == 4 * (2 * 64 + 2)  # a 1×1 convolution: image, output, weight and bias
    True
    """
    sizes = plan.at(size).sizes
    numbers = plan.parameters
    for index, node in enumerate(plan.nodes):
        if node.operation is not None and not node.operation.is_view:
            read = [plan.nodes[source].channels * prod(sizes[source]) for source in node.inputs]
            numbers += sum(read) + node.channels * prod(sizes[index])
    return 4 * numbers


def _part(image: NDArray[Any], wanted: tuple[slice, ...]) -> NDArray[Any]:
    """A part of an image (channels, *spatial)."""
    return image[(slice(None), *wanted)]


def _loss(outputs: Any) -> Tensor:
    """A loss whose gradient reaches all outputs."""
    found = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    return torch.stack([one.float().square().mean() for one in found]).sum()
