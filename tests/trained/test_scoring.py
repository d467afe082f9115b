"""Scores: hand-computed values, torchmetrics and MONAI on the same labels, and what is said where nothing is there."""

from __future__ import annotations

from math import isnan, nan, sqrt

import numpy as np
import pytest
import torch
from monai.metrics.hausdorff_distance import compute_hausdorff_distance
from monai.metrics.surface_dice import compute_surface_dice
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion
from torchmetrics.functional.classification import multiclass_jaccard_index, multiclass_precision, multiclass_recall
from torchmetrics.functional.segmentation import dice_score

import unetkit
from unetkit.data import UNLABELLED, Normalization, Pair, Pairs, Preprocessing
from unetkit.scoring import METRICS, Scores, score, score_model
from unetkit.scoring.metrics import ScoreError

ALL = tuple(METRICS)
CLASSES = ("a", "b", "c")
Labels = NDArray[np.int64]


def labels(size: tuple[int, ...], seed: int) -> Labels:
    """Blobs of three classes."""
    coarse = np.random.default_rng(seed).integers(0, 3, tuple(-(-n // 5) for n in size))
    return np.kron(coarse, np.ones((5,) * len(size), np.int64))[tuple(map(slice, size))]


def scored(predicted: Labels, truth: Labels, **settings: object) -> Scores:
    return score([("p", predicted, truth, None)], CLASSES, **settings)  # type: ignore[arg-type]


def values(scores: Scores, metric: str) -> list[float]:
    found: list[float] = scores.table(metric)[0].tolist()
    return found


def test_overlap_computed_by_hand() -> None:
    truth, predicted = np.array([[0, 1, 1, 1]]), np.array([[0, 1, 0, 0]])
    scores = scored(predicted, truth, metrics=("dice", "iou", "precision", "recall"))
    assert values(scores, "dice") == pytest.approx([2 / 4, 2 / 4, nan], nan_ok=True)
    assert values(scores, "iou") == pytest.approx([1 / 3, 1 / 3, nan], nan_ok=True)
    assert values(scores, "precision") == pytest.approx([1 / 3, 1, nan], nan_ok=True)
    assert values(scores, "recall") == pytest.approx([1, 1 / 3, nan], nan_ok=True)


def test_distances_computed_by_hand() -> None:
    """Two vertical lines, three pixels of 0.5 mm apart."""
    truth, predicted = np.zeros((2, 9, 9), np.int64)
    truth[:, 2], predicted[:, 5] = 1, 1
    for tolerance, nsd in ((1.4, 0.0), (1.6, 1.0)):
        case = ("p", predicted, truth, (2.0, 0.5))
        scores = score([case], ("a", "b"), metrics=("nsd", "hd95"), tolerance=tolerance)
        assert values(scores, "nsd")[1] == nsd
        assert values(scores, "hd95")[1] == 1.5


@pytest.mark.parametrize("size", [(23, 31), (12, 11, 14)], ids=["2D", "3D"])
def test_overlap_is_that_of_torchmetrics(size: tuple[int, ...]) -> None:
    predicted, truth = labels(size, 0), labels(size, 1)
    scores = scored(predicted, truth, metrics=("dice", "iou", "precision", "recall"))
    pair = torch.from_numpy(predicted)[None], torch.from_numpy(truth)[None]
    known = {
        "dice": dice_score(*pair, num_classes=3, average="none", input_format="index")[0],
        "iou": multiclass_jaccard_index(*pair, num_classes=3, average="none"),
        "precision": multiclass_precision(*pair, num_classes=3, average="none"),
        "recall": multiclass_recall(*pair, num_classes=3, average="none"),
    }
    for metric, expected in known.items():
        assert values(scores, metric) == pytest.approx(expected.tolist(), abs=1e-6)


@pytest.mark.parametrize("size", [(23, 31), (12, 11, 14)], ids=["2D", "3D"])
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_distances_are_those_of_monai_for_all_classes_at_once(size: tuple[int, ...]) -> None:
    predicted, truth, spacing = labels(size, 0), labels(size, 1), (0.5, 2.0, 1.0)[: len(size)]
    scores = score([("p", predicted, truth, spacing)], CLASSES, metrics=("nsd", "hd95"), tolerance=1.5)
    axes = (-1, *range(len(size)))
    hot, true = (torch.from_numpy(np.eye(3)[one].transpose(axes)[None]) for one in (predicted, truth))
    nsd = compute_surface_dice(hot, true, [1.5] * 3, include_background=True, spacing=list(spacing))
    hd95 = compute_hausdorff_distance(hot, true, include_background=True, percentile=95, spacing=list(spacing))
    assert values(scores, "nsd") == pytest.approx(nsd[0].tolist(), abs=1e-6)
    assert values(scores, "hd95") == pytest.approx(hd95[0].tolist(), abs=1e-5)


def test_distances_are_those_of_the_definition() -> None:
    """Every pixel of one surface against every pixel of the other."""
    predicted, truth, spacing = labels((20, 25), 2), labels((20, 25), 3), np.array([1.5, 0.5])
    scores = score([("p", predicted, truth, tuple(spacing))], CLASSES, metrics=("nsd", "hd95"), tolerance=2.0)
    for index in range(3):
        edges = [np.argwhere(one & ~binary_erosion(one)) for one in (predicted == index, truth == index)]
        apart = np.linalg.norm((edges[0][:, None] - edges[1][None]) * spacing, axis=-1)
        there, back = apart.min(1), apart.min(0)
        assert values(scores, "hd95")[index] == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)))
        within = (there <= 2).sum() + (back <= 2).sum()
        assert values(scores, "nsd")[index] == pytest.approx(within / (len(there) + len(back)))


