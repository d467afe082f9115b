"""Image files of every kind: read part by part, labelled, and written in the same kind, whole or not at all."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import tifffile
import torch
import zarr
from numpy.typing import NDArray
from PIL import Image

import unetkit
from tests.support.commandline import run
from unetkit.data import Normalization
from unetkit.data.preprocessing.signature import plain_signature
from unetkit.errors import FileError
from unetkit.imagefiles import ReadRequest, find_images, format_of, open_images, result_name
from unetkit.imagefiles.formats.tiff import DECODED_BYTES
from unetkit.tiling import predict
from unetkit.trained.modelfile import Trained
from unetkit.trained.predictor import PredictOptions, file_predictor
from unetkit.trained.result_map import result_maps
from unetkit.writing import partial

SIZE = (70, 53)
AFFINE = np.array([[2.0, 0, 0, -5], [0, 3, 0, 7], [0, 0, 4, 1], [0, 0, 0, 1]])


def trained(*, dims: int = 2, channels: int = 1, classes: int = 3) -> Trained:
    """Returns a network whose outputs for noise are 0 in the mean, so that every class is found somewhere."""
    values = {"unetkit": 1, "dims": dims, "in_channels": channels, "out_channels": classes, "channels": [4, 6]}
    normalization = Normalization("dataset", (100.0,) * channels, (50.0,) * channels)
    model = unetkit.build(values, seed=1).eval()
    bias = next(value for name, value in model.named_parameters() if name.startswith("head") and name.endswith("bias"))
    output = predict(model, normalization.apply(levels(channels, *(24,) * dims)))
    bias.data -= torch.from_numpy(output.reshape(classes, -1).mean(1))
    return Trained(model, normalization, tuple(map(str, range(max(2, classes)))))


def levels(*shape: int, dtype: Any = np.uint8) -> NDArray[Any]:
    """Returns noise in the grey levels of 8 bit, whatever the type."""
    return np.random.default_rng(0).integers(0, 256, shape).astype(dtype)


def said(network: Trained, image: NDArray[Any]) -> NDArray[np.float32]:
    """Returns the network's own output for an image (channels, *spatial)."""
    return predict(network.model, network.normalization.apply(image), None)


def label(network: Trained, file: Path, **asked: Any) -> Path:
    """Returns the file that was written for an image."""
    with file_predictor(network, PredictOptions(tile=32, **asked)) as ready:
        return ready.predict_file(file, file.parent / "out")


def write_zarr(file: Path, array: NDArray[Any]) -> None:
    made = zarr.create_array(file, shape=array.shape, dtype=array.dtype, chunks=(20,) * array.ndim)
    made[:] = array


def read_nifti(file: Path) -> NDArray[Any]:
    return np.asarray(nibabel.load(file).dataobj)  # type: ignore[attr-defined]


def tiff(**how: Any) -> Callable[[Path, NDArray[Any]], None]:
    def write(file: Path, array: NDArray[Any]) -> None:
        tifffile.imwrite(file, array, photometric="minisblack", **how)

    return write


def png(file: Path, array: NDArray[Any]) -> None:
    Image.fromarray(array).save(file)


def read_png(file: Path) -> NDArray[Any]:
    return np.asarray(Image.open(file))


