"""Volumes in any orientation: read, learned from and labelled as one, each result on the samples of its own file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from tests.support.campaign import examples
from tests.support.commandline import answer, run
from unetkit.data import Splits, load_data, open_data
from unetkit.errors import FileError
from unetkit.imagefiles import ReadRequest, format_of, open_images
from unetkit.imagefiles.views.reorientation import ReorientedWriter, axis_codes, reorientation_to, reoriented
from unetkit.spatial import Geometry, orienting
from unetkit.spatial.reorientation import ORIENTATIONS

SIZE = (5, 6, 7)
AFFINE = np.array([[0.8, 0, 0, -90], [0, 0.9, 0, -126], [0, 0, 2.5, -72], [0, 0, 0, 1]])


def volume(*, seed: int = 0, channels: int = 0) -> NDArray[np.int16]:
    shape = (*SIZE, channels) if channels else SIZE
    return np.random.default_rng(seed).integers(0, 1000, shape).astype(np.int16)


def save(file: Path, array: NDArray[Any], affine: NDArray[np.float64] = AFFINE, codes: str = "RAS") -> Path:
    """Writes a NIfTI file of a volume that is given in RAS, stored in another orientation."""
    image = nibabel.Nifti1Image(array, affine)  # type: ignore[no-untyped-call]
    image.header.set_xyzt_units("mm")  # type: ignore[no-untyped-call]
    own = nibabel.orientations.io_orientation(affine)  # type: ignore[no-untyped-call]
    wanted = nibabel.orientations.axcodes2ornt(codes)  # type: ignore[no-untyped-call]
    image = image.as_reoriented(nibabel.orientations.ornt_transform(own, wanted))  # type: ignore[no-untyped-call]
    file.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(image, file)
    return file


def in_ras(file: Path) -> NDArray[Any]:
    """Returns the numbers of a NIfTI file, in RAS."""
    image = nibabel.load(file)
    return np.asarray(nibabel.as_closest_canonical(image).dataobj)  # type: ignore[no-untyped-call]


def data(folder: Path, dims: int = 3, **keys: Any) -> Splits:
    """Returns all pairs of a folder as training data."""
    said = {"unetkit": 1, "dims": dims, "dataset": {"type": "folders", "images": "images", "masks": "masks"}}
    return open_data(load_data(said | {"split": {"type": "block", "test": 0}} | keys, folder=folder))


def fault(folder: Path, **keys: Any) -> str:
    """Returns what is wrong with a folder."""
    with pytest.raises(FileError) as caught:
        data(folder, **keys)
    assert {one.code for one in caught.value.faults} == {"mask-geometry"}
    return str(caught.value)


# --- views of files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dims", [2, 3])
@settings(max_examples=examples(30))
@given(own=st.sampled_from(ORIENTATIONS), wanted=st.sampled_from(ORIENTATIONS), channels=st.sampled_from([0, 2]))
def test_what_is_read_turned_and_written_back_is_where_it_was(
    tmp_path_factory: pytest.TempPathFactory, dims: int, own: str, wanted: str, channels: int
) -> None:
    folder = tmp_path_factory.mktemp("reoriented")
    array = volume(channels=channels)
    file = save(folder / "a.nii", array, codes=own)
    with open_images(file, ReadRequest(dims, channels or 1)) as images:
        how = reorientation_to(images, wanted)
        seen = reoriented(images, how)
        assert (axis_codes(images), axis_codes(seen)) == (own, wanted)
        expected = orienting(Geometry.from_affine(AFFINE, 3), wanted).array(array, (0, 1, 2))
        expected = np.moveaxis(expected, 3, 0) if channels else expected[None]
        planes = [expected] if dims == 3 else list(np.moveaxis(expected, 3, 0))
        assert seen.count == len(planes)
        with format_of(file).create(folder / "b.nii", images, None, np.int16) as made:
            target = ReorientedWriter(made, images, how)
            for number, plane in enumerate(planes):
                assert_array_equal(seen.read(number), plane)
                middle = tuple(slice(1, n - 1) for n in seen.size)
                assert_array_equal(seen.read(number, middle), plane[(slice(None), *middle)])
                for rows in (slice(0, 2), slice(2, seen.size[0])):
                    part = (rows, *(slice(0, n) for n in seen.size[1:]))
                    target.write(number, part, plane[0][part])
    assert_array_equal(in_ras(folder / "b.nii"), array[..., 0] if channels else array)
    again = nibabel.load(folder / "b.nii")
    assert np.allclose(again.affine, nibabel.load(file).affine)  # type: ignore[attr-defined]


# --- masks against images ---------------------------------------------------------------------------------------------


@settings(max_examples=examples(30))
@given(st.sampled_from(ORIENTATIONS), st.sampled_from(ORIENTATIONS), st.sampled_from(["RAS", "PIL", "native"]))
def test_a_mask_in_another_orientation_is_turned_onto_its_image(
    tmp_path_factory: pytest.TempPathFactory, image: str, mask: str, wanted: str
) -> None:
    folder = tmp_path_factory.mktemp("pair")
    array = volume()
    save(folder / "images" / "a.nii", array, codes=image)
    save(folder / "masks" / "a.nii", (array > 500).astype(np.uint8), codes=mask)
    for dims in (2, 3):
        for pair in data(folder, dims, orientation=wanted).train:
            assert_array_equal(pair.labels, pair.image[0] > 500)
            assert bool(pair.notes) == (image != mask)
            assert pair.axis_codes == image


OBLIQUE = AFFINE.copy()
OBLIQUE[:3, :3] = [[0.7, -0.3, 0.1], [0.3, 0.8, -0.2], [0, 0.2, 2.4]]


def test_an_oblique_mask_is_turned_onto_its_image(tmp_path: Path) -> None:
    array = volume()
    save(tmp_path / "images" / "a.nii", array, OBLIQUE)
    save(tmp_path / "masks" / "a.nii", (array > 500).astype(np.uint8), OBLIQUE, codes="SLP")
    pair = data(tmp_path).train[0]
    assert_array_equal(pair.labels, pair.image[0] > 500)


MOVED, STEPPED, TILTED = AFFINE.copy(), np.diag([0.8, 0.9, 5.0, 1]), AFFINE.copy()
MOVED[:3, 3] += 40
TILTED[:3, :3] = OBLIQUE[:3, :3]


@pytest.mark.parametrize("affine", [MOVED, STEPPED, TILTED, np.eye(4)], ids=["moved", "stepped", "tilted", "forgotten"])
def test_a_mask_on_other_samples_is_refused_unless_that_is_ignored(tmp_path: Path, affine: NDArray[np.float64]) -> None:
    array = volume()
    save(tmp_path / "images" / "a.nii", array)
    save(tmp_path / "masks" / "a.nii", (array > 500).astype(np.uint8), affine)
    told = fault(tmp_path)
    assert "lies on other samples than its image" in told
    assert "RAS, 0.8×0.9×2.5 mm, origin (-90, -126, -72)" in told
    pair = data(tmp_path, mask_geometry="ignored").train[0]
    assert_array_equal(pair.labels, pair.image[0] > 500)


def test_instances_are_held_to_their_image_too(tmp_path: Path) -> None:
    array = volume()
    save(tmp_path / "images" / "a.nii", array)
    save(tmp_path / "masks" / "a.nii", (array > 500).astype(np.uint8))
    save(tmp_path / "objects" / "a.nii", array, codes="LPS")
    dataset = {"type": "folders", "images": "images", "masks": "masks", "instances": "objects"}
    pair = data(tmp_path, dataset=dataset).train[0]
    assert_array_equal(pair.instances, pair.image[0])
    save(tmp_path / "objects" / "a.nii", array, MOVED)
    assert "objects" in fault(tmp_path, dataset=dataset)


def test_a_mask_that_does_not_say_where_it_lies_is_taken_sample_by_sample(tmp_path: Path) -> None:
    array = volume()
    save(tmp_path / "images" / "a.nii", array, codes="LPS")
    stored = np.asarray(nibabel.load(tmp_path / "images" / "a.nii").dataobj)  # type: ignore[attr-defined]
    mask = nibabel.Nifti1Image((stored > 500).astype(np.uint8), None)  # type: ignore[no-untyped-call]
    assert mask.header.get_zooms() == (1, 1, 1)  # type: ignore[no-untyped-call]
    assert not (mask.header["qform_code"] or mask.header["sform_code"])
    (tmp_path / "masks").mkdir()
    nibabel.save(mask, tmp_path / "masks" / "a.nii")
    for orientation in ("native", "RAS", "ASR"):
        pair = data(tmp_path, orientation=orientation).train[0]
        assert_array_equal(pair.labels, pair.image[0] > 500)


def test_a_mask_that_says_its_spacing_alone_is_held_to_that(tmp_path: Path) -> None:
    array = volume()
    save(tmp_path / "images" / "a.nii", array)
    (tmp_path / "masks").mkdir()
    mask = nibabel.Nifti1Image((array > 500).astype(np.uint8), None)  # type: ignore[no-untyped-call]
    for zooms, fits in (((0.8, 0.9, 2.5), True), ((0.8, 0.9, 5.0), False)):
        mask.header.set_zooms(zooms)  # type: ignore[no-untyped-call]
        nibabel.save(mask, tmp_path / "masks" / "a.nii")
        if fits:
            assert_array_equal(data(tmp_path).train[0].labels, array > 500)
        else:
            assert "0.8×0.9×5" in fault(tmp_path)


def test_a_broken_affine_is_a_fault_of_its_file(tmp_path: Path) -> None:
    for number, wrong in enumerate((np.nan, 0.0)):
        broken = AFFINE.copy()
        broken[:3, 1] = wrong
        image = nibabel.Nifti1Image(volume(), AFFINE)  # type: ignore[no-untyped-call]
        image.header["srow_x"], image.header["srow_y"], image.header["srow_z"] = broken[:3]
        image.header["sform_code"], image.header["qform_code"] = 1, 0
        file = tmp_path / f"{number}.nii"
        image._affine = None
        nibabel.save(image, file)
        with pytest.raises(FileError, match="affine"), open_images(file, ReadRequest(3)):
            pass


def test_the_most_common_orientation_is_taken_and_told(tmp_path: Path) -> None:
    for number, codes in enumerate(["LPS", "RAS", "LPS", "PIR"]):
        array = volume(seed=number)
        save(tmp_path / "images" / f"{number}.nii", array, codes=codes)
        save(tmp_path / "masks" / f"{number}.nii", (array > 500).astype(np.uint8), codes="RAS")
    train = data(tmp_path).train
    assert train.orientation == "LPS"
    for number, pair in enumerate(train):
        assert_array_equal(pair.image[0], volume(seed=number)[::-1, ::-1])
    said = answer("data", str(tmp_path), "--set", "dims=3")
    assert (said["orientation"], said["orientations"]) == ("LPS", {"LPS": 2, "RAS": 1, "PIR": 1})
    assert "3 orientations: 2 LPS (as 0), 1 RAS (as 1), 1 PIR (as 3); volumes are reoriented to LPS" in said["notes"]
    assert "2 pairs: mask reoriented to the image: RAS to LPS (0, 2)" in said["notes"]
    assert answer("data", str(tmp_path), "--set", "dims=3", "--set", "orientation=native")["orientation"] == ""


def test_spacings_that_differ_are_told(tmp_path: Path) -> None:
    for number, step in enumerate([1.0, 1.0, 3.0]):
        affine = np.diag([0.5, 0.5, step, 1])
        save(tmp_path / "images" / f"{number}.nii", volume(seed=number), affine)
        save(tmp_path / "masks" / f"{number}.nii", (volume(seed=number) > 500).astype(np.uint8), affine)
    said = answer("data", str(tmp_path), "--set", "dims=3")
    assert said["spacings"] == {"least": [0.5, 0.5, 1], "most": [0.5, 0.5, 3], "unit": "mm", "unknown": 0}
    assert any(note.startswith("spacings differ: 0.5×0.5×1 mm to 0.5×0.5×3 mm") for note in said["notes"])
    said = answer("data", str(tmp_path), "--set", "dims=3", "--set", "spacing=median")
    assert said["spacing"] == [0.5, 0.5, 1]
    assert "images are resampled to 0.5×0.5×1 mm, the median of the training images" in said["notes"]


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("orientation=RAX", "'RAX' is no orientation"),
        ("orientation=RAL", "'RAL' is no orientation"),
        ("orientation=RA", "'RA' is no orientation of a volume"),
        ("spacing=[1, 2]", "2 numbers for 3 axes"),
        ("spacing=[1, 2, 0]", "spacing"),
        ("spacing=half", "spacing"),
        ("mask_geometry=maybe", "mask_geometry"),
    ],
)
def test_keys_that_are_wrong_are_refused(tmp_path: Path, key: str, told: str) -> None:
    file = tmp_path / "data.yaml"
    file.write_text("unetkit: 1\ndims: 3\ndataset: {type: folders, images: images, masks: masks}\n")
    assert told in run("data", str(file), "--set", key, code=1).stderr


def test_a_mask_at_an_angle_to_its_image_is_refused_with_the_angle(tmp_path: Path) -> None:
    turn = np.eye(4)
    turn[:2, :2] = [[0.8, -0.6], [0.6, 0.8]]
    for folder, affine in (("images", np.eye(4)), ("masks", turn)):
        (tmp_path / folder).mkdir()
        values = np.indices((6, 8, 4)).sum(axis=0) % 2
        nibabel.Nifti1Image(values.astype(np.uint8), affine).to_filename(tmp_path / folder / "a.nii.gz")  # type: ignore[no-untyped-call]
    told = run("data", tmp_path, "--set", "dims=3", code=1).stderr
    assert "axes at 36.9° to those of the image" in told
