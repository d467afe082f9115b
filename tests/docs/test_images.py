"""docs/images.md: its kinds, its example, and its codes are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from unetkit.data import load_data, open_data
from unetkit.errors import FileError
from unetkit.imagefiles.file_formats import known_suffixes

TEXT = Path("docs/images.md").read_text("utf-8")


def test_all_kinds_are_listed() -> None:
    listed = re.findall(r"^\| \w+ \| ((?:\.[\w.]+ ?)+) \|", TEXT, re.MULTILINE)
    assert tuple(" ".join(listed).split()) == known_suffixes()


def test_the_example_says_what_an_array_does_not(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    said = yaml.safe_load(example)
    for folder, shape in (("scenes", (443, 489, 5)), ("labels", (443, 489))):
        (tmp_path / folder).mkdir()
        np.save(tmp_path / folder / "scene.npy", np.zeros(shape, np.uint8))
    assert open_data(load_data(said, folder=tmp_path)).train[0].image.shape == (5, 443, 489)
    del said["dataset"]["axes"]
    with pytest.raises(FileError) as caught:
        open_data(load_data(said | {"channels": 1}, folder=tmp_path))
    error = re.findall(r"```\nerror(.*?) …\n```", TEXT, re.DOTALL)[0]
    assert error.partition("(")[2] in str(caught.value)


@pytest.mark.parametrize("code", re.findall(r"^\| `([\w-]+)` \|", TEXT, re.MULTILINE))
def test_each_code_that_is_explained_exists(code: str) -> None:
    sources = [*Path("unetkit/imagefiles").rglob("*.py"), *Path("unetkit/data").rglob("*.py")]
    assert any(f'Fault("{code}"' in file.read_text("utf-8") for file in sources)
