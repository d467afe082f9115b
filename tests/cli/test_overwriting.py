"""No command changes a file that is there already unless it was told so, and none replaces what it reads."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from PIL import Image

import unetkit
from tests.cli.test_study_report import write_folder
from tests.nnunet.examples import plans
from tests.support.commandline import run
from tests.support.photos import write_photos
from unetkit.cli.app import app
from unetkit.data import Normalization
from unetkit.errors import FileError
from unetkit.overwriting import check_outputs
from unetkit.trained import Trained

OLD = b"what was there before\n"
READING = {
    *("validate", "show", "sizes", "resolve", "explain", "specs", "blocks", "plugins", "schema"),
    *("plugin check", "study plan", "study status"),
    "play",  # until its page saves the file that it was given: see tests/play/test_server.py
}
"""Commands that write no files."""
WRITING: dict[str, tuple[str, tuple[str, ...]]] = {
    "draw": ("draw tiny.yaml -o out/u.svg", ("u.svg",)),
    "diff": ("diff tiny.yaml unet-same -o out/d.html", ("d.html",)),
    "code": ("code tiny.yaml -o out/net.py", ("net.py",)),
    "new": ("new out/mine.yaml", ("mine.yaml",)),
    "plugin new": ("plugin new acme -o out", ("unetkit-acme/pyproject.toml", "unetkit-acme/README.md")),
    "data": ("data photos -o out/sheet.png", ("sheet.png",)),
    "train": (
        "train tiny.yaml photos --steps 1 --set training.patch=16 --set training.logger=[] --accelerator cpu -o out",
        ("best.safetensors", "scores.csv", "log.csv"),
    ),
    "predict": ("predict m.safetensors photos/images -o out", ("disc0.png", "disc3.png")),
    "evaluate": (
        "evaluate m.safetensors photos --split train --metric dice -o out",
        ("scores.csv", "summary.json", "worst.png"),
    ),
    "card": ("card m.safetensors -o out", ("card.html", "README.md", "card-files/network.svg")),
    "export": ("export m.safetensors --to torch -o out/m.pt2", ("m.pt2",)),
    "import-weights": ("import-weights weights.pt --spec tiny.yaml -o out/i.safetensors", ("i.safetensors",)),
    "guess": ("guess weights.pt -o out/guessed.yaml", ("guessed.yaml",)),
    "import-nnunet": ("import-nnunet plans.json -o out", ("network.yaml", "data.yaml", "run.yaml")),
    "bench": ("bench tiny.yaml --size 32 --rounds 1 --only eager --plot out/r.svg", ("r.svg",)),
    "search": ("search tiny-study.yaml --plan-only -o out", ("front.html", "search.json", "specs/01.yaml")),
    "study report": ("study report study -o out", ("report.html", "scores.csv", "table.tex")),
    "study run": ("study run tiny-study.yaml -o out --dry-run", ("study.yaml", "report/report.html")),
    "push": ("", ()),  # writes to the Hub: see test_hub.py
}
"""By command, what is run, and files that it would write into the folder out/."""
ELSEWHERE = {"push"}
PLAN_ONLY = {"study run"}
"""Their files are made by processes of their own, which take long: what they write is in test_cli_study_run.py."""


def commands(group: typer.core.TyperGroup, before: str = "") -> Iterator[str]:
    """Yields the names of all commands of the application."""
    for name in group.list_commands(typer.Context(group)):
        one = group.commands[name]
        if isinstance(one, typer.core.TyperGroup):
            yield from commands(one, f"{name} ")
        else:
            yield before + name


def test_every_command_is_known_to_write_or_not_to() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    assert {*commands(group)} == READING | {*WRITING}, "a new command needs a case in WRITING, or a place in READING"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with everything that the commands ask for."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text("extends: unet-same\nname: tiny\nchannels: [4, 8]\n")
    model = unetkit.build(unetkit.load("tiny.yaml"), seed=0).eval()
    Trained(model, Normalization("dataset", (100.0,), (50.0,)), ("class 0", "class 1")).save("m.safetensors")
    torch.save(model.state_dict(), tmp_path / "weights.pt")
    write_photos(tmp_path / "photos")
    (tmp_path / "plans.json").write_text(json.dumps(plans()))
    write_folder(tmp_path / "study")
    (tmp_path / "tiny-study.yaml").write_text(
        "unetkit: 1\nname: s\nbase: {extends: ./tiny.yaml, name: t, out_channels: 4}\ndata: {dataset: mni}\n"
        "axes: {skip: [none]}\nbudget: {steps: 1}\n"
    )
    return tmp_path


@pytest.mark.parametrize("name", sorted(WRITING.keys() - ELSEWHERE))
def test_a_file_that_is_there_stays_unless_it_is_to_be_overwritten(name: str, folder: Path) -> None:
    command, files = WRITING[name]
    for one in files:
        (folder / "out" / one).parent.mkdir(parents=True, exist_ok=True)
        (folder / "out" / one).write_bytes(OLD)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    told = run(*command.split(), code=1).stderr
    assert "error[file-exists]: out/" in told and "--overwrite" in told
    if name not in ("plugin new", "card", "search", *PLAN_ONLY):  # they name a folder as a whole
        assert all(f"out/{one}" in told for one in files)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    run(*command.split(), "--overwrite")
    if name not in PLAN_ONLY:
        assert all((folder / "out" / one).read_bytes() != OLD for one in files)


def test_a_run_and_a_study_go_on_in_their_own_folders(folder: Path) -> None:
    command = WRITING["train"][0].split()
    run(*command)
    assert run(*command).stdout.startswith("out: 1 steps; ")
    run("study", "report", "study")
    run("study", "report", "study", "-o", "study/report")


@pytest.mark.parametrize("way", ["same", "relative", "hard link", "symbolic link", "linked folder"])
def test_a_result_never_replaces_an_image_by_any_path(way: str, folder: Path) -> None:
    image = folder / "photos" / "images" / "disc0.png"
    out = {"same": Path("photos/images"), "relative": Path("out/../photos/./images")}.get(way, Path("out"))
    if way == "linked folder":
        Path("out").symlink_to("photos/images", target_is_directory=True)
    else:
        Path("out").mkdir()
    if way == "hard link":
        os.link(image, "out/disc0.png")
    elif way == "symbolic link":
        Path("out/disc0.png").symlink_to(image)
    before = image.read_bytes()
    for more in ([], ["--overwrite"]):
        told = run("predict", "m.safetensors", image, "-o", out, *more, code=1).stderr
        assert told.startswith(f"error[output-input]: {out}/disc0.png would replace a file that this command reads")
        assert image.read_bytes() == before


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("code ./tiny.yaml -o tiny.yaml", "tiny.yaml"),
        ("code child.yaml -o tiny.yaml", "tiny.yaml"),
        ("new tiny.yaml --from child.yaml", "tiny.yaml"),
        ("data photos -o photos/masks/disc1.png", "photos/masks/disc1.png"),
        ("data data.yaml -o shots/disc1.png", "shots/disc1.png"),
        ("evaluate m.safetensors photos --split train -o photos/images", "photos/images/worst.png"),
        ("train own/run.yaml photos --steps 1 -o own", "own/run.yaml"),
        ("study report study -o study", "study/scores.csv"),
        ("import-weights m.safetensors --spec tiny.yaml -o m.safetensors", "m.safetensors"),
        ("predict m.safetensors block.zarr -o block.zarr", "block.zarr"),
        ("predict m.safetensors photos/images/disc0.jpg -o photos/images", "photos/images/disc0.png"),
    ],
)
def test_no_command_replaces_what_it_reads(command: str, output: str, folder: Path) -> None:
    (folder / "child.yaml").write_text("extends: ./tiny.yaml\nname: child\n")
    (folder / "data.yaml").write_text(
        "unetkit: 1\ndataset: {type: folders, images: 'shots/{name}.png', masks: 'photos/masks/{name}.png'}\n"
    )
    (folder / "shots").symlink_to("photos/images", target_is_directory=True)
    for kind in ("images", "masks"):
        Image.fromarray(np.zeros((40, 33), np.uint8)).save(folder / "photos" / kind / "worst.png")
    if "jpg" in command:
        Image.fromarray(np.zeros((40, 33), np.uint8)).save(folder / "photos" / "images" / "disc0.jpg")
    (folder / "block.zarr").mkdir()
    (folder / "own").mkdir()
    (folder / "own" / "run.yaml").write_text("extends: unet-same\nname: own\nchannels: [4, 8]\n")
    (folder / "study" / "scores.csv").write_text("mine\n")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    more = [] if "jpg" in command else ["--overwrite"]
    told = run(*command.split(), *more, code=1).stderr
    assert f"error[{'file-exists' if 'jpg' in command else 'output-input'}]: {output}" in told
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_all_conflicts_are_told_at_once_and_pipes_are_none(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).write_bytes(OLD)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to("nowhere")
    free = [tmp_path / "pipe", tmp_path / "dangling", Path("/dev/null"), Path("/dev/stdout"), tmp_path / "new" / "d"]
    check_outputs(free)
    with pytest.raises(FileError) as caught:
        check_outputs([*free, tmp_path / "a", tmp_path / "b", tmp_path / "c"], inputs=[tmp_path / "c"])
    assert [fault.code for fault in caught.value.faults] == ["file-exists", "file-exists", "output-input"]
    check_outputs([tmp_path / "a", tmp_path / "b"], inputs=[tmp_path / "c"], overwrite=True)
