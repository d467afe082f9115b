"""The page of `unetkit play`, driven in a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

import unetkit
from tests.draw.browser import FOUND
from tests.play.axe import violations
from tests.play.browser import BUILT, EDITORS, Shown, launched, shown
from unetkit.play.desk import Desk
from unetkit.play.server import PlayServer, serving
from unetkit.study import load_study

pytestmark = pytest.mark.skipif(not FOUND, reason="there is no Chromium")

SMALL = """unetkit: 1
name: small
dims: 2
in_channels: 1
out_channels: 2
channels: [8, 16, 32]
block: {type: double_conv, padding: valid}
skip: {type: concat, align: crop}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayServer]:
    file = tmp_path_factory.mktemp("play") / "small.yaml"
    file.write_text(SMALL, encoding="utf-8")
    with serving(Desk(file)) as server:
        yield server


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, permissions=["clipboard-read", "clipboard-write"]
    )
    context.set_default_timeout(20_000)
    yield context
    context.close()


Opening = Any


@pytest.fixture(scope="module")
def opened(context: BrowserContext, server: PlayServer) -> Opening:
    def opened(editor: str = "textarea", address: str = "", **more: Any) -> AbstractContextManager[Shown]:
        return shown(context, address or server.address, editor, **more)

    return opened


@pytest.mark.parametrize("editor", EDITORS)
def test_a_fault_is_marked_and_its_cure_is_a_click(opened: Opening, editor: str) -> None:
    with opened(editor) as seen:
        page = seen.page
        assert seen.kind == editor and seen.text == SMALL
        assert page.locator("#drawing svg.unetkit").count() == 1
        assert page.locator("#panel-levels tbody tr").count() == 3
        seen.replace("channels: [8", "chanels: [8")
        seen.settled("faulty")
        assert "Out of date" in page.inner_text("#state")
        fault = page.locator(".fault").first
        assert "chanels" in fault.inner_text() and "6:1" in fault.inner_text()
        marked = page.locator(".plain-marks .mark-error, #editor .cm-lintRange-error").first
        assert marked.text_content() == "chanels"
        page.get_by_role("button", name="channels", exact=True).first.click()
        seen.settled()
        assert seen.text == SMALL
        assert page.locator(".fault").count() == 0 and page.inner_text("#state") == ""
        page.click("#undo")
        seen.settled("faulty")
        page.click("#redo")
        seen.settled()


