"""Every kind of image file × number type × layout × compression × page structure: each number is echoed, or refused."""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import tifffile
import zarr as zarr_package
from numpy.testing import assert_array_equal
from numpy.typing import NDArray
from PIL import Image, ImageOps

from unetkit.errors import Fault, FileError
from unetkit.imagefiles import Images, ReadRequest, format_of, merge_alike, open_images
from unetkit.imagefiles.views.exif_orientation import displayed

Array = NDArray[Any]
imwrite: Any = tifffile.imwrite
nib: Any = nibabel
zarr: Any = zarr_package
SIZE = (48, 40)
NUMBERS = (
    "bool",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float16",
    "float32",
    "float64",
)


def noise(*shape: int, dtype: Any = np.uint8) -> Array:
    """Returns numbers over the whole range of a type."""
    random, kind = np.random.default_rng(0), np.dtype(dtype)
    if kind.kind == "f":
        return (random.normal(size=shape) * 1e3).astype(kind)
    if kind.kind == "b":
        return random.integers(0, 2, shape).astype(bool)
    limits = np.iinfo(kind)
    return random.integers(limits.min, limits.max, shape, kind, endpoint=True)


def read(path: Path, request: ReadRequest) -> list[Array]:
    """Returns all images of a file."""
    with open_images(path, request) as images:
        return [images.read(number) for number in range(images.count)]


def only(path: Path, request: ReadRequest) -> Array:
    (image,) = read(path, request)
    return image


def refused(path: Path, request: ReadRequest) -> str:
    with pytest.raises(FileError) as caught:
        read(path, request)
    assert str(path) in str(caught.value)
    return str(caught.value)


