"""What users rely on stays as the golden files have it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.golden import record
from tests.golden.today import TODAY


@pytest.mark.parametrize("name", TODAY)
def test_public_behaviour_is_as_recorded(name: str, tmp_path: Path) -> None:
    golden = record.read(name)
    assert golden["entries"], f"tests/golden/{name}.json is missing"
    changed = [f"{path}: {change}" for path, change in record.changes(golden["entries"], TODAY[name](tmp_path))]
    if changed:
        pytest.fail("\n".join([f"tests/golden/{name}.json:", *changed, record.AGAIN]), pytrace=False)


@pytest.mark.parametrize("name", TODAY)
def test_exceptions_have_a_reason(name: str) -> None:
    assert all(one["entry"] and one["reason"] for one in record.read(name)["exceptions"])
