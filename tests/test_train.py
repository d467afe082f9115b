"""Training, scores and prediction, with networks so small that each test takes a moment."""

from __future__ import annotations

from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from rich.console import Console
from torch import nn
from torch.nn import functional

import unetkit
from unetkit.data import UNLABELLED, Normalization, Pair, Pairs, Splits, mni, read_data
from unetkit.data.augmentation import Flip
from unetkit.data.images import write_levels
from unetkit.data.patches import Patches, PatchSettings
from unetkit.errors import FileError, SizeError
from unetkit.model import build
from unetkit.scoring import classify, evaluate, grey_level_baseline
from unetkit.train import (
    Settings,
    Trained,
    TrainError,
    fit,
    predict,
    predict_folder,
)
from unetkit.train.demo import Demo, Network
from unetkit.train.loss import segmentation_loss

MODES = ("unet-crop", "unet-pad", "unet-same")


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def network(name: str = "unet-same", *overrides: str, seed: int = 0) -> nn.Module:
    return build(unetkit.load(name, ["channels=[4, 8]", *overrides]), seed=seed)


def discs(count: int = 4, size: tuple[int, int] = (40, 33), channels: int = 1) -> Pairs:
    """Bright discs in noise: class 1 is what lies within."""
    random = np.random.default_rng(0)
    rows, columns = np.indices(size)
    items = []
    for index in range(count):
        y, x = random.integers(10, 24, 2)
        labels = ((rows - y) ** 2 + (columns - x) ** 2 < 64).astype(np.int64)
        image = 100 + 60 * labels + random.normal(0, 20, (channels, *size))
        items.append(Pair(f"disc{index}", image.astype(np.float32), labels))
    return Pairs(tuple(items), ("outside", "disc"), "discs + added noise")


def quick(**changes: object) -> Settings:
    return Settings(**{"steps": 40, "batch": 4, "patch": (16, 16), "progress": False, "accelerator": "cpu"} | changes)  # type: ignore[arg-type]


# --- patches --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flips", [(), (0,), (0, 1)], ids=str)
@pytest.mark.parametrize("size", [(12, 20), (60, 60)], ids=str)
@pytest.mark.parametrize("name", MODES)
def test_the_labels_of_a_patch_are_those_under_the_output(
    name: str, size: tuple[int, int], flips: tuple[int, ...]
) -> None:
    labels = np.arange(40 * 33).reshape(40, 33)
    pairs = Pairs((Pair("numbered", labels[None].astype(np.float32), labels),), ("a", "b"))
    plan = unetkit.plan(unetkit.load(name, ["channels=[4, 8]"]))
    patches = Patches(
        pairs,
        Normalization("dataset", (0,), (1,)),
        plan,
        PatchSettings(size, augmentation=(Flip(axes=flips),) if flips else (), count=20),
    )
    for image, target in (patches[index] for index in range(20)):
        output = plan.output_size(tuple(image.shape[1:]))
        assert tuple(target.shape) == output
        assert all(n >= least for n, least in zip(output, size, strict=True))
        assert torch.equal(image[0][plan.crop_target(tuple(image.shape[1:]))].long(), target)


def test_the_nth_patch_depends_on_the_seed_and_nothing_else() -> None:
    plan = unetkit.plan(unetkit.load("unet-same", ["channels=[4, 8]"]))
    one, two, other = (
        Patches(
            discs(),
            Normalization("dataset", (0,), (1,)),
            plan,
            PatchSettings((8, 8), seed, (Flip(axes=(1,)),), count=9),
        )
        for seed in (0, 0, 1)
    )
    for index in range(5):
        one[index]
    assert torch.equal(one[5][0], two[5][0])
    assert not torch.equal(one[5][0], other[5][0])


# --- loss -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
def test_the_loss_of_a_certain_and_right_network_is_zero(channels: int) -> None:
    labels = torch.randint(0, max(2, channels), (2, 6, 5))
    right = functional.one_hot(labels, max(2, channels)).movedim(-1, 1).float() * 200 - 100
    logits = right[:, 1:] if channels == 1 else right
    assert segmentation_loss(logits, labels).item() == pytest.approx(0, abs=1e-4)
    assert segmentation_loss(-logits, labels).item() > 10


