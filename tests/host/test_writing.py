"""Files and folders appear whole or not at all, whatever is there already, and whoever else writes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

import pytest

from tests.support.commandline import run
from unetkit.errors import FileError
from unetkit.writing import PREFIX, machine, partial, placed, sweep, write_whole


def test_a_pipe_is_written_into_and_stays(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    for write in (write_whole, write_placed):
        reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
        reader.start()
        write(pipe, b"content")
        reader.join()
    assert read == [b"content", b"content"]
    assert pipe.is_fifo()
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def write_placed(path: Path, content: bytes) -> None:
    """Writes a file in the other way."""
    with placed(path) as growing:
        growing.write_bytes(content)


@pytest.mark.parametrize("write", [write_whole, write_placed])
def test_a_device_is_written_into_and_stays(write: object, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("/dev/null")
    for path in (Path("/dev/null"), link):
        write(path, b"content")  # type: ignore[operator]
    assert Path("/dev/null").is_char_device()
    assert link.is_symlink()
    with pytest.raises(FileError, match="/dev/full cannot be written: No space left"):
        write(Path("/dev/full"), b"content")  # type: ignore[operator]


@pytest.mark.parametrize("write", [write_whole, write_placed])
def test_a_link_stays_and_what_it_leads_to_is_replaced(write: object, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    target, link, second = inner / "target", tmp_path / "link", inner / "second"
    target.write_bytes(b"old")
    second.symlink_to("target")
    link.symlink_to("inner/second")
    before = target.open("rb")
    write(link, b"new")  # type: ignore[operator]
    with before:
        assert before.read() == b"old"  # replaced, not written into
    assert (link.is_symlink(), second.is_symlink(), target.read_bytes()) == (True, True, b"new")
    dangling = tmp_path / "dangling"
    dangling.symlink_to("inner/later")
    write(dangling, b"there")  # type: ignore[operator]
    assert (inner / "later").read_bytes() == b"there"


def test_a_circle_of_links_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(FileError, match="Too many levels of symbolic links"):
        write_whole(tmp_path / "a", b"")


def test_a_link_to_a_folder_stays_and_the_folder_is_replaced(tmp_path: Path) -> None:
    folder, link = tmp_path / "folder", tmp_path / "link"
    folder.mkdir()
    (folder / "old").touch()
    link.symlink_to("folder")
    with placed(link) as growing:
        growing.mkdir()
        (growing / "new").touch()
    assert link.is_symlink()
    assert [path.name for path in folder.iterdir()] == ["new"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "link"]


def test_each_writer_has_a_name_of_its_own(tmp_path: Path) -> None:
    target = tmp_path / "target"
    with placed(target) as first, placed(target) as second:
        assert first != second
        first.write_bytes(b"1" * 9)
        second.write_bytes(b"2")
    assert target.read_bytes() == b"1" * 9  # whole, and the last to be put in its place
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


def test_two_that_replace_a_folder_at_once_leave_a_whole_one(tmp_path: Path) -> None:
    target = tmp_path / "target"
    for _ in range(3):
        with placed(target) as first, placed(target) as second:
            for growing in (first, second):
                growing.mkdir()
                for name in "ab":
                    (growing / name).touch()
    assert sorted(path.name for path in target.iterdir()) == ["a", "b"]
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


@pytest.mark.parametrize("name", ["n" * 251 + ".svg", "é" * 125 + ".svg", "n" * 255])
def test_the_longest_names_can_be_written(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    write_whole(path, b"content")
    with placed(path) as growing:
        assert growing.name.endswith(name[-20:])
        growing.write_bytes(b"more")
    assert path.read_bytes() == b"more"


def dead(path: Path, kind: str = "new") -> Path:
    """Returns where a process that has ended was writing a path."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return path.with_name(f"{PREFIX}{machine()}-{process.pid}-0-{kind}-{path.name}")


def test_what_the_dead_left_is_swept_and_what_grows_stays(tmp_path: Path) -> None:
    target = tmp_path / "target"
    dead(target).touch()
    dead(tmp_path / "folder").mkdir()
    partial(tmp_path / "of-an-earlier-process-with-this-number").touch()
    other = tmp_path / f"{PREFIX}{machine()}-1-0-new-of-the-first-process"
    elsewhere = tmp_path / f"{PREFIX}01234567-{os.getpid()}-0-new-on-another-machine"
    mine = tmp_path / f"{PREFIX}notes.txt"
    for path in (other, elsewhere, mine):
        path.touch()
    with placed(target) as growing:
        growing.write_bytes(b"content")
        sweep(tmp_path)
        assert growing.exists()
    assert sorted(tmp_path.iterdir()) == sorted([target, other, elsewhere, mine])


def test_an_old_folder_whose_new_one_never_came_returns(tmp_path: Path) -> None:
    old = dead(tmp_path / "folder", "old")
    old.mkdir()
    (old / "content").touch()
    dead(tmp_path / "folder").mkdir()
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    assert (tmp_path / "folder" / "content").exists()


@pytest.mark.parametrize("output", ["-", "/dev/stdout", "/dev/fd/1"])
def test_text_can_be_written_to_standard_output(output: str, tmp_path: Path) -> None:
    assert process("code", "unet-small", "-o", output) == run("code", "unet-small").stdout
    drawing = process("draw", "unet-small", "-o", output)
    assert (drawing[:4], drawing[-7:]) == ("<svg", "</svg>\n")
    file = tmp_path / "file"
    with file.open("w") as opened:
        opened.write("before\n")
        opened.flush()
        process("code", "unet-small", "-o", output, stdout=opened)
        opened.write("after\n")
    assert file.read_text() == f"before\n{run('code', 'unet-small').stdout}after\n"


def process(*arguments: str, stdout: int | IO[str] = subprocess.PIPE) -> str:
    """Returns what a command prints, in a process of its own."""
    command = [sys.executable, "-m", "unetkit.cli", *arguments]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=True).stdout
