"""A pytest plugin, `-p unetkit.testing.pytest_plugin`: a fixture that runs the battery, and parameters by check."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from unetkit.block import Component
from unetkit.testing.battery import check_block
from unetkit.testing.checks import CHECKS


@pytest.fixture
def check_unetkit_block() -> Any:
    """A function that runs the battery on a block and fails the test with its report."""

    def run(block: type[Component], **options: Any) -> None:
        report = check_block(block, **options)
        if not report.passed:
            pytest.fail(str(report), pytrace=False)

    return run


def checks_of(*blocks: type[Component]) -> Iterator[Any]:
    """Yields pytest parameters (block, check), one for each check of each block."""
    for block in blocks:
        yield from (pytest.param(block, name, id=f"{block.__name__}-{name}") for name in CHECKS)
