"""Geometry of images: axis codes, turns between orientations, and when two grids are the same."""

from __future__ import annotations

from itertools import permutations, product

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from unetkit.spatial import Geometry, Reorientation, aligning, orienting
from unetkit.spatial.reorientation import ORIENTATIONS
from unetkit.spatial.units import factor

SIZE = (3, 4, 5)
TURNS = [Reorientation(order, flips) for order in permutations(range(3)) for flips in product((False, True), repeat=3)]

turns = st.sampled_from(TURNS)
spacings = st.tuples(*[st.floats(0.1, 20)] * 3)
origins = st.tuples(*[st.floats(-300, 300)] * 3)
angles = st.tuples(*[st.floats(-0.6, 0.6)] * 3)


def rotation(angles: tuple[float, float, float]) -> NDArray[np.float64]:
    """Returns a rotation about the three axes, one after the other."""
    made = np.eye(3)
    for axis, angle in enumerate(angles):
        first, second = (axis + 1) % 3, (axis + 2) % 3
        turn = np.eye(3)
        turn[first, first] = turn[second, second] = np.cos(angle)
        turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
        made = turn @ made
    return made


@st.composite
def affines(draw: st.DrawFn) -> NDArray[np.float64]:
    """Affines of volumes in any orientation, oblique ones too."""
    turn = draw(turns)
    signs = np.where(turn.flipped, -1, 1)
    matrix = np.eye(4)
    matrix[:3, :3] = rotation(draw(angles)) @ (np.eye(3)[list(turn.order)].T * signs * draw(spacings))
    matrix[:3, 3] = draw(origins)
    return matrix


def places(geometry: Geometry, size: tuple[int, ...]) -> NDArray[np.float64]:
    """Returns where each sample lies (*size, world)."""
    assert geometry.origin is not None
    samples = np.stack(np.meshgrid(*map(np.arange, size), indexing="ij"), -1)
    found: NDArray[np.float64] = samples @ geometry.steps() + np.array(geometry.origin)
    return found


@given(affines())
def test_axis_codes_are_those_of_nibabel(affine: NDArray[np.float64]) -> None:
    own = Geometry.from_affine(affine, 3).axis_codes
    assert own in ORIENTATIONS
    cosines = np.abs(affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0))
    if (cosines.max(0) > 0.8).all():  # else the nearest axis is a matter of taste
        assert own == "".join(nibabel.aff2axcodes(affine))  # type: ignore[no-untyped-call]


@given(turns)
def test_a_turn_and_its_inverse_lose_nothing(turn: Reorientation) -> None:
    array = np.arange(120).reshape(2, *SIZE)
    turned = turn.array(array)
    assert turned.shape[1:] == turn.size(SIZE)
    assert_array_equal(turn.inverse.array(turned), array)
    assert turn.inverse.inverse == turn


@given(turns, st.data())
def test_a_part_of_a_turned_array_lies_where_it_is_said_to(turn: Reorientation, data: st.DataObject) -> None:
    array = np.arange(60).reshape(SIZE)
    bounds = [sorted(data.draw(st.tuples(*[st.integers(0, n)] * 2))) for n in turn.size(SIZE)]
    part = tuple(slice(*bound) for bound in bounds)
    assert_array_equal(turn.array(array[turn.source(part, SIZE)]), turn.array(array)[part])


@given(affines(), turns)
def test_a_turned_image_lies_on_the_same_samples(affine: NDArray[np.float64], turn: Reorientation) -> None:
    geometry = Geometry.from_affine(affine, 3)
    turned = turn.geometry(geometry, SIZE)
    own = np.moveaxis(places(geometry, SIZE), -1, 0)
    assert_allclose(places(turned, turn.size(SIZE)), np.moveaxis(turn.array(own), 0, -1), atol=1e-3)


@given(affines(), turns)
def test_aligning_finds_the_turn_between_two_grids(affine: NDArray[np.float64], turn: Reorientation) -> None:
    image = Geometry.from_affine(affine, 3)
    mask = turn.geometry(image, SIZE)
    back = aligning(mask, image)
    assert back == turn.inverse
    assert back.geometry(mask, turn.size(SIZE)).agrees(image)


