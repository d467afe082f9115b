"""predict, evaluate and validation give the same labels, for every key of a data file and every kind of image file.

A key that is added without a case here, or a reason why it changes no label, fails the first test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from numpy.typing import NDArray
from pydantic import BaseModel
from torch import nn

import unetkit
from tests.imagefiles.test_orientation import save
from tests.support.commandline import run
from unetkit.data import Pairs, Preprocessing, Splits, load_data, open_data, preprocessing_of
from unetkit.data.data_keys import ChannelKeys, ClassKeys, DataKeys
from unetkit.data.files.folders import Folders
from unetkit.data.files.grouping import FileGroup, image_groups
from unetkit.data.normalizations import DatasetMoments, ImagePercentiles
from unetkit.data.preprocessing.data_for_network import data_like
from unetkit.data.preprocessing.signature import Signature, signature_of
from unetkit.export import Content, open_exported
from unetkit.export.runner import FileRunner
from unetkit.export.sizes import taken
from unetkit.export.tracing import ScaleInput
from unetkit.imagefiles import FORMATS
from unetkit.language import to_text
from unetkit.model import plan_of, read_header
from unetkit.scoring import label
from unetkit.tiling import predict
from unetkit.trained import Trained
from unetkit.trained.export import export_model, input_scaling
from unetkit.trained.predictor import PredictOptions, open_predictor

Labels = dict[str, NDArray[Any]]
Image = NDArray[Any]
NAMES = ("a", "b", "c")
CLASSES = ["ground", "water", "roof"]
RASTER = {"dataset": {"type": "folders", "images": "images", "masks": "masks"}, "normalization": "image"}


@dataclass(frozen=True)
class Case:
    """Data files with some keys, and what writes their images: `results` is where labels of an image would lie."""

    keys: str
    values: dict[str, Any]
    write: Callable[[Path], None]
    results: str = "out"
    exported: bool = False
    """Whether it is exported to ONNX and OpenVINO, which takes seconds; the others have a stand-in for an export."""


def picture(number: int, channels: int = 1, size: tuple[int, ...] = (24, 20)) -> Image:
    """Returns an image (channels, *spatial) of smooth blobs, each channel another, 8 bit."""
    random = np.random.default_rng(number)
    coarse: Image = random.integers(0, 256, (channels, *(-(-count // 4) for count in size)))
    for axis in range(len(size)):
        coarse = coarse.repeat(4, axis + 1)
    whole = coarse[(slice(None), *(slice(0, count) for count in size))] + random.integers(-20, 20, (channels, *size))
    made: Image = whole.clip(0, 255).astype(np.uint8)
    return made


def mask(number: int, size: tuple[int, ...] = (24, 20)) -> Image:
    """Returns labels with all classes."""
    found: Image = (picture(number + 9, 1, size)[0] // 86).astype(np.uint8)
    return found


def write_image(file: Path, image: Image) -> None:
    """Writes an image (channels, *spatial) as its kind has it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    name = file.name.lower()
    if name.endswith((".tif", ".tiff")):
        from tifffile import imwrite

        imwrite(file, image.squeeze(0) if len(image) == 1 else image, photometric="minisblack", metadata=None)
    elif name.endswith((".nii", ".nii.gz")):
        save(file, np.moveaxis(image, 0, -1).squeeze(-1) if len(image) == 1 else np.moveaxis(image, 0, -1))
    elif name.endswith(".npy"):
        np.save(file, image.squeeze(0) if len(image) == 1 else image)
    elif name.endswith(".zarr"):
        import zarr

        stored: Any = image.squeeze(0) if len(image) == 1 else image
        zarr.save_array(file, stored)
    else:
        from PIL import Image as Picture

        Picture.fromarray(image[0] if len(image) == 1 else np.moveaxis(image, 0, -1)).save(file)


