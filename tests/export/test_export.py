"""Exported files compute what the network computes, carry its spec, and are written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import unetkit
from tests.support.campaign import share
from tests.support.commandline import answer, run
from tests.support.narrow import NARROW, narrow
from unetkit.data import Normalization
from unetkit.errors import FileError, UnetkitError
from unetkit.export import Content, ExportError, InputScaling, export, open_exported
from unetkit.export.exporting import TOLERANCE, Check, compare, refuse_difference, sizes_to_check
from unetkit.export.onnxfile import onnx_bytes, open_onnx
from unetkit.export.openvinofile import open_openvino, write_openvino
from unetkit.export.sizes import from_json, taken
from unetkit.export.tracing import traced
from unetkit.language import shipped
from unetkit.model import for_inference, plan_of
from unetkit.tiling import InferenceError
from unetkit.trained.modelfile import Trained
from unetkit.trained.predictor import PredictOptions, open_predictor

pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")
pytest.importorskip("openvino")

NAMES = {"onnx": "model.onnx", "openvino": "model"}
SMALL = "channels=[4, 8, 8]"


def without(*levels: int) -> list[str]:
    """The overrides that remove the settings of levels."""
    return [f"levels.{level}=null" for level in levels]


FEW = {
    "unet-milesial-bilinear": ["channels=[4, 8]", "decoder.channels=[4]"],
    "unet-nnunet": [SMALL],  # the levels between are its own case
    "unet-smp-vgg13": [SMALL, "decoder.channels=[2, 4]"],
    "resnet34-linknet": NARROW["resnet34-linknet"],
    "resnet34-unet": NARROW["resnet34-unet"],
    "segresnet": ["channels=[8, 8]", *without(1, 2, 3)],
    "unet-nnunet-resenc": [SMALL, *without(2, 3, 4)],
}
"""What makes specs small that two levels are not enough for, or that say what their levels or channels are."""


def few(name: str) -> unetkit.Spec:
    """Returns a shipped spec with few channels, and where that is easily said with few levels."""
    if name in FEW or shipped()[name].parent.name == "unet":
        return unetkit.load(name, FEW.get(name, ["channels=[4, 8]"]))
    return narrow(name)


FAMILIES = (
    *(name for name, file in shipped().items() if file.parent.name == "unet"),
    "attention-unet", "fc-siam-diff", "half-unet", "mednext-s-k3", "n2v2", "pix2pix-256", "r2u-net", "resnet34-unet",
    "segnet", "segresnet", "stardist-2d", "unet-nnunet", "unet-plus-plus-zju", "wave-u-net",
)  # fmt: skip
"""The plain U-Nets, and one network of each of most other families; vectors have tests of their own."""


@pytest.mark.parametrize("name", share(FAMILIES, of=5))
def test_onnx_and_openvino_files_compute_what_the_network_computes(name: str, tmp_path: Path) -> None:
    model = for_inference(unetkit.build(few(name), seed=1)).eval()
    plan = plan_of(model)
    sizes = taken(plan)
    levels = InputScaling((120.0,) * plan.spec.in_channels, (30.0,) * plan.spec.in_channels)
    content = Content.of(plan, sizes, levels, {})
    onnx = onnx_bytes(traced(model, plan, levels, sizes), content)
    (tmp_path / "model.onnx").write_bytes(onnx)
    write_openvino(onnx, content, tmp_path / "model")
    for metadata, run_file in (open_onnx(tmp_path / "model.onnx"), open_openvino(tmp_path / "model")):
        assert metadata == content.metadata
        checks = tuple(compare(model, levels, run_file, size) for size in sizes_to_check(plan, sizes))
        assert len({check.size for check in checks}) == 3
        assert all(check.difference <= TOLERANCE * check.range for check in checks)


@pytest.mark.parametrize(
    "overrides", [["norm=instance"], ["norm={type: group, groups: 2}"], ["block.squeeze_excite=1", "norm=none"]]
)
def test_means_over_large_images_keep_their_precision(overrides: list[str], tmp_path: Path) -> None:
    model = unetkit.build(
        unetkit.load("unet-small", ["channels=[4, 4]", "block.type=single_conv", *overrides]), seed=1
    ).eval()
    plan = unetkit.plan(model.spec)
    content = Content.of(plan, taken(plan), None, {})
    onnx = onnx_bytes(traced(model, plan, None, taken(plan)), content)
    (tmp_path / "model.onnx").write_bytes(onnx)
    write_openvino(onnx, content, tmp_path / "model")
    for _, run_file in (open_onnx(tmp_path / "model.onnx"), open_openvino(tmp_path / "model")):
        check = compare(model, None, run_file, (2048, 1024))
        assert check.difference <= 2e-6 * check.range


@pytest.mark.parametrize("to", ["torch", "onnx", "openvino"])
def test_windows_are_exported_for_one_of_them_and_for_more(to: Any, tmp_path: Path) -> None:
    attending = "[{type: transformer, window: 3}, {type: transformer, window: 3, shifted: true}]"
    spec = unetkit.load("unet-small", ["channels=[4, 4, 8]", f"bottleneck={{block: {attending}}}"])
    done = export(unetkit.build(spec, seed=1), tmp_path / {"torch": "net.pt2", "onnx": "net.onnx"}.get(to, "net"), to)
    assert done.checks[0].size == (12, 12)  # one window at the bottleneck


def test_maps_after_windows_have_as_many_samples_as_a_norm_needs(tmp_path: Path) -> None:
    changes = ["channels=[4, 8]", "norm=instance", "encoder={block: {type: transformer, window: 2}}"]
    done = export(unetkit.build(unetkit.load("unet-small", changes), seed=1), tmp_path / "net.pt2", "torch")
    assert done.checks[0].size == (4, 4)  # two samples at the bottleneck


def saved(folder: Path, *overrides: str) -> Path:
    """Returns a model file of a small network, trained on grey levels about 100."""
    model = unetkit.build(unetkit.load("unet-small", [SMALL, *overrides]), seed=1)
    normalization = Normalization("dataset", (100.0,), (30.0,))
    return Trained(model, normalization, ("background", "grün", "2", "3")).save(folder / "model.safetensors")


@pytest.fixture(scope="module")
def shipment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model file, of a network that pads odd sizes with zeros, and what was exported from it."""
    folder = tmp_path_factory.mktemp("shipment")
    model = saved(folder, "odd_sizes={type: pad, mode: zeros}")
    for to, name in NAMES.items():
        told = run("export", model, "--to", to, "-o", folder / name).stdout
        assert told.splitlines()[:3] == [
            f"file    {folder / name}",
            "input   images as stored; the file normalises them",
            "sizes   from 5",
        ]
    return folder


