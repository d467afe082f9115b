"""Images in another spacing: resampled for a network, its output brought back to the samples of the image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from unetkit.data import UNLABELLED, Normalization, Pair, Pairs, Preprocessing
from unetkit.data.preprocessing.resampling import nearest, resampled, resampled_labels, resampled_parts
from unetkit.errors import FileError

sizes = st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple)


def reference(array: NDArray[np.float64], axis: int, count: int) -> NDArray[np.float64]:
    """Returns an array resampled along one axis by weights written out: a triangle about each new sample."""
    old = array.shape[axis]
    scale = old / count
    width = max(scale, 1.0)
    centres = (np.arange(count) + 0.5) * scale
    weights = np.maximum(0, 1 - np.abs(np.arange(old) + 0.5 - centres[:, None]) / width)
    weights /= weights.sum(1, keepdims=True)
    return np.moveaxis(np.tensordot(weights, array, (1, axis)), 0, axis)


@given(sizes, st.data())
def test_resampling_is_a_triangle_about_each_new_sample(size: tuple[int, ...], data: st.DataObject) -> None:
    wanted = tuple(data.draw(st.integers(1, 12)) for _ in size)
    array = np.random.default_rng(0).normal(size=(2, *size))
    expected = array
    for axis, count in enumerate(wanted, 1):
        expected = expected if count == size[axis - 1] else reference(expected, axis, count)
    assert_allclose(resampled(array, wanted), expected, atol=1e-5)


@given(sizes, st.data())
def test_parts_have_the_numbers_of_the_whole(size: tuple[int, ...], data: st.DataObject) -> None:
    wanted = tuple(data.draw(st.integers(1, 12)) for _ in size)
    array = np.random.default_rng(0).normal(size=(2, *size)).astype(np.float32)
    found = np.full((2, *wanted), np.nan, np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("unetkit.data.preprocessing.resampling._PART", data.draw(st.integers(1, 60)))
        for part, block in resampled_parts(array, wanted):
            assert np.isnan(found[(slice(None), *part)]).all()
            found[(slice(None), *part)] = block
    assert_array_equal(found, resampled(array, wanted))


@given(sizes, st.data())
def test_a_constant_stays_and_one_class_stays_one(size: tuple[int, ...], data: st.DataObject) -> None:
    wanted = tuple(data.draw(st.integers(1, 12)) for _ in size)
    assert_allclose(resampled(np.full((1, *size), 3.7), wanted), 3.7, rtol=1e-6)
    assert_array_equal(resampled_labels(np.full(size, UNLABELLED), wanted), np.full(wanted, UNLABELLED))
    assert_array_equal(nearest(np.full(size, 7), wanted), np.full(wanted, 7))


def test_labels_become_the_class_with_the_largest_share_and_no_class_between() -> None:
    labels = np.array([0, 0, 0, 5, 5, 5, 5, 2, 2])
    assert resampled_labels(labels, (3,)).tolist() == [0, 5, 2]
    assert set(resampled_labels(labels, (40,)).tolist()) == {0, 2, 5}
    assert resampled_labels(np.array([[3, 3], [1, 1]]), (1, 1)).tolist() == [[1]]  # a tie


@pytest.mark.parametrize("factor", [2, 3])
def test_labels_come_back_whole_from_finer_samples(factor: int) -> None:
    labels = np.random.default_rng(1).integers(0, 4, (6, 7)).repeat(2, 0).repeat(2, 1)
    fine = resampled_labels(labels, tuple(n * factor for n in labels.shape))
    assert_array_equal(resampled_labels(fine, labels.shape), labels)


def prepared(*spacing: float, unit: str = "mm") -> Preprocessing:
    return Preprocessing(Normalization("none"), "", spacing, unit)


def pair(size: tuple[int, ...], spacing: tuple[float, ...] | None, unit: str = "mm") -> Pair:
    random = np.random.default_rng(0)
    image = random.normal(size=(1, *size)).astype(np.float32)
    return Pair("a", image, random.integers(0, 3, size), random.integers(0, 9, size), spacing, unit)


def test_a_pair_is_seen_in_the_spacing_asked_for_over_the_same_extent() -> None:
    seen = prepared(1.0, 2.0).pair(pair((10, 6), (0.5, 3.0)))
    assert (seen.image.shape, seen.size, seen.spacing) == ((1, 5, 9), (5, 9), (1.0, 2.0))
    assert seen.instances is not None and seen.instances.shape == (5, 9)
    uneven = prepared(1.0).pair(pair((7,), (0.5,)))  # 3.5 mm in 4 samples
    assert (uneven.size, uneven.spacing) == ((4,), (0.875,))


def test_units_are_converted() -> None:
    assert prepared(1000, 1000, unit="µm").input_size(pair((4, 4), (0.5, 0.5))) == (2, 2)
    assert prepared(1, 1, unit="").input_size(pair((4, 4), (0.5, 0.5))) == (2, 2)


def test_output_lies_on_the_samples_of_the_image_again() -> None:
    one = pair((10, 6), (0.5, 3.0))
    asked: list[tuple[int, ...]] = []

    def network(image: NDArray[np.float32]) -> NDArray[np.float32]:
        asked.append(image.shape)
        return np.concatenate([image, -image])

    output = prepared(1.0, 2.0).label(one, network)
    assert asked == [(1, 5, 9)]
    assert output.shape == (2, 10, 6)
    assert_allclose(output[0], resampled(resampled(one.image, (5, 9)), (10, 6))[0])


def test_where_no_spacing_is_asked_for_nothing_is_resampled() -> None:
    one = pair((5, 4), None)
    plain = Preprocessing(Normalization("none"))
    assert plain.pair(one) is one
    assert_array_equal(plain.label(one, lambda image: image), one.image)
    pairs = Pairs((one,), ("a", "b"))
    assert plain.pairs(pairs) is pairs


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (pair((4, 4), None), "no-spacing"),
        (pair((4, 4), (0.5, 0.5), "degree"), "spacing-unit"),
        (pair((400, 400), (1e9, 1e9)), "spacing-size"),
    ],
)
def test_what_cannot_be_resampled_is_refused(one: Pair, code: str) -> None:
    with pytest.raises(FileError) as caught:
        prepared(1.0, 1.0).input_size(one)
    assert caught.value.faults[0].code == code
