"""`unetkit explain` answers where a setting comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commandline import answer, run


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("base.yaml").write_text(
        "unetkit: 1\nin_channels: 1\nout_channels: 2\nchannels: [8, 16, 32]\nblock: {kernel: 3}\n"
    )
    Path("mine.yaml").write_text("extends: base.yaml\nblock: {kernel: 5}\nencoder: {block: {kernel: 7}}\n")


def test_a_setting_is_explained_by_its_lines() -> None:
    assert run("explain", "mine.yaml", "encoder.0.block.kernel").stdout == (
        "encoder.0.block.kernel   7\n"
        "given by                 mine.yaml:3:27\n"
        "                         encoder: {block: {kernel: 7}}\n"
        "in place of              5, mine.yaml:2:17\n"
        "                         3, base.yaml:5:17\n"
        "                         3, the default of double_conv\n"
        "applies to               encoder.*.block\n"
    )


def test_the_values_of_several_places_are_told_apart() -> None:
    text = run("explain", "mine.yaml", "block.kernel", "--set", "decoder.block.kernel=1").stdout
    assert [line.split()[-1] for line in text.splitlines() if line.startswith(("block", "applies"))] == [
        "7", "encoder.*.block", "5", "bottleneck.block", "1", "decoder.*.block",
    ]  # fmt: skip
    assert "given by       --set decoder.block.kernel=1\n" in text


def test_the_settings_of_a_component_are_a_table() -> None:
    lines = run("explain", "mine.yaml", "skip").stdout.splitlines()
    assert lines[0].split() == ["setting", "value", "given", "by", "in", "place", "of"]
    assert [line.split()[:2] for line in lines[2:5]] == [
        ["skip.type", "concat"], ["skip.align", "same"], ["skip.order", "skip_first"],
    ]  # fmt: skip
    assert lines[-1].split() == ["applies", "to", "decoder.*.skip"]


def test_json_has_places_and_positions() -> None:
    values = answer("explain", "mine.yaml", "encoder.block.kernel")
    assert values["path"] == "encoder.block.kernel" and values["name"] == "mine"
    assert values["settings"] == [
        {
            "path": "encoder.block.kernel",
            "value": 7,
            "place": {"file": "mine.yaml", "line": 3, "column": 27},
            "default": {"value": 3, "owner": "double_conv"},
            "replaced": [
                {"value": 5, "place": {"file": "mine.yaml", "line": 2, "column": 17}},
                {"value": 3, "place": {"file": "base.yaml", "line": 5, "column": 17}},
            ],
            "applies_to": ["encoder.*.block"],
            "used_at": [],
            "unused": "",
        }
    ]


def test_all_uses_of_a_definition_are_told() -> None:
    Path("uses.yaml").write_text(
        "extends: base.yaml\n"
        "define: {stem: [{type: single_conv, kernel: 7}, single_conv]}\n"
        "levels:\n"
        "  0: {encoder: {block: stem}}\n"
        "  1: {encoder: {block: stem}, decoder: {block: stem}}\n"
    )
    lines = ["uses.yaml:4:24", "uses.yaml:5:24", "uses.yaml:5:48"]
    for path in ("define.stem.0.kernel", "define.stem.0"):
        (row,) = [row for row in run("explain", "uses.yaml", path).stdout.splitlines() if row.startswith("used at")]
        assert row.removeprefix("used at").strip() == ", ".join(lines)
        for one in answer("explain", "uses.yaml", path)["settings"]:
            assert [f"uses.yaml:{place['line']}:{place['column']}" for place in one["used_at"]] == lines


def test_an_unknown_path_is_an_error_of_the_input() -> None:
    assert run("explain", "mine.yaml", "block.kernl", code=1).stderr == (
        "error[unknown-path]: block has no setting kernl\n   Did you mean: block.kernel?\n"
    )
