"""All benchmarks run, tiny, and leave a page with a table of each, so that they cannot rot."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch

from benchmarks import __main__ as benchmarks

TITLES = (
    "unetkit validate / import yaml, typer, pydantic.main",
    "load, validate, plan and count unet-2015 / build on the meta device and torchinfo",
    "with / without",
    "load_model / construct by hand",
    "unetkit data / decode image and mask",
    "built network / handwritten network",
    "optimised network / handwritten network, 32×32",
    "optimised network / the same as it is built",
    "tiles / MONAI's windows of 512, overlap 0.25",
    *(f"strips of rows: {name}" for name in ("heights", "monai", "exact", "norm", "volume")),
    "training step in half of the memory / training step",
    "run / Lightning script by hand",
    "studies",
)


@pytest.mark.filterwarnings("ignore")  # of other packages, which `make bench` shows
def test_all_benchmarks_run_and_leave_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    threads = torch.get_num_threads()
    try:
        benchmarks.main(["--small", "-o", str(tmp_path)])
    finally:
        torch.set_num_threads(threads)
    page = (tmp_path / "RESULTS.md").read_text("utf-8")
    assert "## unet-small, 32×32, batch 1" in page
    assert [title for title in TITLES if f"## {title}\n" not in page] == []
    tables = {key: value for key, value in json.loads((tmp_path / "results.json").read_text()).items() if key in TITLES}
    for title, rows in tables.items():
        assert rows, title
        assert all(0 <= row["ratio"]["median"] < math.inf for row in rows), title
    errors = [row for title in TITLES if title.startswith("strips") for row in tables[title] if "error" in row["name"]]
    assert len(errors) == 3 and all(row["ratio"]["median"] <= 1 for row in errors)
