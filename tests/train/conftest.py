"""What tests of training have in common."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.photos import write_photos


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of images and masks; no test changes it."""
    return write_photos(tmp_path_factory.mktemp("photos"))
