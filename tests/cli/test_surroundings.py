"""Surroundings that are not as usual: one message, no traceback, and the exit code that says what happened."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from tests.support.commandline import run
from unetkit.cli.app import guarded
from unetkit.cli.system import fault_of

CLI = f"{sys.executable} -m unetkit.cli"


def shell(line: str, folder: Path, **environment: str | None) -> subprocess.CompletedProcess[str]:
    """Returns how a line of a shell ended, `unetkit` in it being the command."""
    changed = {key: value for key, value in (os.environ | environment).items() if value is not None}
    command = line.replace("unetkit ", f"{CLI} ")
    return subprocess.run(["sh", "-c", command], cwd=folder, env=changed, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("unetkit show unet-small >&-", 1, "standard output cannot be written: it is closed"),
        ("unetkit show unet-small >/dev/full", 1, "standard output cannot be written: No space left on device"),
        ("unetkit specs --json >/dev/full", 1, "standard output cannot be written: No space left on device"),
        ("unetkit code unet-small -o - >/dev/full", 1, "standard output cannot be written: No space left on device"),
        ("unetkit --version >/dev/full", 1, "standard output cannot be written: No space left on device"),
        ("unetkit --help >/dev/full", 1, "No space left on device"),
        ("unetkit show nope 2>&-", 1, ""),
        ("unetkit show nope 2>/dev/full", 1, ""),
        ("unetkit show nope >&- 2>&-", 1, ""),
        ("unetkit show 2>/dev/full", 2, ""),
        ("unetkit show unet-small 2>&- >/dev/null", 0, ""),
        ("unetkit code unet-small -o net.py >&- <&-", 1, "standard output cannot be written: it is closed"),
        ("unetkit validate a.yaml", 1, "a.yaml does not exist"),
    ],
)
def test_streams_that_take_nothing(line: str, code: int, told: str, tmp_path: Path) -> None:
    ended = shell(line, tmp_path)
    assert (ended.returncode, told in ended.stderr) == (code, True), ended.stderr
    assert "Traceback" not in ended.stderr and "Exception ignored" not in ended.stderr
    assert ended.stderr.count("error[") + ended.stderr.count('"code": ') == (told != "")
    if "net.py" in line:
        assert (tmp_path / "net.py").read_text().endswith("\n")  # whole: no stream was taken for it


@pytest.mark.parametrize(
    "environment",
    [
        {"TERM": None, "LANG": "C", "LC_ALL": "C"},
        {"PYTHONIOENCODING": "ascii"},
        {"HOME": "/nonexistent", "XDG_CACHE_HOME": "/proc/nowhere"},
        {"HOME": None, "COLUMNS": "0"},
        {"COLUMNS": "abc", "TERM": "dumb", "PYTHONUTF8": "0"},
    ],
)
def test_environments_that_lack_something(environment: dict[str, str | None], tmp_path: Path) -> None:
    ended = shell("unetkit show unet-small && unetkit blocks && unetkit show nope", tmp_path, **environment)
    assert (ended.returncode, ended.stderr.count("error[")) == (1, 1), ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    line = "cd gone && rmdir ../gone && unetkit show unet-small >/dev/null && unetkit new a.yaml"
    ended = shell(line, tmp_path)
    assert (ended.returncode, ended.stderr.count("error[")) == (1, 1), ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="ulimit -v is not held elsewhere")
def test_little_memory_is_told(tmp_path: Path) -> None:
    ended = shell("touch m.safetensors i.png; ulimit -v 400000; unetkit predict m.safetensors i.png -o out", tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.count("error[memory]: there is not enough memory") == 1, ended.stderr
    assert len(ended.stderr.splitlines()) == 2


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), "error[memory]: there is not enough memory\n"),
        (RuntimeError("can't start new thread"), "error[memory]: there is not enough memory: can't start new thread\n"),
        (RuntimeError("a\nDefaultCPUAllocator: can't allocate memory: 9\nb"), "memory: DefaultCPUAllocator: can't"),
        (ImportError("libtorch.so: failed to map segment from shared object"), "error[memory]"),
        (PermissionError(13, "Permission denied", "/a\nb"), "error[system]: /a\\nb: Permission denied\n"),
        (OSError(24, "Too many open files"), "error[system]: Too many open files\n"),
    ],
)
def test_what_the_system_refuses_is_a_fault(error: Exception, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise error

    with pytest.raises(typer.Exit) as ended:
        guarded(command)()
    assert ended.value.exit_code == 1
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("error", [RuntimeError("a bug"), ImportError("a bug"), ValueError("a bug")])
def test_what_is_not_the_systems_stays_what_it_is(error: Exception) -> None:
    def command() -> None:
        raise error

    assert fault_of(error) is None
    with pytest.raises(type(error), match="a bug"):
        guarded(command)()


@pytest.mark.parametrize(
    "command",
    [
        "plugin new NAME",
        "new NAME.yaml",
        "draw unet-small -o NAME.svg",
        "show NAME.yaml",
        "code unet-small -o NAME",
        "validate NAME",
    ],
)
@pytest.mark.parametrize("letter", ["n", "é"])
def test_names_that_are_too_long(command: str, letter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = run(*command.replace("NAME", letter * 300).split(), code=1).stderr
    assert told.count("error[") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_head_of_a_volume_is_told_by_us_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    import nibabel
    import numpy as np

    from unetkit.errors import FileError
    from unetkit.imagefiles import ReadRequest, open_images

    file = tmp_path / "a.nii"
    nibabel.save(nibabel.Nifti1Image(np.zeros((4, 5, 6), np.uint8), np.eye(4)), file)  # type: ignore[no-untyped-call]
    content = bytearray(file.read_bytes())
    content[108:112] = bytes(4)  # where the samples begin
    content[252:256] = b"\x07\x07\x09\x09"  # codes of its coordinates
    file.write_bytes(content)
    with contextlib.suppress(FileError), open_images(file, ReadRequest(3, 1)) as images:
        images.read(0)
    assert capfd.readouterr() == ("", "")