@pytest.mark.parametrize("channels", [1, 3])
def test_unlabelled_pixels_have_no_say_in_the_loss(channels: int) -> None:
    labels = torch.randint(0, max(2, channels), (2, 6, 5))
    labels[:, 2:] = UNLABELLED
    logits = torch.randn(2, channels, 6, 5, requires_grad=True)
    loss = segmentation_loss(logits, labels)
    loss.backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert logits.grad[:, :, :2].abs().min() > 0
    assert logits.grad[:, :, 2:].abs().max() == 0
    assert loss.item() == pytest.approx(segmentation_loss(logits[:, :, :2], labels[:, :2]).item())


def test_two_channels_and_one_tell_two_classes_with_the_same_cross_entropy() -> None:
    labels, one = torch.randint(0, 2, (2, 6, 5)), torch.randn(2, 1, 6, 5)
    two = torch.cat([torch.zeros_like(one), one], 1)
    assert functional.cross_entropy(two, labels).item() == pytest.approx(
        functional.binary_cross_entropy_with_logits(one[:, 0], labels.float()).item()
    )


# --- training -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("overrides", [[], ["out_channels=1"]], ids=["two channels", "one channel"])
@pytest.mark.parametrize("name", MODES)
def test_a_network_learns_what_grey_levels_do_not_tell(name: str, overrides: list[str]) -> None:
    model, pairs = network(name, *overrides), discs()
    training = fit(model, pairs, quick(learning_rate=3e-2))
    assert training.steps == len(training.losses) == 40
    scores, baseline = evaluate(model, pairs, training.normalization), grey_level_baseline(pairs, pairs)
    assert scores.pooled()[1] > max(0.9, baseline.pooled()[1])
    assert not model.training


def test_training_by_steps_repeats_itself() -> None:
    runs = [fit(network(seed=3), discs(), quick(steps=4, flips=(0, 1), seed=5)).losses for _ in range(2)]
    assert runs[0] == runs[1]
    assert runs[0] != fit(network(seed=3), discs(), quick(steps=4, flips=(0, 1), seed=6)).losses


def test_training_leaves_torchs_random_state_alone() -> None:
    before = torch.get_rng_state()
    fit(network(), discs(), quick(steps=1))
    assert torch.equal(torch.get_rng_state(), before)


def test_minutes_end_a_training_without_steps() -> None:
    training = fit(network(), discs(), quick(steps=None, minutes=0.005))
    assert training.steps >= 1
    assert 0.3 <= training.seconds < 10


def test_an_epoch_shows_as_many_pixels_as_there_are() -> None:
    pairs = discs(count=4, size=(32, 32))
    assert quick(steps=None, epochs=2).num_steps(pairs) == 2 * 4 * 32 * 32 / (4 * 16 * 16)
    assert quick(steps=3, epochs=2).num_steps(pairs) == 3


def test_training_is_silent_and_leaves_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    fit(network(), discs(), quick(steps=2))
    assert not list(tmp_path.iterdir())
    assert capfd.readouterr() == ("", "")


def test_the_bar_shows_name_and_loss_and_nothing_else_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    fit(network("unet-same", "name=my-net"), discs(), quick(steps=2, progress=True))
    out, err = capfd.readouterr()
    assert out == ""
    assert err.split()[0] == "my-net"
    assert "loss" in err
    assert len(err.strip().splitlines()) == 1


def test_volumes_and_curves_are_learned_too() -> None:
    random = np.random.default_rng(0)
    for spec, size in (("unet-1d", (64,)), ("unet-3d", (20, 20, 20))):
        overrides = ["channels=[2, 4]", "in_channels=1", "out_channels=2"]
        model = build(unetkit.load(spec, overrides), seed=0)
        items = [Pair("x", random.random((1, *size), np.float32), random.integers(0, 2, size)) for _ in range(2)]
        pairs = Pairs(tuple(items), ("a", "b"))
        training = fit(model, pairs, quick(steps=2, patch=None, batch=2))
        assert predict(model, training.normalization.apply(items[0].image)).shape == (2, *size)


