"""A distribution of another laboratory, built as a wheel and installed into a fresh environment, used, and removed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.photos import write_photos
from tests.support.places import ROOT, Place

SPEC = """\
unetkit: 1
name: borrowed
in_channels: 1
out_channels: 2
channels: [4, 8]
block: example/inverted
up: example/nearest
skip: example/mean
"""
JOINED = """\
unetkit: 1
name: joined
in_channels: 1
out_channels: 2
channels: [4, 6, 8]
topology: {type: example/decoders, decoders: 2}
"""
JOINED_STUDY = """\
unetkit: 1
name: joining
base: joined.yaml
data: photos
axes:
  topology: [unet]
seeds: 1
training: {batch: 2, patch: 32, logger: []}
budget: {steps: 1}
"""
STUDY = """\
unetkit: 1
name: compared
base: mine.yaml
data: photos
axes:
  block: [example/se_conv]
seeds: 1
training: {batch: 2, patch: 32, logger: []}
budget: {steps: 2}
"""
CURE = "Install it: pip install unetkit-example"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example as a wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    source = str(ROOT / "tests" / "plugin_example")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), source]
    subprocess.run(build, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Iterator[Place]:
    """An environment with the example, a spec and a study that use it, images, and a network trained on them."""
    made = Place(tmp_path_factory.mktemp("place"))
    made.pip("install", str(wheel))
    (made.folder / "mine.yaml").write_text(SPEC)
    (made.folder / "study.yaml").write_text(STUDY)
    write_photos(made.folder / "photos")
    Image.fromarray(np.arange(90 * 70, dtype=np.uint8).reshape(90, 70)).save(made.folder / "large.png")
    (made.folder / "resolved.yaml").write_text(made.run("resolve", "mine.yaml").stdout)
    quick = ["--steps", "2", "--set", "training.patch=32", "--set", "training.batch=2"]
    made.run("train", "mine.yaml", "photos", "-o", "run", *quick)
    yield made
    made.close()


def test_its_blocks_are_used_by_name_and_pinned_by_resolve(place: Place) -> None:
    assert "example/se_conv" in place.run("blocks", "block").stdout
    assert "borrowed: valid" in place.run("validate", "mine.yaml").stdout
    assert "measured" in place.run("show", "mine.yaml", "--size", "32").stdout
    place.run("draw", "mine.yaml", "-o", "mine.svg", "--size", "32")
    assert "from unetkit_example.wrapped import InvertedBottleneck" in place.run("code", "mine.yaml").stdout
    assert "plugins: {unetkit-example: 1.2.0}" in (place.folder / "resolved.yaml").read_text()
    told = place.run("validate", "resolved.yaml", "--set", "plugins.unetkit-example=1.1.0", code=1).stderr
    assert "this was made with unetkit-example 1.1.0, installed is 1.2.0" in told


def test_a_network_of_its_blocks_is_trained_and_tiled_exactly(place: Place) -> None:
    model = "run/best.safetensors"
    place.run("predict", model, "large.png", "-o", "whole", "--probabilities")
    place.run("predict", model, "large.png", "-o", "tiled", "--probabilities", "--tile", "32", "--exact")
    whole, tiled = (np.load(next((place.folder / name).iterdir())) for name in ("whole", "tiled"))
    assert whole.shape == (2, 90, 70)
    assert np.abs(tiled - whole).max() <= 1e-5
    assert "disc" in place.run("evaluate", model, "photos", "--json").stdout


def test_an_arm_of_a_study_has_one_of_its_blocks(place: Place) -> None:
    text = place.run("study", "run", "study.yaml", "-o", "study").stdout
    assert "2 of 2 runs have finished" in " ".join(text.split())
    assert "block=example/se_conv" in (place.folder / "study" / "plan.json").read_text()


def test_its_topology_is_planned_drawn_written_trained_tiled_and_exported(place: Place) -> None:
    (place.folder / "joined.yaml").write_text(JOINED)
    assert "joined: valid" in place.run("validate", "joined.yaml").stdout
    shown = json.loads(place.run("show", "joined.yaml", "--size", "64", "--json").stdout)
    assert [level["level"] for level in shown["levels"]] == [0, 1, 2]
    place.run("draw", "joined.yaml", "-o", "joined.svg", "--size", "64")
    assert 'self.decoder2["0"](' in place.run("code", "joined.yaml").stdout
    quick = ["--steps", "1", "--set", "training.patch=32", "--set", "training.batch=2"]
    place.run("train", "joined.yaml", "photos", "-o", "joined-run", *quick)
    model = "joined-run/best.safetensors"
    place.run("predict", model, "large.png", "-o", "joined-whole", "--probabilities")
    place.run("predict", model, "large.png", "-o", "joined-tiled", "--probabilities", "--tile", "44", "--exact")
    whole, tiled = (np.load(next((place.folder / name).iterdir())) for name in ("joined-whole", "joined-tiled"))
    assert np.abs(tiled - whole).max() <= 1e-5
    place.run("export", model, "--to", "torch", "-o", "joined.pt2")
    assert "Decoders" in place.run("plugin", "check", "unetkit-example", "--only", "saved").stdout


def test_an_arm_of_a_study_has_its_topology(place: Place) -> None:
    (place.folder / "joined.yaml").write_text(JOINED)
    (place.folder / "joining.yaml").write_text(JOINED_STUDY)
    text = place.run("study", "run", "joining.yaml", "-o", "joining").stdout
    assert "2 of 2 runs have finished" in " ".join(text.split())


def test_a_block_is_described_with_owner_line_and_paper(place: Place) -> None:
    text = place.run("blocks", "example/se_conv", "--draw", "se.svg").stdout
    assert "unetkit-example 1.2.0" in text and "arXiv:1709.01507" in text and "wired.py:6" in text
    assert "type: example/se_conv" in text and (place.folder / "se.svg").stat().st_size > 1000


def test_without_it_every_command_says_what_to_install_and_others_work(place: Place, wheel: Path) -> None:
    place.pip("uninstall", "unetkit-example")
    try:
        named = [[command, "mine.yaml"] for command in ("validate", "show", "code", "resolve", "sizes")]
        named += [["draw", "mine.yaml", "-o", "again.svg"], ["train", "mine.yaml", "photos", "--steps", "1"]]
        for arguments in named:
            assert f"{CURE}, or example." in place.run(*arguments, code=1).stderr
        assert f"{CURE}, or example." in place.run("study", "plan", "study.yaml", code=1).stderr
        pinned = [["validate", "resolved.yaml"], ["card", "run/best.safetensors", "-o", "card"]]
        pinned += [["predict", "run/best.safetensors", "large.png", "-o", "again"]]
        pinned += [
            ["evaluate", "run/best.safetensors", "photos"],
            ["export", "run/best.safetensors", "--to", "onnx", "-o", "a.onnx"],
        ]
        for arguments in pinned:
            told = place.run(*arguments, code=1).stderr
            assert "this was made with 1.2.0" in told and f"{CURE}==1.2.0" in told
        place.run("validate", "unet-2015")
        place.run("train", "unet-small", "photos", "--steps", "1", "-o", "other", "--set", "out_channels=2")
    finally:
        place.pip("install", str(wheel))
