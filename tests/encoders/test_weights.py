"""The weights that an encoder begins with, from torchvision's own files; levels that stay frozen."""

from __future__ import annotations

import copy
import json
import pickle
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

import unetkit
from tests.support.photos import CPU, trained, values, write_photos
from unetkit.checkpoint import ImportWeightsError
from unetkit.errors import FileError, SpecError
from unetkit.model import pretrained
from unetkit.model.network import Network
from unetkit.model.weights import Uninitialized
from unetkit.train import load_run, train_run

DECODER = {"channels": [4, 4, 4, 4, 4]}


@pytest.fixture(scope="module")
def theirs() -> nn.Module:
    torch.manual_seed(0)
    network: nn.Module = torchvision.models.resnet18()
    for name, buffer in network.named_buffers():  # so that running values are no constants
        if "running" in name:
            nn.init.uniform_(buffer, 0.5, 1.5)
    return network


@pytest.fixture(scope="module")
def file(theirs: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.save(theirs.state_dict(), path)
    return path


def spec(file: object, in_channels: int = 3, **encoder: Any) -> dict[str, Any]:
    own = {"type": "resnet18", "weights": str(file), **encoder}
    return {"unetkit": 1, "in_channels": in_channels, "out_channels": 2, "encoder": own, "decoder": DECODER}


def encoder_weights(model: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Yields the weights of the encoder by the names that they have in torchvision."""
    return ((key.split(".", 2)[2], tensor) for key, tensor in model.state_dict().items() if key.startswith("encoder."))


@pytest.mark.parametrize("kind", ["pth", "safetensors"])
def test_an_encoder_begins_with_the_weights_of_a_local_file(
    kind: str, theirs: nn.Module, file: Path, tmp_path: Path
) -> None:
    if kind == "safetensors":
        save_file(theirs.state_dict(), tmp_path / "resnet18.safetensors")
        file = tmp_path / "resnet18.safetensors"
    model = unetkit.build(spec(file))
    known = theirs.state_dict()
    assert all(torch.equal(tensor, known[name]) for name, tensor in encoder_weights(model))
    origin = (str(file), file.name, sha256(file.read_bytes()).hexdigest())
    assert model.origin == origin
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):  # noqa: S301 - its own
        assert other.origin == origin
    saved = unetkit.save(model, tmp_path / "model.safetensors")
    with safe_open(saved, framework="pt") as opened:
        assert json.loads(opened.metadata()["encoder_weights"])["sha256"] == origin[2]
    loaded = unetkit.load_model(saved)
    assert isinstance(loaded, Network)
    assert loaded.origin == origin


@pytest.mark.parametrize("name", ["convnext_tiny", "densenet121", "swin_t"])
def test_weights_with_other_names_and_shapes_come_from_a_file_of_torchvision(name: str, tmp_path: Path) -> None:
    with Uninitialized():
        given = getattr(torchvision.models, name)().state_dict()
    if name == "densenet121":  # the files that torchvision offers have names with a dot
        given = {re.sub(r"(norm|conv)([12])\.", r"\1.\2.", key): tensor for key, tensor in given.items()}
    save_file({key: tensor.contiguous().zero_() + 1 for key, tensor in given.items()}, tmp_path / "file.safetensors")
    encoder = {"type": name, "weights": str(tmp_path / "file.safetensors")}
    model = unetkit.build({"unetkit": 1, "in_channels": 3, "out_channels": 2, "encoder": encoder, "decoder": DECODER})
    assert all(bool((tensor == 1).all()) for _, tensor in encoder_weights(model))


def test_planning_reads_no_weights(tmp_path: Path) -> None:
    unetkit.plan(unetkit.load(spec(tmp_path / "missing.pth")))
    unetkit.build(spec(tmp_path / "missing.pth"), pretrained=False)
    with pytest.raises(FileError, match="missing.pth"):
        unetkit.build(spec(tmp_path / "missing.pth"))


def test_a_relative_file_is_one_beside_the_spec(file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = f"unetkit: 1\nin_channels: 3\nout_channels: 2\nencoder: {{type: resnet18, weights: {file.name}}}\n"
    (file.parent / "net.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    loaded = unetkit.load(file.parent / "net.yaml")
    assert loaded.encoder is not None
    assert loaded.encoder.weights == str(file)
    assert unetkit.load(loaded.resolve()) == loaded


@pytest.mark.parametrize("how", ["auto", "sum", "repeat", "new"])
@pytest.mark.parametrize("channels", [1, 4])
def test_weights_are_adapted_to_other_channels(how: str, channels: int, theirs: nn.Module, file: Path) -> None:
    model = unetkit.build(spec(file, channels, adapt=how))
    known, own = theirs.state_dict()["conv1.weight"], dict(encoder_weights(model))["conv1.weight"]
    assert own.shape == (64, channels, 7, 7)
    if how == "new":
        assert not torch.allclose(own.sum(1), known.sum(1))
    elif how == "sum" or (how, channels) == ("auto", 1):
        torch.testing.assert_close(own, known.sum(1, keepdim=True).expand_as(own) / channels)
    else:
        torch.testing.assert_close(own, known[:, [one % 3 for one in range(channels)]] * 3 / channels)


def test_the_weights_of_another_network_are_refused(file: Path, tmp_path: Path) -> None:
    for kind, message in (("resnet34", "layer1.2.conv1.weight is missing"), ("vgg11", "features.0.weight is missing")):
        with pytest.raises(FileError, match="do not fit") as caught:
            unetkit.build(spec(file) | {"encoder": {"type": kind, "weights": str(file)}})
        assert message in caught.value.faults[0].lines
    save_file(torchvision.models.resnet34().state_dict(), tmp_path / "resnet34.safetensors")
    with pytest.raises(FileError) as caught:  # all weights of ResNet-18 are in it, with their shapes
        unetkit.build(spec(tmp_path / "resnet34.safetensors"))
    assert "layer1.2.bn1.weight has no place" in caught.value.faults[0].lines


def test_a_file_with_another_hash_is_refused(file: Path) -> None:
    digest = sha256(file.read_bytes()).hexdigest()
    assert unetkit.build(spec(file, sha256=digest)).origin
    with pytest.raises(FileError, match="another file than expected"):
        unetkit.build(spec(file, sha256="0" * 64))


def test_published_weights_come_from_the_cache_of_torch_hub(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(pretrained, "urlopen", refused)
    cached = tmp_path / "hub" / "checkpoints" / "resnet18-f37072fd.pth"
    with pytest.raises(FileError, match="resnet18-f37072fd.pth is not on this machine") as caught:
        unetkit.build(spec("IMAGENET1K_V1"))
    assert str(cached) in caught.value.faults[0].cure
    assert not list(cached.parent.iterdir())
    cached.write_bytes(file.read_bytes())
    with pytest.raises(FileError, match="another file than expected"):
        unetkit.build(spec("IMAGENET1K_V1"))


def refused(*_: Any, **__: Any) -> None:
    raise OSError("no network")


def test_a_published_name_that_does_not_exist_is_a_fault_of_the_spec() -> None:
    with pytest.raises(SpecError, match="no weights IMAGENET1K_V7"):
        unetkit.load(spec("IMAGENET1K_V7"))


def test_frozen_levels_have_no_gradient_and_stay_in_evaluation_mode(file: Path) -> None:
    model = unetkit.build(spec(file, freeze=[1, 2])).train()
    frozen = [name for name, weight in model.named_parameters() if not weight.requires_grad]
    assert {name.split(".")[1] for name in frozen} == {"1", "2"}
    assert not model.get_submodule("encoder.1.bn1").training
    assert model.get_submodule("encoder.3.layer2.0.bn1").training
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):  # noqa: S301 - its own
        other.eval().train()
        assert not other.get_submodule("encoder.2.layer1.0.bn1").training
    model.freeze(())
    assert all(weight.requires_grad for weight in model.parameters())
    assert model.get_submodule("encoder.1.bn1").training


def run_values(photos: Path, file: Path, **training: Any) -> dict[str, Any]:
    said = values(photos, patch=32, **training)
    return said | {"spec": spec(file, 1, freeze=[1, 2, 3])}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photos(tmp_path_factory.mktemp("photos"))


def changed(before: nn.Module, folder: Path) -> set[str]:
    """The levels of the encoder with a weight, or a running value, that is not what it was."""
    after, known = load_file(folder / "last.safetensors"), before.state_dict()
    moved = [name for name in after if name.startswith("encoder.") and not torch.equal(after[name], known[name])]
    return {name.split(".")[1] for name in moved}


def test_frozen_weights_are_bit_equal_after_a_training(photos: Path, file: Path, tmp_path: Path) -> None:
    said = run_values(photos, file)
    before = unetkit.build(said["spec"])
    trained(said, tmp_path / "run")
    assert changed(before, tmp_path / "run") == {"4", "5"}


def test_levels_are_unfrozen_at_their_step(photos: Path, file: Path, tmp_path: Path) -> None:
    said = run_values(photos, file, unfreeze={2: [3], 3: [2]})
    before = unetkit.build(said["spec"])
    trained(said, tmp_path / "run")
    assert changed(before, tmp_path / "run") == {"2", "3", "4", "5"}
    trained(run_values(photos, file, unfreeze={4: [3]}), tmp_path / "late")  # there are steps 0 to 3
    assert changed(before, tmp_path / "late") == {"4", "5"}


def test_parts_have_learning_rates_of_their_own(photos: Path, file: Path, tmp_path: Path) -> None:
    said = run_values(photos, file, learning_rates={"encoder": 1e-9}, optimizer={"type": "sgd"}, clip=None)
    before = unetkit.build(said["spec"], seed=0).state_dict()
    train_run(load_run(said), tmp_path / "run", machine=CPU, progress=False)
    after = load_file(tmp_path / "run" / "last.safetensors")
    learned = [name for name in after if "running" not in name and "num_batches" not in name]
    moved = {name: float((after[name] - before[name]).abs().max()) for name in learned}
    assert max(moved[name] for name in learned if name.startswith("encoder.")) < 1e-6
    assert max(moved[name] for name in learned if name.startswith("decoder.")) > 1e-5


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"unfreeze": {2: [4]}}, "level 4 of the encoder is not frozen"),
        ({"unfreeze": {2: [3], 3: [3]}}, "level 3 of the encoder is not frozen at step 3"),
        ({"learning_rates": {"bottleneck": 0.1}}, "the network has no bottleneck"),
    ],
)
def test_settings_of_parts_that_say_nothing_are_faults(
    training: dict[str, Any], message: str, photos: Path, file: Path
) -> None:
    with pytest.raises(SpecError, match=message):
        load_run(run_values(photos, file, **training))


def test_the_settings_of_parts_stand_in_the_canonical_form(photos: Path, file: Path) -> None:
    said = run_values(photos, file, unfreeze={2: [3]}, learning_rates={"encoder": 0.1})
    run = load_run(said)
    form = run.resolve()["training"]
    assert form["unfreeze"] == {2: [3]}
    assert form["learning_rates"] == {"encoder": 0.1}
    assert load_run(run.resolve()).resolve() == run.resolve()
    assert not {"unfreeze", "learning_rates"} & load_run(run_values(photos, file)).resolve()["training"].keys()


def test_weights_in_an_older_format_say_how_to_save_them_again(theirs: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "resnet18.pth"
    torch.save(theirs.state_dict(), path, _use_new_zipfile_serialization=False)
    with pytest.raises(ImportWeightsError, match=r"before 1\.6(.|\n)*torch\.save\. Then name that file in encoder"):
        unetkit.build(spec(path))