def files(suffix: str, channels: int = 1, *, images: str = "images/{}", masks: str = "masks/{}") -> Callable[..., None]:
    """Returns what writes three images, and masks in a kind that keeps numbers."""
    own = ".png" if suffix in FORMATS[0].suffixes else suffix

    def write(folder: Path) -> None:
        for number, name in enumerate(NAMES):
            write_image(folder / (images.format(name) + suffix), picture(number, channels))
            write_image(folder / (masks.format(name) + own), mask(number)[None])

    return write


def volumes(*, codes: tuple[str, ...], masks: str = "", sizes: int = 1) -> Callable[[Path], None]:
    """Returns what writes volumes in different orientations, of different spacings, with masks in others if asked."""

    def write(folder: Path) -> None:
        for number, name in enumerate(NAMES):
            affine = np.diag([1.0, 1.0, 1.0 + number * (sizes > 1), 1.0])
            own = codes[number % len(codes)]
            save(folder / "images" / f"{name}.nii.gz", picture(number, 1, (12, 10, 8))[0], affine, own)
            save(folder / "masks" / f"{name}.nii.gz", mask(number, (12, 10, 8)), affine, masks or own)

    return write


def modalities(folder: Path) -> None:
    """Writes images whose two channels lie in files of their own."""
    for number, name in enumerate(NAMES):
        for channel, one in enumerate(picture(number, 2)):
            write_image(folder / "scans" / f"{name}_{channel}.png", one[None])
        write_image(folder / "masks" / f"{name}.png", mask(number)[None])


def shifted(folder: Path) -> None:
    """Writes volumes with masks that lie elsewhere by what their files say."""
    for number, name in enumerate(NAMES):
        save(folder / "images" / f"{name}.nii.gz", picture(number, 1, (12, 10, 8))[0])
        save(folder / "masks" / f"{name}.nii.gz", mask(number, (12, 10, 8)), np.diag([1.0, 1.0, 1.0, 1.0]))


def last_channels(folder: Path) -> None:
    """Writes arrays whose channels are last."""
    for number, name in enumerate(NAMES):
        write_image(folder / "images" / f"{name}.npy", np.moveaxis(picture(number, 3), 0, -1))
        write_image(folder / "masks" / f"{name}.npy", mask(number)[None])


def stacks(folder: Path) -> None:
    """Writes TIFF files of three pages."""
    for number, name in enumerate(NAMES):
        pages = np.stack([picture(10 * number + page)[0] for page in range(3)])
        write_image(folder / "images" / f"{name}.tif", pages)
        write_image(folder / "masks" / f"{name}.tif", np.stack([mask(10 * number + page) for page in range(3)]))


def odd_masks(folder: Path) -> None:
    """Writes images with masks whose numbers are not the classes."""
    files(".png")(folder)
    for number, name in enumerate(NAMES):
        write_image(folder / "masks" / f"{name}.png", np.array([7, 9, 255], np.uint8)[mask(number)][None])


def coloured(folder: Path) -> None:
    """Writes images with masks in colours."""
    files(".png")(folder)
    colours = np.array([[0, 0, 0], [255, 0, 0], [0, 0, 255]], np.uint8)
    for number, name in enumerate(NAMES):
        write_image(folder / "masks" / f"{name}.png", np.moveaxis(colours[mask(number)], -1, 0))


def three(**keys: Any) -> dict[str, Any]:
    """Returns the keys for volumes."""
    return RASTER | {"dims": 3} | keys


def dataset(**keys: Any) -> dict[str, Any]:
    """Returns the keys for a data set that says more."""
    return RASTER | {"dataset": RASTER["dataset"] | keys}  # type: ignore[operator]