@pytest.mark.parametrize(
    ("predicted", "truth", "expected"),
    [
        (0, 0, [nan] * 6),
        (1, 0, [0, 0, 0, nan, 0, 5]),
        (0, 1, [0, 0, nan, 0, 0, 5]),
        (1, 1, [1, 1, 1, 1, 1, 0]),
    ],
    ids=["neither", "predicted only", "true only", "both"],
)
def test_what_a_missing_class_counts(predicted: int, truth: int, expected: list[float]) -> None:
    """The diagonal of a 4×5 image is 5 pixels long."""
    scores = scored(np.full((4, 5), predicted), np.full((4, 5), truth), metrics=ALL)
    assert [values(scores, metric)[1] for metric in ALL] == pytest.approx(expected, nan_ok=True)


def test_unlabelled_pixels_count_nowhere() -> None:
    truth, predicted = labels((20, 20), 0), labels((20, 20), 1)
    truth[5:9] = UNLABELLED
    changed = predicted.copy()
    changed[5:9] = 2 - changed[5:9]
    one, other = (scored(each, truth, metrics=ALL) for each in (predicted, changed))
    assert one.rows == other.rows
    cut = [np.delete(each, slice(5, 9), axis=0) for each in (predicted, truth)]
    assert one.pooled() == scored(*cut).pooled()


def test_an_image_without_labels_has_no_scores() -> None:
    scores = scored(labels((5, 5), 0), np.full((5, 5), UNLABELLED), metrics=ALL)
    assert all(isnan(value) for row in scores.rows for value in row.values.values())


def test_pooled_dice_counts_all_pixels_together() -> None:
    truth = np.array([[0, 1, 1, UNLABELLED]])
    cases = [("p", np.array([[0, 1, 0, 1]]), truth, None), ("q", np.array([[0, 1, 1, 0]]), truth, None)]
    scores = score(cases, CLASSES)
    assert scores.pooled() == pytest.approx((2 * 2 / (2 + 3), 2 * 3 / (4 + 3), nan), nan_ok=True)
    assert scores.mean() == pytest.approx(np.mean([(2 / 3 + 1) / 2, (2 / 3 + 1) / 2]))
    assert scores.images == ("p", "q")


