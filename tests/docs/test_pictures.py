"""The pictures of the README are those of this version."""

from __future__ import annotations

import json
import re

from tests.docs.pictures import DIGESTS, FOLDER, MAX_BYTES, ROOT, digests, drawings

MEND = "make pictures"


def test_the_drawing_is_that_of_the_spec() -> None:
    for path, text in drawings().items():
        assert path.read_text("utf-8") == text, MEND


def test_the_screenshots_are_of_the_page_and_the_report_as_they_are() -> None:
    assert json.loads(DIGESTS.read_text("utf-8")) == digests(), MEND


def test_each_picture_is_small_and_shown() -> None:
    shown = {ROOT / path for path in re.findall(r'(?:src|srcset)="([^"]+)"', (ROOT / "README.md").read_text("utf-8"))}
    assert shown == {path for path in FOLDER.iterdir() if path != DIGESTS}
    assert all(path.stat().st_size <= MAX_BYTES for path in shown)
