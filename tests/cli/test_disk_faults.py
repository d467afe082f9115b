"""Every command that writes, on a disk that is full and on one that is read-only: one message, and nothing is lost.

Real file systems in memory, which only root may mount; skipped where the system does not allow it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pytest
import torch

import unetkit
from tests.cli.test_study_report import write_folder
from tests.support.commandline import run
from tests.support.photos import write_photos
from unetkit.data import Normalization
from unetkit.export import exporting
from unetkit.trained import Trained

COMMANDS = {
    "draw": "draw unet-same -o out/net.svg",
    "draw as pixels": "draw unet-same -o out/net.png",
    "code": "code unet-same -o out/net.py",
    "new": "new out/NEW.yaml",
    "plugin new": "plugin new acme -o out/NEW",
    "data": "data data -o out/sheet.png",
    "evaluate": "evaluate m.safetensors data --split train --metric dice -o out/scores",
    "predict": "predict m.safetensors data/images/disc0.png -o out/labels",
    "predict tiff": "predict m.safetensors disc.tif -o out/labels",
    "card": "card m.safetensors -o out/card",
    "import-weights": "import-weights weights.pt --spec tiny.yaml -o out/i.safetensors",
    "export": "export m.safetensors --to torch -o out/m.pt2",
    "export onnx": "export m.safetensors --to onnx -o out/m.onnx",
    "export openvino": "export m.safetensors --to openvino -o out/openvino",
    "train": "train tiny.yaml data --accelerator cpu --set training.steps=1 --set training.patch=16 -o out/NEW",
    "study run": "study run study.yaml -o out/NEW",
    "study report": "study report report -o out/report",
}
"""NEW is another name each time: what begins anew where there is nothing yet."""


class Disk:
    """A small file system in memory."""

    def __init__(self) -> None:
        # Not in pytest's folders, which it could not remove any more where this is left behind.
        self.place = Path(mkdtemp(prefix="unetkit-disk-"))
        self.mount("-t", "tmpfs", "-o", "size=64m", "tmpfs")

    def mount(self, *arguments: str) -> None:
        """Mounts it."""
        subprocess.run(["mount", *arguments, str(self.place)], check=True, capture_output=True)

    def fill(self) -> None:
        """Leaves no room."""
        with (self.place / "filler").open("wb", buffering=0) as file, suppress(OSError):
            for size in (1 << 20, 4096):
                with suppress(OSError):
                    while True:
                        file.write(bytes(size))

    def protect(self) -> None:
        """Lets nothing be written."""
        self.mount("-o", "remount,ro")

    def files(self) -> dict[str, bytes]:
        """Returns what lies there, but for the filler, locks and empty folders."""
        found = (path for path in self.place.rglob("*") if path.is_file() and path.name not in ("filler", ".lock"))
        return {str(path.relative_to(self.place)): path.read_bytes() for path in found}


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """A disk at out/ in a folder to work in."""
    monkeypatch.chdir(tmp_path)
    try:
        made = Disk()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no file system may be mounted here")
    (tmp_path / "out").symlink_to(made.place)
    yield made
    subprocess.run(["umount", "--lazy", str(made.place)], check=True)
    made.place.rmdir()


@pytest.fixture(autouse=True, scope="module")
def exported_once() -> Iterator[None]:
    """Traces the network and translates it once: each takes seconds, and is not what a disk spoils."""
    kept: dict[tuple[Any, ...], Any] = {}

    def once(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **options: Any) -> Any:
            key = (function, *options.items())
            if key not in kept:
                kept[key] = function(*given, **options)
            return kept[key]

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("traced", "onnx_bytes"):
            patch.setattr(exporting, name, once(getattr(exporting, name)))
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with everything that the commands ask for."""
    torch.set_num_threads(1)
    (tmp_path / "tiny.yaml").write_text("extends: unet-same\nname: tiny\nchannels: [4, 8]\n")
    model = unetkit.build(unetkit.load(tmp_path / "tiny.yaml"), seed=0).eval()
    Trained(model, Normalization("dataset", (100.0,), (50.0,)), ("class 0", "class 1")).save(tmp_path / "m.safetensors")
    torch.save(model.state_dict(), tmp_path / "weights.pt")
    write_photos(tmp_path / "data")
    from tifffile import imwrite

    imwrite(tmp_path / "disc.tif", np.zeros((40, 40), np.uint8))
    (tmp_path / "study.yaml").write_text(
        "unetkit: 1\nname: s\nbase: {extends: ./tiny.yaml, name: t, out_channels: 4}\ndata: {dataset: mni}\n"
        "axes: {skip: [none]}\nbudget: {steps: 1}\n"
    )
    return tmp_path


@pytest.mark.parametrize("state", ["full", "read-only"])
@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_is_lost_where_nothing_can_be_written(
    name: str, state: str, disk: Disk, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if name == "study report":
        write_folder(folder / "report")
    words = COMMANDS[name].split()
    before: dict[str, bytes] = {}
    if not any("NEW" in word for word in words):
        run(*words)
        before = disk.files()
        assert before
        words.append("--overwrite")
    if state == "full":
        disk.fill()
    else:
        disk.protect()
    for _ in range(2):  # as a user who tries again does
        _, mark, rest = run(*words, code=1).stderr.partition("error[")  # after how a folder was read
        told = mark + rest
        reason = "No space left on device" if state == "full" else "Read-only file system"
        assert told.startswith("error[") and reason in told
        assert told.count("\n") <= 3 and "Traceback" not in told
        assert disk.files() == before
    assert "Traceback" not in capfd.readouterr().err
