"""What the page is told: a drawing or faults for every text, and numbers that are those of the plan."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import unetkit
from tests.play.edits import texts, wrong
from unetkit.language import shipped
from unetkit.play import Desk, answer
from unetkit.play.reading import Source, planned
from unetkit.play.spans import Edit, Span, edited

TEXT = """\
unetkit: 1
in_channels: 1
out_channels: 2
channels: [8, 16]
block: {type: double_conv, padding: valid}
skip: {type: concat, align: crop}  # as in the paper
"""


def drawn(text: str, **further: Any) -> dict[str, Any]:
    found = answer({"text": text, **further})
    assert found.get("svg"), found["faults"]
    json.dumps(found)
    return found


def test_drawing_and_numbers_are_those_of_the_plan() -> None:
    found = drawn(shipped()["unet-2015"].read_text("utf-8"), want=["levels", "memory", "code", "resolved", "field"])
    plan = unetkit.plan(unetkit.load("unet-2015"))
    described = plan.describe((572, 572))
    assert (found["parameters"], found["digest"], found["size"]) == (plan.parameters, plan.digest, [572, 572])
    assert [level["parameters"] for level in found["levels"]] == [one["parameters"] for one in described["levels"]]
    assert found["memory"]["training"] == described["memory"]["training"]
    assert "class" in found["code"] and planned(Source(found["resolved"])).digest == plan.digest
    for (low, high), (least, most) in zip(found["field"]["box"], described["receptive_field_range"], strict=True):
        assert least <= high - low + 1 <= most


@pytest.mark.parametrize("name", ["unet-3d", "unet-1d", "unet-plus-plus", "resnet34-unet", "transunet"])
def test_every_kind_of_network_is_drawn_with_its_parts(name: str) -> None:
    text = shipped()[name].read_text("utf-8")
    found = drawn(text, want=["parts", "sizes", "levels"])
    lines = text.split("\n")
    for part in found["parts"]:
        left, top, right, bottom = part["box"]
        assert left <= right and top <= bottom
        assert all(lines[key["line"] - 1][key["column"] - 1].strip() for key in part["keys"])
    assert found["sizes"]["stops"]


def test_part_leads_to_the_keys_that_decide_it() -> None:
    found = drawn(TEXT, want=["parts"])
    skip = next(part for part in found["parts"] if part["kind"] == "arrow" and part["slot"] == "skip")
    (key,) = skip["keys"]
    assert (key["line"], key["column"], key["end_column"]) == (6, 1, len("skip: {type: concat, align: crop}") + 1)
    block = next(part for part in found["parts"] if part["scopes"] == ["encoder.0.block"])
    assert [key["line"] for key in block["keys"]] == [4, 5]


def test_key_of_a_block_map_ends_before_the_comment_after_it() -> None:
    text = TEXT.replace("block: {type: double_conv, padding: valid}", "block:\n  type: double_conv\n\n# next\n")
    block = next(p for p in drawn(text, want=["parts"])["parts"] if p["scopes"] == ["encoder.0.block"])
    assert [(key["line"], key["end_line"]) for key in block["keys"]] == [(4, 4), (5, 6)]


def test_stops_are_aligned_sizes_and_what_the_size_that_is_shown_loses_is_said() -> None:
    sizes = drawn(TEXT, want=["sizes"], size=[65, 65])["sizes"]
    plan = planned(Source(TEXT))
    for stop in sizes["stops"]:
        assert all(axis.aligned for axis in plan.alignment(tuple(stop["size"])))
    assert not sizes["current"]["aligned"] and "dropped" in sizes["current"]["words"]


def test_unaligned_size_is_a_warning_beside_the_drawing() -> None:
    (warning,) = drawn(TEXT, size=[65, 65])["faults"]
    assert (warning["severity"], warning["code"]) == ("warning", "alignment")
    assert [fix["size"] for fix in warning["fixes"]] == [[64, 64], [66, 66]]


def test_size_that_does_not_fit_is_a_fault_unless_the_nearest_is_asked_for() -> None:
    (fault,) = answer({"text": TEXT, "size": [3, 3]})["faults"]
    assert fault["code"] == "size-too-small"
    assert drawn(TEXT, size=[3, 3], fit=True)["size"] != [3, 3]
    assert answer({"text": TEXT, "size": [3]})["faults"][0]["code"] == "size-shape"


def cure(text: str, size: list[int] | None = None) -> list[str]:
    """The labels of the cures of the first fault; the first cure is applied, and must draw."""
    found = answer({"text": text, "size": size})
    fixes = found["faults"][0]["fixes"]
    edits = [Edit(Span(*(each[key] for key in Span._fields)), each["text"]) for each in fixes[0]["edits"]]
    drawn(edited(text, edits), size=fixes[0].get("size") or size)
    return [fix["label"] for fix in fixes]


@pytest.mark.parametrize(
    ("old", "new", "first"),
    [
        ("double_conv", "doble_conv", "double_conv"),
        ("type: double_conv", 'type: "doble_conv"', "double_conv"),
        ("block:", "blok:", "block"),
        ("align", "aling", "align"),
        ("crop}", "cut}", "crop"),
        ("unetkit: 1\n", "", "unetkit: 1"),
        ("out_channels: 2\n", "", "out_channels: 2"),
        ("channels: [8, 16]\n", "channels: [8, 16]\nlevels: {7: {block: residual}}\n", "remove 7"),
        ("padding: valid}", "padding: valid, stride: 1}", "remove stride"),
        ("block:", "define: {mine: [norm]}\nblock:", "remove mine"),
        ("block: {", "block:\t{", "spaces"),
    ],
)
def test_cures_cure(old: str, new: str, first: str) -> None:
    text = TEXT.replace(old, new, 1)
    if answer({"text": text})["svg"] is None:
        assert cure(text)[0] == first


def test_size_at_which_skip_and_decoder_do_not_meet_is_cured_by_size_and_by_align() -> None:
    text = TEXT.replace("padding: valid", "padding: same").replace("align: crop", "align: same")
    assert cure(text, [571, 571]) == ["570×570", "572×572", "align: pad"]


def test_comparison_has_both_networks_and_what_differs() -> None:
    found = drawn(TEXT, want=["diff", "chips"], other="unet-2015", base=TEXT.replace("valid", "same"))
    assert found["diff"]["svg"].startswith("<svg") and found["diff"]["rows"] and not found["diff"]["same"]
    (chip,) = found["chips"]
    assert (chip["path"], chip["value"], chip["was"], chip["line"]) == ("block.padding", "valid", "same", 5)
    assert drawn(TEXT, want=["diff"], other="nonsense")["diff"]["faults"]


def test_study_has_arms_costs_warnings_and_a_file_that_loads(tmp_path: Path) -> None:
    found = answer({"do": "study", "text": TEXT, "axes": {"block.type": ["double_conv", "residual"]}, "seeds": 3})
    assert [arm["name"] for arm in found["arms"]] == ["base", "block.type=residual"]
    assert found["runs"] == 6 and any("3 seeds" in text for text in found["warnings"])
    file = tmp_path / "study.yaml"
    file.write_text(found["yaml"], encoding="utf-8")
    from unetkit.study import load_study

    assert len(load_study(file).arms) == 2
    wrong_axis = answer({"do": "study", "text": TEXT, "axes": {"data.folder": ["/etc"]}})
    assert wrong_axis["faults"][0]["code"] == "unknown-path"


def test_details_are_those_of_the_drawing_without_it() -> None:
    want = ["levels", "sizes", "field", "chips"]
    drawn = answer({"text": TEXT, "want": want, "base": "unet-2015"})
    details = answer({"do": "details", "text": TEXT, "want": want, "base": "unet-2015"})
    assert details.items() <= drawn.items() and set(want) <= details.keys()
    assert "svg" not in details


def test_examples_and_schema_are_those_of_this_installation() -> None:
    examples = answer({"do": "examples"})["examples"]
    assert {one["name"] for one in examples} == set(shipped())
    assert answer({"do": "example", "name": "unet-2015"})["text"] == shipped()["unet-2015"].read_text("utf-8")
    assert answer({"do": "example", "name": "../unet/unet-2015.yaml"})["faults"]
    assert "anyOf" in answer({"do": "schema"})["schema"]


@pytest.mark.parametrize(
    "request_", [None, 3, [], {"do": []}, {"do": "nothing"}, {}, {"text": 3, "size": "x", "want": ["parts"]}]
)
def test_a_request_that_means_nothing_is_answered(request_: Any) -> None:
    found = answer(request_)
    assert found.get("refused") or found["faults"]


def test_random_edits_give_a_drawing_or_faults() -> None:
    for text in islice(texts(1000, 7), 200):
        assert wrong(text, answer({"text": text, "want": ["parts"]})) == "", text


def test_text_extends_shipped_specs_and_files_beside_its_own_only(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "base.yaml").write_text(TEXT, encoding="utf-8")
    secret = tmp_path / "secret.yaml"
    secret.write_text(TEXT, encoding="utf-8")
    (home / "link.yaml").symlink_to(secret)
    desk = Desk(home / "mine.yaml")
    assert answer({"text": "extends: unet-2015"}, desk)["svg"]
    assert answer({"text": "extends: base.yaml"}, desk)["svg"]
    for outside in ("../secret.yaml", str(secret), "link.yaml"):
        assert answer({"text": f"extends: {outside}"}, desk)["faults"][0]["code"] == "extends-outside"
    assert answer({"text": f"extends: {home / 'base.yaml'}"})["faults"][0]["code"] == "extends-outside"


def test_file_is_read_written_whole_and_not_over_another_change(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    desk = Desk(file)
    opened = answer({"do": "open"}, desk)
    assert (opened["file"], opened["text"]) == ("mine.yaml", "")
    saved = answer({"do": "save", "text": TEXT, "digest": opened["digest"]}, desk)
    assert file.read_text("utf-8") == TEXT
    file.write_text("other: 1\n", encoding="utf-8")
    again = answer({"do": "save", "text": "x", "digest": saved["digest"]}, desk)
    assert again["faults"][0]["code"] == "file-changed" and file.read_text("utf-8") == "other: 1\n"
    assert answer({"do": "save", "text": "x: 1\n", "digest": None}, desk)["file"] == "mine.yaml"
    assert answer({"do": "save", "text": "x" * 300_000, "digest": None}, desk)["faults"]
    assert file.read_text("utf-8") == "x: 1\n" and {path.name for path in tmp_path.iterdir()} == {"mine.yaml"}
    assert answer({"do": "save", "text": "x"})["refused"]
