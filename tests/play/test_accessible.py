"""Pages that stand alone, and pages of the site, break no rule of the accessibility checker axe, narrow or dark."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import unetkit
from docs.site import catalogue, commands
from docs.site.__main__ import settings
from tests.draw.browser import FOUND
from tests.play.axe import AXE, violations
from tests.play.browser import BUILT, launched
from tests.study.study_results import results
from tests.support.places import ROOT
from tests.trained.test_card import HISTORY
from unetkit.data import Normalization
from unetkit.data.preprocessing.signature import plain_signature
from unetkit.language.headers import select
from unetkit.study.report import write_report
from unetkit.trained import Trained
from unetkit.trained.card import make_card, write_card

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.skipif(not FOUND, reason="there is no Chromium")

INDEX = """# Pages

```{toctree}
:caption: Learn

language
gallery/unet-2015
reference/commands
```
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as opened:
        yield opened


def card(folder: Path) -> list[Path]:
    network = unetkit.build(unetkit.load("unet-same", ["channels=[4, 8]", "out_channels=2"]), seed=0).eval()
    signature = plain_signature(Normalization("none"), ("nothing", "cell"), 1, ((0, 0, 0), (9, 8, 7)))
    trained = Trained(network, signature, data="ab" * 32, training=HISTORY)
    write_card(make_card(trained.save(folder / "model.safetensors")), folder / "card")
    return [folder / "card" / "card.html"]


def report(folder: Path) -> list[Path]:
    write_report(results(folder / "runs"), folder / "report")
    return [folder / "report" / "report.html"]


def site(folder: Path) -> list[Path]:
    """Pages with drawings, tables and code, built as those of the site are."""
    source, target = folder / "source", folder / "site"
    (network,) = (spec for spec in select() if spec.name == "unet-2015")
    pages = {
        "index": INDEX,
        "language": (ROOT / "docs" / "language.md").read_text("utf-8"),
        "gallery/unet-2015": catalogue.network(network, unetkit.plan(unetkit.load("unet-2015")).at((572, 572)), True),
        "reference/commands": commands.page(),
    }
    source.mkdir()
    settings(source)
    for name, text in pages.items():
        (source / name).parent.mkdir(exist_ok=True)
        (source / f"{name}.md").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(source), str(target)]
    subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True, capture_output=True)
    return [target / f"{name}.html" for name in pages if name != "index"]


@pytest.mark.parametrize("made", [card, report, site])
def test_pages_break_no_rule_of_axe(made: Callable[[Path], list[Path]], tmp_path: Path, browser: Browser) -> None:
    files = made(tmp_path)
    for width, is_dark in ((360, False), (1280, True)):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if is_dark else "light"
        )
        for file in files:
            page = context.new_page()
            page.goto(file.as_uri())
            assert violations(page) == [], (file.name, width)
        context.close()


def test_axe_is_there_where_the_editor_was_bundled() -> None:
    assert AXE.exists() or not BUILT
