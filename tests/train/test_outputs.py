"""Training of networks with several outputs: targets, losses and weights by output, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from monai.losses.dice import DiceLoss
from torch.nn import functional

import unetkit
from tests.support.photos import trained, values
from unetkit.data import UNLABELLED, Pair
from unetkit.data.targets import Distance, Regions
from unetkit.errors import SpecError
from unetkit.train import TrainError, load_run
from unetkit.train.parts.losses import CrossEntropy, Dice, MeanAbsoluteError, MeanSquaredError, ValueInput
from unetkit.train.parts.outputs import presence, region_input
from unetkit.trained import Trained

TWO = {"mask": {"channels": 2}, "distance": {"channels": 1, "head": {"activation": "sigmoid"}}}


def two_outputs(photos: Path, **training: Any) -> dict[str, Any]:
    """A run of a network for masks and distances."""
    training = {"losses": {"distance": "mse"}, "targets": {"distance": "distance"}} | training
    said = values(photos, **training)
    said["spec"]["heads"] = TWO
    return said


def faults(said: dict[str, Any]) -> str:
    with pytest.raises(SpecError) as caught:
        load_run(said)
    return str(caught.value)


def test_a_network_for_masks_and_distances_is_trained_and_scored(photos: Path, tmp_path: Path) -> None:
    result = trained(two_outputs(photos, deep_supervision=[]), tmp_path)
    scored = result.values["outputs"]
    assert set(scored["mask"]["mean"]) == {"dice", "iou"} and set(scored["distance"]["mean"]) == {"mae", "rmse"}
    assert 0 <= scored["distance"]["mean"]["mae"] <= scored["distance"]["mean"]["rmse"] <= 1
    assert (tmp_path / "scores.csv").exists() and (tmp_path / "scores-distance.csv").exists()
    model = Trained.load(tmp_path / "best.safetensors")
    assert [(one.name, one.kind, one.names) for one in model.signature.outputs] == [
        ("mask", "classes", ("class 0", "class 1")),
        ("distance", "values", ("distance",)),
    ]
    assert model.signature.targets["distance"] == Distance()


def test_every_output_has_its_gradient(photos: Path) -> None:
    run = load_run(two_outputs(photos))
    assert [(task.name, type(task.loss).__name__, task.target.kind) for task in run.tasks] == [
        ("mask", "DiceCE", "classes"),
        ("distance", "MeanSquaredError", "values"),
    ]


def test_regions_are_trained_each_for_itself(photos: Path, tmp_path: Path) -> None:
    said = values(photos, targets={"output": {"type": "regions", "regions": {"all": [0, 1], "disc": [1]}}})
    result = trained(said, tmp_path)
    assert {row["class"] for row in result.values["scores"]["images"]} == {"all", "disc"}
    model = Trained.load(tmp_path / "best.safetensors")
    assert model.signature.outputs[0].names == ("all", "disc")
    assert load_run(result.values["run"]).targets == load_run(said).targets


def test_a_supervised_spec_trains_all_its_outputs_and_saves_those_of_inference(photos: Path, tmp_path: Path) -> None:
    said = values(photos)
    said["spec"] |= {"topology": "unet_plus_plus", "channels": [4, 8, 8]}
    said["spec"]["heads"] = {"output": {}, "column_1": {"at": "column_1", "when": "training"}}
    run = load_run(said)
    assert [task.weight for task in run.tasks] == [1.0, 1.0]  # both at full resolution
    result = trained(said, tmp_path)
    whole = unetkit.plan(run.spec)
    assert result.values["parameters"] == whole.for_inference().parameters < whole.parameters
    assert tuple(Trained.load(tmp_path / "best.safetensors").model.plan.outputs) == ("output",)  # type: ignore[union-attr,arg-type]


def test_outputs_for_training_take_half_the_weight_with_each_level_unless_weights_are_given(photos: Path) -> None:
    said = values(photos)
    said["spec"] |= {"channels": [4, 8, 8, 8]}
    heads = {"output": {}, "one": {"at": 1, "when": "training"}, "two": {"at": 2, "when": "training"}}
    said["spec"]["heads"] = heads
    assert [task.weight for task in load_run(said).tasks] == [1.0, 0.5, 0.25]
    given = load_run(said, ["training.deep_supervision=[0.3, 0.2]", "training.loss_weights={two: 4}"])
    assert [task.weight for task in given.tasks] == [1.0, 0.3, 4.0]


def test_distances_grow_towards_the_middle_of_each_object() -> None:
    labels = np.zeros((9, 20), np.int64)
    labels[2:7, 2:7] = labels[2:7, 10:19] = 1
    pair = Pair("a", np.zeros((1, 9, 20), np.float32), labels)
    (relative,), (absolute,) = Distance().values(pair), Distance(relative=False).values(pair)
    assert absolute[4, 4] == 3 and relative[4, 4] == relative[4, 14] == 1
    assert relative[2, 2] == pytest.approx(1 / 3) and not relative[labels == 0].any()
    touching = Pair("b", pair.image, labels, np.where(np.arange(20) < 5, labels, 2 * labels))
    assert Distance(relative=False).values(touching)[0, 4, 4] == 1  # the neighbour ends the object


def test_distances_are_in_samples_of_the_finest_axis() -> None:
    labels = np.zeros((1, 9, 9), np.int64)
    labels[:, 3:6, 3:6] = 1
    pair = Pair("a", labels[:1].astype(np.float32), labels[0], spacing=(3.0, 1.0))
    assert Distance(relative=False).values(pair)[0, 4, 4] == 2  # along the finer axis


def test_an_object_that_fills_the_image_has_its_border_as_end() -> None:
    pair = Pair("a", np.zeros((1, 5, 5), np.float32), np.ones((5, 5), np.int64))
    assert Distance(relative=False).values(pair)[0].max() == 3


GATED = {
    "output": {"at": ["mask", "presence"], "merge": {"type": "class_gate"}, "head": []},
    "mask": {"when": "never"},
    "presence": {"channels": 2, "head": ["global_pool", "conv"], "when": "training"},
}


def test_a_class_of_the_whole_image_is_trained_beside_the_map_that_it_gates(photos: Path, tmp_path: Path) -> None:
    said = values(photos, targets={"presence": "presence"}, losses={"presence": "cross_entropy"})
    said["spec"]["heads"] = GATED
    trained(said, tmp_path)
    labels = torch.tensor([[[0, 0, UNLABELLED]], [[0, 1, 0]], [[UNLABELLED] * 3]])
    assert presence(labels).flatten().tolist() == [0, 1, UNLABELLED]
    with pytest.raises(TrainError, match="presence has one sample for the whole image, its target is a map"):
        trained(said, tmp_path / "map", "training.targets={presence: classes}")


def test_losses_of_regions_are_those_of_torch_and_monai() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(2, 2, 6, 6), torch.randint(0, 3, (2, 6, 6))
    batch = region_input(logits, labels, Regions(regions={"whole": (1, 2), "core": (2,)}))
    truth = torch.stack([labels > 0, labels == 2], 1).float()
    entropy = CrossEntropy().terms(batch)["cross_entropy"]
    assert entropy == pytest.approx(float(functional.binary_cross_entropy_with_logits(logits, truth)))
    dice = Dice(smooth=0).terms(batch)["dice"]
    assert dice == pytest.approx(float(DiceLoss(sigmoid=True, batch=True, smooth_nr=0, smooth_dr=0)(logits, truth)))


def test_unlabelled_pixels_count_in_no_region() -> None:
    logits, labels = torch.zeros(1, 1, 4, 4), torch.full((1, 4, 4), UNLABELLED)
    labels[0, 0, 0] = 1
    batch = region_input(logits, labels, Regions(regions={"all": (1,)}))
    assert float(batch.one_hot.sum()) == 1 and float(batch.probabilities.sum()) == 0.5


def test_losses_of_numbers_are_means_over_labelled_pixels() -> None:
    output, truth = torch.tensor([[[[1.0, 5.0]]]]), torch.tensor([[[[3.0, 0.0]]]])
    batch = ValueInput(output, truth, torch.tensor([[[1.0, 0.0]]]))
    assert float(MeanSquaredError().terms(batch)["mse"]) == 4
    assert float(MeanAbsoluteError().terms(batch)["l1"]) == 2


@pytest.mark.parametrize(
    ("training", "told"),
    [
        ({"losses": {"distanse": "mse"}}, "error[unknown-output]: training.losses.distanse: there is no output"),
        ({"targets": {}}, "error[loss-target]: training.losses.distance: distance predicts classes"),
        ({"losses": {}}, "error[loss-target]: training.losses.distance: distance predicts values"),
        ({"targets": {"distance": "distance", "mask": {"type": "regions", "regions": {"a": [1]}}}}, "2 channels"),
        ({"losses": {"distance": "mze"}}, "error[unknown-loss]"),
        ({"loss": "l1"}, "error[loss-target]"),
        ({"deep_supervision": [0.5, 0.5]}, "2 weights for 0 coarser levels"),
    ],
)
def test_settings_of_outputs_that_do_not_fit_are_refused(photos: Path, training: dict[str, Any], told: str) -> None:
    assert told in faults(two_outputs(photos, **training))


def test_the_canonical_form_of_a_run_keeps_the_settings_of_outputs(photos: Path) -> None:
    run = load_run(two_outputs(photos, loss_weights={"distance": 2.0}))
    again = load_run(run.resolve())
    assert again.tasks == run.tasks and again.resolve() == run.resolve()
    assert not {"losses", "targets", "loss_weights"} & load_run(values(photos)).resolve()["training"].keys()
