"""Plans of nnU-Net: their networks compute what nnU-Net's own do, and a plan that is none is a fault with its place."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import unetkit
from tests.nnunet.examples import NETWORKS, new_network, plans
from tests.published.weights import with_random_weights
from tests.support.commandline import answer, run
from unetkit.data import load_data
from unetkit.errors import SpecError, UnetkitError
from unetkit.model import for_inference
from unetkit.model.importing import Checkpoint, import_weights
from unetkit.nnunet import plan_files, read_plan

CONFIGURATIONS = {"2d": 2, "3d_lowres": 3, "3d_fullres": 3}


def file_of(values: object, folder: Path) -> Path:
    path = folder / "plans.json"
    path.write_text(json.dumps(values, indent="\t"), encoding="utf-8")
    return path


def theirs(network: str, dims: int, **changed: Any) -> nn.Module:
    """The network that nnU-Net builds from the arguments of a plan."""
    from dynamic_network_architectures.architectures import unet

    arguments = new_network(network, dims)["architecture"]["arch_kwargs"] | changed
    kinds = {
        "conv_op": getattr(nn, f"Conv{dims}d"),
        "norm_op": getattr(nn, f"InstanceNorm{dims}d"),
        "nonlin": nn.LeakyReLU,
    }
    made: nn.Module = getattr(unet, network)(**{**arguments, **kinds}, input_channels=2, num_classes=2)
    return made


def inference_parameters(network: Any) -> int:
    """The parameters of a network of nnU-Net without its heads for supervision, which it always has."""
    extra = sum(weight.numel() for weight in network.decoder.seg_layers[:-1].parameters())
    return int(sum(weight.numel() for weight in network.parameters()) - extra)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_spec_of_a_plan_computes_what_the_network_of_nnunet_does(network: str, name: str, tmp_path: Path) -> None:
    dims = CONFIGURATIONS[name]
    found = plan_files(read_plan(file_of(plans(network), tmp_path), name)).network
    other = with_random_weights(theirs(network, dims))
    assert found.parameters == inference_parameters(other)
    ours = for_inference(import_weights(Checkpoint(Path("w.pth"), "", other.state_dict()), found.spec).model)
    image = torch.rand(1, 2, *[16, 32, 32][-dims:], generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected, computed = other(image), ours(image)
    assert (expected - computed).abs().max() <= 1e-5 * (expected.max() - expected.min())


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_old_and_new_keys_of_a_plan_are_the_same_network(network: str, name: str, tmp_path: Path) -> None:
    digests = {
        plan_files(read_plan(file_of(plans(network, old=old), tmp_path), name)).network.digest for old in (True, False)
    }
    assert len(digests) == 1


def test_another_number_of_channels_in_the_stem_and_numbers_for_all_stages_are_read(tmp_path: Path) -> None:
    values = plans("ResidualEncoderUNet")
    changed = {"stem_channels": 6, "n_blocks_per_stage": 2, "kernel_sizes": 3, "strides": [1, 2, 2]}
    values["configurations"]["2d"]["architecture"]["arch_kwargs"] |= changed
    found = plan_files(read_plan(file_of(values, tmp_path), "2d")).network
    other = theirs("ResidualEncoderUNet", 2, **changed)
    assert found.parameters == inference_parameters(other)


def test_the_command_writes_files_that_load_and_lists_what_is_open(tmp_path: Path) -> None:
    path, folder = file_of(plans(), tmp_path), tmp_path / "out"
    labels = {"background": 0, "liver": 1, "tumour: large": 3, "ignore": 4}
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": labels, "channel_names": {"0": "CT"}}))
    values = answer("import-nnunet", path, "-o", folder, "--dataset", tmp_path / "dataset.json")
    spec = unetkit.load(folder / "network.yaml")
    assert (spec.dims, spec.in_channels, spec.out_channels) == (3, 2, 3)
    assert unetkit.plan(spec).parameters == values["parameters"]
    data = yaml.safe_load((folder / "data.yaml").read_text(encoding="utf-8"))
    assert data["classes"] == ["background", "liver", {"name": "tumour: large", "values": [3]}] and data["ignore"] == 4
    assert data["spacing"] == [3.0, 0.5, 0.5] and data["orientation"] == "SAR"
    assert data["normalization"] == {"type": "dataset", "mean": [90.5, 5.5], "std": [40.0, 4.0]}
    assert load_data(folder / "data.yaml").dims == 3
    training = yaml.safe_load((folder / "run.yaml").read_text(encoding="utf-8"))["training"]
    assert training["patch"] == [16, 32, 32] and training["batch"] == 2
    told = " ".join(values["open"])
    assert "-850.5 … 620" in told and "classes" not in told and "axes" in told
    assert "dataset.json has their names" in run("import-nnunet", path, "-o", tmp_path / "other").stdout


@pytest.mark.parametrize(
    ("schemes", "written"),
    [
        (["ZScoreNormalization"] * 2, "image"),
        (["NoNormalization"] * 2, "none"),
        (["RGBTo01Normalization"] * 2, {"type": "dataset", "mean": [0.0, 0.0], "std": [255.0, 255.0]}),
        (["ZScoreNormalization", "CTNormalization"], None),
    ],
)
def test_the_normalization_of_all_channels_is_written_or_said_to_be_open(
    schemes: list[str], written: object, tmp_path: Path
) -> None:
    values = plans()
    values["configurations"]["2d"]["normalization_schemes"] = schemes
    files = plan_files(read_plan(file_of(values, tmp_path), "2d"))
    assert yaml.safe_load(files.data).get("normalization") == written
    assert any("one for all channels" in line for line in files.open) == (written is None)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("architecture.network_class_name", "os.system", "'os.system' is none of the networks that are known"),
        ("architecture.network_class_name", "dynamic_network_architectures.x.PlainConvUNet", "none of the networks"),
        ("architecture.arch_kwargs.conv_op", "builtins.eval", "'builtins.eval' is no convolution of torch"),
        ("architecture.arch_kwargs.n_stages", 4, "kernel_sizes has 3 entries for 4 stages"),
        ("architecture.arch_kwargs.n_stages", 10**9, "n_stages: 1000000000 is not"),
        ("architecture.arch_kwargs.strides", [[2, 2], [2, 2], [2, 2]], "the first stage has a stride"),
        ("architecture.arch_kwargs.kernel_sizes", [[3, 3], [2, 2], [3, 3]], "the kernel of stage 1 is even"),
        ("architecture.arch_kwargs.kernel_sizes", [[3, 3], [3], [3, 3]], "[3] has 1 numbers for 2 axes"),
        ("architecture.arch_kwargs.dropout_op", "torch.nn.Dropout2d", "the dropout of nnU-Net stands between"),
        ("architecture.arch_kwargs.nonlin", "torch.nn.Hardtanh", "no activation that is known"),
        ("architecture.arch_kwargs.nonlin_kwargs", {"slope": 1}, "slope = 1 has no counterpart"),
        ("architecture.arch_kwargs.nonlin_kwargs", {"negative_slope": "0}]"}, "is no number"),
        ("architecture.arch_kwargs.norm_op_kwargs", {"eps": 7}, "no spec can say this"),
        ("architecture.arch_kwargs.features", [1], "there is no key 'features' here"),
        ("architecture.arch_kwargs", 3, "arch_kwargs: 3 is not"),
        ("spacing", [1.0], "spacing has 1 numbers for 2 axes"),
        ("batch_size", "two", 'batch_size: "two" is not'),
        ("inherits_from", "2d", "2d inherits from itself"),
        ("inherits_from", "4d", "there is no configuration '4d' with keys"),
        ("previous_stage", "3d_lowres", "also takes the result of 3d_lowres"),
    ],
)
def test_a_wrong_plan_is_a_fault_with_place_rule_and_cure(path: str, value: object, told: str, tmp_path: Path) -> None:
    values = plans()
    at = values["configurations"]["2d"]
    *inside, last = path.split(".")
    for key in inside:
        at = at[key]
    at[last] = value
    message = run(
        "import-nnunet", file_of(values, tmp_path), "--configuration", "2d", "-o", tmp_path / "o", code=1
    ).stderr
    assert told in message, message
    assert "plans.json:" in message and message.count("\n") >= 2
    assert not (tmp_path / "o").exists()


def test_a_cascade_and_an_unknown_configuration_are_refused_and_json_that_is_none_too(tmp_path: Path) -> None:
    path = file_of(plans(), tmp_path)
    assert (
        "Choose another configuration"
        in run("import-nnunet", path, "--configuration", "3d_cascade_fullres", "-o", tmp_path, code=1).stderr
    )
    wrong = run("import-nnunet", path, "--configuration", "3d_fulres", "-o", tmp_path, code=1).stderr
    assert "Did you mean: 3d_fullres?" in wrong
    for text in (
        "",
        "[]",
        "{",
        '{"configurations": {}}',
        '{"extends": "/etc/passwd"}',
        "[" * 100_000,
        '{"a": 1, "a": 2}',
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(SpecError):
            read_plan(path)
    with pytest.raises(SpecError, match="cannot be read"):
        read_plan(tmp_path / "missing.json")


PLACES = [
    ("spacing",), ("patch_size",), ("normalization_schemes",), ("architecture",), ("architecture", "arch_kwargs"),
    *(("architecture", "arch_kwargs", key) for key in new_network("PlainConvUNet", 2)["architecture"]["arch_kwargs"]),
]  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 40) | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(PLACES), VALUES)
def test_any_value_anywhere_is_read_or_refused(tmp_path_factory: Any, place: tuple[str, ...], value: object) -> None:
    values = plans()
    at = values["configurations"]["2d"]
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    with suppress(UnetkitError):
        plan_files(read_plan(file_of(values, tmp_path_factory.mktemp("plans")), "2d"))
