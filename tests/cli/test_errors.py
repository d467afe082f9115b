"""What a person is told who made a mistake: place, value, rule, cure; on standard error, with exit code 1."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.commandline import run

START = "unetkit: 1\nin_channels: 1\nout_channels: 2\nchannels: [8, 16]\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


KINDS = {
    "spec": START,
    "data": "unetkit: 1\ndataset: {type: folders, images: images, masks: masks}\n",
    "run": "unetkit: 1\nspec: unet-small\ndata: mni\ntraining: {steps: 4}\n",
    "study": "unetkit: 1\nrun: run.yaml\naxes: {skip: [add]}\n",
}
TAKES = {"spec": ("show",), "data": ("data",), "run": ("train",), "study": ("study", "plan")}


@pytest.mark.parametrize("found", KINDS)
@pytest.mark.parametrize("wanted", KINDS)
def test_a_file_of_another_kind_is_one_fault_and_told_what_takes_it(wanted: str, found: str, folder: Path) -> None:
    (folder / "file.yaml").write_text(KINDS[found], encoding="utf-8")
    if wanted == found:
        assert run("validate", "file.yaml", code=found == "study").stderr.count("error") == (found == "study")
        return  # there is no run.yaml, which the study begins with
    text = run(*TAKES[wanted], "file.yaml", code=1).stderr
    names = {"spec": "a spec", "data": "a data file", "run": "a run", "study": "a study"}
    assert f"error[other-kind]: this is {names[found]}, not {names[wanted]}" in text
    assert text.count("error[") == 1 and "`unetkit " in text


BAD: dict[str, tuple[str, str]] = {
    "unknown key": (
        START + "block: {type: double_conv, kernal: 3}\n",
        """\
bad.yaml:5:28: error[unknown-key]: block.kernal: there is no key 'kernal' here
   block: {type: double_conv, kernal: 3}
                              ^^^^^^
   Did you mean: kernel?
""",
    ),
    "unknown block": (
        START + "skip: {type: concatt}\n",
        """\
bad.yaml:5:14: error[unknown-skip]: skip.type: no skip is called 'concatt'
   skip: {type: concatt}
                ^^^^^^^
   Did you mean: concat? Known: concat, add, attention, multiply, difference, full_scale, rescale, resample, \
coarse_gate, channel_gate, update_gate, class_gate, unpool, none.
""",
    ),
    "wrong type": (
        START + 'dims: "2"\n',
        """\
bad.yaml:5:7: error[wrong-type]: dims: "2" is not a whole number from 1 to 3
   dims: "2"
         ^^^
""",
    ),
    "wrong list length": (
        START + "down: {type: max_pool, stride: [2, 2, 2]}\n",
        """\
bad.yaml:5:32: error[wrong-value]: down.stride: 3 values for 2 axes: give 1 or 2
   down: {type: max_pool, stride: [2, 2, 2]}
                                  ^^^^^^^^^
""",
    ),
    "duplicate key": (
        START + "dims: 2\ndims: 3\n",
        """\
bad.yaml:6:1: error[yaml-duplicate-key]: 'dims' is already given at bad.yaml:5:1
   dims: 3
   ^^^^
   Keep one of the two.
""",
    ),
    "cyclic extends": (
        "extends: bad.yaml\n",
        """\
bad.yaml:1:10: error[extends-cycle]: files extend each other: bad.yaml -> bad.yaml
   extends: bad.yaml
            ^^^^^^^^
   Remove one of these extends.
""",
    ),
    "empty file": (
        "",
        """\
bad.yaml:1:1: error[yaml-empty]: the file holds no values
   Write at least one line like: name: my-net
""",
    ),
    "binary file": (
        "\0\1\2",
        """\
bad.yaml:1:1: error[yaml-encoding]: not a text in UTF-8: character U+0000 at byte offset 0
   Save the file as UTF-8 text.
""",
    ),
    "tab": (
        "unetkit: 1\nblock:\n\ttype: double_conv\n",
        """\
bad.yaml:3:1: error[yaml-tab]: a tab character stands where YAML wants spaces
    type: double_conv
   ^
   Indent with spaces only.
""",
    ),
    "10 MB": (
        "#" + "x" * 9_999_999,
        """\
bad.yaml:1:1: error[yaml-too-large]: the file has 10,000,000 bytes
   A spec has at most 262,144 bytes.
""",
    ),
    "recursive alias": (
        "a: &a [*a]\n",
        """\
bad.yaml:1:8: error[yaml-alias-recursive]: *a stands inside its own anchor
   a: &a [*a]
          ^^
   Write it out.
""",
    ),
    "unknown level": (
        START + "levels: {7: {block: {kernel: 5}}}\n",
        """\
bad.yaml:5:10: error[unknown-level]: levels.7: there is no level 7, the network has levels 0 to 1
   levels: {7: {block: {kernel: 5}}}
            ^
""",
    ),
    "blocks that do not go together": (
        START + "up: {type: transposed_conv, keep_channels: true}\nskip: add\n",
        """\
bad.yaml:6:7: error[block-wiring]: skip: decoder.0.skip: adding needs equal channels, decoder has 16, encoder has 8
   skip: add
         ^^^
   Use an up path that goes to the level's channels (transposed_conv, or interpolate with conv: 1).
