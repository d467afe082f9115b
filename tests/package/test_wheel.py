"""A wheel holds all that unetkit needs when the checkout is far away."""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from base64 import b64encode
from pathlib import Path

import jsonschema
import pytest

import unetkit
from hatch_build import BUNDLES, components

CHECKOUT = Path(__file__).parents[2]
EDITOR = "unetkit/play/page/editor.js"
LOCK = json.loads((CHECKOUT / BUNDLES[EDITOR]).read_text("utf-8"))
STATE = LOCK["packages"]["node_modules/@codemirror/state"]
NOTICE = f"/*!\n@codemirror/state {STATE['version']}\n\nMIT License\n*/\nexport const createEditor = null;\n"
COMPONENT = {
    "type": "object",
    "required": ["type", "name", "version", "licenses"],
    "properties": {
        "type": {"enum": ["file", "library"]},
        "licenses": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["license"]}},
        "hashes": {
            "type": "array",
            "items": {
                "required": ["alg", "content"],
                "properties": {"alg": {"enum": ["SHA-512"]}, "content": {"pattern": "^[a-f0-9]{128}$"}},
            },
        },
        "purl": {"pattern": r"^pkg:npm/[^\s/]+(/[^\s/]+)?@\d"},
    },
}
CYCLONEDX = {
    "type": "object",
    "required": ["bomFormat", "specVersion", "version", "components"],
    "properties": {
        "bomFormat": {"const": "CycloneDX"},
        "specVersion": {"const": "1.6"},
        "components": {"type": "array", "minItems": 1, "items": COMPONENT},
        "dependencies": {"items": {"required": ["ref"]}},
    },
}
"""What CycloneDX 1.6 requires of the keys that are used here."""
LOOK = "import unetkit; print(unetkit.__file__); print(unetkit.plan(unetkit.load('unet-2015')).parameters)"


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The contents of a wheel that is built from a copy of the checkout, with an editor in place of the bundled one."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "checkout"
    for name in ("unetkit", "specs"):
        shutil.copytree(CHECKOUT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "runtime.*"))
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", *BUNDLES.values()):
        (copy / name).parent.mkdir(exist_ok=True)
        shutil.copy(CHECKOUT / name, copy / name)
    (copy / EDITOR).write_text(NOTICE, encoding="utf-8")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(copy)]
    subprocess.run(build, check=True)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def test_wheel_has_every_file_of_the_package_and_every_spec(unpacked: Path) -> None:
    sources = [path for path in (CHECKOUT / "unetkit").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    bundled = {path for path in sources if path.name.startswith("runtime.")}  # they were not copied
    expected = {path.relative_to(CHECKOUT) for path in sources if path not in bundled}
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
    files = {file.name: json.loads(file.read_text("utf-8")) for file in unpacked.glob("unetkit-*.dist-info/sboms/*")}
    for content in files.values():
        jsonschema.validate(content, CYCLONEDX)
    names = {name: [one["name"] for one in content["components"]] for name, content in files.items()}
    assert names == {"fonts.cdx.json": ["DejaVu Sans"], "javascript.cdx.json": ["@codemirror/state"]}


def test_packages_of_a_bundle_are_those_of_its_lock_file() -> None:
    (found,) = components(NOTICE, LOCK)
    assert found["licenses"] == [{"license": {"id": STATE["license"]}}]
    assert found["purl"] == f"pkg:npm/%40codemirror/state@{STATE['version']}"
    assert b64encode(bytes.fromhex(found["hashes"][0]["content"])).decode() == STATE["integrity"].removeprefix(
        "sha512-"
    )


@pytest.mark.parametrize("bundle", ["export {};", "/*!\nMIT License\n*/", NOTICE.replace(STATE["version"], "0.0.1")])
def test_a_bundle_of_another_lock_file_is_refused(bundle: str) -> None:
    with pytest.raises(ValueError, match="bundle"):
        list(components(bundle, LOCK))


def test_what_was_bundled_here_is_of_the_lock_files() -> None:
    for bundle, lock in BUNDLES.items():
        file = CHECKOUT / bundle
        if file.exists():
            assert list(components(file.read_text("utf-8"), json.loads((CHECKOUT / lock).read_text("utf-8"))))


def test_version_has_one_source(unpacked: Path) -> None:
    (metadata,) = unpacked.glob("unetkit-*.dist-info/METADATA")
    assert f"Version: {unetkit.__version__}\n" in metadata.read_text("utf-8")


def test_the_citation_names_the_last_release() -> None:
    released = re.findall(r"^## (\d\S*)", (CHECKOUT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert f"version: {released[0]}\n" in (CHECKOUT / "CITATION.cff").read_text("utf-8")
