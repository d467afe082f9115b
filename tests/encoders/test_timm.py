"""Encoders of timm: the same maps at each level with the same weights, measured once, usable as all others."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

import unetkit
from unetkit.codegen import code
from unetkit.draw import svg
from unetkit.encoders.timm import facts
from unetkit.encoders.timm.stage import library
from unetkit.export import export
from unetkit.model.network import for_inference
from unetkit.wrapping import measure
from unetkit.wrapping.cache import folder

MODELS = {
    "test_resnet": ((0, 1), (32, 2), (32, 4), (48, 8), (192, 16), (96, 32)),
    "test_efficientnet": ((0, 1), (16, 2), (24, 4), (32, 8), (48, 16), (64, 32)),
    "test_convnext": ((0, 1), (0, 2), (24, 4), (32, 8), (48, 16), (64, 32)),
}
"""The channels and the stride of each level."""


@pytest.fixture(scope="module", autouse=True)
def _measured_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache of measurements of this module's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(measure, "_PROBED", 20)  # sizes enough for the strides of these models
        yield


def spec(name: str, in_channels: int = 3, **parameters: object) -> unetkit.Spec:
    return unetkit.load(
        {
            "unetkit": 1,
            "in_channels": in_channels,
            "out_channels": 2,
            "encoder": {"type": "timm", "name": name, **parameters},
            "block": "single_conv",
        }
    )


def of_level(name: str) -> str:
    """The name of a weight of an encoder below the operation of its level."""
    return name.split(".", 3)[3]


def maps(model: torch.nn.Module, image: Tensor) -> list[Tensor]:
    """The map of each level that has one."""
    found: list[Tensor] = []
    hooks = [
        model.get_submodule(call.scope).register_forward_hook(lambda module, given, output: found.append(output))
        for call in unetkit.plan(model.spec).calls  # type: ignore[arg-type]  # a network has its spec
        if call.slot == "encoder"
    ]
    with torch.no_grad():
        model(image)
    for hook in hooks:
        hook.remove()
    return found


@pytest.mark.parametrize("name", MODELS)
def test_maps_equal_those_of_timm(name: str) -> None:
    torch.manual_seed(0)
    model = unetkit.build(spec(name)).eval()
    other: Any = library().create_model(name, features_only=True).eval()
    weights = {of_level(key): value for key, value in model.state_dict().items() if key.startswith("encoder.")}
    joined = {key if key in other.state_dict() else key.replace(".", "_", 1): value for key, value in weights.items()}
    assert not other.load_state_dict(joined, strict=False).unexpected_keys
    image = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        expected = other(image)
    found = maps(model, image)
    assert len(found) == len(expected)
    assert all(torch.equal(one, two) for one, two in zip(found, expected, strict=True))


@pytest.mark.parametrize("name", MODELS)
def test_levels_are_those_of_the_model(name: str) -> None:
    encoder = spec(name).encoder
    assert encoder is not None
    assert tuple(tuple(level) for level in encoder.pyramid) == MODELS[name]


def test_the_plan_says_what_was_measured_and_what_the_network_is() -> None:
    plan = unetkit.plan(spec("test_resnet"))
    assert plan.measured == tuple(f"encoder.{level}.stage" for level in range(1, 6))
    model = unetkit.build(spec("test_resnet"))
    assert sum(weight.numel() for weight in model.parameters()) == plan.parameters
    assert "(measured)" in svg(plan.at((64, 64)))


def test_it_is_measured_once_and_then_planned_without_torch() -> None:
    unetkit.plan(spec("test_resnet")).at((64, 64)).macs  # noqa: B018 - measures
    values = spec("test_resnet").resolve()
    script = f"import sys, unetkit; plan = unetkit.plan(unetkit.load({values!r})); plan.at((64, 64)).macs; "
    script += "assert not {'torch', 'timm'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff", b"[" * 100_000])
def test_a_damaged_measurement_is_made_anew(damage: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    whole = facts.model_facts("test_resnet")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    file = folder() / "one.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(damage)
    assert facts._kept("one", facts.ModelFacts, lambda: whole) == whole
    assert facts.ModelFacts.model_validate_json(file.read_bytes()) == whole


def test_weights_come_from_a_file_of_the_whole_model_and_stay_where_they_are_frozen(tmp_path: Path) -> None:
    torch.manual_seed(1)
    whole: Any = library().create_model("test_resnet")
    file = tmp_path / "weights.safetensors"
    save_file(whole.state_dict(), file)
    model = unetkit.build(spec("test_resnet", weights=str(file), freeze=[1, 2]))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    given = whole.state_dict()
    assert all(torch.equal(before[key], given[of_level(key)]) for key in before if key.startswith("encoder."))
    model.train()
    optimizer = torch.optim.SGD([one for one in model.parameters() if one.requires_grad], lr=0.1)
    loss: Any = model(torch.randn(2, 3, 64, 64)).square().mean()
    loss.backward()
    optimizer.step()
    for key, value in model.state_dict().items():
        frozen = key.startswith(("encoder.1.", "encoder.2."))
        assert torch.equal(value, before[key]) or not frozen, key
    assert any(not torch.equal(value, before[key]) for key, value in model.state_dict().items() if "encoder.3" in key)


def test_it_is_saved_exported_compiled_and_written_as_code(tmp_path: Path) -> None:
    model = unetkit.build(spec("test_resnet", in_channels=1), seed=0).eval()
    image = torch.randn(2, 1, 64, 64)
    with torch.no_grad():
        expected = model(image)
        unetkit.save(model, tmp_path / "model.safetensors")
        assert torch.equal(unetkit.load_model(tmp_path / "model.safetensors").eval()(image), expected)
        compiled: Any = torch.compile(for_inference(model), backend="aot_eager", fullgraph=True)
        torch.testing.assert_close(compiled(image), expected, rtol=1e-3, atol=1e-4)
        space: dict[str, Any] = {}
        exec(code(unetkit.plan(model.spec)), space)  # noqa: S102 - what unetkit wrote
        written = space["UNet"]().eval()
        written.load_state_dict(model.state_dict())
        assert torch.equal(written(image), expected)
    export(model, tmp_path / "model.onnx", "onnx")


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"name": "resnet1800"}, "timm has no model 'resnet1800'"),
        ({"name": "test_resnet.r160_in1k"}, "Write name: test_resnet, weights: r160_in1k."),
        ({"name": "test_resnet", "weights": "no_such_tag"}, "there are no weights no_such_tag"),
        ({"name": "test_vit"}, "does not compute its maps one after the other"),
    ],
)
def test_what_cannot_be_is_one_clear_error(parameters: dict[str, Any], told: str) -> None:
    with pytest.raises(unetkit.SpecError, match=told):
        spec(**parameters)


def test_without_timm_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "_version", lambda: None)
    with pytest.raises(unetkit.SpecError, match=r"pip install 'unetkit\[timm\]'"):
        spec("test_resnet")


def test_a_tag_names_weights_on_the_hub() -> None:
    encoder = spec("test_resnet", weights="r160_in1k").encoder
    assert encoder is not None
    assert encoder.address == "hf://timm/test_resnet.r160_in1k/model.safetensors"