""",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_spec_is_told_by_place_rule_and_cure(case: str, folder: Path) -> None:
    text, told = BAD[case]
    (folder / "bad.yaml").write_text(text)
    result = run("validate", "bad.yaml", code=1)
    assert (result.stdout, result.stderr) == ("", told)


def test_a_size_that_does_not_fit_names_those_that_do() -> None:
    told = run("show", "unet-same", "--size", "570", code=1).stderr.splitlines()
    assert told[0].endswith("error[size-mismatch]: decoder.3.skip: encoder is 71, decoder is 70 (height)")
    cure = "   input 570 does not fit this network. Nearest sizes that do: 560, 576. Or: align: pad."
    assert told[1:] == ["   skip: {type: concat, align: same}", " " * 31 + "^^^^", cure]


def test_a_long_error_is_not_wrapped(folder: Path) -> None:
    (folder / "bad.yaml").write_text(START + f"{'k' * 300}: 1\n")
    assert "k" * 300 in run("validate", "bad.yaml", code=1).stderr


def test_all_faults_of_all_files_are_told(folder: Path) -> None:
    (folder / "one.yaml").write_text(
        START + "up: {type: transposed_conv, bias: maybe}\nskip: {type: none, gate: pad}\n"
    )
    (folder / "two.yaml").write_text(START.replace("[8, 16]", "[]"))
    result = run("validate", "unet-small", "one.yaml", "missing.yaml", "two.yaml", "unet-1d", code=1)
    assert result.stdout.splitlines() == [
        "unet-small: valid, 482,500 parameters",
        "unet-1d: valid, 1,942,306 parameters",
    ]
    places = [line.split(" error")[0] for line in result.stderr.splitlines() if "error[" in line]
    assert places == [
        "one.yaml:5:35:",
        "one.yaml:6:20:",
        "error[file-missing]: missing.yaml does not exist",
        "two.yaml:4:11:",
    ]


def test_errors_are_json_where_json_is_asked_for(folder: Path) -> None:
    (folder / "bad.yaml").write_text(BAD["unknown key"][0])
    result = run("validate", "bad.yaml", "--json", code=1)
    assert json.loads(result.stdout) == {"specs": [{"spec": "bad.yaml", "valid": False}]}
    (fault,) = json.loads(result.stderr)["errors"]
    assert fault == {
        "code": "unknown-key",
        "message": "there is no key 'kernal' here",
        "path": "block.kernal",
        "cure": "Did you mean: kernel?",
        "place": {"file": "bad.yaml", "line": 5, "column": 28},
        "lines": [],
        "file": "",
    }
    result = run("show", "unet-2015", "--size", "187", "--json", code=1)
    assert result.stdout == "" and json.loads(result.stderr)["errors"][0]["code"] == "size-too-small"


def test_all_faults_of_a_file_are_told_in_one_run(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(
        "unetkit: 2\nin_channels: x\nchannels: [8, -1]\nblock: {type: double_conv, kernel: 0}\n"
        "decoder: {channels: [8], blok: 3}\nlevels: {9: {up: interpolat}}\n",
        encoding="utf-8",
    )
    told = run("validate", str(file), code=1).stderr
    places = [line.split(": ")[0].removeprefix(f"{file}:") for line in told.splitlines() if line.startswith(str(file))]
    assert places == ["1:1", "1:10", "2:14", "3:15", "4:36", "5:26", "6:18"]


IMPORT = ("import-weights", "w.pt", "--spec", "spec.yaml", "-o", "m.safetensors")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            (*IMPORT, "--classes", "a", "--normalization", "image"),
            "--classes:1:1: error[classes]: classes: spec predicts 2 classes, 1 name is given\n   a\n   ^\n",
        ),
        (
            (*IMPORT, "--classes", "a,a", "--normalization", "image"),
            "--classes:1:3: error[class-twice]: classes.1: a of 'a' already belongs to 'a'\n   a,a\n     ^\n",
        ),
        (
            (*IMPORT, "--classes", "a, [", "--normalization", "image"),
            "--classes:1:1: error[yaml-syntax]: the list that opens here is not closed\n   a, [\n   ^\n",
        ),
        (
            (*IMPORT, "--classes", "a,b", "--normalization", "{type: imag}"),
            "--normalization:1:8: error[unknown-normalization]: normalization.type: ",
        ),
        (("study", "plan", "study.yaml", "--data", "nope"), "--data:1:1: error["),
        (("study", "run", "study.yaml", "--dry-run", "--data", "{images: a}"), "--data:1:1: error["),
        (("study", "plan", "study.yaml", "--data", "mni", "--set", "data=nope"), "--set:1:6: error["),
    ],
)
def test_a_fault_is_shown_at_the_option_that_was_given(line: tuple[str, ...], shown: str, folder: Path) -> None:
    (folder / "spec.yaml").write_text(START, encoding="utf-8")
    (folder / "study.yaml").write_text(
        "unetkit: 1\nname: s\nbase: spec.yaml\ntraining: {steps: 4}\naxes: {skip: [add]}\n", encoding="utf-8"
    )
    assert run(*line, code=1).stderr.startswith(shown)
