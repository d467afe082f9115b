"""Model cards: what they say, what they ask for, and that no name breaks them and nothing is fetched."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import unetkit
from tests.draw.test_page import Reader
from tests.support.commandline import run
from tests.support.photos import trained, values, write_photos
from unetkit.data import Normalization, Pair, Pairs
from unetkit.data.preprocessing.signature import plain_signature
from unetkit.errors import FileError, SpecError
from unetkit.trained import Trained
from unetkit.trained.card import About, CardOptions, load_about, make_card, write_card
from unetkit.trained.card.history import history_of, read_history
from unetkit.trained.card.html import to_html
from unetkit.trained.card.markdown import Markdown, escaped

NASTY = "<script>alert(1)</script> | `*_"
HISTORY = {
    "steps": 3000,
    "seconds": 90.0,
    "loss": [[step, 1 / step] for step in range(1, 3001)],
    "validation": [[1000, 0.5], [2000, None], [3000, 0.75]],
    "run": {"training": {"batch": 8, "loss": {"type": "dice_ce"}}, "data": {"dataset": {"images": "/home/me/secret"}}},
    "scores": {
        "split": "test",
        "images": [
            {"image": str(n), "class": name, "dice": value, "iou": None}
            for n in range(3)
            for name, value in (("nothing", 0.9), (NASTY, 0.5 + n / 10))
        ],
    },
}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model file with a history, and with a class of a nasty name."""
    network = unetkit.build(unetkit.load("unet-same", ["channels=[4, 8]", "out_channels=2"]), seed=0).eval()
    signature = plain_signature(Normalization("none"), ("nothing", NASTY), 1, ((0, 0, 0), (9, 8, 7)))
    trained = Trained(network, signature, data="ab" * 32, training=HISTORY)
    return trained.save(tmp_path / "m.safetensors")


def images(count: int = 4) -> Pairs:
    random = np.random.default_rng(0)
    items = [
        Pair(f"{NASTY}{n}", random.random((1, 12, 15), np.float32), random.integers(0, 2, (12, 15)))
        for n in range(count)
    ]
    return Pairs(tuple(items), ("nothing", NASTY))


def test_a_card_says_what_is_known_and_asks_for_the_rest(model: Path) -> None:
    card = make_card(
        model, CardOptions(size=(64, 64), about=About(license="MIT", limitations="Fails at night.\n\nAnd in rain."))
    )
    text = Markdown(card).text
    front = yaml.safe_load(text.split("---\n")[1])
    assert front["license"] == "mit" and front["library_name"] == "unetkit"
    plain = text.replace("\\", "")
    assert f"| parameters | {card.plan.parameters:,} |" in plain and card.plan.digest in plain
    assert "ab" * 32 in plain and "| SHA-256 |" in plain and "| made with torch |" in plain
    assert "Measured on 3 test images." in plain
    assert "| nothing | 0.900 [0.900, 0.900] | – |" in plain
    assert "| steps | 3,000 |" in plain and "| loss.type | dice_ce |" in plain
    assert "Fails at night." in text
    missing = re.findall(r"\*Not filled in\* – `(\w+)`", text)
    assert sorted(missing) == sorted(card.about.missing) and "license" not in missing
    assert "secret" not in text  # paths of the one who trained it are nobody's business


def test_a_page_shows_names_as_they_are_and_fetches_nothing(model: Path) -> None:
    page = to_html(
        make_card(model, CardOptions(size=(64, 64), about=About(title=NASTY, citation=NASTY), data=images(), samples=2))
    )
    read = Reader(page)
    assert not read.open
    assert "<script>alert" not in page
    assert sum(NASTY in text for text in read.texts) >= 6
    assert all(place.startswith(("data:image/png;base64,", "#")) for place in read.places)
    assert not re.search(r"""(src|href)=["']?(https?:)?//|@import|url\(""", page)


def test_pictures_of_the_markdown_are_files_that_draw(model: Path) -> None:
    markdown = Markdown(make_card(model, CardOptions(size=(64, 64), data=images(), samples=2)))
    shown = re.findall(r"!\[.*\]\((.*)\)", markdown.text)
    assert sorted(shown) == sorted(markdown.files) and len(shown) == 4
    for name, content in markdown.files.items():
        if name.endswith(".svg"):
            assert ElementTree.fromstring(content.decode()).tag.endswith("svg")
        else:
            assert content.startswith(b"\x89PNG")
    curve = markdown.files["card-files/loss.svg"].decode()
    points = re.search(r'points="([^"]*)"', curve)
    assert points is not None and 200 < len(points[1].split()) <= 300


def test_samples_go_from_the_worst_to_the_best(model: Path) -> None:
    card = make_card(model, CardOptions(size=(64, 64), data=images(), samples=2))
    assert card.measured is not None
    means = np.nanmean(card.measured.scores.table("dice"), 1)
    assert [sample.name for sample in card.samples] == [f"{NASTY}{means.argmin()}", f"{NASTY}{means.argmax()}"]
    assert [sample.note for sample in card.samples] == ["the worst", "the best"]


def test_the_same_model_gives_the_same_card(model: Path) -> None:
    one, other = (make_card(model, CardOptions(size=(64, 64), data=images(), samples=2)) for _ in range(2))
    assert to_html(one) == to_html(other)
    assert Markdown(one).text == Markdown(other).text


