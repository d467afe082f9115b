"""Models with several outputs: what they give in each mode, copies, and files."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import torch

import unetkit
from unetkit.model import for_inference

VALUES: dict[str, Any] = {
    "unetkit": 1,
    "in_channels": 1,
    "out_channels": 2,
    "channels": [4, 8, 16],
    "heads": {"output": {}, "level_1": {"at": 1, "when": "training"}},
}
IMAGE = torch.linspace(-1, 1, 256).reshape(1, 1, 16, 16)


def test_outputs_for_training_are_left_out_in_evaluation_mode() -> None:
    model = unetkit.build(VALUES, seed=0)
    assert model(IMAGE)._fields == ("output", "level_1")
    assert isinstance(model.eval()(IMAGE), torch.Tensor)
    assert model.train()(IMAGE)._fields == ("output", "level_1")


def test_the_inference_network_shares_its_weights_and_computes_the_same() -> None:
    model = unetkit.build(VALUES, seed=0).eval()
    alone = for_inference(model)
    assert torch.equal(alone(IMAGE), model(IMAGE))
    assert not any(module.training for module in alone.modules())
    assert alone.plan == model.plan.for_inference()
    shared = dict(model.named_parameters())
    assert all(weight is shared[name] for name, weight in alone.named_parameters())
    assert set(shared) - {name for name, _ in alone.named_parameters()} == {
        "heads.level_1.conv1.weight",
        "heads.level_1.conv1.bias",
    }
    assert for_inference(alone) is alone


def test_a_copy_keeps_all_outputs() -> None:
    model = unetkit.build(VALUES, seed=0).eval()
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):  # noqa: S301 - made here
        assert torch.equal(copied(IMAGE), model(IMAGE))
        outputs = copied.train()(IMAGE)
        assert outputs._fields == ("output", "level_1")
        again = pickle.loads(pickle.dumps(outputs))  # noqa: S301 - made here
        assert torch.equal(again.level_1, outputs.level_1)
    assert copy.copy(model).train()(IMAGE)._fields == ("output", "level_1")


def test_a_file_has_the_outputs_of_inference_unless_all_are_asked_for(tmp_path: Path) -> None:
    model = unetkit.build(VALUES, seed=0)
    alone = unetkit.load_model(unetkit.save(model, tmp_path / "alone.safetensors"))
    assert tuple(alone.plan.outputs) == ("output",)  # type: ignore[union-attr,arg-type]
    assert torch.equal(alone(IMAGE), model.eval()(IMAGE))
    whole = unetkit.load_model(unetkit.save(model, tmp_path / "whole.safetensors", training_outputs=True))
    assert tuple(whole.plan.outputs) == ("output", "level_1")  # type: ignore[union-attr,arg-type]
    assert torch.equal(whole(IMAGE), model(IMAGE))


def test_gradients_reach_the_network_from_every_output() -> None:
    model = unetkit.build(VALUES, seed=0)
    model(IMAGE).level_1.sum().backward()
    assert model.get_parameter("decoder.1.block.conv1.weight").grad is not None
    assert model.get_parameter("decoder.0.block.conv1.weight").grad is None
