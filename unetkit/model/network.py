"""The network as a torch module with its plan: built, made again for weights that follow, copied and pickled."""

from __future__ import annotations

import pickle
from collections.abc import Collection, Mapping
from contextlib import nullcontext
from os import PathLike
from typing import Any, Self

import torch
from torch import Tensor, fx, nn

from unetkit import functional
from unetkit.language import Spec, load
from unetkit.model.blocks import SharedCodeGraph, add_module, block_module
from unetkit.model.interface import InputCheck, named_outputs, plan_of
from unetkit.model.pretrained import WeightsOrigin, load_pretrained
from unetkit.model.proof import prove, third_party_blocks
from unetkit.model.weights import Uninitialized, initialize, misfits
from unetkit.module_tree import leaves, module_tree
from unetkit.planning import Plan, plan
from unetkit.planning.memory import overwriting

_SHOWN = 5  # of the weights that do not fit


def build(
    spec: Spec | str | PathLike[str] | Mapping[str, Any], seed: int | None = None, *, pretrained: bool = True
) -> Network:
    """The network of a spec: input (N, in_channels, *spatial), output (N, out_channels, *spatial).

    With several outputs it gives a named tuple of them, in evaluation mode without those that exist in training only.

    The spec may also be given as a path, a name, or plain values. `seed` makes the initial weights repeatable, and
    leaves torch's own random state alone. An encoder begins with the weights that the spec names, unless `pretrained`
    is false; FileError says where to put a file that is missing. The module has the attributes `spec` and `plan`. It
    raises SizeError for an image that does not fit.

    >>> build({"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [4, 8]})(torch.zeros(1, 1, 8, 8)).shape
    torch.Size([1, 2, 8, 8])
    """
    loaded = spec if isinstance(spec, Spec) else load(spec)
    with torch.random.fork_rng(enabled=seed is not None):
        if seed is not None:
            torch.manual_seed(seed)
        network = assemble(plan(loaded))
        initialize(network, loaded.init)
    if pretrained:
        network.origin = load_pretrained(network, network.plan)
    network.freeze(loaded.frozen)
    check_third_party(network.plan)
    return network


def check_third_party(planned: Plan) -> None:
    """Raises BlockError where a third-party block does something else than the plan predicts."""
    if third_party_blocks(planned):
        with torch.device("meta"), Uninitialized():
            twin = assemble(planned)
        prove(planned, twin)


class Network(fx.GraphModule):
    """The module that `build` returns: input (N, in_channels, *spatial), output (N, out_channels, *spatial).

    With several outputs it gives a named tuple of them, in evaluation mode without those that exist in training only.

    `copy.deepcopy`, `pickle`, `torch.save` and torch's `AveragedModel` keep `plan`, `spec` and the check of sizes. A
    pickle holds the spec and the weights, and the network is built from the spec again: other hooks are left out.
    """

    spec: Spec
    plan: Plan
    origin: WeightsOrigin | None = None
    """Where the weights came from with which the encoder began."""
    frozen: frozenset[str] = frozenset()
    """The scopes of the blocks whose weights stay as they are."""

    def freeze(self, scopes: Collection[str]) -> None:
        """Keeps the weights of some blocks as they are, and the blocks in evaluation mode; all others are trained."""
        for scope in self.frozen:
            self.get_submodule(scope).requires_grad_(True)
        self.frozen = frozenset(scopes)
        for scope in self.frozen:
            self.get_submodule(scope).requires_grad_(False)
        self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        for scope in self.frozen:
            self.get_submodule(scope).eval()
        return self

    def attach(self, planned: Plan) -> Network:
        """Gives a network its plan, spec and check of sizes; returns it."""
        self.spec, self.plan = planned.spec, planned  # plain attributes, no submodules
        self.register_forward_pre_hook(InputCheck(planned))
        if planned.training_outputs:
            self.register_forward_hook(_by_mode)
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
        copied.origin, copied.frozen = self.origin, self.frozen
        return copied.attach(self.plan)

    def __reduce__(self) -> tuple[Any, ...]:
        """Raises PicklingError where the weights are no longer those of the spec, as they could not be put back."""
        weights = self.state_dict()
        differing = misfits(empty(self.plan), weights)
        if differing:
            names = ", ".join(one.name for one in differing[:_SHOWN])
            raise pickle.PicklingError(
                f"{self.spec.name} was changed after it was built: {len(differing)} weights are no longer those of its "
                f"spec ({names}). Save model.state_dict() instead, or change the spec."
            )
        frozen = [name for name, weight in self.named_parameters() if not weight.requires_grad]
        training = [name for name, module in self.named_modules() if module.training]
        return _restored, (self.spec, dict(weights), frozen, training, self.origin, self.frozen)


