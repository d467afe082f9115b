"""A distribution of another laboratory, built as a wheel and installed into a fresh environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SPEC = """\
unetkit: 1
name: borrowed
in_channels: 1
out_channels: 2
channels: [4, 8]
block: example/inverted
up: example/nearest
skip: example/mean
"""


class Place:
    """A fresh environment, and a folder to work in. Its other packages are those of the environment of the tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder / "venv", with_pip=False, symlinks=True)
        self.python = folder / "venv" / "bin" / "python"
        self.site = next((folder / "venv" / "lib").glob("python*/site-packages"))
        (self.site / "parent.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n")

    def install(self, source: Path) -> None:
        """Builds a wheel and unpacks it, which is what installing it does."""
        copied = self.folder / "source"
        shutil.copytree(source, copied)
        build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(self.folder), str(copied)]
        subprocess.run(build, check=True, capture_output=True)
        (wheel,) = self.folder.glob("*.whl")
        zipfile.ZipFile(wheel).extractall(self.site)

    def run(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Returns what a command gave; its exit code is asserted."""
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        environment["XDG_CACHE_HOME"] = str(self.folder / "cache")
        program = "from unetkit.cli import main; main()"
        command = [str(self.python), "-c", program, *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=self.folder, env=environment, check=False, encoding="utf-8"
        )
        assert done.returncode == code, done.stderr
        return done


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("place"))
    made.install(ROOT / "tests" / "plugin_example")
    (made.folder / "mine.yaml").write_text(SPEC)
    yield made


def test_its_blocks_are_used_by_name_and_pinned_by_resolve(place: Place) -> None:
    assert "example/se_conv" in place.run("blocks", "block").stdout
    assert "borrowed: valid" in place.run("validate", "mine.yaml").stdout
    assert "measured" in place.run("show", "mine.yaml", "--size", "32").stdout
    place.run("draw", "mine.yaml", "-o", "mine.svg", "--size", "32")
    assert "from unetkit_example.wrapped import InvertedBottleneck" in place.run("code", "mine.yaml").stdout
    resolved = place.run("resolve", "mine.yaml").stdout
    assert "plugins: {unetkit-example: 1.2.0}" in resolved
    (place.folder / "resolved.yaml").write_text(resolved)
    told = place.run("validate", "resolved.yaml", "--set", "plugins.unetkit-example=1.1.0", code=1).stderr
    assert "this was made with unetkit-example 1.1.0, installed is 1.2.0" in told


def test_a_block_is_described_with_owner_line_and_paper(place: Place) -> None:
    text = place.run("blocks", "example/se_conv", "--draw", "se.svg").stdout
    assert "unetkit-example 1.2.0" in text and "arXiv:1709.01507" in text and "wired.py:7" in text
    assert "type: example/se_conv" in text and (place.folder / "se.svg").stat().st_size > 1000


def test_without_it_every_command_says_what_to_install_and_others_work(place: Place) -> None:
    if not (place.folder / "resolved.yaml").exists():
        (place.folder / "resolved.yaml").write_text(place.run("resolve", "mine.yaml").stdout)
    info = place.site / "unetkit_example-1.2.0.dist-info"
    info.rename(place.folder / "away")
    try:
        for command in (["validate"], ["show"]):
            told = place.run(*command, "mine.yaml", code=1).stderr
            assert "Install it: pip install unetkit-example, or example." in told
        told = place.run("validate", "resolved.yaml", code=1).stderr
        assert "this was made with 1.2.0" in told and "pip install unetkit-example==1.2.0" in told
        place.run("validate", "unet-2015")
    finally:
        (place.folder / "away").rename(info)


def test_a_new_plugin_installs_and_passes_its_check(tmp_path: Path) -> None:
    made = Place(tmp_path)
    made.install(tmp_path / made.run("plugin", "new", "acme").stdout.strip())
    text = made.run("plugin", "check", "unetkit-acme", "--only", "gradients").stdout
    assert text.count("1 checks ran, 0 failed") == 2