TAKE = {"channels": {"count": 3, "take": [2, 0]}, "normalization": "dataset"}
PATTERNS = {"images": "scans/{name}_i.png", "masks": "scans/{name}_m.png"}
CASES = {
    "plain": Case("dataset", RASTER, files(".png")),
    "patterns": Case(
        "dataset.images dataset.masks",
        dataset(**PATTERNS),
        files("", images="scans/{}_i.png", masks="scans/{}_m.png"),
        results="out/{name}_i.png",
    ),
    "modalities": Case(
        "dataset.images",
        dataset(images=["scans/{name}_0.png", "scans/{name}_1.png"]) | {"channels": {"count": 2, "take": [1, 0]}},
        modalities,
    ),
    "several images": Case(
        "dataset.images channels",
        dataset(images={"before": "scans/{name}_1.png", "after": "scans/{name}_0.png"})
        | {"channels": {"before": 1, "after": 1}},
        modalities,
    ),
    "colour": Case("channels", RASTER | {"channels": 3}, files(".png", 3)),
    "taken": Case("channels.count channels.take", RASTER | TAKE, files(".png", 3), exported=True),
    "taken of planes": Case("channels.take", RASTER | {"channels": {"count": 5, "take": [4, 1]}}, files(".tif", 5)),
    "channels last": Case(
        "dataset.axes",
        dataset(axes="YXC") | {"channels": 3, "normalization": "percentile"},
        last_channels,
    ),
    "pages": Case("dataset.axes", RASTER, stacks),
    "fixed numbers": Case(
        "normalization normalization.type normalization.mean normalization.std",
        RASTER | {"normalization": {"type": "dataset", "mean": [90.0], "std": [40.0]}},
        files(".npy"),
    ),
    "percentiles": Case(
        "normalization.low normalization.high",
        RASTER | {"normalization": {"type": "percentile", "low": 10.0, "high": 80.0}},
        files(".png"),
    ),
    "as they are": Case("normalization", RASTER | {"normalization": "none"}, files(".tif")),
    "measured": Case("normalization", RASTER | {"normalization": "dataset"}, files(".nii")),
    "numbers of masks": Case(
        "classes classes.values ignore",
        RASTER | {"classes": ["ground", {"name": "water", "values": ["5..7"]}, {"name": "roof", "values": [9]}]}
        | {"ignore": 255},
        odd_masks,
    ),
    "colours of masks": Case(
        "classes.name classes.colour",
        RASTER
        | {"classes": [{"name": name, "colour": colour}
                       for name, colour in zip(CLASSES, ("#000000", "#ff0000", "#0000ff"), strict=True)]},
        coloured,
    ),
    "split": Case("split", RASTER | {"split": {"type": "ratio", "test": 1, "validation": 1}}, files(".png")),
    "not kept": Case("cache", RASTER | {"cache": False}, files(".png")),
    "volumes": Case("dims", three(), volumes(codes=("RAS",))),
    "slices": Case("dims", RASTER, volumes(codes=("RAS",))),
    "most common orientation": Case("orientation", three(), volumes(codes=("LPS", "RAS", "LPS")), exported=True),
    "orientation": Case("orientation", three(orientation="PIR"), volumes(codes=("LPS", "RAS", "SAL"))),
    "orientation of slices": Case("orientation", RASTER | {"orientation": "RAS"}, volumes(codes=("RAS", "LPS"))),
    "native orientation": Case("orientation", three(orientation="native"), volumes(codes=("LPS", "RAS", "LPS"))),
    "masks turned": Case("orientation", three(), volumes(codes=("LPS", "RAS"), masks="RAS")),
    "median spacing": Case("spacing", three(spacing="median"), volumes(codes=("RAS",), sizes=2)),
    "spacing": Case("spacing", three(spacing=[2.0, 1.0, 1.5]), volumes(codes=("LPS", "RAS"), sizes=2)),
    "masks elsewhere": Case("mask_geometry", three(mask_geometry="ignored", orientation="native"), shifted),
    **{f"kind {end}": Case("dataset", RASTER, files(end)) for one in FORMATS for end in one.suffixes if end != ".webp"},
    "kind .webp": Case("dataset", RASTER | {"channels": 3}, files(".webp", 3)),  # which knows no grey
}  # fmt: skip
REASONS = {
    "unetkit": "the version of the language",
    "name": "for people",
    "description": "for people",
    "source": "for people",
    "workers": "processes that draw patches for training",
    "dataset.instances": "for losses, which no label is made of",
    "targets": "for networks with several outputs, in test_outputs.py",
    "vectors": "for networks that take some, in tests/train/test_vectors.py",
}
"""Keys that change no label of the networks here, and why."""


