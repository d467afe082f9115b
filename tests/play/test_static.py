"""The page as files for any web server: Python runs in the browser. `make playground` builds it."""

from __future__ import annotations

from collections.abc import Iterator
from zlib import compress

import pytest
from playwright.sync_api import Browser, expect

from tests.draw.browser import FOUND
from tests.play.browser import PLAYGROUND, PLAYGROUND_BUILT, launched, playground, shown

MEGABYTE = 1_000_000

pytestmark = [
    pytest.mark.skipif(not FOUND, reason="there is no Chromium"),
    pytest.mark.skipif(not PLAYGROUND_BUILT, reason="make playground was not run"),
]


@pytest.fixture
def address() -> Iterator[str]:
    with playground() as address:
        yield address


@pytest.fixture
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=20_000)
    with launched() as browser:
        yield browser


def test_python_in_the_browser_draws_what_is_edited(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    with shown(context, address, "codemirror", seconds=120) as seen:
        drawing = seen.page.locator("#drawing svg.unetkit")
        expect(drawing).to_contain_text("1024")
        seen.write("unetkit: 1\nin_channels: 1\nout_channels: 2\nchannels: [8, 16, 48]\n")
        expect(drawing).to_contain_text("48")
        seen.settled()
        expect(seen.tab("code")).to_contain_text("class ")
        seen.write("unetkit: 1\nin_channels: 1\nout_channels: 2\nchanels: [8, 16]\n")
        seen.settled("faulty")
        expect(seen.page.locator("#faults")).to_contain_text("channels")
        seen.page.click("#faults .cure")
        seen.settled()
    context.close()


def test_what_is_loaded_is_small() -> None:
    files = [path for path in PLAYGROUND.rglob("*") if path.is_file()]
    assert sum(len(compress(path.read_bytes(), 9)) for path in files) < 9 * MEGABYTE