def test_the_slider_stops_at_the_sizes_that_fit(opened: Opening, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    with opened() as seen:
        slider = seen.page.locator("#size-slider")
        first = slider.get_attribute("aria-valuetext")
        slider.focus()
        seen.page.keyboard.press("ArrowRight")
        seen.settled()
        size = int(seen.page.input_value("#size-text").split(" ")[0])
        assert slider.get_attribute("aria-valuetext") == f"{size}²" != first
        aligned = unetkit.plan(unetkit.load(tmp_path / "small.yaml")).aligned[0]
        assert size in aligned
        seen.page.fill("#size-text", str(size + 1))
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_selector(".fault.warning .cure")
        assert "dropped" in seen.page.inner_text("#size-words")
        seen.page.locator(".fault .cure").first.click()
        seen.page.wait_for_selector(".fault", state="detached")
        assert seen.page.input_value("#size-text") == f"{size} × {size}"


def test_an_example_opens_and_what_is_changed_in_it_is_told(opened: Opening) -> None:
    with opened() as seen:
        seen.page.select_option("#example", "unet-2015")
        expect(seen.page).to_have_title(re.compile("^unet-2015"))
        assert seen.page.locator(".chip").count() == 0
        seen.replace("align: crop", "align: pad")
        seen.page.wait_for_selector(".chip")
        assert seen.page.locator(".chip").all_text_contents() == ["skip.align: pad"]


def test_a_part_of_the_drawing_shows_its_keys_and_facts(opened: Opening) -> None:
    with opened() as seen:
        page = seen.page
        page.locator("rect.hot").nth(2).hover()
        assert "channels" in page.inner_text("#tip")
        page.locator("path.hot.arrow").first.focus()
        assert "size" in page.inner_text("#tip") and "→" in page.inner_text("#tip")
        page.keyboard.press("Escape")
        expect(page.locator("#tip")).to_be_hidden()
        page.locator("rect.hot").nth(2).click()
        assert "parameters" in page.inner_text("#panel-part")
        assert "block: {type: double_conv, padding: valid}" in page.locator(".chosen-key").all_text_contents()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        assert page.locator(".hot.chosen").get_attribute("data-index") == "3"
        seen.tab("levels").get_by_role("button", name="level 1").click()
        assert "16" in page.locator(".chosen-key").all_text_contents()


def test_two_specs_are_compared(opened: Opening) -> None:
    with opened() as seen:
        seen.tab("diff")
        seen.page.select_option("#other", "unet-2015")
        seen.page.wait_for_selector("#diff .pair svg")
        assert "out_channels" not in seen.page.inner_text("#diff") and "channels" in seen.page.inner_text("#diff")
        seen.page.click("#other-now")
        expect(seen.page.locator("#diff")).to_contain_text("Nothing differs")
        seen.replace("align: crop", "align: pad")
        expect(seen.page.locator("#diff")).to_contain_text("skip.align")


def test_code_and_resolved_spec_follow_the_text(opened: Opening) -> None:
    with opened() as seen:
        assert "(1, 2, 472, 472)" in seen.tab("code").inner_text()
        assert "topology" in seen.tab("resolved").inner_text()
        seen.replace("name: small", "name: other")
        expect(seen.page.locator("#panel-resolved pre")).to_contain_text("name: other")
        field = seen.tab("field")
        assert "receptive field of 44²" in field.inner_text()


def test_a_file_is_saved_whole_and_not_over_the_changes_of_another_program(
    context: BrowserContext, tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(SMALL, encoding="utf-8")
    with serving(Desk(file)) as server, shown(context, server.address, "textarea") as seen:
        seen.replace("name: small", "name: mine")
        seen.page.keyboard.press("Control+s")
        expect(seen.page.locator("#note")).to_have_text("Saved mine.yaml.")
        assert "name: mine" in file.read_text(encoding="utf-8")
        file.write_text(SMALL, encoding="utf-8")
        seen.page.click("#save")
        again = seen.page.get_by_role("button", name="Save all the same")
        again.wait_for()
        assert file.read_text(encoding="utf-8") == SMALL
        again.click()
        expect(seen.page.locator("#note")).to_have_text("Saved mine.yaml.")
        assert "name: mine" in file.read_text(encoding="utf-8")


def test_a_link_carries_the_spec_in_its_fragment(opened: Opening) -> None:
    text = SMALL.replace("small", "größer")
    with opened() as seen:
        seen.write(text)
        seen.settled()
        seen.page.click("#link")
        seen.page.wait_for_selector("#link-text")
        address = seen.page.input_value("#link-text")
        assert seen.page.evaluate("navigator.clipboard.readText()") == address
    with opened(address=address) as seen:
        assert seen.text == text
        assert not any("spec=" in url for url in seen.requests)
    with opened(address=address[:-9] + "AAAAAAAAA") as seen:
        assert seen.text == SMALL  # a link that was cut off


def test_a_study_of_marked_keys_is_saved_as_a_file(opened: Opening, tmp_path: Path) -> None:
    with opened() as seen:
        page = seen.page
        seen.tab("study")
        seen.field.focus()
        offset = SMALL.index("align") + 2
        page.evaluate("offset => document.querySelector('textarea').setSelectionRange(offset, offset)", offset)
        page.click("#study-mark")
        page.get_by_label("skip.align", exact=True).fill("crop, pad")
        page.fill("#study-path", "block.padding")
        page.click("#study-add")
        expect(page.locator("#study tbody tr")).to_have_count(3)
        assert "runs" in page.inner_text("#study") and page.locator("#study .warning li").count()
        file = tmp_path / "study.yaml"
        file.write_text(seen.saved("#study-save"), encoding="utf-8")
    study = load_study(file, quick=True)
    assert len(study.arms) == 3


def test_drawing_spec_and_code_are_exported(opened: Opening) -> None:
    with opened() as seen:
        export = partial(_export, seen)
        assert export("svg").startswith("<svg ")
        assert export("png")[1:4] == "PNG"
        assert export("yaml") == SMALL
        assert "import torch" in export("py")


def _export(seen: Shown, kind: str) -> str:
    seen.page.click("#export summary")
    return seen.saved(f"[data-export={kind}]")


def test_a_picture_is_never_shown_for_another_text(opened: Opening) -> None:
    with opened() as seen:
        for text in (
            "",
            ":",
            "unetkit: 1",
            "\t- [",
            SMALL[:-20],
            SMALL.replace("8, 16", "8, 8"),
            SMALL * 2,
            "🙂: {" * 30,
        ):
            seen.write(text)
            seen.page.wait_for_selector("body:is([data-state=current], [data-state=faulty])")
            state = seen.state()
            has_faults = seen.page.locator(".fault.error").count() > 0
            assert (state["shown"], state["state"]) == (("old", "faulty") if has_faults else ("current", "current"))
        seen.write(SMALL)
        seen.settled()


def test_without_the_server_the_drawing_is_out_of_date(context: BrowserContext, tmp_path: Path) -> None:
    with serving(Desk()) as server, shown(context, server.address, "textarea") as seen:
        seen.page.route("**/answer", lambda route: route.abort())
        seen.replace("dims: 2", "dims: 3")
        seen.settled("lost")
        seen.page.select_option("#example", "unet-2015")
        expect(seen.page.locator("#note")).to_contain_text("That did not work")
        assert "No answer" in seen.page.inner_text("#state") and seen.state()["shown"] == "old"
        seen.page.unroute("**/answer")
        seen.replace("dims: 3", "dims: 2")
        seen.settled()


@pytest.mark.skipif(not BUILT, reason="the editor was not bundled: make page")
def test_the_editor_completes_explains_and_colours(opened: Opening) -> None:
    with opened("codemirror") as seen:
        page = seen.page
        assert page.locator("#editor .tok-propertyName").count() > 5
        seen.field.focus()
        page.keyboard.press("Control+End")
        page.keyboard.type("up: in")
        options = page.locator(".cm-tooltip-autocomplete li")
        options.first.wait_for()
        assert any("interpolate" in each for each in options.all_text_contents())
        options.filter(has_text="interpolate").click()
        seen.settled()
        assert seen.text.endswith("up: interpolate")
        page.locator("#editor .tok-propertyName", has_text="align").hover()
        page.wait_for_selector(".explanation")
        assert "crop" in page.inner_text(".explanation")


@pytest.mark.parametrize("editor", EDITORS)
def test_the_key_at_the_cursor_is_explained(opened: Opening, editor: str) -> None:
    with opened(editor) as seen:
        seen.field.focus()
        seen.page.keyboard.press("Control+Home")
        seen.page.keyboard.press("ArrowDown")
        seen.page.keyboard.press("ArrowDown")
        expect(seen.page.locator("#hint")).to_contain_text("dims")


def test_the_key_under_the_pointer_is_explained_in_the_plain_editor(opened: Opening) -> None:
    with opened("textarea") as seen:
        seen.field.hover(position={"x": 30, "y": 8 + 2 * 20 + 10})
        expect(seen.page.locator("#tip")).to_be_visible()
        assert "axes" in seen.page.inner_text("#tip")


CHECKS = (Path(__file__).parent / "accessibility.js").read_text(encoding="utf-8")


ALL_TABS = ("levels", "part", "field", "code", "diff", "study")


@pytest.mark.parametrize(
    ("width", "scheme", "editor", "tabs"),
    [
        (360, "dark", EDITORS[0], ALL_TABS),
        (360, "light", EDITORS[-1], ALL_TABS),
        (1024, "dark", EDITORS[-1], ALL_TABS[:1]),
        (2560, "light", EDITORS[0], ALL_TABS[-1:]),
    ],
)
def test_nothing_overflows_and_everything_has_a_name_and_contrast(
    browser: Browser, server: PlayServer, width: int, scheme: Any, editor: str, tabs: tuple[str, ...]
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    with shown(context, server.address, editor) as seen:
        for tab in tabs:
            seen.tab(tab)
            assert json.loads(seen.page.evaluate(CHECKS)) == [], tab
            assert violations(seen.page) == [], tab
        seen.replace("channels: [8", "chanels: [8")
        seen.settled("faulty")
        assert json.loads(seen.page.evaluate(CHECKS)) == []
    context.close()


def test_the_checks_see_what_is_wrong(opened: Opening) -> None:
    with opened() as seen:
        bad = '<div style="width:4000px">x</div><p style="color:#ccc;background:#fff">pale</p><button></button><input>'
        seen.page.evaluate("bad => document.body.insertAdjacentHTML('beforeend', bad)", bad)
        found = json.loads(seen.page.evaluate(CHECKS))
        assert [re.split(":", each)[0] for each in found] == ["overflow", "contrast", "name", "name"]
