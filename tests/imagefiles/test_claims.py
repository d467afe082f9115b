"""Image files that claim more than they hold are refused before anything is allocated or computed for the claim."""

from __future__ import annotations

import gzip
import json
import struct
import tempfile
import zlib
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import tifffile
from PIL import Image

from unetkit.errors import FileError
from unetkit.imagefiles import ReadRequest, open_images
from unetkit.imagefiles.formats import nifti, picture

PIXELS = np.arange(24 * 20, dtype=np.uint8).reshape(24, 20)
WIDTH_TAG = 256


def refusal(file: Path, dims: int = 2) -> str:
    """The message for a file that cannot be opened."""
    with pytest.raises(FileError) as caught, open_images(file, ReadRequest(dims)):
        pass
    return str(caught.value)


def described(file: Path, description: str, pages: Any = PIXELS) -> Path:
    """Writes a TIFF with a description of its own."""
    tifffile.imwrite(file, pages, photometric="minisblack", description=description, metadata=None)
    return file


def ome_xml(file: Path) -> str:
    """The OME-XML of a file of three pages."""
    tifffile.imwrite(file, np.stack([PIXELS] * 3), photometric="minisblack", ome=True, metadata={"axes": "TYX"})
    with tifffile.TiffFile(file) as opened:
        return opened.ome_metadata or ""


def write_volume(file: Path, array: Any) -> None:
    """Writes a NIfTI file."""
    nibabel.save(nibabel.Nifti1Image(array, np.eye(4)), file)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("earlier", [0, 1])
@pytest.mark.parametrize("big", [False, True])
def test_a_tiff_whose_pages_are_circular_is_refused(earlier: int, big: bool, tmp_path: Path) -> None:
    file = tmp_path / "a.tif"
    tifffile.imwrite(file, np.stack([PIXELS] * 3), photometric="minisblack", metadata=None, bigtiff=big)
    with tifffile.TiffFile(file) as opened:
        target, last = opened.pages[earlier].offset, opened.pages.next_page_offset
    content = bytearray(file.read_bytes())
    struct.pack_into("<Q" if big else "<I", content, last or 0, target)
    file.write_bytes(content)
    assert f"its pages are circular: the one at byte {target} follows itself" in refusal(file)


def test_an_uncompressed_tiff_larger_than_its_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.tif"
    tifffile.imwrite(file, PIXELS, photometric="minisblack")
    with tifffile.TiffFile(file, mode="r+") as opened:
        opened.pages.first.tags[WIDTH_TAG].overwrite(16_711_700, dtype="I")
    assert "claims to hold 24×16711700 uint8, up to byte" in refusal(file)
    more = described(tmp_path / "b.tif", json.dumps({"shape": [300_000_000, 24, 20]}))
    assert "claims to hold 300000000×24×20 uint8" in refusal(more)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('SizeT="3"', 'SizeT="300000000"'),
        ('SizeX="20"', 'SizeX="2000000000"'),
        ('PlaneCount="3"', 'PlaneCount="3000000000"'),
        ('SizeT="3"', 'SizeT="nan"'),
        ("</Pixels>", '</Pixels><ModuloAlongT Type="phase" Start="0" End="1e12" Step="1"/>'),
    ],
)
def test_ome_xml_of_more_planes_than_any_file_has_is_refused(before: str, after: str, tmp_path: Path) -> None:
    text = ome_xml(tmp_path / "a.tif")
    assert before in text
    file = described(tmp_path / "b.tif", text.replace(before, after), np.stack([PIXELS] * 3))
    assert "its OME-XML describes" in refusal(file)


def test_ome_xml_of_many_planes_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.tif"
    tifffile.imwrite(
        file, np.zeros((300, 4, 5), np.uint8), photometric="minisblack", ome=True, metadata={"axes": "ZYX"}
    )
    with open_images(file, ReadRequest(2)) as images:
        assert images.count == 300


def test_a_volume_larger_than_its_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.nii"
    write_volume(file, np.zeros((4, 5, 6), np.int16))
    content = bytearray(file.read_bytes())
    struct.pack_into("<h", content, 42, 30_000)  # the length of the first axis
    file.write_bytes(content)
    assert "claims to hold 30000×5×6 int16, up to byte 1,800,352 of 592" in refusal(file, 3)


def test_a_volume_of_negative_lengths_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.nii"
    write_volume(file, np.zeros((4, 5, 6), np.int16))
    content = bytearray(file.read_bytes())
    struct.pack_into("<h", content, 42, -4)
    file.write_bytes(content)
    assert "(-4×5×6) is empty" in refusal(file, 3)


def test_what_follows_a_compressed_volume_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.nii.gz"
    volume = np.arange(120, dtype=np.int16).reshape(4, 5, 6)
    write_volume(file, volume)
    file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()) + bytes(10_000_000)))
    copy = (tmp_path / "copy").open("w+b", buffering=0)
    monkeypatch.setattr(nifti, "DECODED_BYTES", 100)
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: copy)
    with open_images(file, ReadRequest(3)) as images:
        np.testing.assert_array_equal(images.read(0)[0], volume)
        assert (tmp_path / "copy").stat().st_size == 352 + volume.nbytes


def test_a_picture_far_larger_than_its_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.png"
    Image.fromarray(PIXELS).save(file)
    content = bytearray(file.read_bytes())
    struct.pack_into(">II", content, 16, 12_000, 12_000)
    struct.pack_into(">I", content, 29, zlib.crc32(content[12:29]))
    file.write_bytes(content)
    monkeypatch.setattr(picture, "UNCHECKED_BYTES", 1000)
    assert "claims to hold 144 MB in" in refusal(file)
