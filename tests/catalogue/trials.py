"""The trials of the catalogue: each takes a narrow network of its own, and raises what goes wrong."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

import unetkit
from tests.support.narrow import narrow, vectors
from unetkit.codegen import code
from unetkit.export import export
from unetkit.export.sizes import taken
from unetkit.model import for_inference, plan_of

Inputs = tuple[Tensor, ...]


class Trial(NamedTuple):
    """A narrow network, inputs of the smallest size at which every map has two samples, and a folder for files."""

    network: nn.Module
    inputs: Inputs
    folder: Path

    @classmethod
    def of(cls, name: str, folder: Path) -> Trial:
        """The network of a shipped spec, and a batch of two images."""
        torch.manual_seed(0)
        spec = narrow(name)
        size = tuple(sizes.minimum or 1 for sizes in taken(unetkit.plan(spec)))
        image = torch.rand(2, spec.in_channels, *size)
        return cls(unetkit.build(spec, seed=0), (image, *vectors(spec, 2)), folder)


def listed(outputs: Any) -> list[Tensor]:
    """One or several outputs as a list."""
    return [outputs] if isinstance(outputs, Tensor) else list(outputs)


def train(trial: Trial, kind: torch.dtype) -> None:
    """One step of training, as `precision` does it: loss, gradients, and outputs after it are finite."""
    network = trial.network.train()
    computed = torch.autocast("cpu", kind, enabled=kind != torch.float32)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
    with computed:
        loss = torch.stack([one.float().square().mean() for one in listed(network(*trial.inputs))]).sum()
    torch.autograd.backward(loss)
    lost = [name for name, weight in network.named_parameters() if weight.grad is None]
    assert not lost, f"no gradient reaches {lost[0]}"
    broken = [
        name for name, weight in network.named_parameters() if weight.grad is not None and not all_finite(weight.grad)
    ]
    assert not broken, f"the gradient of {broken[0]} is not finite"
    optimizer.step()
    with computed:
        assert all(map(all_finite, [loss, *listed(network(*trial.inputs))])), "an output is not finite"


def all_finite(tensor: Tensor) -> bool:
    """Whether a tensor has neither NaN nor infinity."""
    return bool(tensor.isfinite().all())


def write_code(trial: Trial) -> None:
    """The generated code computes the same."""
    file = trial.folder / "network.py"
    file.write_text(code(plan_of(trial.network)), encoding="utf-8")
    found = importlib.util.spec_from_file_location("network", file)
    assert found is not None and found.loader is not None, "a file that exists"
    module: Any = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    written = module.UNet().eval()
    written.load_state_dict(trial.network.state_dict())
    with torch.no_grad():
        pairs = zip(listed(written(*trial.inputs)), listed(trial.network.eval()(*trial.inputs)), strict=True)
    assert all(torch.equal(*pair) for pair in pairs), "the generated code gives another output"


def compile_whole(trial: Trial) -> None:
    """The network compiles as one graph, and computes the same."""
    network = for_inference(trial.network).eval()
    compiled: Any = torch.compile(network, backend="aot_eager", fullgraph=True)
    with torch.no_grad():
        pairs = zip(listed(compiled(*trial.inputs)), listed(network(*trial.inputs)), strict=True)
    for found, expected in pairs:
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


TRIALS: dict[str, Callable[[Trial], None]] = {
    "float32": lambda trial: train(trial, torch.float32),
    "bfloat16": lambda trial: train(trial, torch.bfloat16),
    "code": write_code,
    "compile": compile_whole,
    "torch": lambda trial: void(export(trial.network, trial.folder / "network.pt2", "torch")),
    "onnx": lambda trial: void(export(trial.network, trial.folder / "network.onnx", "onnx")),
}
"""The trials by name, in order."""


def void(result: object) -> None:
    """Nothing, of a trial that raises where it fails."""