@pytest.mark.parametrize("to", NAMES)
@pytest.mark.parametrize("tile", [32, "auto"])
def test_an_exported_file_predicts_what_the_model_file_predicts(shipment: Path, to: str, tile: int | str) -> None:
    image = np.random.default_rng(0).integers(0, 255, (75, 52)).astype(np.uint16)
    np.save(shipment / "image.npy", image)
    found: list[Any] = []
    for file in ("model.safetensors", NAMES[to]):
        with open_predictor(shipment / file, PredictOptions(tile=tile, probabilities=True)) as predictor:
            found.append(np.load(predictor.predict_file(shipment / "image.npy", shipment / "out")))
    assert found[0].shape == (4, 75, 52)
    assert np.abs(found[0] - found[1]).max() < TOLERANCE * np.ptp(found[0])


@pytest.mark.parametrize("to", NAMES)
def test_an_exported_file_says_what_the_model_file_says(shipment: Path, to: str) -> None:
    with open_exported(shipment / NAMES[to]) as runner:
        content = runner.content
    assert content.plan.digest == unetkit.plan(unetkit.load_model(shipment / "model.safetensors").spec).digest  # type: ignore[arg-type]
    assert content.metadata["spec"].startswith("unetkit: 1\nname: unet-small\n")
    assert json.loads(content.metadata["signature"])["classes"][1]["name"] == "grün"
    assert content.levels == InputScaling((100.0,), (30.0,))


