"""The studies in the documentation are valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from unetkit.study import load_study

TEXT = (Path(__file__).parents[2] / "docs" / "study-files.md").read_text("utf-8")
WHOLE, *PARTS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
START = "unetkit: 1\nbase: unet-small\n"


@pytest.mark.parametrize("text", [WHOLE, *(START + part for part in PARTS)], ids=["whole", "axes", "conditions"])
def test_a_study_of_the_documentation_is_planned(text: str, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    found = load_study(tmp_path / "study.yaml")
    assert len(found.planned) > 2
    assert not found.skipped
