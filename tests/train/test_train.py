"""Runs: from a YAML file to a folder with a trained network, with networks so small that each test takes a moment."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from math import prod
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from monai.losses.dice import DiceLoss
from safetensors.torch import load_file
from torch.nn import functional

import unetkit
from tests.support.commandline import run as run_command
from tests.support.photos import CPU, trained, values
from tests.train.dying import killed
from unetkit.data import UNLABELLED, load_data, open_data
from unetkit.errors import SpecError, UnetkitError
from unetkit.planning import Execution, covering_size, needed_memory
from unetkit.train import TrainError, load_run, train_run
from unetkit.train.memory import check_step_memory, largest_patch, step_bytes
from unetkit.train.parts.losses import BoundaryCE, CrossEntropy, Dice, DiceCE, Focal, Loss, Tversky, loss_input
from unetkit.train.parts.optimizers import SGD, AdamW
from unetkit.train.parts.outputs import OutputLosses, label_positions, sampled
from unetkit.train.parts.schedules import Constant, Cosine, OneCycle, Poly, Steps
from unetkit.train.parts.task import supervised
from unetkit.train.result import read_result
from unetkit.trained import Trained

MODES = ("unet-crop", "unet-pad", "unet-same")
HERE = Path(__file__).parents[2]


# --- losses ---------------------------------------------------------------------------------------------------------

LOSSES: list[Loss] = [
    CrossEntropy(),
    CrossEntropy(class_weights=(1.0, 2.0, 3.0)),
    Dice(),
    Dice(background=False),
    Dice(background=False, per_image=True),
    DiceCE(),
    DiceCE(per_image=True),
    Focal(),
    Tversky(),
    Tversky(per_image=True),
    BoundaryCE(),
]


def value(loss: Loss, logits: torch.Tensor, labels: torch.Tensor, weight: torch.Tensor | None = None) -> torch.Tensor:
    return torch.stack(list(loss.terms(loss_input(logits, labels, weight)).values())).sum()


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_the_loss_of_a_certain_and_right_network_is_zero(loss: Loss) -> None:
    labels = torch.randint(0, 3, (2, 6, 5), generator=torch.Generator().manual_seed(0))
    right = functional.one_hot(labels, 3).movedim(-1, 1).float() * 200 - 100
    assert value(loss, right, labels).item() == pytest.approx(0, abs=1e-4)
    assert value(loss, -right, labels).item() > 0.5


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_unlabelled_pixels_have_no_say_in_the_loss(loss: Loss, channels: int) -> None:
    if channels == 1 and getattr(loss, "class_weights", None):
        loss = CrossEntropy(class_weights=(1.0, 2.0))
    random = torch.Generator().manual_seed(1)
    labels = torch.randint(0, max(2, channels), (2, 6, 5), generator=random)
    labels[:, 2:] = UNLABELLED
    logits = torch.randn(2, channels, 6, 5, generator=random).requires_grad_()
    found = value(loss, logits, labels)
    found.backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert logits.grad[:, :, :2].abs().min() > 0
    assert logits.grad[:, :, 2:].abs().max() == 0
    assert found.item() == pytest.approx(value(loss, logits[:, :, :2], labels[:, :2]).item())


def test_cross_entropy_is_torchs() -> None:
    random = torch.Generator().manual_seed(2)
    labels, logits = torch.randint(0, 3, (2, 6, 5), generator=random), torch.randn(2, 3, 6, 5, generator=random)
    weights = (1.0, 2.0, 5.0)
    ours = value(CrossEntropy(class_weights=weights), logits, labels).item()
    assert ours == pytest.approx(functional.cross_entropy(logits, labels, torch.tensor(weights)).item())
    one = torch.randn(2, 1, 6, 5, generator=random)
    binary = functional.binary_cross_entropy_with_logits(one[:, 0], (labels > 0).float()).item()
    assert value(CrossEntropy(), one, (labels > 0).long()).item() == pytest.approx(binary)
    assert value(Focal(gamma=0.0), logits, labels).item() == pytest.approx(value(CrossEntropy(), logits, labels).item())


@pytest.mark.parametrize("per_image", [False, True])
@pytest.mark.parametrize("background", [False, True])
def test_dice_is_monais(per_image: bool, background: bool) -> None:
    random = torch.Generator().manual_seed(3)
    labels, logits = torch.randint(0, 3, (4, 6, 5), generator=random), torch.randn(4, 3, 6, 5, generator=random)
    labels[0, :3] = 0  # patches have classes in different shares
    theirs = DiceLoss(background, to_onehot_y=True, softmax=True, smooth_nr=1.0, smooth_dr=1.0, batch=not per_image)
    ours = value(Dice(background=background, per_image=per_image), logits, labels).item()
    assert ours == pytest.approx(theirs(logits, labels[:, None]).item(), rel=1e-6)
    halved = value(Tversky(alpha=0.5, beta=0.5, smooth=0.5, per_image=per_image), logits, labels).item()
    assert halved == pytest.approx(value(Dice(per_image=per_image), logits, labels).item(), rel=1e-6)


def test_a_dice_per_image_counts_each_patch_alike_and_only_classes_that_occur_there() -> None:
    labels = torch.zeros(2, 4, 8, dtype=torch.long)
    labels[0, :, :7], labels[1, :, :1] = 1, 1
    says_one = functional.one_hot(labels, 2).movedim(-1, 1).float() * 200 - 100
    says_one[1] = says_one[1].flip(0)  # all wrong in the patch with few pixels of class 1
    few = value(Dice(smooth=0.0, background=False), says_one, labels).item()
    alike = value(Dice(smooth=0.0, background=False, per_image=True), says_one, labels).item()
    assert few == pytest.approx(1 - 2 * 28 / (28 + 28 + 28 + 4)) and alike == pytest.approx(0.5)
    without = torch.cat([labels, torch.zeros_like(labels[:1])])
    says = torch.cat([says_one, functional.one_hot(without[2:], 2).movedim(-1, 1).float() * 200 - 100])
    assert value(Dice(smooth=0.0, background=False, per_image=True), says, without).item() == pytest.approx(alike)


def test_a_weight_map_says_what_a_pixel_counts() -> None:
    labels = torch.tensor([[[0, 1]]])
    logits = torch.tensor([[[[2.0, 2.0]], [[0.0, 0.0]]]])
    alone = [value(BoundaryCE(), logits[..., [one]], labels[..., [one]]).item() for one in (0, 1)]
    both = value(BoundaryCE(), logits, labels, torch.tensor([[[1.0, 3.0]]])).item()
    assert both == pytest.approx((alone[0] + 3 * alone[1]) / 4)


def test_schedules_begin_and_end_where_they_should() -> None:
    assert [round(OneCycle().factor(one), 3) for one in (0, 0.1, 0.55, 1)] == [0.02, 1.0, 0.5, 0.0]
    assert [round(Cosine(last=0.1).factor(one), 3) for one in (0, 0.5, 1)] == [1.0, 0.55, 0.1]
    assert [round(Steps().factor(one), 3) for one in (0, 0.5, 0.8)] == [1.0, 0.1, 0.01]
    assert (Poly().factor(0), Poly().factor(1), Constant().factor(0.7)) == (1, 0, 1)


# --- training -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("overrides", [[], ["spec.out_channels=1"]], ids=["two channels", "one channel"])
@pytest.mark.parametrize("name", MODES)
def test_a_network_learns_what_grey_levels_do_not_tell(
    name: str, overrides: list[str], photos: Path, tmp_path: Path
) -> None:
    said = values(photos, name, steps=40, optimizer={"type": "adamw", "learning_rate": 3e-2})
    result = trained(said, tmp_path, *overrides)
    assert result.steps == 40
    assert result.means()["class 1"] > 0.85


def test_a_run_leaves_a_model_a_log_scores_and_a_result(photos: Path, tmp_path: Path) -> None:
    said = values(photos, validate_every=2, checkpoint_every=2, logger=["tensorboard"], augmentation=["flip"])
    said["data"] = {
        "dataset": {"type": "folders", "images": "images", "masks": "masks"},
        "split": {"type": "block", "validation": 1, "test": 2},
    }
    result = train_run(load_run(said, folder=photos), tmp_path / "run", machine=CPU, progress=False)
    files = {path.name for path in (tmp_path / "run").iterdir()}
    assert files >= {"run.yaml", "best.safetensors", "last.safetensors", "log.csv", "scores.csv", "result.json",
                     "timing.json", "checkpoints", "tensorboard"}  # fmt: skip
    assert not [name for name in files if "partial" in name]
    kept = json.loads((tmp_path / "run" / "result.json").read_text("utf-8"))
    assert kept == result.values
    assert [step for step, _ in kept["validation"]] == [2, 4] and [step for step, _ in kept["loss"]] == [1, 2, 3, 4]
    assert {row["image"] for row in kept["scores"]["images"]} == {"disc4", "disc5"}
    assert kept["digest"] == unetkit.plan(unetkit.load(kept["run"]["spec"])).digest
    model = Trained.load(tmp_path / "run" / "best.safetensors")
    assert model.data == kept["data"] and model.training["run"] == kept["run"]
    assert all(model.training[key] == kept[key] for key in ("steps", "loss", "validation", "scores"))
    assert load_run(tmp_path / "run" / "run.yaml").resolve() == kept["run"]


def test_a_log_gets_a_line_with_the_loss_now_and_then_and_nothing_else_is_said(
    photos: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    train_run(load_run(values(photos)), tmp_path, machine=CPU, progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    for step, line in enumerate(err.splitlines(), start=1):
        assert line.split()[:6] == ["tiny", f"{25 * step}%", "step", str(step), "·", "loss"]
    assert len(err.splitlines()) == 4


def test_a_run_that_is_done_does_nothing_and_another_is_refused(photos: Path, tmp_path: Path) -> None:
    first = trained(values(photos), tmp_path)
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir() if path.name != ".lock"}
    assert trained(values(photos), tmp_path).values == first.values
    assert stamps == {path: path.stat().st_mtime_ns for path in tmp_path.iterdir() if path.name != ".lock"}
    with pytest.raises(TrainError, match=r"Differences:\n +training.steps: 4 there, 5 here\n +Choose"):
        trained(values(photos, steps=5), tmp_path)


def test_the_same_run_gives_the_same_result_and_another_seed_another(photos: Path, tmp_path: Path) -> None:
    said = values(photos, augmentation=["flip", "elastic", "noise"])
    said["spec"]["block"] = {"dropout": 0.3}
    one, two, other = (
        trained(said, tmp_path / name, f"training.seed={seed}").values
        for name, seed in (("one", 0), ("two", 0), ("other", 1))
    )
    assert one == two
    assert one["loss"] != other["loss"]


def test_random_state_and_printed_lines_are_left_alone(
    photos: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = torch.get_rng_state()
    trained(values(photos, steps=1), tmp_path)
    assert torch.equal(torch.get_rng_state(), before)
    assert capfd.readouterr() == ("", "")


def test_minutes_end_a_training_and_epochs_are_counted_in_pixels(photos: Path, tmp_path: Path) -> None:
    minutes = trained(values(photos, steps=None, minutes=0.005), tmp_path / "minutes")
    assert minutes.steps >= 1
    epochs = trained(values(photos, steps=None, epochs=2), tmp_path / "epochs")
    assert epochs.steps == -(-2 * 5 * 40 * 33 // (4 * 16 * 16))  # one of the six images is for test


def test_volumes_and_curves_are_learned_too(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for dims, size in ((1, (64,)), (3, (20, 20, 20))):
        folder = tmp_path / str(dims)
        for kind in ("images", "masks"):
            (folder / kind).mkdir(parents=True)
        for name in "ab":
            np.save(folder / "images" / f"{name}.npy", random.random((1, *size), np.float32))
            np.save(folder / "masks" / f"{name}.npy", random.integers(0, 2, size))
        said = {
            "unetkit": 1,
            "spec": {"extends": f"unet-{dims}d", "in_channels": 1, "out_channels": 2, "channels": [2, 4]},
            "data": {"dims": dims, "dataset": {"type": "folders", "images": "images", "masks": "masks"}},
            "training": {"steps": 2, "batch": 2, "logger": [], "augmentation": ["flip"]},
        }
        result = train_run(load_run(said, folder=folder), folder / "run", machine=CPU, progress=False)
        assert result.steps == 2 and {row["image"] for row in result.values["scores"]["images"]} == {"b"}


def test_gradients_of_two_half_batches_make_the_step_of_one(photos: Path, tmp_path: Path) -> None:
    """Cross entropy alone, without norm: then the mean over two halves is the mean over the whole."""
    said = values(photos, loss="cross_entropy", clip=None, optimizer={"type": "sgd", "learning_rate": 0.1})
    said["spec"]["norm"] = "none"
    whole = trained(said, tmp_path / "whole").values
    halves = trained(said, tmp_path / "halves", "training.batch=2", "training.accumulate=2").values
    assert halves["steps"] == whole["steps"]
    weights, others = (load_file(tmp_path / name / "last.safetensors") for name in ("whole", "halves"))
    assert all(torch.allclose(weights[name], others[name], atol=1e-5) for name in weights)


def test_batches_that_make_one_step_together_make_one_entry_of_the_log(photos: Path, tmp_path: Path) -> None:
    result = trained(values(photos, accumulate=3, checkpoint_every=2), tmp_path).values
    assert [step for step, _ in result["loss"]] == [1, 2, 3, 4]


def test_a_network_that_predicts_more_classes_than_there_are_is_refused(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="tiny predicts 4 classes, the data define 2: class 0, class 1"):
        trained(values(photos), tmp_path, "spec.out_channels=4")


def test_activations_that_are_computed_again_change_nothing(photos: Path, tmp_path: Path) -> None:
    said = values(photos)
    said["spec"] |= {"block": {"dropout": 0.2}, "norm": "instance"}
    kept = trained(said, tmp_path / "kept").values
    again = trained(said, tmp_path / "again", "training.checkpointing=[0, 1]").values
    assert again["loss"] == kept["loss"]


def test_a_budget_of_memory_changes_nothing_but_what_is_computed_again(photos: Path, tmp_path: Path) -> None:
    said = values(photos)
    said["spec"] |= {"block": {"dropout": 0.2}, "norm": "batch"}
    kept = trained(said, tmp_path / "kept").values
    again = trained(said, tmp_path / "again", "training.memory=1MB").values
    assert again["loss"] == kept["loss"]
    weights, others = (load_file(tmp_path / name / "last.safetensors") for name in ("kept", "again"))
    assert all(torch.equal(weights[name], others[name]) for name in weights)  # running statistics too


def test_a_budget_of_memory_that_nothing_fits_is_refused(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"memory\]: training.memory: a step of .* needs at least [0-9.]+ GB"):
        trained(values(photos), tmp_path, "training.memory=0.01MB")


@pytest.mark.parametrize("network", ["unet-same", "unet-2015"])
def test_coarser_levels_are_held_against_the_labels_under_their_samples(network: str) -> None:
    spec = supervised(unetkit.load(network, ["channels=[2, 3, 4, 5]", "out_channels=2"]), 2)
    planned = unetkit.plan(spec)
    size = covering_size(planned, (16, 16))
    outputs = unetkit.build(spec, seed=0)(torch.zeros(1, 1, *size))
    labels = torch.arange(prod(planned.output_size(size))).reshape(1, *planned.output_size(size))
    assert label_positions(planned, "output", size) is None
    for name in ("level_1", "level_2"):
        place = label_positions(planned, name, size)
        assert place is not None
        assert getattr(outputs, name).shape[2:] == sampled(labels, place).shape[1:]
        grids, parts = planned.output_grid(size, name), planned.crop_target(size)
        for grid, part, own in zip(grids, parts, place, strict=True):
            for at, found in enumerate(own):
                pixel = grid.start + at * grid.step  # in the input; the label's own is at most half a pixel away
                inside = -0.5 < pixel - part.start <= part.stop - part.start - 0.5
                assert (abs(int(found) + part.start - pixel) <= 0.5) if inside else found == -1


def test_the_losses_of_coarser_levels_count_as_their_weights_say(photos: Path, tmp_path: Path) -> None:
    said = values(photos, deep_supervision=[0.5, 0.25], loss="cross_entropy")
    said["spec"] |= {"channels": [4, 8, 8, 8]}
    run = load_run(said)
    result = trained(said, tmp_path / "run")
    assert result.steps == 4
    assert result.values["parameters"] == unetkit.plan(run.spec).parameters  # the heads are for training alone
    sizes = {"output": 32, "level_1": 16, "level_2": 8}
    outputs = SimpleNamespace(**{name: torch.zeros(1, 2, size, size) for name, size in sizes.items()})
    losses = OutputLosses(unetkit.plan(run.network), (32, 32), run.tasks)
    terms = losses.terms(outputs, torch.zeros(1, 32, 32, dtype=torch.long), [])
    shares = {"cross_entropy": 1 / 1.75, "level_1": 0.5 / 1.75, "level_2": 0.25 / 1.75}
    assert {name: float(value) for name, value in terms.items()} == pytest.approx(
        {name: share * math.log(2) for name, share in shares.items()}
    )


def test_training_ends_where_nothing_gets_better(photos: Path, tmp_path: Path) -> None:
    said = values(photos, steps=40, validate_every=1, early_stopping=2, schedule="constant")
    said["training"]["optimizer"] = {"type": "sgd", "learning_rate": 1e-9}
    said["data"] = {
        "dataset": {"type": "folders", "images": "images", "masks": "masks"},
        "split": {"type": "block", "validation": 1, "test": 1},
    }
    result = train_run(load_run(said, folder=photos), tmp_path, machine=CPU, progress=False)
    assert result.steps == 3


def test_a_loss_that_is_no_number_ends_the_training_with_what_to_do(photos: Path, tmp_path: Path) -> None:
    said = values(photos, steps=60, checkpoint_every=1, clip=None, schedule="constant")
    said["spec"]["norm"] = "none"
    said["training"]["optimizer"] = {"type": "sgd", "learning_rate": 90.0, "weight_decay": 90.0}
    with pytest.raises(TrainError) as caught:
        trained(said, tmp_path)
    text = str(caught.value)
    assert "error[diverged]: training: the loss is not finite: " in text
    assert "at step" in text and "Lower training.optimizer.learning_rate" in text
    assert "the last good checkpoint is" in text
    weights = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    assert not (tmp_path / "result.json").exists() and weights


# --- broken off -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "training"),
    [
        ({"block": {"dropout": 0.3}}, {"augmentation": ["flip", "elastic"]}),
        ({"norm": "instance", "channels": [4, 8, 8, 8]}, {"deep_supervision": [0.5, 0.25], "optimizer": "sgd"}),
    ],
    ids=["dropout", "deep supervision"],
)
def test_a_run_that_is_killed_goes_on_bit_for_bit(
    spec: dict[str, Any], training: dict[str, Any], photos: Path, tmp_path: Path
) -> None:
    said = values(photos, steps=9, checkpoint_every=3, log_every=2, validate_every=4, **training)
    said["spec"] |= spec
    said["data"] = load_data(photos).resolve() | {"split": {"type": "block", "validation": 1, "test": 1}}
    asked = load_run(said)
    file = tmp_path / "run.yaml"
    file.write_text(asked.text(), "utf-8")
    whole = train_run(asked, tmp_path / "whole", machine=CPU, progress=False)
    for stop, when in ((2, "after"), (5, "before"), (9, "after")):  # without, between, and at the last checkpoint
        assert killed(file, tmp_path / "broken", stop, when) == -signal.SIGKILL
    again = train_run(asked, tmp_path / "broken", machine=CPU, progress=False)
    assert again.values == whole.values
    for name in ("best", "last"):
        one, other = (load_file(tmp_path / folder / f"{name}.safetensors") for folder in ("whole", "broken"))
        assert all(torch.equal(one[key], other[key]) for key in one)
    assert (tmp_path / "broken" / "log.csv").read_bytes() == (tmp_path / "whole" / "log.csv").read_bytes()


def test_two_processes_cannot_train_in_one_folder(photos: Path, tmp_path: Path) -> None:
    import fcntl

    with (tmp_path / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(TrainError, match="another process is training in"):
            trained(values(photos), tmp_path)


@pytest.mark.parametrize(
    ("spec", "per_image"), [({"norm": "instance"}, False), ({"norm": "none"}, True)], ids=["first", "last"]
)
def test_two_processes_learn_what_one_does(spec: dict[str, Any], per_image: bool, photos: Path, tmp_path: Path) -> None:
    """Whether channels lie first or last in memory, and Dice is over the batch or per image."""
    said = values(photos, clip=None, optimizer={"type": "sgd"}, loss={"type": "dice_ce", "per_image": per_image})
    # Adam would divide rounding by numbers near 0
    said["spec"] |= spec
    asked = load_run(said)
    file = tmp_path / "run.yaml"
    file.write_text(asked.text(), "utf-8")
    alone = train_run(asked, tmp_path / "one", machine=CPU, progress=False)
    command = [sys.executable, "-m", "unetkit.cli", "train", str(file), "-o", str(tmp_path / "two")]
    command += ["--accelerator", "cpu", "--devices", "2", "--strategy", "ddp", "--threads", "1"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1"}
    done = subprocess.run(command, cwd=HERE, check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    both = json.loads((tmp_path / "two" / "result.json").read_text("utf-8"))
    losses = [[value for _, value in one["loss"]] for one in (alone.values, both)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


# --- what is refused ------------------------------------------------------------------------------------------------

RUN = """unetkit: 1
spec: {extends: unet-same, channels: [4, 8]}
data: mni
training: {steps: 4}
"""
BROKEN = {
    "no budget": ("{steps: 4}", "{batch: 4}", "the length of the training is missing"),
    "unknown key": ("steps: 4", "steps: 4, bach: 2", "there is no key 'bach' here\n.*\n.*\n +Did you mean: batch"),
    "no steps": ("steps: 4", "steps: 0", "0 is not a whole number from 1"),
    "steps in words": ("steps: 4", "steps: many", '"many" is not a whole number'),
    "unknown loss": ("steps: 4", "steps: 4, loss: dise", "no loss is called 'dise'"),
    "unknown optimizer": ("steps: 4", "steps: 4, optimizer: adamx", "no optimizer is called 'adamx'"),
    "a loss's key": ("steps: 4", "steps: 4, loss: {type: dice, gamma: 2}", "there is no key 'gamma' here"),
    "a rate below 0": ("steps: 4", "steps: 4, optimizer: {type: adamw, learning_rate: -1}", "-1 is not a number"),
    "weights for others": (
        "steps: 4",
        "steps: 4, loss: {type: cross_entropy, class_weights: [1.0]}",
        "1 weights for 4 classes",
    ),
    "nothing wrong counts": (
        "steps: 4",
        "steps: 4, loss: {type: tversky, alpha: 0.0, beta: 0.0}",
        "no error is penalised",
    ),
    "patience alone": ("steps: 4", "steps: 4, early_stopping: 3", "nothing is validated before the end"),
    "too many levels": (
        "steps: 4",
        "steps: 4, deep_supervision: [0.5]",
        "1 weights for 0 coarser levels of the decoder",
    ),
    "no such level": ("steps: 4", "steps: 4, checkpointing: [2]", "there is no level 2"),
    "patch of other axes": ("steps: 4", "steps: 4, patch: [8, 8, 8]", "3 values for 2 axes"),
    "no such spec": ("extends: unet-same", "extends: unet-sam", "there is no spec 'unet-sam'"),
    "a fault in the spec": ("channels: [4, 8]", "chanels: [4, 8]", "there is no key 'chanels'"),
    "channels": (
        "channels: [4, 8]",
        "channels: [4, 8], in_channels: 3",
        "the images have 1 channel, unet-same takes 3",
    ),
    "axes": ("channels: [4, 8]", "channels: [4, 8], dims: 3", "the images have 2 axes"),
    "classes": ("channels: [4, 8]", "channels: [4, 8], out_channels: 2", "the data define 4 classes"),
    "no such data": ("data: mni", "data: nowhere.yaml", "nowhere.yaml does not exist"),
    "no version": ("unetkit: 1\n", "", "the key 'unetkit' is missing"),
    "another version": ("unetkit: 1", "unetkit: 2", "2 is not 1"),
    "no training": ("training: {steps: 4}\n", "", "the key 'training' is missing"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_run_file_gives_one_clear_message(case: str, tmp_path: Path) -> None:
    import re

    old, new, message = BROKEN[case]
    assert old in RUN
    text = RUN.replace("channels: [4, 8]", "channels: [4, 8], out_channels: 4") if case != "classes" else RUN
    file = tmp_path / "run.yaml"
    file.write_text(text.replace(old, new), "utf-8")
    told = run_command("train", file, "-o", tmp_path / "out", code=1).stderr
    assert re.search(message, told), told
    assert "Traceback" not in told and "error[" in told
    assert not (tmp_path / "out").exists()


def test_faults_have_their_place(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(RUN.replace("steps: 4", "steps: 4, loss: dise"), "utf-8")
    with pytest.raises(SpecError) as caught:
        load_run(file)
    assert str(caught.value).startswith(f"{file}:4:28: error[unknown-loss]: training.loss.type: no loss is called")


def test_an_activation_at_the_end_is_refused(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainError, match=r"passes through Softmax, but the loss expects logits\n +Set head.activation"):
        trained(values(photos), tmp_path, "spec.head.activation=softmax")


def test_a_step_that_needs_too_much_memory_is_refused_with_the_largest_patch(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = unetkit.plan(unetkit.load("unet-same", ["channels=[8, 16]"]))
    free = step_bytes(plan, (128, 128), 8, 2)
    monkeypatch.setattr("unetkit.train.memory.available_memory", lambda: free)
    check_step_memory(plan, (128, 128), 8, 2)
    largest = largest_patch(plan, (512, 512), lambda size: step_bytes(plan, size, 8, 2) <= free)
    assert step_bytes(plan, (largest, largest), 8, 2) <= free < step_bytes(plan, (largest + 2, largest + 2), 8, 2)
    with pytest.raises(
        TrainError, match=rf"a step of 8 patches of 512×512 needs .* GB.*\n +training.patch={largest} fits"
    ):
        check_step_memory(plan, (512, 512), 8, 2)
    assert needed_memory(plan, (128, 128), Execution(batch=8, channels_last=True)).training < free


def test_memory_is_counted_with_what_the_optimizer_keeps() -> None:
    plan = unetkit.plan(unetkit.load("unet-same", ["channels=[8, 16]"]))
    for optimizer, copies in ((SGD(), 1), (SGD(momentum=0, nesterov=False), 0), (AdamW(), 2)):
        assert optimizer.copies == copies
        model = unetkit.build(plan.spec, seed=0)
        for weight in model.parameters():
            weight.grad = torch.ones_like(weight)
        made = optimizer.make(model.parameters())
        made.step()
        kept = [value for state in made.state.values() for value in state.values() if isinstance(value, torch.Tensor)]
        assert sum(value.numel() for value in kept if value.dim()) == copies * plan.parameters
        assert step_bytes(plan, (32, 32), 1, copies) - step_bytes(plan, (32, 32), 1, 0) == 4 * copies * plan.parameters


def test_weights_and_images_have_channels_last_unless_there_is_instance_norm(photos: Path, tmp_path: Path) -> None:
    for norm, last in (("batch", True), ("instance", False)):
        said = values(photos)
        said["spec"] |= {"norm": norm}
        trained(said, tmp_path / norm)
        kept = torch.load(tmp_path / norm / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
        weight = kept["model.decoder.0.block.conv1.weight"]
        assert weight.is_contiguous(memory_format=torch.channels_last) is last


def test_the_canonical_form_is_the_same_run(photos: Path) -> None:
    asked = load_run(values(photos, clip=None, early_stopping=3, validate_every=2, loss="focal", schedule="poly"))
    assert load_run(asked.resolve()).training.clip is None
    assert load_run(asked.resolve()).resolve() == asked.resolve()


def test_overrides_reach_every_part(photos: Path) -> None:
    asked = load_run(
        values(photos),
        ["spec.skip.align=pad", "spec.block.padding=valid", "data.normalization=image", "training.loss=dice"],
    )
    form = asked.resolve()
    assert form["spec"]["skip"]["align"] == "pad" and form["data"]["normalization"]["type"] == "image"
    assert form["training"]["loss"]["type"] == "dice"


def test_the_command_trains_a_spec_on_a_folder(photos: Path, tmp_path: Path) -> None:
    arguments = ["train", "unet-same", str(photos), "--steps", "2", "--accelerator", "cpu", "-o", str(tmp_path / "run")]
    arguments += ["--set", "channels=[4, 8]", "--set", "training.patch=16", "--set", "training.batch=2"]
    text = run_command(*arguments).stdout
    assert "2 steps; best.safetensors on the test images" in text and "class 1" in text
    assert run_command(*arguments).stdout == text


def test_the_images_of_a_folder_are_divided(photos: Path) -> None:
    splits = open_data(load_data(photos))
    assert len(splits.train) + len(splits.test) == 6
    with pytest.raises(UnetkitError, match="fraction"):
        splits.train.subset(0)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "[" * 100_000, '{"steps": "3", "classes": [], "scores": {"images": []}}', "\x80"]
)
def test_a_result_that_is_none_is_one_fault(text: str, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(TrainError, match="result.json cannot be read"):
        read_result(tmp_path)
