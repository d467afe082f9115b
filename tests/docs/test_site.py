"""The site: every page is in its contents, examples hold, and what is generated is complete and harmless."""

from __future__ import annotations

import doctest
import json
import re
import zlib
from base64 import urlsafe_b64decode
from pathlib import Path

import pytest

from docs.site import catalogue, commands, reference, texts
from tests.support.places import ROOT
from unetkit.cli.app import COMMANDS
from unetkit.language.find import shipped

DOCS = ROOT / "docs"
PAGES = [path for path in DOCS.rglob("*.md") if "site" not in path.relative_to(DOCS).parts]
CELL = re.compile(r"```\{code-cell\}[^\n]*\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def gallery() -> dict[str, str]:
    return catalogue.pages(playground=True)


def test_every_page_is_in_the_contents() -> None:
    index = (DOCS / "index.md").read_text("utf-8")
    listed = {
        line for toctree in re.findall(r"```\{toctree\}\n(.*?)```", index, re.DOTALL) for line in toctree.split("\n")
    }
    written = {path.relative_to(DOCS).with_suffix("").as_posix() for path in PAGES} - {"index"}
    made = {"gallery/index", "reference/commands", "reference/python"}
    assert written | made == {line for line in listed if line and not line.startswith(":")}


@pytest.mark.parametrize("name", [path.stem for path in (DOCS / "explanation").glob("*.md")])
def test_the_examples_of_an_explanation_hold(name: str) -> None:
    text = (DOCS / "explanation" / f"{name}.md").read_text("utf-8")
    examples = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    found = doctest.DocTestParser().get_doctest(examples, {}, name, name, 0)
    assert doctest.DocTestRunner().run(found).failed == 0


@pytest.mark.parametrize("name", [path.stem for path in (DOCS / "notebooks").glob("*.md")])
def test_the_cells_of_a_notebook_run(name: str) -> None:
    """Those that train, and those that show a fault, are run where the site is built."""
    text = (DOCS / "notebooks" / f"{name}.md").read_text("utf-8")
    space: dict[str, object] = {}
    for cell in CELL.findall(text):
        tags = re.match(r":tags: \[(.*)\]\n", cell)
        if tags is None or not {"raises-exception", "training"}.intersection(tags[1].split(", ")):
            exec(cell[tags.end() if tags else 0 :], space)  # noqa: S102 - our own text


def test_every_network_has_a_page_that_opens_it(gallery: dict[str, str]) -> None:
    assert gallery.keys() == {"gallery/index.md", *(f"gallery/{name}.md" for name in shipped())}
    for name, path in shipped().items():
        (letters,) = re.findall(r"#spec=([\w-]+)\"", gallery[f"gallery/{name}.md"])
        packed = urlsafe_b64decode(letters + "=" * (-len(letters) % 4))
        assert zlib.decompress(packed, wbits=-15).decode() == path.read_text("utf-8")
        assert f'href="{name}.html"' in gallery["gallery/index.md"]


def test_drawings_of_the_site_have_no_style_of_their_own(gallery: dict[str, str]) -> None:
    assert all("<style" not in text and "<script" not in text for text in gallery.values())


def test_every_command_is_in_the_reference() -> None:
    headings = re.findall(r"^## unetkit (.*)$", commands.page(), re.MULTILINE)
    assert headings == [*COMMANDS]
    assert "| `--size SIZE` |" in commands.page() and "### unetkit study run" in commands.page()


def test_every_public_name_is_in_the_reference() -> None:
    page = reference.page()
    assert (
        ":: unetkit.load\n" in page and ":: unetkit.plugin.Block\n" in page and ":: unetkit.study.load_study\n" in page
    )


def test_the_summary_for_programs_names_every_page(tmp_path: Path) -> None:
    for name in ("tutorial.md", "explanation/tiles.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((DOCS / name).read_text("utf-8"), "utf-8")
    summary = texts.summary(tmp_path)
    assert "- [Exact tiles](explanation/tiles.html): An image that is too large" in summary
    assert "- [From images to a report](tutorial.html): This page goes from" in summary
    assert json.dumps(summary)