Writer = Callable[[Path, NDArray[Any]], None]
Reader = Callable[[Path], NDArray[Any]]
KINDS: dict[str, tuple[str, Any, Writer, str, Reader]] = {
    "png": ("a.png", np.uint8, png, "a.png", read_png),
    "png, 16 bit": ("a.png", np.uint16, png, "a.png", read_png),
    "tiff": ("a.tif", np.uint8, tiff(), "a.tif", tifffile.imread),
    "tiff, 16 bit": ("a.tiff", np.uint16, tiff(), "a.tiff", tifffile.imread),
    "tiff, 16 bit, big endian": ("a.tif", np.uint16, tiff(byteorder=">"), "a.tif", tifffile.imread),
    "tiff, 32 bit": ("a.tif", np.float32, tiff(), "a.tif", tifffile.imread),
    "tiff, compressed": ("a.tif", np.uint8, tiff(compression="zlib"), "a.tif", tifffile.imread),
    "numpy": ("a.npy", np.int32, lambda f, a: np.save(f, a), "a.npy", np.load),
    "numpy, Fortran order": ("a.npy", np.float64, lambda f, a: np.save(f, np.asfortranarray(a)), "a.npy", np.load),
    "zarr": ("a.zarr", np.uint16, write_zarr, "a.zarr", lambda f: np.asarray(zarr.open_array(f, mode="r")[:])),
    "nifti": ("a.nii", np.int16, lambda f, a: nibabel.save(nibabel.Nifti1Image(a, AFFINE), f), "a.nii", read_nifti),  # type: ignore[no-untyped-call]
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_the_result_is_what_the_network_says_in_a_file_of_the_same_kind(kind: str, tmp_path: Path) -> None:
    name, dtype, write, result, read = KINDS[kind]
    network, image = trained(), levels(*SIZE, dtype=dtype)
    write(tmp_path / name, image)
    path = label(network, tmp_path / name)
    assert path.name == result
    classes = read(path)
    assert classes.dtype == np.uint8
    assert np.array_equal(classes, said(network, image[None]).argmax(0))
    assert len(np.unique(classes)) > 1
    path = label(network, tmp_path / name, probabilities=True)
    shares = np.load(path) if path.suffix == ".npy" else read(path)
    shares = np.moveaxis(shares, -1, 0) if "nii" in name and shares.ndim == 3 else shares
    assert shares.dtype == np.float32
    np.testing.assert_allclose(shares.sum(0), 1, rtol=1e-5)
    assert np.array_equal(shares.argmax(0), classes)


def test_a_photograph_becomes_a_png_of_classes(tmp_path: Path) -> None:
    network = trained(channels=3)
    Image.fromarray(levels(*SIZE, 3)).save(tmp_path / "a.jpg")
    seen = np.asarray(Image.open(tmp_path / "a.jpg")).transpose(2, 0, 1)
    path = label(network, tmp_path / "a.jpg")
    assert path.name == "a.png"
    assert np.array_equal(np.asarray(Image.open(path)), said(network, seen).argmax(0))


def test_pages_and_stacks_are_images_of_their_own(tmp_path: Path) -> None:
    network, pages = trained(), levels(3, *SIZE)
    expected = [said(network, page[None]).argmax(0) for page in pages]
    tifffile.imwrite(tmp_path / "a.tif", pages, photometric="minisblack")
    np.save(tmp_path / "a.npy", pages[:, None])
    assert np.array_equal(tifffile.imread(label(network, tmp_path / "a.tif")), expected)
    assert np.array_equal(np.load(label(network, tmp_path / "a.npy")), expected)
    assert np.load(label(network, tmp_path / "a.npy", probabilities=True)).shape == (3, 3, *SIZE)


def test_a_volume_keeps_its_affine_whole_or_by_slices(tmp_path: Path) -> None:
    volume = levels(20, 20, 20, dtype=np.int16)
    nibabel.save(nibabel.Nifti1Image(volume, AFFINE), tmp_path / "a.nii.gz")  # type: ignore[no-untyped-call]
    deep, flat = trained(dims=3), trained()
    slices = np.stack([said(flat, volume[None, :, :, z]).argmax(0) for z in range(20)], -1)
    for network, expected in ((deep, said(deep, volume[None]).argmax(0)), (flat, slices)):
        path = label(network, tmp_path / "a.nii.gz")
        assert np.array_equal(read_nifti(path), expected)
        assert np.array_equal(nibabel.load(path).affine, AFFINE)  # type: ignore[attr-defined]
    assert read_nifti(label(deep, tmp_path / "a.nii.gz", probabilities=True)).shape == (20, 20, 20, 3)


def test_colours_in_a_tiff_are_channels(tmp_path: Path) -> None:
    network, image = trained(channels=3), levels(*SIZE, 3)
    tifffile.imwrite(tmp_path / "a.tif", image, photometric="rgb")
    expected = said(network, image.transpose(2, 0, 1)).argmax(0)
    assert np.array_equal(tifffile.imread(label(network, tmp_path / "a.tif")), expected)
    with pytest.raises(
        FileError, match=r"a.tif \(70×53×3, YXS\) has 3 channels, the network was trained on images with 1"
    ):
        label(trained(), tmp_path / "a.tif")


def test_a_large_compressed_tiff_is_decoded_by_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert DECODED_BYTES > 0
    monkeypatch.setattr(importlib.import_module("unetkit.imagefiles.formats.tiff"), "DECODED_BYTES", 0)
    network, image = trained(), levels(*SIZE)
    tifffile.imwrite(tmp_path / "a.tif", image, compression="zlib", rowsperstrip=8, photometric="minisblack")
    assert np.array_equal(tifffile.imread(label(network, tmp_path / "a.tif")), said(network, image[None]).argmax(0))


def test_one_output_channel_tells_two_classes(tmp_path: Path) -> None:
    network, image = trained(classes=1), levels(*SIZE)
    np.save(tmp_path / "a.npy", image)
    output = said(network, image[None])
    assert np.array_equal(np.load(label(network, tmp_path / "a.npy")), output[0] > 0)
    shares = np.load(label(network, tmp_path / "a.npy", probabilities=True))
    np.testing.assert_allclose(shares, 1 / (1 + np.exp(-output)), rtol=1e-5)


def test_outputs_that_are_probabilities_already_stay_so() -> None:
    head = {"type": "conv", "activation": "softmax"}
    values = {"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [4], "head": head}
    block = torch.tensor([[0.25], [0.75]])
    signature = plain_signature(Normalization("none"), ("a", "b"), 1)
    (only,) = result_maps(unetkit.plan(unetkit.load(values)), signature, probabilities=True)
    assert np.array_equal(only.block(block), block.numpy())


# --- whole or not at all --------------------------------------------------------------------------------------------


class Killed(BaseException):
    """Stands for the end of the process in the middle of a file."""


@pytest.mark.parametrize("name", ["a.tif", "a.npy", "a.zarr", "a.png", "a.nii.gz"])
def test_a_file_that_is_broken_off_leaves_what_was_there(name: str, tmp_path: Path) -> None:
    kind, path = format_of(Path(name)), tmp_path / name
    origin = tmp_path / "origin.nii.gz"
    nibabel.save(nibabel.Nifti1Image(levels(4, 5, dtype=np.int16), AFFINE), origin)  # type: ignore[no-untyped-call]
    with open_images(origin, ReadRequest(2)) as images:
        with kind.create(path, images, None, np.uint8) as target:
            target.write(0, (slice(0, 4), slice(0, 5)), np.ones((4, 5), np.uint8))
        before = content(path)
        with pytest.raises(Killed), kind.create(path, images, None, np.uint8) as target:
            target.write(0, (slice(0, 2), slice(0, 5)), np.zeros((2, 5), np.uint8))
            raise Killed
    assert content(path) == before
    assert not partial(path).exists()


def content(path: Path) -> dict[str, bytes]:
    """Returns all files of a file or folder."""
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    return {str(file): file.read_bytes() for file in files}


@pytest.mark.parametrize("name", ["a.tif", "a.npy", "a.zarr"])
def test_what_a_killed_run_left_behind_is_gone_after_the_next(name: str, tmp_path: Path) -> None:
    _, _, write, _, read = next(kind for kind in KINDS.values() if kind[0] == name)
    network, image = trained(), levels(*SIZE)
    write(tmp_path / name, image)
    out = tmp_path / "out"
    out.mkdir()
    left = partial(out / name)
    if name == "a.zarr":
        left.mkdir()
        (left / "zarr.json").write_text("half a")
    else:
        left.write_bytes(b"half a file")
    assert np.array_equal(read(label(network, tmp_path / name)), said(network, image[None]).argmax(0))
    assert [file.name for file in out.iterdir()] == [name]


# --- the command ----------------------------------------------------------------------------------------------------


def test_a_broken_file_among_many_is_told_and_the_others_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    trained().save("m.safetensors")
    images = tmp_path / "images"
    images.mkdir()
    for name in ("a", "z"):
        np.save(images / f"{name}.npy", levels(*SIZE))
    for name in ("b.png", "c.tif", "d.npy", "e.nii.gz"):
        (images / name).write_bytes(b"II*\0no image")
    np.save(images / "f.npy", levels(3, 4, 2, *SIZE))
    result = run("predict", "m.safetensors", "images", "-o", "out", "--tile", "40", code=1)
    assert result.stdout.split() == ["out/a.npy", "out/z.npy"]
    faults = [line.split(": ")[1].split()[0] for line in result.stderr.splitlines() if line.startswith("error[")]
    assert faults == [f"images/{name}" for name in ("b.png", "c.tif", "d.npy", "e.nii.gz", "f.npy")]
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["a.npy", "z.npy"]


def test_axes_that_a_file_does_not_say_are_said_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    trained().save("m.safetensors")
    np.save("a.npy", levels(4, 6, 48, 40))
    assert (
        "Name them with --axes: TNYX reads 24 images"
        in run("predict", "m.safetensors", "a.npy", "-o", "o", code=1).stderr
    )
    run("predict", "m.safetensors", "a.npy", "-o", "o", "--axes", "tzyx")
    assert np.load("o/a.npy").shape == (4, 6, 48, 40)
    np.save("b.npy", levels(3, 48, 40)[0])
    assert (
        "Name them with --axes, with 2 letters"
        in run("predict", "m.safetensors", "b.npy", "-o", "o", "--axes", "tzyx", code=1).stderr
    )


def test_what_helps_in_prediction_is_another_image_and_no_data_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    trained().save("m.safetensors")
    colours = np.moveaxis(levels(3, 48, 40), 0, -1).astype(np.uint8)
    colours[0, 0] = (1, 2, 3)
    Image.fromarray(colours).save("a.png")
    Image.fromarray(np.dstack([colours, colours[..., 0] // 2])).save("b.png")
    said = run("predict", "m.safetensors", "a.png", "b.png", "-o", "o", code=1).stderr
    assert "the network was trained on images with 1" in said
    assert "Give images with 1 channel, or train on images with 3." in said
    assert "Save it without alpha." in said
    assert "data file" not in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tile", "huge"], "'huge' is not a tile size: write auto, stream, or a number of samples such as 512."),
        (["--tile", "0"], "'0' is not a tile size"),
        (["--memory", "much"], "'much' is not an amount of memory: write 4GB, 500MB or 2GiB."),
        (["--dtype", "fp64"], "'fp64' is not one of"),
        (["--axes", "YZ"], "'YZ' does not name axes: X is missing"),
    ],
)
def test_wrong_use_is_told(arguments: list[str], message: str) -> None:
    result = run("predict", "m.safetensors", "a.png", "-o", "out", *arguments, code=2)
    assert message in " ".join(result.output.replace("│", " ").split())


def test_too_little_memory_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    trained().save("m.safetensors")
    np.save("a.npy", levels(*SIZE))
    said = run("predict", "m.safetensors", "a.npy", "-o", "out", "--memory", "1MB", code=1).stderr
    assert said.startswith("error[memory]: the process uses ")


def test_a_package_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.tif").touch()
    monkeypatch.setitem(sys.modules, "tifffile", None)
    with pytest.raises(FileError, match=r"needs the package tifffile\n   pip install 'unetkit\[images\]'"):
        label(trained(), tmp_path / "a.tif")


def test_files_are_found_and_named() -> None:
    with pytest.raises(FileError, match="nowhere does not exist"):
        find_images([Path("nowhere")])
    with pytest.raises(FileError, match="notes.txt has no known image suffix"):
        result_name(Path("notes.txt"), probabilities=False)


def test_a_resolution_in_no_known_unit_is_not_kept(tmp_path: Path) -> None:
    file = tmp_path / "a.tif"
    tifffile.imwrite(file, levels(16, 16), resolution=(10, 10), resolutionunit=3)
    with tifffile.TiffFile(file, mode="r+") as stored:
        stored.pages.first.tags[296].overwrite(0)
    with tifffile.TiffFile(label(trained(), file)) as written:
        tags = written.pages.first.tags
        assert 296 not in tags or tags[296].value in (1, 2, 3)