def keys_of(model: type[BaseModel], before: str = "") -> set[str]:
    """Returns the keys of a part of a data file."""
    return {before + name for name in model.model_fields}


def test_every_key_of_a_data_file_has_a_case_or_a_reason() -> None:
    inner: list[tuple[str, type[BaseModel]]] = [
        ("dataset.", Folders),
        ("channels.", ChannelKeys),
        ("classes.", ClassKeys),
        ("normalization.", DatasetMoments),
        ("normalization.", ImagePercentiles),
    ]
    known = keys_of(DataKeys).union({"normalization.type"}, *(keys_of(model, before) for before, model in inner))
    tried = {key for case in CASES.values() for key in case.keys.split()}
    assert known == tried | {*REASONS}, "a new key needs a case in CASES, or a reason in REASONS"
    assert not tried & {*REASONS}


def labels_of(trained: Trained, splits: Splits) -> Labels:
    """Returns the labels that a network gives all images, as validation and evaluate take them."""
    parts = (splits.train, splits.validation, splits.test)
    return {pair.name: found for part in parts for pair, found in label(trained.model, part, trained.preprocessing)}


def read_back(folder: Path, values: dict[str, Any], results: str) -> Labels:
    """Returns the labels in result files, read as masks of the images."""
    said = {key: values[key] for key in ("dims", "channels", "orientation") if key in values}
    dataset = values["dataset"] | {"masks": results}
    keys = said | {"dataset": dataset, "classes": CLASSES, "split": {"type": "block", "test": 0}}
    return {pair.name: pair.labels for pair in open_data(load_data(keys, folder=folder)).train}


def network(channels: int, pairs: Pairs, preprocessing: Preprocessing) -> nn.Module:
    """Returns a network without training that gives each of its classes somewhere."""
    dims = len(pairs[0].size)
    spec = {"unetkit": 1, "name": "any", "dims": dims, "in_channels": channels, "out_channels": 3}
    model = unetkit.build(spec | {"channels": [4, 6], "odd_sizes": "pad"}, seed=4).eval()
    output = preprocessing.label(pairs[0], lambda image: predict(model, image))
    bias = next(value for name, value in model.named_parameters() if name.startswith("head") and name.endswith("bias"))
    bias.data -= torch.from_numpy(output.reshape(3, -1).mean(1))
    return model


def trained_in(folder: Path, case: Case) -> tuple[Trained, Splits]:
    """Returns a network with the signature that training on the data of a case gives it, and the data."""
    data = load_data(case.values, folder=folder)
    splits = open_data(data)
    preprocessing = preprocessing_of(data, splits.train)
    model = network(data.channels, splits.train, preprocessing)
    return Trained(model, signature_of(data, splits.train, preprocessing, 3)), splits


def images_of(folder: Path, case: Case, signature: Signature) -> list[FileGroup]:
    """Returns the images of a case, each with its files."""
    if signature.modalities:
        return image_groups([folder / "scans"], signature.modalities)[0]
    found = sorted((folder / ("scans" if "scans" in str(case.values) else "images")).iterdir())
    return [FileGroup("", (file,)) for file in found if "_m." not in file.name]


def models_of(folder: Path, trained: Trained, case: Case) -> Iterator[Path]:
    """Yields the model file, what stands for an export, and real ones where the case has them."""
    file = trained.save(folder / "m.safetensors")
    yield file
    yield folder / "stand-in.onnx"
    if case.exported:
        pytest.importorskip("onnxruntime")
        pytest.importorskip("openvino")
        export_model(file, folder / "m.onnx", "onnx")
        yield folder / "m.onnx"
        export_model(file, folder / "m-openvino", "openvino")
        yield folder / "m-openvino"


