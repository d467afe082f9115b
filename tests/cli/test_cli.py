"""The command line as a whole, and the commands that tell what a network is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import unetkit
from tests.support.commandline import answer, run
from unetkit.cli.app import COMMANDS
from unetkit.cli.arguments import complete_spec
from unetkit.cli.components.blocks import complete_block
from unetkit.language import shipped, specs_folder
from unetkit.train import load_run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_help_lists_all_commands() -> None:
    listed = run("--help").stdout
    assert all(f" {command} " in listed for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(command: str) -> None:
    assert f"Usage: unetkit {command} " in run(command, "--help").stdout


def test_version() -> None:
    assert run("--version").stdout == f"unetkit {unetkit.__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["vali"],
        ["show"],
        ["show", "unet-2015", "--size", "5.5"],
        ["show", "unet-2015", "--size", "572x"],
        ["show", "unet-2015", "--nosuch"],
        ["sizes", "unet-2015", "--near", "1x2x3"],
        ["draw", "unet-2015"],
        ["diff", "unet-2015"],
        ["new", "mine"],
        ["new", "mine.yaml", "--dims", "4"],
        ["new", "mine.yaml", "--dims", "3", "--from", "unet-2015"],
        ["train", "unet-small", "data", "-o", "m.safetensors"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2(arguments: list[str], folder: Path) -> None:
    result = run(*arguments, code=2)
    assert result.stdout == "" and result.stderr
    assert not list(folder.iterdir())


def test_a_wrong_command_is_answered_with_the_right_one() -> None:
    assert "Did you mean 'validate'?" in run("vali", code=2).stderr


def test_a_process_prints_plain_text_and_no_traceback() -> None:
    def process(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "unetkit.cli", *arguments]
        environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
        return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, check=False)

    good, bad = process("specs"), process("show", "unet-2015", "--size", "187")
    assert (good.returncode, good.stderr) == (0, "")
    assert "\x1b" not in good.stdout and not any(line != line.rstrip() for line in good.stdout.splitlines())
    assert (bad.returncode, bad.stdout) == (1, "")
    assert "error[size-too-small]" in bad.stderr and "Traceback" not in bad.stderr


def test_an_output_that_knows_no_unicode_is_no_crash() -> None:
    command = [sys.executable, "-m", "unetkit.cli", "show", "unet-3d"]
    for more in ([], ["--json"]):
        environment = os.environ | {"PYTHONIOENCODING": "ascii"}
        result = subprocess.run([*command, *more], capture_output=True, env=environment, check=True)
        assert result.stdout.isascii()
    assert json.loads(result.stdout)["name"] == "unet-3d"


def test_spec_is_completed_by_names_and_files(folder: Path) -> None:
    for name in ("mine.yaml", "more.yml", "note.txt", ".hidden.yaml"):
        (folder / name).write_text("")
    (folder / "deep").mkdir()
    (folder / "deep" / "inner.yaml").write_text("")
    assert complete_spec("mi") + complete_spec("mor") == ["mine.yaml", "more.yml"]
    assert complete_spec("deep") == ["deep/"]
    assert complete_spec("deep/") == ["deep/inner.yaml"]
    assert complete_spec("unet-mi") == ["unet-milesial", "unet-milesial-bilinear"]
    assert complete_block("ins") == ["instance"]


def test_a_shell_is_given_completions() -> None:
    environment = os.environ | {
        "_UNETKIT_COMPLETE": "complete_bash",
        "COMP_WORDS": "unetkit show unet-mil",
        "COMP_CWORD": "2",
    }
    command = [sys.executable, "-m", "unetkit.cli"]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert result.stdout.split() == ["unet-milesial", "unet-milesial-bilinear"]


def test_validate_tells_the_parameters() -> None:
    assert run("validate", "unet-2015").stdout == "unet-2015: valid, 31,030,658 parameters\n"
    values = answer("validate", *shipped())["specs"]
    assert [spec["name"] for spec in values] == list(shipped()) and all(spec["valid"] for spec in values)


def test_validate_knows_data_files_runs_and_studies_too() -> None:
    files = [
        f"{folder}/{name}.yaml" for folder, name in (("runs/data", "nuclei"), ("runs", "isbi"), ("studies", "demo"))
    ]
    paths = [str(specs_folder() / file) for file in files]
    assert run("validate", *paths).stdout.splitlines() == [
        "nuclei: valid data, 2 dims",
        "isbi: valid run, 1,943,778 parameters",
        "demo: valid study, 3 arms",
    ]
    assert [one["kind"] for one in answer("validate", *paths, "unet-2015")["specs"]] == ["data", "run", "study", "spec"]
    text = run("validate", paths[1], "--set", "training.batch=0", code=1).stderr
    assert text.startswith("--set:1:16: error[wrong-value]: training.batch: 0 is not a whole number from 1")


def test_parameters_alone_change_the_default_block(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("unetkit: 1\nin_channels: 1\nout_channels: 2\nchannels: [8, 16]\nskip: {align: pad}\n", "utf-8")
    found = answer("resolve", str(file), "--set", "norm.momentum=0.2")
    assert found["skip"] == {"type": "concat", "align": "pad", "padding_mode": "zeros", "order": "skip_first"}
    assert found["block"]["norm"] == {"type": "batch", "eps": 1e-5, "momentum": 0.2, "affine": True}
    everywhere = [f"--set={side}.block=residual" for side in ("encoder", "decoder", "bottleneck")]
    text = run("validate", str(file), *everywhere, "--set", "block.kernel=5", code=1).stderr
    assert text.count("error[") == 1 and "block.kernel: this has no effect" in text
    text = run("validate", str(file), "--set", "up.norm={eps: 0.1}", code=1).stderr
    assert "no type is given for this norm\n" in text and "Give a type: batch, instance" in text
    asked = load_run(specs_folder() / "runs" / "isbi.yaml", ["training.optimizer.learning_rate=0.001"])
    assert asked.resolve()["training"]["optimizer"]["type"] == "adamw"


def test_set_changes_a_spec() -> None:
    values = answer("show", "unet-2015", "--set", "channels=[8, 16]", "--set", "levels.1.block.kernel=5")
    assert [level["channels"] for level in values["levels"]] == [8, 16]
    assert run("validate", "unet-2015", "--set", "skip.align=left", code=1).stderr.startswith("--set:1:12: ")


def test_show_has_what_other_programs_need() -> None:
    values = answer("show", "unet-2015", "--size", "572")
    expected = {"name": "unet-2015", "dims": 2, "parameters": 31_030_658, "macs": 150_428_424_448}
    assert {key: values[key] for key in expected} == expected
    assert values["input_size"] == [572, 572] and values["output_size"] == [388, 388]
    assert len(values["digest"]) == 64 and len(values["receptive_field"]) == 2
    assert values["sizes"]["accepted"] | {"also": 0} == {
        "minimum": [188, 188], "period": [1, 1], "remainders": [[0], [0]], "from": [188, 188], "also": 0,
    }  # fmt: skip
    top, bottom = values["levels"][0], values["levels"][-1]
    assert top["encoder"] == {"channels": 64, "input_size": [572, 572], "output_size": [568, 568]}
    assert top["decoder"] == {"channels": 64, "input_size": [392, 392], "output_size": [388, 388]}
    assert bottom["channels"] == 1024 and bottom["decoder"] is None
    for cost in ("parameters", "macs"):
        assert sum(level[cost] for level in values["levels"]) + values["head"][cost] == values[cost]


def test_sizes_per_axis_are_lists_and_a_receptive_field_of_the_whole_image_is_null() -> None:
    values = answer("show", "unet-3d", "--size", "132x132x116")
    assert values["output_size"] == [44, 44, 28] and len(values["sizes"]["accepted"]["minimum"]) == 3
    assert answer("show", "unet-2015", "--set", "block.norm=instance")["receptive_field"] == [None, None]


def test_show_tells_where_the_memory_of_a_step_goes() -> None:
    asked = ("show", "unet-small", "--train", "adamw", "--batch", "4", "--size", "64", "--within", "100MB")
    values = answer(*asked)
    parts = [level[purpose] for level in values["levels"] for purpose in ("weights", "gradients", "optimizer")]
    assert values["total"] == sum(parts) + values["images"] + values["activations"]
    assert values["largest"]["batch"] < values["largest_recomputing"]["batch"]
    assert answer(*asked, "--dtype", "bf16")["largest"]["batch"] > values["largest"]["batch"]
    within = values["largest"]["batch"]
    for batch, fits in ((within, True), (within + 1, False)):
        assert (answer(*asked[:4], "--size", "64", "--batch", str(batch))["total"] <= 100e6) is fits
    assert "within 0.1 GB: 4 images of at most" in run(*asked).stdout
    assert "write 6GB or 500MB" in run(*asked[:-1], "much", code=2).stderr
    assert "unknown-optimizer" in run("show", "unet-small", "--train", "adamm", code=1).stderr


def test_show_reads_like_the_paper() -> None:
    lines = run("show", "unet-2015", "--size", "572").stdout.splitlines()
    assert lines[0] == "unet-2015: The original U-Net, valid convolutions, cropped skips"
    assert "parameters        31,030,658" in lines and "MACs              150.4 G" in lines
    rows = [line.split() for line in lines]
    assert ["0", "64", "572×572", "→", "568×568", "392×392", "→", "388×388", "181,120", "30.1", "G"] in rows
    blocks = run("show", "unet-2015", "--size", "572", "--blocks").stdout
    assert sum(line.startswith(("encoder.", "bottleneck.", "decoder.", "head")) for line in blocks.splitlines()) == 22


def test_a_network_of_one_level_has_no_decoder() -> None:
    values = answer("show", "unet-2015", "--set", "channels=[8]", "--set", "name=flat")
    assert [level["decoder"] for level in values["levels"]] == [None]


ONE_SIZE = {"transunet": [224, 224], "unetr": [96, 96, 96]}
"""Networks with learned positions, which accept their own size alone."""


@pytest.mark.parametrize("name", shipped())
def test_a_size_is_chosen_where_none_is_given(name: str) -> None:
    values = answer("show", name)
    least = {1: 1024, 2: 512, 3: 128}[values["dims"]]
    aligned = unetkit.plan(unetkit.load(name)).preferred_sizes
    if name in ONE_SIZE:
        assert values["input_size"] == ONE_SIZE[name]
        return
    assert all(
        least <= n < least + max(256, 2 * sizes.period) for n, sizes in zip(values["input_size"], aligned, strict=True)
    )
    assert all(n in sizes for n, sizes in zip(values["input_size"], aligned, strict=True))


def test_sizes_lists_what_fits_around_a_size() -> None:
    values = answer("sizes", "unet-same", "--near", "570")
    assert [size["input_size"] for size in values["near"]] == [[544, 544], [560, 560], [576, 576], [592, 592]]
    assert values["sizes"]["accepted"]["remainders"] == [[0], [0]]
    text = run("sizes", "unet-2015", "--near", "572").stdout
    assert "aligned    16k + 12: 188, 204, 220, ..." in text and ["572", "388", "184", "92", "yes", "-", "-"] in [
        line.split() for line in text.splitlines()
    ]


def test_axes_that_differ_are_told_apart() -> None:
    text = run("sizes", "unet-same", "--set", "down.stride=[2, 1]", "--near", "64x7").stdout
    assert "height: multiples of 16: 16, 32, 48, ...; width: any from 1" in text
    assert re.search(r"^height +output", text, re.M) and re.search(r"^width +output", text, re.M)


def test_a_size_that_is_not_aligned_says_what_is_dropped_and_how_far_apart_it_is() -> None:
    rows = {
        line.split()[0]: line.split() for line in run("sizes", "unet-2015", "--near", "573").stdout.split("\n") if line
    }
    assert rows["573"] == ["573", "388", "185", "92", "-", "-", "1"]
    text = run("sizes", "unet-2015", "--near", "570").stdout
    assert "4 at level 2, 6 at level 1, 7 at level 0" in text
    wide = run("sizes", "unet-strided", "--near", "1000000").stdout
    assert "4 at level 3, 6 at level 2, 7 at level 1, 7.5 at level 0" in wide and "height = width" in wide


def test_diff_tells_what_differs_once() -> None:
    rows = [line.split() for line in run("diff", "unet-crop", "unet-pad").stdout.splitlines()]
    assert rows[2] == ["decoder.*.skip.align", "crop", "pad"]
    values = answer("diff", "unet-2015", "--set", "skip.align=pad")
    assert values["differences"] == [
        {"path": "decoder.*.skip.align", "old": "crop", "new": "pad"},
        {"path": "decoder.*.skip.padding_mode", "old": None, "new": "zeros"},
    ]
    assert values["same"] is False and values["old"]["digest"] != values["new"]["digest"]
    assert run("diff", "unet-2015", "unet-2015").stdout == "The same network.\n"


@pytest.mark.parametrize("name", shipped())
def test_what_resolve_prints_is_the_same_network(name: str, folder: Path) -> None:
    (folder / "resolved.yaml").write_text(run("resolve", name).stdout, encoding="utf-8")
    again = unetkit.plan(unetkit.load(folder / "resolved.yaml"))
    assert again.digest == unetkit.plan(unetkit.load(name)).digest
    assert run("resolve", folder / "resolved.yaml").stdout == run("resolve", name).stdout
    assert answer("resolve", name)["name"] == name


def test_specs_lists_all() -> None:
    values = answer("specs")
    assert [spec["name"] for spec in values] == list(shipped())
    assert all(spec.keys() >= {"name", "dims", "parameters", "macs", "receptive_field", "paper"} for spec in values)
    assert "31,030,658" in run("specs").stdout


def test_schema_prints_json() -> None:
    assert json.loads(run("schema").stdout)["title"] == "unetkit spec"
    for kind in ("spec", "data", "run", "study"):
        assert json.loads(run("schema", kind).stdout)["title"] == f"unetkit {kind}"


def test_diff_compares_costs_at_a_size_that_fits_both_or_at_the_one_given() -> None:
    values = answer("diff", "unet-2015", "unet-milesial")
    assert [values[side]["input_size"] for side in ("old", "new")] == [[572, 572]] * 2
    assert values["new"]["parameters"] - values["old"]["parameters"] == 7040
    assert sum(level["parameters"] for level in values["new"]["levels"]) < values["new"]["parameters"]  # the head
    assert values["old"]["memory"]["training"] < values["new"]["memory"]["training"]
    given = answer("diff", "unet-same", "attention-unet", "--size", "64x32")
    assert given["old"]["input_size"] == given["new"]["input_size"] == [64, 32]
    apart = answer("diff", "unet-same", "unet-3d")
    assert len(apart["old"]["input_size"]) == 2 and len(apart["new"]["input_size"]) == 3
    assert "Nearest sizes that do: 188" in run("diff", "unet-same", "unet-2015", "--size", "64", code=1).stderr


def test_diff_merges_what_is_the_same_at_several_levels() -> None:
    rows = [line.split() for line in run("diff", "unet-2015", "unet-same").stdout.splitlines()]
    assert ["block.padding", "valid", "same"] in rows
    rows = [line.split() for line in run("diff", "unet-same", "unet-nnunet-resenc").stdout.splitlines()]
    assert ["decoder.0–3.up.bias", "auto", "true"] in rows and ["decoder.4.up.type", "-", "transposed_conv"] in rows
    assert not [row for row in rows if row and row[0].startswith("decoder.4.block.norm")]


def test_diff_writes_a_page_without_anything_from_elsewhere(folder: Path) -> None:
    assert run("diff", "unet-crop", "unet-pad", "-o", "d.html").stdout.endswith("d.html\n")
    page = (folder / "d.html").read_text(encoding="utf-8")
    assert "<svg" in page and "decoder.*.skip.align" in page and "src=" not in page and "href=" not in page
    assert "Known: .html, .png, .svg." in run("diff", "unet-crop", "unet-pad", "-o", "d.pdf", code=1).stderr
