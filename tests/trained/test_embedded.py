"""Cards that run their network in the browser of their reader: as `unetkit predict` does, and without a request."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser

import unetkit
from tests.draw.browser import FOUND
from tests.play.browser import launched
from tests.support.commandline import run
from unetkit.data import Normalization
from unetkit.data.preprocessing.signature import plain_signature
from unetkit.errors import FileError
from unetkit.tiling.padding import axis_padding, frames
from unetkit.trained import Trained
from unetkit.trained.card import CardOptions, embedded, make_card, write_card
from unetkit.trained.card.embedded import embed, tile_table

COLOURS = ((0, 0, 0), (230, 159, 0), (86, 180, 233))
BUILT = (embedded.HERE / "runtime.wasm.gz").exists()
in_browser = [
    pytest.mark.skipif(not FOUND, reason="there is no Chromium"),
    pytest.mark.skipif(not BUILT, reason="make runtime was not run"),
]


def model(tmp_path: Path, normalization: Normalization, *overrides: str) -> Path:
    """A model file of three classes of grey images."""
    network = unetkit.build(unetkit.load("unet-2015", ["channels=[4, 8, 8]", "out_channels=3", *overrides]), seed=0)
    signature = plain_signature(normalization, ("background", "cell", "membrane"), 1, COLOURS)
    return Trained(network.eval(), signature).save(tmp_path / "model.safetensors")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A grey image of a size that fits nothing."""
    y, x = np.mgrid[:131, :203]
    waves = 128 + 60 * np.sin(x / 7) * np.cos(y / 11) + 40 * np.random.default_rng(0).standard_normal(x.shape)
    file = tmp_path / "images" / "waves.png"
    file.parent.mkdir()
    Image.fromarray(waves.clip(0, 255).astype(np.uint8)).save(file)
    return file


def labelled(browser: Browser, card: Path, image: Path, tmp_path: Path) -> np.ndarray:
    """The label map that a card gives of an image; nothing but the card may be asked for, and nothing may fail."""
    asked: list[str] = []
    errors: list[str] = []
    page = browser.new_page()
    page.set_default_timeout(60_000)
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(card.as_uri())
    page.set_input_files("#try-file", image)
    page.wait_for_selector("#try[data-state=done], #try[data-state=failed]")
    assert "131" in (page.text_content("#try-state") or "") and not errors
    assert all(url == card.as_uri() or url.startswith("blob:") for url in asked)
    with page.expect_download() as download:
        page.click("#try-save")
    saved = tmp_path / "saved.png"
    download.value.save_as(saved)
    page.close()
    return np.asarray(Image.open(saved).convert("L"))


@pytest.mark.skipif(not FOUND, reason="there is no Chromium")
@pytest.mark.skipif(not BUILT, reason="make runtime was not run")
def test_a_card_labels_images_as_predict_does(tmp_path: Path, image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tile_table, "_TILES", (80,))
    kinds = (
        (Normalization("dataset", (120.0,), (60.0,)), ()),
        (Normalization("percentile"), ("block.padding=same", "skip.align=same")),
    )
    with launched() as browser:
        for normalization, overrides in kinds:
            file = model(tmp_path, normalization, *overrides)
            write_card(make_card(file, CardOptions(embed=True)), tmp_path / "card")
            run("predict", file, image.parent, "-o", tmp_path / "labels", "--overwrite")
            expected = np.asarray(Image.open(tmp_path / "labels" / image.name))
            assert len(np.unique(expected)) > 1
            found = labelled(browser, tmp_path / "card" / "card.html", image, tmp_path)
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ["unet-2015", "unet-same", "unet-plus-plus", "resnet34-unet"])
def test_the_table_pads_images_as_predict_does(name: str) -> None:
    plan = unetkit.plan(unetkit.load(name))
    axis = tile_table.tiles_of_all_sizes(plan)["axes"][0]
    for image in (1, 2, 31, 97, 388, 1201, 5000):
        ahead = max(0, -(-(image - len(axis["rows"])) // axis["period"]))
        found = tile_table.Row(*axis["rows"][image - ahead * axis["period"] - 1]).shifted(ahead, axis["period"])
        (frame, _) = frames(plan, (image, image)) if image > 8 else (axis_padding(plan, 0, image, image), None)
        assert (found.input, found.output, found.before, found.first) == frame[1:3] + frame[3:]


def test_a_network_of_volumes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "check_runtime", lambda: None)
    network = unetkit.build(unetkit.load("unet-3d", ["channels=[2, 4]"]), seed=0).eval()
    signature = plain_signature(Normalization("none"), ("a", "b", "c"), network.plan.spec.in_channels, ())
    with pytest.raises(FileError, match="it takes images in 3D"):
        embed(Trained(network, signature))


def test_without_the_runtime_the_command_says_how_to_build_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "HERE", tmp_path)
    file = model(tmp_path, Normalization("none"))
    found = run("card", file, "-o", tmp_path / "card", "--embed", code=1)
    assert "make runtime" in found.output and not (tmp_path / "card").exists()
