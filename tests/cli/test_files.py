"""The commands that write files: draw, code, new, train, predict."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import unetkit
from tests.support.commandline import answer, run
from unetkit.train import load_run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_draw_writes_a_file(suffix: str, folder: Path) -> None:
    assert (
        run("draw", "unet-2015", "--size", "572", "-o", f"u.{suffix}").stdout == f"u.{suffix}: unet-2015 at 572×572\n"
    )
    assert (folder / f"u.{suffix}").stat().st_size > 1000
    assert run("draw", "unet-2015", "-o", "u.pdf", code=1).stderr.startswith("error[drawing-suffix]: ")


def test_code_is_python(folder: Path) -> None:
    text = run("code", "unet-small").stdout
    compile(text, "unet_small.py", "exec")
    assert run("code", "unet-small", "-o", "net.py").stdout == "net.py\n"
    assert (folder / "net.py").read_text("utf-8") == text


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_a_new_spec_is_valid(dims: int, folder: Path) -> None:
    run("new", "deep/mine.yaml", "--dims", str(dims))
    assert answer("show", "deep/mine.yaml")["dims"] == dims
    assert run("new", "deep/mine.yaml", code=1).stderr.startswith("error[file-exists]: ")


@pytest.mark.parametrize("name", ["on", "12", "null", "a: b", "ü"])
def test_a_new_spec_is_called_like_its_file(name: str, folder: Path) -> None:
    run("new", f"{name}.yaml")
    assert unetkit.load(folder / f"{name}.yaml").name == name


@pytest.mark.parametrize("base", ["unet-3d", "base.yaml"])
def test_a_new_spec_can_extend_another(base: str, folder: Path) -> None:
    run("new", "base.yaml")
    run("new", "deep/mine.yaml", "--from", base)
    same = answer("diff", base, "deep/mine.yaml")
    assert same["same"] and same["new"]["name"] == "mine"
    run("new", "other.yaml", "--from", "nope", code=1)
    assert not (folder / "other.yaml").exists()


def test_the_comments_of_a_new_spec_are_settings_that_work(folder: Path) -> None:
    run("new", "mine.yaml")
    text = (folder / "mine.yaml").read_text("utf-8")
    head, _, tail = text.partition("# bottleneck:")
    (folder / "more.yaml").write_text(head + "bottleneck:" + tail.replace("\n# ", "\n"), encoding="utf-8")
    assert answer("diff", "mine.yaml", "more.yaml")["same"] is False


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_new_data_runs_and_studies_go_together_and_are_valid(dims: int, folder: Path) -> None:
    for kind in ("data", "run", "study"):
        run("new", f"deep/{kind}.yaml", "--kind", kind, "--dims", str(dims))
    found = answer("validate", *(f"deep/{kind}.yaml" for kind in ("data", "run", "study")))["specs"]
    assert [one["kind"] for one in found] == ["data", "run", "study"] and all(one["valid"] for one in found)
    assert load_run(folder / "deep" / "run.yaml").spec.dims == dims


@pytest.mark.parametrize("kind", ["data", "run", "study"])
def test_the_comments_of_new_files_are_settings_that_work(kind: str, folder: Path) -> None:
    run("new", "data.yaml", "--kind", "data")
    run("new", "mine.yaml", "--kind", kind)
    first, _, text = (folder / "mine.yaml").read_text("utf-8").partition("\n")
    more, count = re.subn(r"^( *)# (?=\w+: )", r"\1", text, flags=re.MULTILINE)
    assert first.startswith("# Check: unetkit ") and count > 1
    (folder / "mine.yaml").write_text(more, "utf-8")
    assert answer("validate", "mine.yaml")["specs"][0]["kind"] == kind


def test_a_new_run_or_study_can_begin_with_a_spec(folder: Path) -> None:
    run("new", "mine.yaml")
    run("new", "data.yaml", "--kind", "data")
    for kind in ("run", "study"):
        run("new", f"deep/{kind}.yaml", "--kind", kind, "--from", "mine.yaml")
    (folder / "data.yaml").rename(folder / "deep" / "data.yaml")
    assert load_run(folder / "deep" / "run.yaml").spec.name == "run"
    assert answer("validate", "deep/study.yaml")["specs"][0]["arms"] == 3
    assert (
        "--from applies to files with a network"
        in run("new", "d.yaml", "--kind", "data", "--from", "mine.yaml", code=2).stderr
    )


def test_what_train_writes_predict_reads(folder: Path) -> None:
    random = np.random.default_rng(0)
    for kind in ("images", "masks"):
        (folder / "data" / kind).mkdir(parents=True)
    for index in range(2):
        mask = np.zeros((32, 40), np.uint8)
        mask[8:24, 8:24] = 1
        Image.fromarray(mask).save(folder / "data" / "masks" / f"{index}.png")
        noisy = (mask * 200 + random.integers(0, 40, mask.shape)).astype(np.uint8)
        Image.fromarray(noisy).save(folder / "data" / "images" / f"{index}.png")
    small = ["--set", "channels=[4, 8]", "--set", "out_channels=2"]
    small += ["--set", "training.batch=2", "--accelerator", "cpu"]
    told = run("train", "unet-small", "data", "-o", "run", "--steps", "2", *small).stdout
    assert told.startswith("run: 2 steps; best.safetensors on the test images:") and "class 1" in told

    model = "run/best.safetensors"
    result = run("predict", model, "data/images", "-o", "out")
    assert result.stdout.split() == ["out/0.png", "out/1.png"]
    assert np.asarray(Image.open(folder / "out" / "0.png")).shape == (32, 40)
    again = run("predict", model, "data/images", "-o", "out", code=1).stderr
    assert again.count("is there already") == 2
    twice = run("predict", model, "data/images", "data/masks/0.png", "-o", "out", code=1).stderr
    assert twice.startswith("error[twice]: data/images/0.png and data/masks/0.png would both become 0.png")
    assert run("predict", model, "no.png", "-o", "out", code=1).stderr == "error[file-missing]: no.png does not exist\n"
    assert run("predict", "data/images/0.png", "data/images", "-o", "new", code=1).stderr.startswith("error[model-")
