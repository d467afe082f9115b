"""What is kept of measurements: taken as it was written, made anew where it is anything else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from unetkit.wrapping import cache

WHOLE = {"axes": [{"stride": 2, "before": 1}], "out": 4, "weights": 9, "versions": {}}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a measurement is kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache.write("one", WHOLE)
    return tmp_path / "unetkit" / "facts" / "one.json"


def test_what_is_kept_is_read_back(file: Path) -> None:
    found = cache.read("one")
    assert found is not None
    assert (found.axes[0].stride, found.axes[0].before, found.out, found.weights) == (2, 1, 4, 9)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "3", "[" * 100_000, *(json.dumps(WHOLE | {key: None}) for key in WHOLE), json.dumps(WHOLE | {"x": 1}),
     json.dumps(WHOLE | {"versions": {"no-such-package": "1"}}), json.dumps(WHOLE | {"axes": [{"size": 3}]})],
)  # fmt: skip
def test_anything_else_is_measured_anew(text: str, file: Path) -> None:
    file.write_text(text)
    assert cache.read("one") is None


def test_without_a_home_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", nowhere)
    cache.write("one", WHOLE)
    assert cache.read("one") is None
