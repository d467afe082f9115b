"""The gallery: one page with the drawing and the facts of each network, and nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.commandline import run
from unetkit.language.headers import Selection, select


def test_each_network_has_its_drawing_facts_and_link_on_a_page_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "gallery.html"
    run("specs", "--family", "unet", "--sheet", file)
    page = file.read_text(encoding="utf-8")
    found = select(Selection(families=("unet",)), "family")
    for spec in found:
        assert f'id="{spec.name}"' in page and f'href="#{spec.name}"' in page
        assert f"{spec.facts.parameters:,}" in page
    assert page.count("<svg ") == 2 * len(found)  # a small and a whole one
    assert page.count(".unetkit path.down") == 2  # the style sheet, once: for light and dark pages
    assert not re.search(r'(src|href)="(?!#|data:)', page)
    assert "error[file-exists]" in run("specs", "--family", "unet", "--sheet", file, code=1).stderr