def png(bits: int, pixels: Array, palette: bytes = b"", colour_type: int | None = None) -> bytes:
    """Returns a PNG of 1 to 16 bit: Pillow does not write all of them."""
    height, width, samples = (*pixels.shape, 1)[:3]
    kind = colour_type if colour_type is not None else 3 if palette else {1: 0, 2: 4, 3: 2, 4: 6}[samples]
    rows = b""
    for row in pixels.reshape(height, -1):
        digits = "".join(f"{int(value):0{bits}b}" for value in row)
        digits += "0" * (-len(digits) % 8)
        rows += b"\0" + int(digits, 2).to_bytes(len(digits) // 8, "big")
    head = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    parts = [
        (b"IHDR", head),
        *([(b"PLTE", palette)] if palette else []),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )


# --- pictures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_grey_png_of_each_depth_gives_its_levels(bits: int, mask: bool, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 2**bits, SIZE)
    (tmp_path / "a.png").write_bytes(png(bits, pixels))
    assert_array_equal(only(tmp_path / "a.png", ReadRequest(2, None if mask else 1, mask=mask))[0], pixels)


@pytest.mark.parametrize("bits", [8, 16])
def test_colour_and_grey_as_three_channels_are_exact(bits: int, tmp_path: Path) -> None:
    colour = np.random.default_rng(0).integers(0, 2**bits, (*SIZE, 3))
    (tmp_path / "c.png").write_bytes(png(bits, colour))
    (tmp_path / "g.png").write_bytes(png(bits, colour[..., 0]))
    assert_array_equal(only(tmp_path / "c.png", ReadRequest(2, 3)), np.moveaxis(colour, -1, 0))
    assert_array_equal(only(tmp_path / "c.png", ReadRequest(2)), np.moveaxis(colour, -1, 0))
    assert_array_equal(only(tmp_path / "g.png", ReadRequest(2, 3)), np.stack([colour[..., 0]] * 3))
    imwrite(tmp_path / "g.tif", colour[..., 0].astype(np.uint16), photometric="minisblack")
    assert_array_equal(only(tmp_path / "g.tif", ReadRequest(2, 3)), np.stack([colour[..., 0]] * 3))
    message = refused(tmp_path / "c.png", ReadRequest(2, 1))
    assert "has 3 channels, the network takes 1" in message
    assert "To use all of them: channels=3 in the data file, in_channels=3 in the spec." in message


def test_grey_saved_as_colour_is_grey_where_one_channel_is_asked_for(tmp_path: Path) -> None:
    grey = noise(*SIZE)
    Image.fromarray(np.stack([grey] * 3, -1)).save(tmp_path / "a.png")
    assert_array_equal(only(tmp_path / "a.png", ReadRequest(2, 1))[0], grey)


@pytest.mark.parametrize("how", [{}, {"compression": "lzw"}, {"planarconfig": "separate"}], ids=str)
@pytest.mark.parametrize("shape", [SIZE, (4, *SIZE)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_grey_tiff_saved_as_colour_is_grey_where_one_channel_is_asked_for(
    dtype: Any, shape: tuple[int, ...], how: dict[str, Any], tmp_path: Path
) -> None:
    grey = noise(*shape, dtype=dtype)
    colours = np.stack([grey] * 3, -3 if "planarconfig" in how else -1)
    imwrite(tmp_path / "a.tif", colours, photometric="rgb", **how)
    assert_array_equal(np.concatenate(read(tmp_path / "a.tif", ReadRequest(2, 1))), grey.reshape(-1, *SIZE))
    colours[(0,) * colours.ndim] += 1
    imwrite(tmp_path / "b.tif", colours, photometric="rgb", **how)
    assert "has 3 channels, the network takes 1" in refused(tmp_path / "b.tif", ReadRequest(2, 1))


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_palette_gives_indexes_in_masks_and_colours_in_images(bits: int, tmp_path: Path) -> None:
    indexes = np.random.default_rng(0).integers(0, 2**bits, SIZE)
    palette = np.random.default_rng(1).integers(0, 256, (2**bits, 3), np.uint8)
    (tmp_path / "a.png").write_bytes(png(bits, indexes, palette.tobytes()))
    assert_array_equal(only(tmp_path / "a.png", ReadRequest(2, mask=True))[0], indexes)
    assert_array_equal(only(tmp_path / "a.png", ReadRequest(2, 3)), np.moveaxis(palette[indexes], -1, 0))


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channels", [2, 4])
def test_alpha_is_left_out_where_it_is_full_and_refused_where_it_is_not(
    channels: int, bits: int, tmp_path: Path
) -> None:
    full = np.random.default_rng(0).integers(0, 2**bits, (*SIZE, channels))
    full[..., -1] = 2**bits - 1
    (tmp_path / "full.png").write_bytes(png(bits, full))
    part = full.copy()
    part[0, 0, -1] = 7
    (tmp_path / "part.png").write_bytes(png(bits, part))
    layers = np.moveaxis(part, -1, 0)
    assert_array_equal(only(tmp_path / "full.png", ReadRequest(2, channels - 1)), layers[:-1])
    assert_array_equal(only(tmp_path / "full.png", ReadRequest(2)), layers[:-1])
    assert_array_equal(only(tmp_path / "part.png", ReadRequest(2, channels)), layers)
    assert_array_equal(only(tmp_path / "part.png", ReadRequest(2, mask=True)), layers[:-1])
    assert "is partly transparent" in refused(tmp_path / "part.png", ReadRequest(2, channels - 1))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "deep.png"])
def test_a_picture_is_read_as_it_is_displayed(name: str, orientation: int, tmp_path: Path) -> None:
    grey, exif = noise(16, 24), Image.Exif()
    exif[274] = orientation
    how: dict[str, Any] = {"lossless": True} if name.endswith("webp") else {}
    stored = grey.astype(np.uint16) * 257 if name == "deep.png" else grey
    Image.fromarray(stored).save(tmp_path / name, exif=exif, **how)
    with Image.open(tmp_path / name) as image:
        shown = np.asarray(ImageOps.exif_transpose(image))
    assert_array_equal(only(tmp_path / name, ReadRequest(2, 1))[0], shown[..., 0] if shown.ndim == 3 else shown)


def test_gif_gives_grey_levels_and_colours(tmp_path: Path) -> None:
    levels = np.random.default_rng(0).choice(np.array([0, 3, 128, 255], np.uint8), SIZE)
    Image.fromarray(levels).save(tmp_path / "grey.gif")
    for request in (ReadRequest(2, 1), ReadRequest(2, mask=True)):
        assert_array_equal(only(tmp_path / "grey.gif", request)[0], levels)
    colours = np.array([[0, 0, 0], [250, 10, 20], [10, 250, 30]], np.uint8)[
        np.random.default_rng(0).integers(0, 3, SIZE)
    ]
    Image.fromarray(colours).quantize(8).save(tmp_path / "colour.gif")
    assert_array_equal(only(tmp_path / "colour.gif", ReadRequest(2, 3)), np.moveaxis(colours, -1, 0))


@pytest.mark.parametrize("end", ["gif", "webp", "png"])
def test_frames_are_refused(end: str, tmp_path: Path) -> None:
    frames = [Image.fromarray(np.full(SIZE, level, np.uint8)) for level in (0, 100, 200)]
    frames[0].save(tmp_path / f"a.{end}", save_all=True, append_images=frames[1:])
    assert "error[image-frames]" in refused(tmp_path / f"a.{end}", ReadRequest(2, 1))


def test_printing_inks_are_refused(tmp_path: Path) -> None:
    Image.fromarray(noise(*SIZE, 4), "CMYK").save(tmp_path / "a.jpg")
    Image.fromarray(noise(*SIZE, 4), "CMYK").save(tmp_path / "a.tif")
    for name in ("a.jpg", "a.tif"):
        assert "error[image-colour]" in refused(tmp_path / name, ReadRequest(2, 3))


# --- arrays -----------------------------------------------------------------------------------------------------------


def write_npy(path: Path, array: Array) -> None:
    np.save(path, array)


def write_zarr(path: Path, array: Array) -> None:
    zarr.create_array(path, shape=array.shape, dtype=array.dtype, chunks=(7,) * array.ndim)[...] = array


def write_tiff(path: Path, array: Array) -> None:
    imwrite(path, array, photometric="minisblack")


def write_nifti(path: Path, array: Array) -> None:
    nib.save(nib.Nifti1Image(array, np.diag([2.0, 3, 4, 1])), path)


WRITERS: dict[str, Callable[[Path, Array], None]] = {
    "a.npy": write_npy, "a.zarr": write_zarr, "a.tif": write_tiff, "a.nii": write_nifti, "a.nii.gz": write_nifti,
}  # fmt: skip


TYPES = [
    (name, dtype)
    for name in WRITERS
    for dtype in NUMBERS
    if not (".nii" in name and dtype in ("bool", "float16", "int64", "uint64"))  # which NIfTI has not, or seldom
]


@pytest.mark.parametrize(("name", "dtype"), TYPES)
def test_each_type_of_numbers_is_exact(name: str, dtype: str, tmp_path: Path) -> None:
    array = noise(*SIZE, dtype=dtype)
    WRITERS[name](tmp_path / name, array)
    for request in (ReadRequest(2, 1), ReadRequest(2, mask=True)):
        assert_array_equal(only(tmp_path / name, request)[0], array)
    with open_images(tmp_path / name, ReadRequest(2, 1)) as images:
        assert images.dtype == np.dtype(dtype)
        assert_array_equal(images.read(0, (slice(3, 9), slice(2, 30)))[0], array[3:9, 2:30])


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("name", ["a.npy", "a.tif", "a.zarr"])
def test_both_orders_of_bytes_and_of_axes_are_exact(name: str, order: str, tmp_path: Path) -> None:
    array = noise(*SIZE, dtype=np.uint16)
    if name == "a.tif":
        imwrite(tmp_path / name, array, byteorder=order, photometric="minisblack")
    else:
        WRITERS[name](tmp_path / name, np.asfortranarray(array.astype(f"{order}u2")))
    assert_array_equal(only(tmp_path / name, ReadRequest(2, 1))[0], array)


@pytest.mark.parametrize("name", ["a.npy", "a.zarr", "a.tif"])
def test_complex_numbers_are_refused(name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path / name, noise(*SIZE).astype(np.complex64))
    assert "error[image-type]" in refused(tmp_path / name, ReadRequest(2, 1))


@pytest.mark.parametrize("dtype", ["u1,f4", "U3", "S3", "M8[s]", "V5"])
def test_what_is_no_number_is_refused(dtype: str, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros(SIZE, np.dtype(dtype)))
    assert "error[image-type]" in refused(tmp_path / "a.npy", ReadRequest(2, 1))
    np.save(tmp_path / "o.npy", np.array([[None, 1]]), allow_pickle=True)
    assert "error[image-type]" in refused(tmp_path / "o.npy", ReadRequest(2, 1))


Readings = list[tuple[tuple[int, ...], ReadRequest, str]]
READINGS: Readings = [
    ((48, 40), ReadRequest(2, 1), "YX"),
    ((48, 40, 1), ReadRequest(2, 1), "YXC"),
    ((48, 40, 3), ReadRequest(2, 3), "YXC"),
    ((48, 40, 3), ReadRequest(2, mask=True), "YXC"),
    ((48, 40, 1), ReadRequest(2, mask=True), "YXC"),
    ((3, 48, 40), ReadRequest(2, 3), "CYX"),
    ((5, 48, 40), ReadRequest(2, 1), "NYX"),
    ((5, 48, 40), ReadRequest(2, mask=True), "NYX"),
    ((5, 3, 48, 40), ReadRequest(2, 3), "NCYX"),
    ((5, 48, 40, 3), ReadRequest(2, 3), "NYXC"),
    ((5, 48, 40, 1), ReadRequest(2, 1), "NYXC"),
    ((5, 1, 48, 40), ReadRequest(2, 1), "NCYX"),
    ((443, 489, 5), ReadRequest(2, 5), "YXC"),
    ((6, 48, 40), ReadRequest(3, 1), "ZYX"),
    ((2, 6, 48, 40), ReadRequest(3, 2), "CZYX"),
    ((6, 48, 40, 1), ReadRequest(3, 1), "ZYXC"),
    ((48,), ReadRequest(1, 1), "X"),
    ((2, 48), ReadRequest(1, 2), "CX"),
    ((48, 40, 5), ReadRequest(2, 5, "YXC"), "YXC"),
    ((3, 64, 3), ReadRequest(2, 3, "CYX"), "CYX"),
    ((4, 6, 48, 40), ReadRequest(2, 1, "TZYX"), "TZYX"),
    ((48, 40, 6), ReadRequest(3, 1, "YXZ"), "YXZ"),
    ((48, 40, 6), ReadRequest(2, 1, "YXT"), "YXT"),
    ((40, 48, 2), ReadRequest(2, 2, "XYC"), "XYC"),
    ((48, 40), ReadRequest(2, None, "YXC", mask=True), "YX"),
]


@pytest.mark.parametrize(("shape", "request_", "letters"), READINGS, ids=str)
@pytest.mark.parametrize("name", ["a.npy", "a.zarr", "a.tif"])
def test_axes_that_have_one_reading_are_read_so(
    name: str, shape: tuple[int, ...], request_: ReadRequest, letters: str, tmp_path: Path
) -> None:
    if name == "a.tif" and request_.dims == 1:
        return  # a page has rows and columns
    array = noise(*shape, dtype=np.uint16)
    WRITERS[name](tmp_path / name, array)
    with open_images(tmp_path / name, request_) as images:
        got = np.stack([images.read(number) for number in range(images.count)])
        seen = images.letters
    expected, order = as_read(array, letters, request_.dims)
    assert_array_equal(got, expected)
    if name != "a.tif":
        assert seen == letters
    assert order


def as_read(array: Array, letters: str, dims: int) -> tuple[Array, list[int]]:
    """Returns an array as (images, channels, *spatial)."""
    spatial = [letters.index(letter) for letter in "ZYX"[3 - dims :]]
    channel = [axis for axis, letter in enumerate(letters) if letter == "C"]
    stack = [axis for axis in range(array.ndim) if axis not in (*spatial, *channel)]
    order = [*stack, *channel, *spatial]
    size = [array.shape[axis] for axis in spatial]
    channels = array.shape[channel[0]] if channel else 1
    return array.transpose(order).reshape(-1, channels, *size), order


UNCLEAR: list[tuple[tuple[int, ...], ReadRequest, tuple[str, ...]]] = [
    (
        (443, 489, 5),
        ReadRequest(2, 1),
        ("443×489×5", "axes: YXC with channels: 5", "axes: NYX reads 443 images of 489×5"),
    ),
    ((64, 64, 3), ReadRequest(2, 1), ("64×64×3", "axes: YXC with channels: 3", "axes: NYX")),
    ((3, 64, 3), ReadRequest(2, 3), ("3×64×3", "axes: CYX", "axes: YXC")),
    ((512, 512, 24), ReadRequest(2, 1), ("512×512×24", "axes: YXC", "axes: NYX")),
    (
        (4, 6, 48, 40),
        ReadRequest(2, 1),
        ("4×6×48×40", "axes: NCYX with channels: 6", "axes: TNYX reads 24 images of 48×40"),
    ),
    ((2, 443, 489, 5), ReadRequest(2, 1), ("(2×443×489×5, NYXC) has 5 channels", "channels=5 in the data file")),
    ((4, 6, 48, 40), ReadRequest(2, 1, trained=True), ("6 channels, or 1 like", "TNYX reads 24 images of 48×40.")),
    (
        (64, 64, 3),
        ReadRequest(2, 4, trained=True),
        ("channels, or 4 like the images that", "Give images with 4 channels."),
    ),
    ((3, 4, 2, 48, 40), ReadRequest(2, 1), ("one letter per axis",)),
    ((48, 40), ReadRequest(3, 1), ("has no 3D images",)),
    ((48, 40, 5), ReadRequest(2, 5, "YX"), ("has 3 axes, the key axes is YX",)),
    ((5, 48, 40), ReadRequest(2, 3, "CYX"), ("has 5 channels, the network takes 3",)),
]


@pytest.mark.parametrize(("shape", "request_", "parts"), UNCLEAR, ids=str)
@pytest.mark.parametrize("name", ["a.npy", "a.zarr", "a.tif"])
def test_axes_that_have_no_reading_or_two_are_refused(
    name: str, shape: tuple[int, ...], request_: ReadRequest, parts: tuple[str, ...], tmp_path: Path
) -> None:
    if name == "a.tif" and shape == (48, 40):
        parts = ("has no 3D images", "its axes are YX") if request_.dims == 3 else parts
    WRITERS[name](tmp_path / name, np.zeros(shape, np.uint8))
    message = refused(tmp_path / name, request_)
    assert all(part in message for part in parts), message


@pytest.mark.parametrize("name", ["a.npy", "a.zarr"])
def test_a_file_without_numbers_is_refused(name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path / name, np.zeros((0, 40), np.uint8))
    assert "(0×40) is empty" in refused(tmp_path / name, ReadRequest(2, 1))


def test_an_array_of_channels_or_images_is_asked_for_where_any_number_of_channels_is_taken(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((5, 48, 40), np.uint8))
    assert "axes: NYX reads 5 images" in refused(tmp_path / "a.npy", ReadRequest(2))
    np.save(tmp_path / "b.npy", np.zeros((48, 40, 5), np.uint8))
    assert only(tmp_path / "b.npy", ReadRequest(2)).shape == (5, 48, 40)


# --- TIFF -------------------------------------------------------------------------------------------------------------


COMPRESSIONS = ("lzw", "zlib", "adobe_deflate", "packbits", "lzma", "zstd", "lerc", "png", "webp", "jpegxl", "jpeg2000")


FORMS = [
    (how, shape) for how in COMPRESSIONS for shape in (SIZE, (3, *SIZE), (*SIZE, 3)) if how != "webp" or shape[-1] == 3
]


@pytest.mark.parametrize(("compression", "shape"), FORMS, ids=str)
def test_each_compression_of_tiff_is_exact(compression: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    array = noise(*shape)
    colour = shape[-1] == 3
    exact = {"webp": {"level": 101}, "jpeg2000": {"reversible": True}, "jpegxl": {"lossless": True}}
    how: dict[str, Any] = {"compressionargs": exact[compression]} if compression in exact else {}
    imwrite(tmp_path / "a.tif", array, compression=compression, photometric="rgb" if colour else "minisblack", **how)
    expected = np.moveaxis(array, -1, 0)[None] if colour else array.reshape(-1, 1, *SIZE)
    assert_array_equal(np.stack(read(tmp_path / "a.tif", ReadRequest(2, 3 if colour else 1))), expected)


STRUCTURES: list[dict[str, Any]] = [{"tile": (16, 16)}, {"rowsperstrip": 5}, {"bigtiff": True}]
STRUCTURES += [one | {"compression": "zlib"} for one in (*STRUCTURES, {"predictor": True})]


@pytest.mark.parametrize("how", STRUCTURES, ids=str)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_each_structure_of_a_page_is_exact(how: dict[str, Any], dtype: str, tmp_path: Path) -> None:
    array = noise(*SIZE, dtype=dtype)
    imwrite(tmp_path / "a.tif", array, photometric="minisblack", **how)
    assert_array_equal(only(tmp_path / "a.tif", ReadRequest(2, 1))[0], array)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_colours_of_both_configurations_are_exact(planar: str, tmp_path: Path) -> None:
    layers = noise(3, *SIZE, dtype=np.uint16)
    pixels = layers if planar == "separate" else np.moveaxis(layers, 0, -1)
    imwrite(tmp_path / "a.tif", pixels, photometric="rgb", planarconfig=planar)
    assert_array_equal(only(tmp_path / "a.tif", ReadRequest(2, 3)), layers)
    assert_array_equal(only(tmp_path / "a.tif", ReadRequest(2, mask=True)), layers)
    assert_array_equal(only(tmp_path / "a.tif", ReadRequest(2, 3, "CYX" if planar == "separate" else "YXC")), layers)
    contrary = "YXC" if planar == "separate" else "CYX"
    assert f"the key axes is {contrary}" in refused(tmp_path / "a.tif", ReadRequest(2, 3, contrary))


@pytest.mark.parametrize("bits", [2, 4, 8, 12, 16])
def test_white_that_is_zero_is_inverted(bits: int, tmp_path: Path) -> None:
    levels = np.random.default_rng(0).integers(0, 2**bits, SIZE).astype(np.uint8 if bits <= 8 else np.uint16)
    how: dict[str, Any] = {} if bits in (8, 16) else {"bitspersample": bits}
    imwrite(tmp_path / "a.tif", levels, photometric="miniswhite", **how)
    assert_array_equal(only(tmp_path / "a.tif", ReadRequest(2, 1))[0], 2**bits - 1 - levels)
    imwrite(tmp_path / "b.tif", levels, photometric="minisblack", **how)
    assert_array_equal(only(tmp_path / "b.tif", ReadRequest(2, 1))[0], levels)


def test_an_inverting_table_of_imagej_changes_no_number(tmp_path: Path) -> None:
    mask = np.where(noise(*SIZE) > 99, 255, 0).astype(np.uint8)
    imwrite(tmp_path / "a.tif", mask, imagej=True, photometric="miniswhite")
    assert_array_equal(only(tmp_path / "a.tif", ReadRequest(2, mask=True))[0], mask)


def test_two_levels_are_as_displayed_and_as_numpy_wrote_them(tmp_path: Path) -> None:
    black = np.random.default_rng(0).integers(0, 2, SIZE).astype(bool)
    imwrite(tmp_path / "numpy.tif", black)
    assert_array_equal(only(tmp_path / "numpy.tif", ReadRequest(2, mask=True))[0], black)
    Image.fromarray(black).save(tmp_path / "fax.tif", compression="group4")
    assert_array_equal(only(tmp_path / "fax.tif", ReadRequest(2, mask=True))[0], black)
    imwrite(tmp_path / "white.tif", black, photometric="miniswhite", metadata=None)
    assert_array_equal(only(tmp_path / "white.tif", ReadRequest(2, mask=True))[0], ~black)


def test_a_palette_in_a_tiff_gives_indexes_in_masks_and_colours_in_images(tmp_path: Path) -> None:
    indexes, palette = noise(*SIZE), np.random.default_rng(1).integers(0, 256, (256, 3), np.uint8)
    image = Image.fromarray(indexes, "P")
    image.putpalette(palette.tobytes())
    image.save(tmp_path / "a.tif")
    assert_array_equal(only(tmp_path / "a.tif", ReadRequest(2, mask=True))[0], indexes)
    assert_array_equal(only(tmp_path / "a.tif", ReadRequest(2, 3)), np.moveaxis(palette[indexes], -1, 0))


def test_alpha_in_a_tiff_is_left_out_where_it_is_full(tmp_path: Path) -> None:
    pixels = noise(*SIZE, 4)
    imwrite(tmp_path / "part.tif", pixels, photometric="rgb", extrasamples=["unassalpha"])
    assert "is partly transparent" in refused(tmp_path / "part.tif", ReadRequest(2, 3))
    assert only(tmp_path / "part.tif", ReadRequest(2, 4)).shape == (4, *SIZE)
    pixels[..., 3] = 255
    imwrite(tmp_path / "full.tif", pixels, photometric="rgb", extrasamples=["unassalpha"])
    for request in (ReadRequest(2, 3), ReadRequest(2), ReadRequest(2, mask=True)):
        assert_array_equal(only(tmp_path / "full.tif", request), np.moveaxis(pixels[..., :3], -1, 0))
    imwrite(tmp_path / "bands.tif", pixels, photometric="minisblack", planarconfig="contig")
    assert only(tmp_path / "bands.tif", ReadRequest(2)).shape == (4, *SIZE)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["grey", "colour", "pages", "compressed"])
def test_the_tag_orientation_of_a_tiff_is_followed(form: str, orientation: int, tmp_path: Path) -> None:
    shape = {"colour": (16, 24, 3), "pages": (3, 16, 24)}.get(form, (16, 24))
    array = noise(*shape)
    imwrite(
        tmp_path / "a.tif", array, photometric="rgb" if form == "colour" else "minisblack",
        compression="zlib" if form == "compressed" else None, extratags=[(274, "H", 1, orientation, False)],
    )  # fmt: skip
    if form == "pages":
        expected = np.stack([displayed(page, orientation) for page in array])[:, None]
    else:
        shown = displayed(array, orientation)
        expected = (np.moveaxis(shown, -1, 0) if form == "colour" else shown[None])[None]
    with open_images(tmp_path / "a.tif", ReadRequest(2, 3 if form == "colour" else 1)) as images:
        assert_array_equal(np.stack([images.read(number) for number in range(images.count)]), expected)
        assert_array_equal(images.read(0, (slice(2, 5), slice(1, 9))), expected[0, :, 2:5, 1:9])


def test_a_fault_of_many_slices_of_one_file_is_one_line() -> None:
    fault = Fault("mask-numbers", "a.nii.gz holds numbers that are not whole", file="a.nii.gz")
    assert merge_alike([fault, fault, fault]) == [fault]


def test_equal_series_are_one_stack_and_others_are_refused(tmp_path: Path) -> None:
    pages = noise(10, *SIZE)
    for page in pages:
        imwrite(tmp_path / "a.tif", page, append=(tmp_path / "a.tif").exists(), photometric="minisblack")
    assert_array_equal(np.stack(read(tmp_path / "a.tif", ReadRequest(2, 1)))[:, 0], pages)
    assert_array_equal(only(tmp_path / "a.tif", ReadRequest(3, 1))[0], pages)
    assert_array_equal(only(tmp_path / "a.tif", ReadRequest(2, 10)), pages)
    with tifffile.TiffWriter(tmp_path / "b.tif") as file:
        for page in pages[:4]:
            file.write(page[: 48 if page is not pages[3] else 40], photometric="minisblack")
        file.write(pages[0, :9], photometric="minisblack")
    assert "holds 5 series of images that differ" in refused(tmp_path / "b.tif", ReadRequest(2, 1))
    imwrite(tmp_path / "c.tif", pages[0], photometric="minisblack")
    imwrite(tmp_path / "c.tif", pages[1].astype(np.uint16), photometric="minisblack", append=True)
    assert "that differ: 48×40 uint8, 48×40 uint16" in refused(tmp_path / "c.tif", ReadRequest(2, 1))


def test_levels_of_a_pyramid_and_thumbnails_are_not_images(tmp_path: Path) -> None:
    image = noise(*SIZE)
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(image, subifds=1, photometric="minisblack")
        file.write(image[::2, ::2], subfiletype=1, photometric="minisblack")
    with tifffile.TiffWriter(tmp_path / "b.tif") as file:
        file.write(image, photometric="minisblack", metadata=None)
        file.write(image[::4, ::4], subfiletype=1, photometric="minisblack", metadata=None)
    for name in ("a.tif", "b.tif"):
        assert_array_equal(only(tmp_path / name, ReadRequest(2, 1))[0], image)


@pytest.mark.parametrize("how", [{"imagej": True}, {"ome": True}], ids=["ImageJ", "OME"])
def test_hyperstacks_are_read_by_the_axes_that_they_name(how: dict[str, Any], tmp_path: Path) -> None:
    array = noise(2, 3, 4, 16, 18, dtype=np.uint16)
    imwrite(tmp_path / "a.tif", array, metadata={"axes": "TZCYX"}, photometric="minisblack", **how)
    flat = np.stack(read(tmp_path / "a.tif", ReadRequest(2, 4)))
    assert_array_equal(flat, array.reshape(6, 4, 16, 18))
    deep = np.stack(read(tmp_path / "a.tif", ReadRequest(3, 4)))
    assert_array_equal(deep, array.transpose(0, 2, 1, 3, 4))
    assert "has 4 channels" in refused(tmp_path / "a.tif", ReadRequest(2, 1))
    assert "the key axes is TCZYX" in refused(tmp_path / "a.tif", ReadRequest(3, 4, "TCZYX"))


# --- Zarr and NIfTI ---------------------------------------------------------------------------------------------------


def ome_zarr(path: Path, array: Array, version: int) -> None:
    """Writes two levels, the axes t c z y x in micrometres."""
    names = [
        {"name": name, "type": kind} for name, kind in zip("tczyx", ("time", "channel", *["space"] * 3), strict=True)
    ]
    axes = [one | ({"unit": "micrometer"} if one["type"] == "space" else {}) for one in names]
    datasets = [
        {"path": str(level), "coordinateTransformations": [
            {"type": "scale", "scale": [1, 1, 2.0, 0.5 * 2**level, 0.5 * 2**level]},
            {"type": "translation", "translation": [0, 0, 10, 20, 30]}]}
        for level in range(2)
    ]  # fmt: skip
    multiscales = [{"version": "0.4" if version == 2 else "0.5", "axes": axes, "datasets": datasets}]
    group = zarr.open_group(path, mode="w", zarr_format=version)
    group.attrs.update(
        {"multiscales": multiscales} if version == 2 else {"ome": {"version": "0.5", "multiscales": multiscales}}
    )
    for level, one in enumerate((array, array[..., ::2, ::2])):
        group.create_array(str(level), shape=one.shape, dtype=one.dtype, chunks=(1, 1, 2, 9, 9))[...] = one


@pytest.mark.parametrize("version", [2, 3])
def test_level_zero_of_ome_zarr_is_read_by_its_axes(version: int, tmp_path: Path) -> None:
    array = noise(2, 3, 4, 16, 18, dtype=np.uint16)
    ome_zarr(tmp_path / "a.zarr", array, version)
    assert_array_equal(np.stack(read(tmp_path / "a.zarr", ReadRequest(3, 3))), array)
    with open_images(tmp_path / "a.zarr", ReadRequest(3, 3)) as images:
        place: Any = images.geometry
        assert (images.spacing, place.unit, place.origin) == ((2, 0.5, 0.5), "µm", (10, 20, 30))
    assert_array_equal(
        np.stack(read(tmp_path / "a.zarr", ReadRequest(2, 3))), array.transpose(0, 2, 1, 3, 4).reshape(8, 3, 16, 18)
    )


@pytest.mark.parametrize("version", [2, 3])
def test_zarr_of_both_versions_is_exact(version: int, tmp_path: Path) -> None:
    array = noise(*SIZE, dtype=np.int16)
    made = zarr.create_array(tmp_path / "a.zarr", shape=SIZE, dtype="int16", chunks=(9, 9), zarr_format=version)
    made[...] = array
    assert_array_equal(only(tmp_path / "a.zarr", ReadRequest(2, 1))[0], array)


def test_a_group_without_multiscales_is_refused_where_it_has_several_arrays(tmp_path: Path) -> None:
    group = zarr.open_group(tmp_path / "a.zarr", mode="w")
    for name in "ab":
        group.create_array(name, shape=SIZE, dtype="uint8")
    assert "error[zarr-group]" in refused(tmp_path / "a.zarr", ReadRequest(2, 1))


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_a_scaled_volume_of_channels_is_exact_in_both_dimensions(name: str, tmp_path: Path) -> None:
    array = noise(10, 11, 12, 2, dtype=np.int16)
    image = nib.Nifti1Image(array, np.diag([2.0, 3, 4, 1]))
    image.header.set_slope_inter(0.5, 3)
    nib.save(image, tmp_path / name)
    expected = np.moveaxis(np.asarray(nib.load(tmp_path / name).dataobj), -1, 0)
    assert_array_equal(only(tmp_path / name, ReadRequest(3, 2)), expected)
    assert_array_equal(np.stack(read(tmp_path / name, ReadRequest(2, 2))), np.moveaxis(expected, -1, 0))
    assert_array_equal(np.stack(read(tmp_path / name, ReadRequest(3, 1, "XYZT")))[:, 0], expected)
    assert "the key axes is ZYXC" in refused(tmp_path / name, ReadRequest(3, 2, "ZYXC"))


def test_a_large_compressed_volume_is_decoded_into_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unetkit.imagefiles.formats.nifti.DECODED_BYTES", 0)
    array = noise(10, 11, 12, dtype=np.int16)
    write_nifti(tmp_path / "a.nii.gz", array)
    assert_array_equal(only(tmp_path / "a.nii.gz", ReadRequest(3, 1))[0], array)
    assert_array_equal(np.stack(read(tmp_path / "a.nii.gz", ReadRequest(2, 1)))[:, 0], np.moveaxis(array, -1, 0))


# --- results ----------------------------------------------------------------------------------------------------------


def result(source: Path, request: ReadRequest, channels: int | None, dtype: Any, path: Path) -> Array:
    """Writes random results for all images of a file by parts, and returns them: (images, channels, *spatial)."""
    random = np.random.default_rng(3)
    with open_images(source, request) as images:
        shape = (images.count, channels or 1, *images.size)
        whole = random.integers(0, 200, shape).astype(dtype)
        with format_of(source).create(path, images, channels, dtype) as target:
            for number in range(images.count):
                for rows in (slice(0, 5), slice(5, images.size[0])):
                    part = (rows, *(slice(0, n) for n in images.size[1:]))
                    block = whole[number][(slice(None), *part)]
                    target.write(number, part, block if channels else block[0])
    return whole


def check_result(source: Path, request: ReadRequest, path: Path) -> None:
    """Raises AssertionError where classes or probabilities are not read back as they were written, with geometry."""
    for channels, dtype in ((None, np.uint8), (3, np.float32)):
        whole = result(source, request, channels, dtype, path)
        asked = ReadRequest(
            request.dims, channels or 1, bare(request.axes, channels) if path.suffix == ".npy" else None
        )
        with open_images(source, request) as before, open_images(path, asked) as after:
            assert_array_equal(np.stack([after.read(number) for number in range(after.count)]), whole)
            assert after.dtype == dtype
            check_same_place(before, after)


def bare(axes: str | None, channels: int | None) -> str | None:
    return axes if axes is None or channels else "".join(letter for letter in axes if letter != "C")


def check_same_place(before: Images, after: Images) -> None:
    assert after.axes == before.axes
    assert after.spacing == before.spacing
    assert after.geometry == before.geometry


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("flavour", ["imagej", "ome"])
@pytest.mark.parametrize("dims", [2, 3])
def test_results_keep_axes_and_spacing_of_hyperstacks(dims: int, flavour: str, dtype: str, tmp_path: Path) -> None:
    about: dict[str, Any] = {"axes": "TZCYX"}
    if flavour == "imagej":
        about |= {"spacing": 2.5, "unit": "um"}
    else:
        about |= {"PhysicalSizeX": 0.5, "PhysicalSizeY": 0.25, "PhysicalSizeZ": 2.5, "PhysicalSizeXUnit": "µm"}
    imwrite(
        tmp_path / "a.tif", noise(2, 3, 4, 16, 18, dtype=dtype), metadata=about, photometric="minisblack",
        resolution=(2, 4), **{flavour: True},
    )  # fmt: skip
    check_result(tmp_path / "a.tif", ReadRequest(dims, 4), tmp_path / "out.tif")
    with tifffile.TiffFile(tmp_path / "out.tif") as file:
        assert file.series[0].axes.replace("C", "") == "TZYX"
        assert getattr(file, f"is_{flavour}")
    with open_images(tmp_path / "out.tif", ReadRequest(dims, 3)) as images:
        assert images.geometry is not None
        assert images.geometry.unit == "µm"
        assert images.spacing == ((2.5, 0.25, 0.5) if dims == 3 else (0.25, 0.5))


GEO: list[tuple[int, str, int, Any, bool]] = [
    (33550, "d", 3, (10.0, 10.0, 0.0), True),
    (33922, "d", 6, (0.0, 0.0, 0.0, 500000.0, 4600000.0, 0.0), True),
    (34735, "H", 16, (1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32633), True),
    (34736, "d", 2, (1.5, 2.5), True),
    (34737, "s", 0, "WGS 84 / UTM zone 33N|", True),
]


def test_results_keep_the_place_on_the_map(tmp_path: Path) -> None:
    nodata = (42113, "s", 0, "-9999", True)
    imwrite(tmp_path / "a.tif", noise(*SIZE, 3), photometric="rgb", extratags=[*GEO, nodata])
    check_result(tmp_path / "a.tif", ReadRequest(2, 3), tmp_path / "out.tif")
    with open_images(tmp_path / "out.tif", ReadRequest(2, 3)) as images:
        place: Any = images.geometry
        assert (place.system, place.unit) == ("EPSG:32633", "m")
        assert (place.spacing, place.origin) == ((10, 10), (500000, 4600000))
        assert place.directions == ((0, -1), (1, 0))
    tiff: Any = tifffile.TiffFile
    with tiff(tmp_path / "a.tif") as before, tiff(tmp_path / "out.tif") as after:
        for code, *_ in GEO:
            assert after.pages[0].tags[code].value == before.pages[0].tags[code].value
        assert 42113 not in after.pages[0].tags


def test_a_turned_scale_of_a_map_is_known_from_its_matrix(tmp_path: Path) -> None:
    matrix = (0.0, 5.0, 0.0, 100.0, 5.0, 0.0, 0.0, 200.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    tags = [(34264, "d", 16, matrix, True), (34735, "H", 8, (1, 1, 0, 1, 2048, 0, 1, 4326), True)]
    imwrite(tmp_path / "a.tif", noise(*SIZE), photometric="minisblack", extratags=tags)
    check_result(tmp_path / "a.tif", ReadRequest(2, 1), tmp_path / "out.tif")
    with open_images(tmp_path / "out.tif", ReadRequest(2, 3)) as images:
        place: Any = images.geometry
        assert (place.system, place.unit, place.directions) == ("EPSG:4326", "degree", ((1, 0), (0, 1)))


@pytest.mark.parametrize(
    ("unit", "spacing"), [("CENTIMETER", (0.02, 0.01)), ("INCH", (0.0508, 0.0254)), ("NONE", None)]
)
def test_results_keep_the_resolution(unit: str, spacing: tuple[float, ...] | None, tmp_path: Path) -> None:
    imwrite(tmp_path / "a.tif", noise(*SIZE), photometric="minisblack", resolution=(1000, 500), resolutionunit=unit)
    check_result(tmp_path / "a.tif", ReadRequest(2, 1), tmp_path / "out.tif")
    with open_images(tmp_path / "out.tif", ReadRequest(2, 3)) as images:
        assert images.spacing == spacing
    imwrite(tmp_path / "b.tif", noise(*SIZE), photometric="minisblack", resolution=(300, 300), resolutionunit="INCH")
    with open_images(tmp_path / "b.tif", ReadRequest(2, 1)) as images:
        assert images.spacing is None


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("form", ["grey", "colour", "pages", "series", "lzw"])
def test_results_of_tiff_are_read_back(form: str, orientation: int, tmp_path: Path) -> None:
    shape = {"colour": (16, 24, 3), "pages": (4, 16, 24)}.get(form, (16, 24))
    for index in range(3 if form == "series" else 1):
        how = {
            "photometric": "rgb" if form == "colour" else "minisblack",
            "compression": "lzw" if form == "lzw" else None,
        }
        tags = [(274, "H", 1, orientation, False)]
        imwrite(tmp_path / "a.tif", noise(*shape), append=index > 0, extratags=tags, **how)
    check_result(tmp_path / "a.tif", ReadRequest(2, 3 if form == "colour" else 1), tmp_path / "out.tif")


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("dims", [2, 3])
def test_results_of_volumes_keep_both_transforms(dims: int, name: str, tmp_path: Path) -> None:
    affine = np.array([[0, -2.0, 0, 5], [3, 0, 0, 7], [0, 0, 4, 1], [0, 0, 0, 1]])
    image = nib.Nifti1Image(noise(10, 11, 12, 2, dtype=np.int16), affine)
    image.header.set_xyzt_units("mm", "sec")
    image.set_qform(affine, 1)
    image.set_sform(affine, 4)
    nib.save(image, tmp_path / name)
    check_result(tmp_path / name, ReadRequest(dims, 2), tmp_path / f"out-{name}")
    header = nib.load(tmp_path / f"out-{name}").header
    assert (int(header["qform_code"]), int(header["sform_code"])) == (1, 4)
    with open_images(tmp_path / f"out-{name}", ReadRequest(dims, 3)) as images:
        assert images.geometry is not None
        assert images.geometry.axis_codes[: dims + 1] == ("ALS")
        assert images.geometry.unit == "mm"


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("dims", [2, 3])
def test_results_of_ome_zarr_keep_axes_and_scale(dims: int, version: int, tmp_path: Path) -> None:
    ome_zarr(tmp_path / "a.zarr", noise(2, 3, 4, 16, 18, dtype=np.uint16), version)
    check_result(tmp_path / "a.zarr", ReadRequest(dims, 3), tmp_path / "out.zarr")
    assert zarr.open_group(tmp_path / "out.zarr", mode="r").metadata.zarr_format == version


ARRAYS = [
    ((48, 40), ReadRequest(2, 1)),
    ((48, 40, 5), ReadRequest(2, 5)),
    ((48, 40, 5), ReadRequest(2, 5, "YXC")),
    ((5, 48, 40), ReadRequest(2, 5)),
    ((7, 48, 40), ReadRequest(2, 1)),
    ((7, 48, 40, 2), ReadRequest(2, 2, "TYXC")),
    ((6, 48, 40), ReadRequest(3, 1)),
    ((40, 48, 2), ReadRequest(2, 2, "XYC")),
]


@pytest.mark.parametrize(("shape", "request_"), ARRAYS, ids=str)
@pytest.mark.parametrize("name", ["a.npy", "a.zarr"])
def test_results_of_arrays_are_read_back(
    name: str, shape: tuple[int, ...], request_: ReadRequest, tmp_path: Path
) -> None:
    WRITERS[name](tmp_path / name, noise(*shape))
    check_result(tmp_path / name, request_, tmp_path / f"out-{name}")


@pytest.mark.parametrize("colour", [False, True])
def test_results_of_pictures_are_read_back(colour: bool, tmp_path: Path) -> None:
    Image.fromarray(noise(*SIZE, 3) if colour else noise(*SIZE)).save(tmp_path / "a.png")
    request = ReadRequest(2, 3 if colour else 1)
    classes = result(tmp_path / "a.png", request, None, np.uint16, tmp_path / "out.png")
    assert_array_equal(only(tmp_path / "out.png", ReadRequest(2, mask=True)), classes[0])
    shares = result(tmp_path / "a.png", request, 5, np.float32, tmp_path / "out.npy")
    assert_array_equal(np.load(tmp_path / "out.npy"), shares[0])
    assert_array_equal(only(tmp_path / "out.npy", ReadRequest(2, 5)), shares[0])


# --- what cannot be read ----------------------------------------------------------------------------------------------


def pipe(path: Path) -> None:
    os.mkfifo(path)


def absurd_tiff(path: Path) -> None:
    imwrite(path, noise(64, 64), compression="zlib", photometric="minisblack")
    with tifffile.TiffFile(path, mode="r+") as file:
        page: Any = file.pages[0]
        for name in ("ImageWidth", "ImageLength", "RowsPerStrip"):
            page.tags[name].overwrite(60_000)


def absurd_nifti(path: Path) -> None:
    write_nifti(path, noise(4, 5, 6))
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[42:48] = struct.pack("<3h", 32000, 32000, 32000)
    path.write_bytes(gzip.compress(bytes(content)))


def short(write: Callable[[Path, Array], None], share: float) -> Callable[[Path], None]:
    def cut(path: Path) -> None:
        write(path, noise(20, 21, 22))
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])

    return cut