@given(affines(), st.sampled_from(ORIENTATIONS))
def test_orienting_gives_the_axis_codes_that_were_asked_for(affine: NDArray[np.float64], codes: str) -> None:
    geometry = Geometry.from_affine(affine, 3)
    turn = orienting(geometry, codes)
    assert turn.geometry(geometry, SIZE).axis_codes == codes
    assert orienting(turn.geometry(geometry, SIZE), codes).is_identity


def test_there_are_48_orientations_of_a_volume() -> None:
    assert len(set(ORIENTATIONS)) == 48
    assert ORIENTATIONS[0] == "RAS"


def test_an_image_of_two_axes_is_oriented_by_the_axes_that_it_has() -> None:
    affine = np.diag([-1.0, 2.0, 3.0, 1.0])
    assert orienting(Geometry.from_affine(affine, 2), "SPR") == Reorientation((1, 0), (True, True))
    assert orienting(Geometry.from_affine(affine, 3), "SL") == Reorientation((2, 0, 1), (False, False, False))


def test_what_has_no_anatomical_axes_is_left_as_it_is() -> None:
    for geometry in (Geometry((1.0, 2.0)), Geometry.from_affine(np.diag([-1.0, 1, 1]), 2, system="EPSG:32632")):
        assert geometry.axis_codes == ""
        assert orienting(geometry, "RAS").is_identity


VOLUME = np.array([[0.8, 0, 0, -90], [0, 0.8, 0, -126], [0, 0, 2.5, -72], [0, 0, 0, 1]])


@pytest.mark.parametrize(
    "affine",
    [VOLUME.astype(np.float32).astype(float), VOLUME * [[1.0002, 1, 1, 1]]],
    ids=["rounded to 32 bits", "a spacing off by 1 in 5000"],
)
def test_a_difference_of_rounding_is_none(affine: NDArray[np.float64]) -> None:
    assert Geometry.from_affine(VOLUME, 3, unit="mm").agrees(Geometry.from_affine(affine, 3, unit="mm"))


def moved(by: float) -> NDArray[np.float64]:
    """Returns the volume's affine, its origin moved along the first axis."""
    made = VOLUME.copy()
    made[0, 3] += by
    return made


@pytest.mark.parametrize(("by", "same"), [(0.04, True), (-0.04, True), (0.2, False), (50, False)])
def test_origins_are_compared_to_a_tenth_of_a_sample(by: float, same: bool) -> None:
    assert Geometry.from_affine(VOLUME, 3).agrees(Geometry.from_affine(moved(by), 3)) is same


def test_spacings_directions_and_systems_are_compared() -> None:
    image = Geometry((0.5, 0.5), "mm")
    assert image.agrees(Geometry((500, 500), "µm"))
    assert image.agrees(Geometry((0.5, 0.5)))
    assert not image.agrees(Geometry((1.0, 1.0), "mm"))
    assert not image.agrees(Geometry((0.5, 0.5), "degree"))
    assert not image.agrees(Geometry((0.5, 0.5, 1.0), "mm"))
    assert Geometry((1.0, 1.0), "m", (5.0, 3.0), system="EPSG:1").agrees(Geometry((1.0, 1.0), "m"))
    assert not Geometry((1.0,), system="EPSG:1").agrees(Geometry((1.0,), system="EPSG:2"))
    turned = VOLUME.copy()
    turned[:3, :3] = rotation((0, 0, 0.01)) @ VOLUME[:3, :3]
    assert not Geometry.from_affine(VOLUME, 3).agrees(Geometry.from_affine(turned, 3))


@pytest.mark.parametrize(
    "affine",
    [
        np.diag([1.0, 0, 1, 1]),
        np.diag([1.0, np.nan, 1, 1]),
        np.array([[1.0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]),
        np.full((4, 4), np.inf),
    ],
    ids=["a point", "NaN", "parallel", "infinite"],
)
def test_a_degenerate_affine_is_no_geometry(affine: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match=r"affine|direction"):
        Geometry.from_affine(affine, 3)


@pytest.mark.parametrize("spacing", [(), (0.0,), (-1.0,), (float("nan"),), (float("inf"),)])
def test_spacings_are_numbers_above_zero(spacing: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="distances"):
        Geometry(spacing)


def test_units_convert_where_both_are_lengths() -> None:
    assert (factor("inch", "mm"), factor("nm", "µm"), factor("", "mm"), factor("mm", "degree")) == (25.4, 1e-3, 1, None)