@contextmanager
def opened_export(trained: Trained, path: Path) -> Iterator[FileRunner]:
    """Gives the runner of an export; of the stand-in one that computes with torch what an export would."""
    if path.name != "stand-in.onnx":
        with open_exported(path) as runner:
            yield runner
        return
    levels = input_scaling(trained.normalization)
    plan = plan_of(trained.model)
    content = Content.of(plan, taken(plan), levels, read_header(path.with_name("m.safetensors")))

    def run(batch: Image) -> list[Image]:
        image = torch.from_numpy(batch)
        if levels is not None:
            image = ScaleInput(levels, plan.dims)(image)
        with torch.no_grad():
            output: Image = trained.model(image).numpy()
        return [output]

    yield FileRunner(Content.read(content.metadata, path), run)


@pytest.mark.parametrize("name", CASES)
def test_predict_evaluate_and_validation_give_the_same_labels(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES[name]
    case.write(tmp_path)
    trained, splits = trained_in(tmp_path, case)
    validation = labels_of(trained, splits)
    assert len(np.unique(np.concatenate([one.ravel() for one in validation.values()]))) > 1

    (tmp_path / "data.yaml").write_text(to_text({"unetkit": 1, **case.values}))
    monkeypatch.setattr("unetkit.trained.predictor.open_exported", partial(opened_export, trained))
    monkeypatch.setattr("unetkit.data.preprocessing.resampling._PART", 200)  # results in several parts
    for file in models_of(tmp_path, trained, case):
        if file.suffix == ".safetensors":
            loaded = Trained.load(file)
            assert loaded.signature == trained.signature
            dims = case.values.get("dims", 2)
            evaluated = labels_of(loaded, open_data(data_like(str(tmp_path / "data.yaml"), loaded.signature, dims)))
            assert validation.keys() == evaluated.keys()
            for pair, found in validation.items():
                assert_array_equal(found, evaluated[pair], pair)
        out = tmp_path / f"out-{file.stem}"
        with open_predictor(file, PredictOptions()) as predictor:
            for image in images_of(tmp_path, case, trained.signature):
                predictor.predict_file(image, out)
        predicted = read_back(tmp_path, case.values, case.results.replace("out", out.name))
        assert validation.keys() == predicted.keys()
        for pair, found in validation.items():
            assert_array_equal(found, predicted[pair], f"{pair} by {file.name}")


def test_every_kind_of_image_file_has_a_case() -> None:
    assert {f"kind {one}" for kind in FORMATS for one in kind.suffixes} <= {*CASES}


@pytest.mark.parametrize("name", ["taken", "channels last", "numbers of masks"])
def test_a_folder_is_read_as_the_images_were_that_the_network_was_trained_on(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    case.write(tmp_path)
    trained, splits = trained_in(tmp_path, case)
    ignore = case.values.get("ignore")
    straight = open_data(data_like(str(tmp_path), trained.signature, 2, ignore=ignore))
    validation, found = labels_of(trained, splits), labels_of(trained, straight)
    assert validation.keys() == found.keys()
    for pair, labels in validation.items():
        assert_array_equal(labels, found[pair])
    for part, other in ((splits.train, straight.train), (splits.test, straight.test)):
        for one, again in zip(part, other, strict=True):
            assert_array_equal(one.labels, again.labels)


def test_evaluate_refuses_data_of_other_channels_and_warns_of_others_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    case = CASES["taken"]
    case.write(tmp_path)
    trained_in(tmp_path, case)[0].save("m.safetensors")
    for number, channels in enumerate([3, {"count": 3, "take": [1, 2]}, {"count": 3, "take": [2, 0]}]):
        values = {"unetkit": 1, **case.values, "channels": channels, "split": {"type": "block", "test": 1}}
        Path(f"{number}.yaml").write_text(to_text(values))
    told = run("evaluate", "m.safetensors", "0.yaml", code=1).stderr
    assert "error[channels]: channels: 0.yaml gives 3 channels, the network takes 2" in told
    assert "Set channels: {count: 3, take: [2, 0]} in the data file." in told
    told = run("evaluate", "m.safetensors", "1.yaml", "--metric", "dice").stderr
    assert told == ("warning: channels [1, 2] of 3 are used, the network was trained on {count: 3, take: [2, 0]}\n")
    assert run("evaluate", "m.safetensors", "2.yaml", "--metric", "dice").stderr == ""