def _restored(
    spec: Spec,
    weights: dict[str, Tensor],
    frozen: list[str],
    training: list[str],
    origin: WeightsOrigin | None = None,
    scopes: frozenset[str] = frozenset(),
) -> Network:
    """The network of a pickle: its weights, the names of frozen weights, and those of modules in training mode."""
    network = empty(plan(spec))
    network.origin, network.frozen = origin, scopes
    network.load_state_dict(weights, assign=True)
    for name, weight in network.named_parameters():
        weight.requires_grad_(name not in frozen)
    for name, module in network.named_modules():
        module.training = name in training
    return network


def empty(planned: Plan) -> Network:
    """The network of a plan for given weights: its own take no memory, unless it has third-party blocks."""
    others = third_party_blocks(planned)  # whose constructors may make tensors that are in no file
    with nullcontext() if others else torch.device("meta"), Uninitialized():
        return assemble(planned)


def assemble(planned: Plan) -> Network:
    """The network of a plan, with torch's own initial weights."""
    root = nn.Module()
    over_inputs = overwriting(planned)
    calls = {call.scope: call for call in planned.calls if not planned.is_input(call)}
    for call in leaves(module_tree(calls)):  # so that a seed fills them in the order in which torch lists them
        add_module(root, call.scope, block_module(planned, call, over_inputs))
    return Network(root, _graph(planned), class_name="UNet").attach(planned)


def for_inference(model: nn.Module) -> nn.Module:
    """The network without outputs that exist in training only; it shares its modules with the model.

    The model itself where it has no such outputs. Raises UnetkitError where unetkit did not build it.
    """
    planned = plan_of(model)
    if not planned.training_outputs:
        return model
    network = Network(model, _graph(planned.for_inference()), class_name="UNet")
    assert isinstance(model, Network), "it has a plan"
    network.origin, network.frozen = model.origin, model.frozen
    modes = {name: module.training for name, module in model.named_modules()}
    for name, module in network.named_modules():
        module.training = modes[name]
    return network.attach(planned.for_inference())


def _graph(planned: Plan) -> fx.Graph:
    """How the blocks of a network are joined."""
    graph = SharedCodeGraph()
    image = graph.placeholder("x")
    signals: dict[int, fx.Node] = {0: image}
    signals |= {index: graph.placeholder(name) for name, index in planned.inputs.items() if index}
    if planned.pads:
        arguments = (image, planned.padding_rule, planned.spec.odd_sizes.padding)
        signals[0] = graph.call_function(functional.pad_image, arguments)
    for call in planned.calls:
        if planned.is_input(call):
            continue
        signals[call.output] = graph.call_module(call.scope, tuple(signals[index] for index in call.inputs))
    outputs = []
    for name, node in planned.outputs.items():
        output = signals[node]
        if planned.pads and planned.is_full(name):
            output = graph.call_function(functional.cut_padding, (output, signals[0], image))
        outputs.append(output)
    graph.output(named_outputs(tuple(planned.outputs), outputs))
    return graph


def _by_mode(network: Network, inputs: Any, outputs: Any) -> Any:
    """The outputs of the mode that a network is in: in evaluation mode those of inference."""
    if network.training:
        return outputs
    names = tuple(network.plan.for_inference().outputs)
    return named_outputs(names, [getattr(outputs, name) for name in names])