def test_the_folder_of_a_run_stands_in_place_of_what_the_file_says(model: Path, tmp_path: Path) -> None:
    digest = unetkit.plan(unetkit.load("unet-same", ["channels=[4, 8]", "out_channels=2"])).digest
    (tmp_path / "result.json").write_text(json.dumps({"steps": 7, "digest": digest, "unknown": 1}))
    (tmp_path / "timing.json").write_text('{"seconds": 120, "host": "here"}')
    card = make_card(model, CardOptions(size=(64, 64), run=tmp_path))
    assert (card.history.steps, card.history.seconds, card.measured) == (7, 120, None)
    (tmp_path / "result.json").write_text(json.dumps({"digest": "0" * 64}))
    with pytest.raises(FileError, match=r"the run trained another network \(000000"):
        make_card(model, CardOptions(run=tmp_path))


def test_scores_that_a_model_file_has_no_room_for_are_found_in_the_folder_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unetkit.train.loop.trainer.MAX_ROWS", 1)
    run = tmp_path / "run"
    trained(values(write_photos(tmp_path / "photos")), run)
    model = run / "best.safetensors"
    assert (
        "The 2 scores, one for each image and class, are too many for the model file. Use unetkit card --run"
        in Markdown(make_card(model)).text
    )
    assert "Measured on 1 test image." in Markdown(make_card(model, CardOptions(run=run))).text


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "No such file or directory"),
        ("[1]", "not a JSON object"),
        ("{", "cannot be read"),
        ('{"steps": "many"}', "steps is invalid"),
        ('{"loss": [[1, "low"]]}', "loss.0.1"),
        ('{"loss": 3}', "loss"),
        ('{"scores": {"images": [3]}}', "scores.images.0"),
        ("[" * 100_000, "cannot be read"),
    ],
    ids=lambda text: str(text)[:30],
)
def test_a_run_that_cannot_be_read_is_told(tmp_path: Path, content: str | None, told: str) -> None:
    if content is not None:
        (tmp_path / "result.json").write_text(content)
    with pytest.raises(FileError, match=r"result\.json") as caught:
        read_history(tmp_path)
    assert told in str(caught.value)


def test_fields_that_do_not_exist_are_named_with_their_place(tmp_path: Path) -> None:
    file = tmp_path / "about.yaml"
    file.write_text("license: MIT\nlimitation: none\nauthors: 3\n")
    with pytest.raises(SpecError) as caught:
        load_about(file)
    told = str(caught.value)
    assert f"{file}:2:1: error[unknown-key]: limitation: there is no key 'limitation' here" in told
    assert "Did you mean: limitations?" in told and f"{file}:3:10: error[wrong-type]: authors" in told


@pytest.mark.parametrize("about", ["license: MIT", "license: Our own terms", ""])
def test_the_head_is_one_that_hubs_read(model: Path, tmp_path: Path, about: str) -> None:
    file = tmp_path / "about.yaml"
    file.write_text(about or "authors: me")
    front = yaml.safe_load(Markdown(make_card(model, CardOptions(about=load_about(file)))).text.split("---\n")[1])
    expected = {"license: MIT": "mit", "license: Our own terms": "other"}.get(about)
    assert front.get("license") == expected
    assert front.get("license_name") == ("Our own terms" if expected == "other" else None)


def test_nothing_in_a_text_is_taken_for_markdown() -> None:
    assert escaped("a|b\n<i> [x](y) `z`") == r"a\|b \<i\> \[x\](y) \`z\`"


def test_the_command_writes_all_files_and_says_what_is_missing(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = run("card", "m.safetensors", "-o", "card").stdout.splitlines()
    assert told[:5] == [
        "card/card-files/network.svg", "card/card-files/loss.svg", "card/card-files/validation.svg",
        "card/README.md", "card/card.html",
    ]  # fmt: skip
    assert told[5].startswith("missing: license, authors, ")
    assert "card/README.md is there already" in run("card", "m.safetensors", "-o", "card", code=1).stderr


def test_a_full_disk_leaves_the_old_card(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "out"
    write_card(make_card(model), folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(FileError, match="cannot be written: No space left on device"):
        write_card(make_card(model, CardOptions(size=(64, 64), about=About(title="New"))), folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "change",
    [
        {"steps": 10**400}, {"steps": -1}, {"seconds": 1e308}, {"seed": 10**400}, {"fraction": 7.0},
        {"loss": [[1, 1e308], [2, -1e308]]}, {"loss": [[10**400, 1.0]]}, {"validation": [[1]]},
        {"scores": {"left_out": 10**400}}, {"scores": {"images": [{"dice": 1e308}]}},
    ],
)  # fmt: skip
def test_a_history_of_numbers_that_cannot_be_is_one_fault(change: dict[str, Any]) -> None:
    with pytest.raises(FileError, match=r"^error\[run-damaged\]: m\.safetensors: .* is invalid\n.*$"):
        history_of(json.loads(json.dumps(HISTORY | change)), "m.safetensors")


def test_the_lines_to_copy_hold_any_file_name(model: Path) -> None:
    nasty = model.rename(model.with_name('$(touch x) "; rm -rf ~; `.safetensors'))
    text = Markdown(make_card(nasty)).text
    assert "unetkit predict '$(touch x) \"; rm -rf ~; `.safetensors' images/" in text
    assert r'load_model("$(touch x) \"; rm -rf ~; `.safetensors")' in text
