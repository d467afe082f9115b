"""The network as a torch module that knows its plan: copies and pickles keep plan, spec and the check of sizes."""

from __future__ import annotations

import pickle
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, fx

from unetkit.language import Spec
from unetkit.model.check import SizeCheck
from unetkit.model.init import Uninitialized
from unetkit.model.proof import foreign
from unetkit.model.weights import misfits
from unetkit.planning import Plan

SHOWN = 5  # of the weights that do not fit


class Network(fx.GraphModule):
    """The module that `build` returns: input (N, in_channels, *spatial), output (N, out_channels, *spatial).

    `copy.deepcopy`, `pickle`, `torch.save` and torch's `AveragedModel` keep `plan`, `spec` and the check of sizes. A
    pickle holds the spec and the weights, and the network is made from the spec again: hooks of others are left out.
    """

    spec: Spec
    plan: Plan

    def know(self, planned: Plan) -> Network:
        """Gives a network its plan, spec and check of sizes; returns it."""
        self.spec, self.plan = planned.spec, planned  # plain attributes, no submodules
        self.register_forward_pre_hook(SizeCheck(planned))
        return self

    def __copy__(self) -> Network:
        return self._finish(Network(self, self.graph, class_name="UNet"))

    def __deepcopy__(self, memo: dict[int, Any]) -> Network:
        copied: Network = super().__deepcopy__(memo)  # type: ignore[assignment]  # a network, of the same class
        return self._finish(copied)

    def _finish(self, copied: Network) -> Network:
        """Gives a copy what torch.fx left out: the plan, and the modes of modules that only hold others."""
        modes = {name: module.training for name, module in self.named_modules()}
        for name, module in copied.named_modules():
            module.training = modes[name]
        return copied.know(self.plan)

    def __reduce__(self) -> tuple[Any, ...]:
        """Returns what makes the network again.

        Raises PicklingError where its weights are no longer those of its spec, since they could not be put back.
        """
        weights = self.state_dict()
        found = misfits(empty(self.plan), weights)
        if found:
            differing = ", ".join(one.name for one in found[:SHOWN])
            raise pickle.PicklingError(
                f"{self.spec.name} was changed after it was built: {len(found)} weights are no longer those of its "
                f"spec ({differing}). Save model.state_dict() instead, or change the spec."
            )
        frozen = [name for name, weight in self.named_parameters() if not weight.requires_grad]
        training = [name for name, module in self.named_modules() if module.training]
        return restored, (self.spec, dict(weights), frozen, training)


def restored(spec: Spec, weights: dict[str, Tensor], frozen: list[str], training: list[str]) -> Network:
    """Returns the network of a pickle, with its weights, those that are frozen, and the modules that are training."""
    from unetkit.planning import plan

    network = empty(plan(spec))
    network.load_state_dict(weights, assign=True)
    for name, weight in network.named_parameters():
        weight.requires_grad_(name not in frozen)
    for name, module in network.named_modules():
        module.training = name in training
    return network


def empty(planned: Plan) -> Network:
    """Returns the network of a plan whose weights are to be given: they take no memory, unless blocks are of others."""
    from unetkit.model.assembly import assemble  # which makes networks

    others = foreign(planned)  # whose constructors may make tensors that are in no file
    with nullcontext() if others else torch.device("meta"), Uninitialized():
        return assemble(planned)