def test_a_summary_leaves_out_images_without_a_value() -> None:
    there, not_there = np.array([[0, 1]]), np.array([[0, 0]])
    cases = [("p", there, there, None), ("q", not_there, not_there, None), ("r", not_there, there, None)]
    line = score(cases, ("a", "b")).summary(("dice",))[1]
    assert (line.class_name, line.metric, line.mean, line.images) == ("b", "dice", 0.5, 2)
    assert (line.low, line.high) == (0, 1)


def many(count: int) -> Scores:
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, (count, 6, 6))
    predicted = np.where(random.random(truth.shape) < 0.3, 1 - truth, truth)
    return score([(str(n), predicted[n], truth[n], None) for n in range(count)], ("a", "b"))


def test_the_interval_is_about_that_of_students_t_and_repeats_itself() -> None:
    scores = many(60)
    line, again = scores.summary(seed=1)[0], scores.summary(seed=1)[0]
    half = 2.0 * scores.table("dice")[:, 0].std(ddof=1) / sqrt(60)
    assert line == again
    assert (line.mean - line.low, line.high - line.mean) == pytest.approx((half, half), rel=0.15)
    assert scores.summary(confidence=0.5)[0].low > line.low


def test_of_one_image_there_is_no_interval_and_of_equal_ones_it_is_a_point() -> None:
    line = many(1).summary()[0]
    assert isnan(line.low) and isnan(line.high) and not isnan(line.mean)
    same = labels((20, 20), 0)
    line = score([("p", same, same, None), ("q", same, same, None)], CLASSES).summary()[0]
    assert (line.low, line.mean, line.high) == (1, 1, 1)


def test_rows_as_csv_and_as_plain_values() -> None:
    scores = scored(np.array([[0, 0]]), np.array([[0, 1]]), metrics=("dice", "precision"))
    assert scores.csv() == "image,class,dice,precision\np,a,0.6666666666666666,0.5\np,b,0.0,\np,c,,\n"
    assert scores.plain()[1] == {"image": "p", "class": "b", "dice": 0.0, "precision": None}


def test_what_is_no_metric_is_refused_with_the_nearest() -> None:
    with pytest.raises(ScoreError, match=r"error\[metric-unknown\]: there is no metric 'dise'\n +Did you mean: dice\?"):
        scored(labels((4, 4), 0), labels((4, 4), 0), metrics=("dise",))
    with pytest.raises(ScoreError, match="hd95 measures surfaces, which 1D images do not have"):
        scored(np.zeros(4, np.int64), np.zeros(4, np.int64), metrics=("hd95",))


def test_evaluate_scores_what_the_network_says() -> None:
    model = unetkit.build(unetkit.load("unet-same", ["channels=[4, 8]", "out_channels=3"]), seed=0).eval()
    random = np.random.default_rng(0)
    pairs = Pairs(
        tuple(Pair(str(n), random.random((1, 21, 18), np.float32), labels((21, 18), n)) for n in range(2)), CLASSES
    )
    normalization = Normalization("dataset", (0.5,), (0.3,))
    expected = [
        (pair.name, unetkit.predict(model, normalization.apply(pair.image)).argmax(0), pair.labels, None)
        for pair in pairs
    ]
    assert score_model(model, pairs, Preprocessing(normalization)).rows == score(expected, CLASSES).rows


def test_a_network_with_more_classes_than_the_images_is_refused() -> None:
    model = unetkit.build(unetkit.load("unet-same", ["channels=[4, 8]", "out_channels=3"]))
    with pytest.raises(ScoreError, match="predicts 3 classes, the data define 2: a, b"):
        score_model(model, Pairs((), ("a", "b")), Preprocessing(Normalization("none")))