def without_data(path: Path) -> None:
    write_tiff(path, noise(*SIZE))
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<HH", 273, 4), struct.pack("<HH", 60001, 4)))


NPY_HEAD = "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999, 99999999)}"


def head_of_npy(text: str) -> Callable[[Path], object]:
    content = b"\x93NUMPY\x01\x00v\x00" + text.encode().ljust(117) + b"\n"
    return lambda path: path.write_bytes(content)


BROKEN: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a pipe": ("a.png", pipe),
    "a pipe as TIFF": ("a.tif", pipe),
    "a pipe as NIfTI": ("a.nii.gz", pipe),
    "a folder": ("a.tif", Path.mkdir),
    "a file as Zarr": ("a.zarr", lambda path: path.write_bytes(b"no")),
    "an empty folder": ("a.zarr", Path.mkdir),
    "a device": ("a.npy", lambda path: path.symlink_to("/dev/zero")),
    "a link to nothing": ("a.npy", lambda path: path.symlink_to("nowhere")),
    "nothing": ("a.png", lambda path: path.write_bytes(b"")),
    "a TIFF far too large": ("a.tif", absurd_tiff),
    "a volume far too large": ("a.nii.gz", absurd_nifti),
    "a TIFF without data": ("a.tif", without_data),
    "an array far too large": ("a.npy", head_of_npy(NPY_HEAD)),
    "a head of no text": ("a.npy", head_of_npy("{'descr': (((")),
    **{f"{name} cut at {share}": (name, short(WRITERS[name], share))
       for name in ("a.npy", "a.tif", "a.nii", "a.nii.gz") for share in (0.01, 0.3, 0.6)},
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_what_cannot_be_read_is_one_fault_of_its_file(what: str, tmp_path: Path) -> None:
    name, make = BROKEN[what]
    make(tmp_path / name)
    message = refused(tmp_path / name, ReadRequest(3 if "cut" in what else 2, 1))
    assert message.count("error[") == 1
    assert len(message) < 600


