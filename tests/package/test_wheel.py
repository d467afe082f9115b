"""A wheel holds all that unetkit needs when the checkout is far away."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import unetkit

CHECKOUT = Path(__file__).parents[2]
LOOK = "import unetkit; print(unetkit.__file__); print(unetkit.plan(unetkit.load('unet-2015')).parameters)"


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The contents of a wheel that is built from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(CHECKOUT)]
    subprocess.run(build, check=True)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def test_wheel_has_every_file_of_the_package_and_every_spec(unpacked: Path) -> None:
    sources = [path for path in (CHECKOUT / "unetkit").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    expected = {path.relative_to(CHECKOUT) for path in sources}
    specs = {Path("unetkit") / path.relative_to(CHECKOUT) for path in (CHECKOUT / "specs").rglob("*.yaml")}
    assert specs
    assert {path for path in expected | specs if not (unpacked / path).is_file()} == set()


def test_spec_is_found_by_name_in_an_unpacked_wheel(unpacked: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(unpacked), "PATH": ""},
    )
    place, parameters = done.stdout.splitlines()
    assert Path(place).is_relative_to(unpacked)
    assert parameters == "31030658"


def test_wheel_lists_what_it_holds_of_other_projects(unpacked: Path) -> None:
    (file,) = unpacked.glob("unetkit-*.dist-info/sboms/*.cdx.json")
    fonts = json.loads(file.read_text("utf-8"))["components"]
    assert [font["name"] for font in fonts] == ["DejaVu Sans"]


def test_version_has_one_source(unpacked: Path) -> None:
    (metadata,) = unpacked.glob("unetkit-*.dist-info/METADATA")
    assert f"Version: {unetkit.__version__}\n" in metadata.read_text("utf-8")


def test_the_citation_names_the_last_release() -> None:
    released = re.findall(r"^## (\d\S*)", (CHECKOUT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert f"version: {released[0]}\n" in (CHECKOUT / "CITATION.cff").read_text("utf-8")