def test_the_command_prints_json(tmp_path: Path) -> None:
    unetkit.save(unetkit.build(unetkit.load("unet-small", ["channels=[4, 8]"]), seed=1), tmp_path / "model.safetensors")
    told = answer("export", tmp_path / "model.safetensors", "--to", "torch", "-o", tmp_path / "model.pt2")
    assert told["input"] == "images as the network was trained with"
    assert told["sizes"] == [{"least": 4, "period": 2, "remainder": 0}] * 2
    assert [check["size"] for check in told["checks"]] == [[4, 4], [6, 8], [10, 12]]
    assert told["difference"] == 0
    with (
        pytest.raises(ExportError, match="loading it may execute arbitrary code"),
        open_exported(tmp_path / "model.pt2"),
    ):
        pass


def test_circular_padding_has_no_form_in_openvino(tmp_path: Path) -> None:
    block = "{type: double_conv, padding_mode: circular}"
    model = unetkit.build(unetkit.load("unet-small", [SMALL, f"levels.1.encoder.block={block}"]))
    with pytest.raises(ExportError) as caught:
        export(model, tmp_path / "model", "openvino")
    assert [fault.path for fault in caught.value.faults] == ["encoder.1.block.conv1", "encoder.1.block.conv2"]
    assert str(caught.value).splitlines()[:2] == [
        "error[export-operation]: encoder.1.block.conv1: unet-small: OpenVINO has no circular padding",
        "   Choose padding_mode: zeros, reflect or replicate before training, or --to onnx.",
    ]


@pytest.mark.parametrize(
    ("name", "to", "message"),
    [
        ("model.pt2", "onnx", "has the wrong extension\n   Use .onnx."),
        ("model.onnx", "torch", "Use .pt2."),
        ("model.xml", "openvino", "OpenVINO has two files, model.xml and model.bin\n   Give the name of a folder"),
        ("there", "openvino", "is a folder with other files"),
    ],
)
def test_places_that_would_do_harm_are_refused(name: str, to: Any, message: str, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "thesis.tex").touch()
    with pytest.raises(ExportError) as caught:
        export(unetkit.build(unetkit.load("unet-small", [SMALL])), tmp_path / name, to)
    assert message in str(caught.value)
    assert [path.name for path in tmp_path.rglob("*")] == ["there", "thesis.tex"]


def test_a_file_that_computes_something_else_is_refused_and_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = unetkit.plan(unetkit.load("unet-small"))
    with pytest.raises(ExportError) as caught:
        refuse_difference(plan, (Check((8, 16), 3e-3, 2.0),), "onnx")
    assert str(caught.value) == (
        "error[export-differs]: unet-small: at 8×16 the onnx file differs by 3.0e-03 from the network, whose outputs "
        "span 2.0e+00\n   Choose another format."
    )
    monkeypatch.setattr("unetkit.export.exporting.TOLERANCE", -1.0)
    monkeypatch.setattr("unetkit.export.exporting.FLOOR", -1.0)
    with pytest.raises(ExportError, match="differs"):
        export(unetkit.build(unetkit.load("unet-small", ["channels=[4]"])), tmp_path / "model.pt2", "torch")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("scale", [0.0, 1e-6, 1e-3, 1e3])
def test_rounding_is_no_difference_where_outputs_hardly_differ(scale: float, tmp_path: Path) -> None:
    """A head of nearly nothing: the range of the output is smaller than the rounding of what is added to it."""
    model = unetkit.build(unetkit.load("unet-small", [SMALL]), seed=1)
    with torch.no_grad():
        model.get_submodule("head.conv1").weight.mul_(scale)  # type: ignore[operator]
        model.get_submodule("head.conv1").bias.fill_(0.5 * max(1.0, scale))  # type: ignore[operator]
    assert export(model, tmp_path / "model.onnx", "onnx").checks