def test_a_codec_that_is_missing_is_named_with_what_brings_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(self: object, *arguments: object, **more: object) -> Array:
        raise ValueError("<COMPRESSION.LERC: 34887> requires the 'imagecodecs' package")

    imwrite(tmp_path / "a.tif", noise(*SIZE), compression="zlib", photometric="minisblack")
    monkeypatch.setattr(tifffile.TiffPageSeries, "asarray", missing)
    assert "pip install 'unetkit[images]'" in refused(tmp_path / "a.tif", ReadRequest(2, 1))


def test_memory_that_does_not_suffice_is_a_fault_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_npy(tmp_path / "a.npy", noise(*SIZE))
    monkeypatch.setattr("unetkit.imagefiles.numbers.UNCHECKED_BYTES", 0)
    monkeypatch.setattr("unetkit.imagefiles.numbers.available_memory", lambda: 1000)
    assert "error[image-memory]" in refused(tmp_path / "a.npy", ReadRequest(2, 1))


def test_faults_that_many_files_have_alike_are_one_with_their_number() -> None:
    faults = [Fault("x", f"m/p{n}.png has 2 images, i/p{n}.npy has 1", file=f"m/p{n}.png") for n in range(9)]
    other = Fault("x", "m/q.png has 3 images, i/q.npy has 1", file="m/q.png")
    found = merge_alike([*faults[:4], other, *faults[4:]])
    assert found == [found[0], other]
    assert found[0].message == f"{faults[0].message} (and 8 more: m/p1.png, m/p2.png, m/p3.png …)"
    assert merge_alike(faults[:2]) == faults[:2]