def refused_channels() -> None:
    fit(network(), discs(channels=3), quick())


def refused_class() -> None:
    fit(
        network("unet-same", "out_channels=3"),
        Pairs((Pair("p", np.zeros((1, 9, 9), np.float32), np.full((9, 9), 7)),), ()),
        quick(),
    )


def refused_activation() -> None:
    fit(network("unet-same", "head.activation=softmax"), discs(), quick())


def refused_module() -> None:
    fit(nn.Conv2d(1, 2, 1), discs(), quick())


def refused_nothing() -> None:
    fit(network(), Pairs((), ("a", "b")), quick())


def refused_endless() -> None:
    Settings()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (refused_channels, "in_channels: disc0 has 3 channels, the network takes 1\n   Set in_channels=3."),
        (
            refused_class,
            "out_channels: p has class 7, the network tells classes 0 to 2\n"
            "   Set out_channels=8, or say which class stands for unlabelled pixels.",
        ),
        (
            refused_activation,
            "head: the output passes through Softmax, and the loss applies its own\n   Set head.activation=none.",
        ),
        (refused_module, "this module was not built by unetkit\n   Train what build() returned."),
        (refused_nothing, "there are no images to train with"),
        (refused_endless, "it is not said how long to train\n   Give steps, minutes or epochs."),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_cannot_be_trained_is_refused_with_a_cure(call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(TrainError) as caught:
        call()
    assert str(caught.value).partition("]: ")[2] == message


# --- prediction and scores ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(40, 33), (7, 9), (64, 48)], ids=str)
@pytest.mark.parametrize("name", MODES)
def test_a_prediction_has_the_size_of_its_image(name: str, size: tuple[int, int]) -> None:
    assert predict(network(name), np.zeros((1, *size), np.float32)).shape == (2, *size)


def test_a_prediction_at_an_accepted_size_is_the_networks_output() -> None:
    model, image = network().eval(), np.random.default_rng(0).random((1, 16, 24), np.float32)
    with torch.no_grad():
        output = model(torch.from_numpy(image)[None])[0].numpy()
    assert np.allclose(predict(model, image), output, atol=1e-6)  # another memory format rounds otherwise


def test_inside_a_valid_network_predicts_what_it_gives_there() -> None:
    model, image = network("unet-crop").eval(), np.random.default_rng(0).random((1, 40, 48), np.float32)
    inside = model.plan.crop_target((40, 48))  # type: ignore[operator,union-attr]
    with torch.no_grad():
        output = model(torch.from_numpy(image)[None])[0].numpy()
    assert np.allclose(predict(model, image)[(slice(None), *inside)], output, atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_predicting_leaves_the_mode_and_the_weights_as_they_were(training: bool) -> None:
    model = network().train(training)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    predict(model, np.ones((1, 16, 16), np.float32))
    assert model.training is training
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_a_single_channel_is_class_one_where_positive() -> None:
    assert classify(np.array([[[-1.0, 2.0]]], np.float32)).tolist() == [[0, 1]]


@pytest.mark.skipif(not (find_spec("nilearn") and find_spec("nibabel")), reason="unetkit[demo] only")
def test_grey_levels_alone_reach_the_stated_dice_on_the_head() -> None:
    splits = mni()
    baseline = grey_level_baseline(splits.train, splits.test)
    assert baseline.pooled()[1:] == pytest.approx((0.63, 0.84, 0.76), abs=0.01)


# --- files ----------------------------------------------------------------------------------------------------------


def test_a_model_file_keeps_the_weights_the_scale_and_the_names(tmp_path: Path) -> None:
    trained = Trained(network().eval(), Normalization("dataset", (3.0,), (0.1,)), ("nothing", "Zelle ü"))
    trained.save(tmp_path / "model.safetensors")
    loaded = Trained.load(tmp_path / "model.safetensors")
    image = np.random.default_rng(0).random((1, 20, 20), np.float32)
    assert (loaded.normalization, loaded.classes) == (trained.normalization, trained.classes)
    assert np.array_equal(predict(loaded.model, image), predict(trained.model, image))


def test_a_model_file_without_a_scale_is_refused(tmp_path: Path) -> None:
    unetkit.save(network(), tmp_path / "bare.safetensors")
    with pytest.raises(FileError, match="does not say how its images are normalised"):
        Trained.load(tmp_path / "bare.safetensors")


def test_a_folder_is_learned_and_predicted(tmp_path: Path) -> None:
    for pair in discs():
        write_levels(pair.image[0].clip(0, 255), tmp_path / "images" / f"{pair.name}.png")
        write_levels(pair.labels, tmp_path / "masks" / f"{pair.name}.png")
    splits, model = read_data(str(tmp_path)), network()
    training = fit(model, splits.train, quick(learning_rate=3e-2))
    trained = Trained(model, training.normalization, splits.train.classes)
    written = list(predict_folder(trained, tmp_path / "images", tmp_path / "maps"))
    assert [file.name for file in written] == [f"disc{index}.png" for index in range(4)]
    found = np.stack([np.asarray(Image.open(file)) for file in written])
    assert (found == np.stack([pair.labels for pair in discs()])).mean() > 0.95
    assert list(predict_folder(trained, tmp_path / "images" / "disc1.png", tmp_path / "one")) == [
        tmp_path / "one" / "disc1.png"
    ]


def test_a_network_that_no_patch_fits_is_refused() -> None:
    with pytest.raises(SizeError):
        fit(network("unet-crop", "odd_sizes=error", "skip.align=same"), discs(), quick())


# --- the demo -------------------------------------------------------------------------------------------------------


def heads() -> Splits:
    random = np.random.default_rng(0)
    pairs = [
        Pair(name, random.integers(0, 256, (1, 40, 32)).astype(np.float32), random.integers(0, 4, (40, 32)))
        for name in ("z040", "z041", "z112")
    ]
    part = Pairs(tuple(pairs), ("background", "fluid", "grey", "white"))
    return Splits(part, part, part)


def demo(tmp_path: Path, *networks: Network) -> str:
    text = StringIO()
    Demo(tmp_path, Console(file=text, width=100), networks, heads).run()
    return text.getvalue()


def test_the_demo_makes_what_it_says_and_trains_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = quick(steps=1)
    both = Network("small-a", "skip: {align: pad}\n", settings), Network("small-b", "", settings)
    first = demo(tmp_path, *both)
    assert "template + added noise" in first
    for name in ("small-a", "small-b"):
        for suffix in (".yaml", "-drawing.svg", "-drawing.png", ".png", ".safetensors", ".json"):
            assert (tmp_path / f"{name}{suffix}").stat().st_size
    with Image.open(tmp_path / "slices" / "z112.png") as picture:
        assert picture.size == (32, 40)
    assert Trained.load(tmp_path / "small-b.safetensors").classes[1] == "fluid"
    monkeypatch.setattr(Demo, "train", None)
    again = demo(tmp_path, *both)
    assert again.count("trained earlier") == 2
    assert table(again) == table(first)


def table(text: str) -> list[str]:
    return text.partition("Dice on test slices")[2].partition("Made")[0].splitlines()


def test_the_demo_trains_again_what_changed(tmp_path: Path) -> None:
    demo(tmp_path, Network("small-a", "", quick(steps=1)))
    assert "trained earlier" in demo(tmp_path, Network("small-a", "", quick(steps=1)))
    assert "trained earlier" not in demo(tmp_path, Network("small-a", "act: gelu\n", quick(steps=1)))
    assert "trained earlier" not in demo(tmp_path, Network("small-a", "act: gelu\n", quick(steps=2)))