@pytest.mark.parametrize(
    ("check", "refused"),
    [
        (Check((8, 8), 3.0e-8, 1.0e-5), False),
        (Check((8, 8), 3.0e-8, 0.0), False),
        (Check((8, 8), 1.0e-4, 0.0), True),
        (Check((8, 8), 1.0e-4, 0.0, 1000.0), False),
        (Check((8, 8), 1.0e-5, 1.0e-5), True),
        (Check((8, 8), float("nan"), 1.0), True),
    ],
)
def test_a_difference_counts_from_the_precision_of_the_numbers_on(check: Check, refused: bool) -> None:
    plan = unetkit.plan(unetkit.load("unet-small"))
    if not refused:
        refuse_difference(plan, (check,), "onnx")
        return
    with pytest.raises(ExportError, match="differs by"):
        refuse_difference(plan, (check,), "onnx")


def test_networks_without_sizes_in_steps_are_refused() -> None:
    with pytest.raises(ExportError, match=r"accepts only few sizes \(none\)"):
        taken(unetkit.plan(unetkit.load("unet-2015", ["skip.align=same"])))
    several = ["down={type: strided_conv, kernel: 3}", "odd_sizes=pad"]
    with pytest.raises(ExportError, match=r"pads odd sizes to the remainders 13, 14, 15 modulo 16"):
        taken(unetkit.plan(unetkit.load("unet-2015", several)))


ONE_SIZE = {
    "unetkit": 1,
    "in_channels": 1,
    "out_channels": 1,
    "channels": [4, 8],
    "down": {"type": "max_pool", "kernel": 2},
    "bottleneck": {"block": [{"type": "learned_positions", "size": 4}, "single_conv"]},
}


@pytest.mark.parametrize("to", ["onnx", "torch"])
def test_a_network_of_one_size_is_exported_for_it(to: Any, tmp_path: Path) -> None:
    model = unetkit.build(ONE_SIZE, seed=0)
    found = export(model, tmp_path / f"model.{'onnx' if to == 'onnx' else 'pt2'}", to)
    assert [check.size for check in found.checks] == [(8, 8)]
    assert found.json()["sizes"] == [{"least": 8, "period": 0, "remainder": 0}] * 2
    assert from_json(found.json()["sizes"]) == found.sizes
    if to == "onnx":
        with open_exported(found.path) as runner:
            assert runner.plan.preferred_sizes == found.sizes
            assert runner(torch.rand(1, 8, 8)).shape == (1, 8, 8)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (PredictOptions(dtype="bf16"), "fp32, not in bf16"),
        (PredictOptions(device="cuda"), "run on the CPU, not on cuda"),
    ],
)
def test_what_an_exported_file_cannot_do_is_refused(asked: PredictOptions, message: str, shipment: Path) -> None:
    with pytest.raises(InferenceError, match=message), open_predictor(shipment / "model.onnx", asked):
        pass


@pytest.mark.parametrize("name", ["model.onnx", "model.xml"])
def test_damaged_files_are_refused(name: str, shipment: Path, tmp_path: Path) -> None:
    whole = (shipment / name if name in NAMES.values() else shipment / "model" / name).read_bytes()
    for content in (b"", whole[: len(whole) // 2]):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FileError, match=r"cannot be read|not exported"), open_exported(tmp_path / name):
            pass


@pytest.mark.parametrize(
    ("key", "value"),
    [("sizes", "[]"), ("sizes", "{"), ("levels", '{"mean": [1, 2], "std": [1, 1]}'), ("levels", "3"), ("digest", "0")],
)
def test_metadata_that_do_not_fit_are_refused(key: str, value: str) -> None:
    plan = unetkit.plan(unetkit.load("unet-small", [SMALL]))
    metadata = dict(Content.of(plan, taken(plan), None, {}).metadata)
    assert Content.read(metadata, "model.onnx").sizes == taken(plan)
    with pytest.raises(FileError, match="is damaged"):
        Content.read(metadata | {key: value}, "model.onnx")


def test_the_network_is_left_as_it_was(tmp_path: Path) -> None:
    model = unetkit.build(unetkit.load("unet-small", ["channels=[4]"]), seed=1)
    model.get_submodule("head").eval()
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    export(model, tmp_path / "model.pt2", "torch")
    assert model.training
    assert not model.get_submodule("head").training
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnetkitError, match="was not built by unetkit"):
        export(torch.nn.Conv2d(1, 1, 1), tmp_path / "model.onnx", "onnx")
