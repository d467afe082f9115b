"""The drawing is checked as values: where its labels stand, what they say, and that both kinds of file hold them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFont

import unetkit.draw
from tests.draw.legibility import arrows, check_legible, check_lines, check_whole_texts, extent
from unetkit.draw.drawing import draw_plan
from unetkit.draw.shapes import Arrow, Drawing, Text
from unetkit.draw.text import CHARACTERS, UNITS, fit, size_label, width
from unetkit.errors import FileError, SizeError
from unetkit.language.find import shipped
from unetkit.planning.wiring import Call
from unetkit.testing.wide_strategies import wide_specs
from unetkit.topology import Position

FONTS = Path(unetkit.draw.__file__).parent / "fonts"
Size = tuple[int, ...]


@dataclass(frozen=True)
class Sketch:
    """What a made-up plan looks like; also such as no block would give."""

    channels: tuple[int, ...] = (64, 128, 256)
    size: Size = (512, 512)
    loss: int = 0
    maps: int = 2
    skip: str = "concat"
    name: str = "made-up"


def made_up(sketch: Sketch = Sketch()) -> Any:
    """Returns what the drawing reads of a plan at a size."""
    steps: list[Any] = []
    size, count, levels = sketch.size, 1, len(sketch.channels)
    nodes = [SimpleNamespace(operation=None, inputs=(), channels=1)]
    sizes, calls, copied = [size], list[Call](), dict[int, int]()

    def step(place: str, slot: str, level: int, channels: int, maps: Sequence[tuple[str, int, Size]]) -> None:
        nonlocal size, count
        found = tuple(SimpleNamespace(label=label, channels=each, size=new) for label, each, new in maps)
        side: Any = place.partition(".")[0]
        scope = f"{place}.{slot}"
        values = {"name": scope, "slot": slot, "type": f"some_{slot}", "level": level, "side": side}
        start, last = len(nodes), calls[-1].output if calls else 0
        for label, each, new in maps:
            operation = SimpleNamespace(label=lambda label=label: label, makes_map=True)
            inputs = (len(nodes) - 1 if len(nodes) > start else last,)
            nodes.append(SimpleNamespace(operation=operation, inputs=inputs, channels=each))
            sizes.append(new)
        if slot == "block" and side != "decoder":
            copied[level] = len(nodes) - 1
        reads = (last, copied[level]) if slot == "skip" else (last,)
        column = levels - level if side in ("decoder", "head") else 0
        position = Position(scope, slot, level, side, column, channels)
        calls.append(Call(position, start, len(nodes), reads, len(nodes) - 1 if maps else last))
        given, size = size, maps[-1][2] if maps else size
        values |= {"in_channels": count, "channels": channels, "input_size": given, "output_size": size}
        steps.append(SimpleNamespace(maps=found, **values))
        count = channels

    def block(place: str, level: int) -> None:
        channels = sketch.channels[level]
        sizes = [tuple(max(1, n - sketch.loss * index) for n in size) for index in range(1, sketch.maps + 1)]
        maps = [("conv 3×3", channels, each) for each in sizes]
        if sketch.maps > 3:
            maps[1] = ("global avg pool", channels, (1,) * len(size))
        step(place, "block", level, channels, maps)

    for level in range(levels):
        place = "bottleneck" if level == levels - 1 else f"encoder.{level}"
        if level:
            step(place, "down", level, count, [("max pool 2×2", count, tuple(-(-n // 2) for n in size))])
        block(place, level)
    for level in reversed(range(levels - 1)):
        place, channels = f"decoder.{level}", sketch.channels[level]
        step(place, "up", level, channels, [("up-conv 2×2", channels, tuple(2 * n for n in size))])
        channels += count if sketch.skip == "concat" else 0
        step(place, "skip", level, channels, [(sketch.skip, channels, size)] if sketch.skip != "none" else [])
        block(place, level)
    step("head", "head", 0, 2, [("conv 1×1", 2, size)])

    facts = {"parameters": 31_030_658, "receptive_field": (188,) * len(size), "nodes": nodes, "calls": calls}
    facts |= {"inputs": {"image": 0}, "outputs": {"output": calls[-1].output}}
    keys, topology = SimpleNamespace(inputs={}), SimpleNamespace(name="U-Net")
    parts = {call.scope: None for call in calls}
    plan = SimpleNamespace(spec=SimpleNamespace(name=sketch.name, keys=keys, topology=topology, parts=parts), **facts)
    ends = {"input_size": sketch.size, "output_size": size, "sizes": sizes}
    return SimpleNamespace(plan=plan, steps=tuple(steps), macs=167 * 10**9, **ends)


COUNTS = st.integers(1, 12).map(lambda power: 2**power) | st.integers(1, 4096)
SHAPES = st.builds(
    Sketch,
    channels=st.lists(COUNTS, min_size=1, max_size=8).map(tuple),
    size=st.lists(st.integers(1, 2048), min_size=1, max_size=3).map(tuple),
    loss=st.integers(0, 6),
    maps=st.integers(1, 9),
    skip=st.sampled_from(["concat", "add", "none"]),
    name=st.text(min_size=1, max_size=120),
)
DEPTHS = [
    Sketch(channels=tuple(32 * 2**level for level in range(depth)), size=size, loss=loss)
    for depth in range(1, 8)
    for size in [(4096,), (1024, 768), (1024, 1024, 512)]
    for loss in (0, 2)
]


def written(text: str) -> list[str]:
    """Returns the labels of an SVG."""
    return [element.text or "" for element in ElementTree.fromstring(text).iter("{http://www.w3.org/2000/svg}text")]


def identity(sketch: Sketch) -> str:
    return f"{len(sketch.channels)}-levels-{len(sketch.size)}d-loss-{sketch.loss}"


@pytest.mark.parametrize("sketch", DEPTHS, ids=identity)
def test_no_label_meets_another_label_a_box_or_an_arrow_at_any_depth(sketch: Sketch) -> None:
    check_legible(draw_plan(made_up(sketch), ""))


@given(SHAPES)
def test_no_label_meets_another_label_a_box_or_an_arrow_in_any_plan(sketch: Sketch) -> None:
    check_legible(draw_plan(made_up(sketch), ""))


@pytest.mark.parametrize("name", shipped())
def test_no_label_meets_anything_in_a_shipped_spec(name: str) -> None:
    planned = unetkit.plan(unetkit.load(name))
    drawing = draw_plan(planned.at(unetkit.planning.natural_size(planned)), "")
    check_legible(drawing)
    check_lines(drawing)
    check_whole_texts(drawing)
    assert drawing.width < 2000


@given(st.data())
def test_nothing_meets_anything_in_any_spec(data: st.DataObject) -> None:
    planned = unetkit.plan(data.draw(wide_specs()))
    size = [each.above(data.draw(st.integers(1, 300))) or 1 for each in planned.accepted]
    with suppress(SizeError):
        drawing = draw_plan(planned.at(tuple(size)), "")
        check_legible(drawing)
        check_lines(drawing)


def test_an_overlap_would_be_found() -> None:
    drawing = Drawing(100, 100, "", "", (Text(10, 50, "one"), Text(20, 52, "two")))
    with pytest.raises(AssertionError):
        check_legible(drawing)


@given(SHAPES)
def test_arrows_point_right_or_up_or_down_and_are_long_enough_for_their_tip(sketch: Sketch) -> None:
    for arrow in arrows(draw_plan(made_up(sketch), "")):
        (x0, y0), (x1, y1) = arrow.start, arrow.end
        level = y0 == y1  # also those of the legend
        assert level or x0 == pytest.approx(x1)
        assert (x1 - x0 if level else y1 - y0 if arrow.kind == "down" else y0 - y1) >= 10, arrow


@pytest.mark.parametrize("sketch", DEPTHS, ids=identity)
def test_every_level_has_its_channels_and_sizes_written(sketch: Sketch) -> None:
    plan = made_up(sketch)
    labels = written(unetkit.draw.svg(plan))
    for step in plan.steps:
        assert str(step.channels) in labels
        assert size_label(step.output_size) in labels
    assert {f"level {level}" for level in range(len(sketch.channels))} <= set(labels)


def test_the_heading_has_name_parameters_multiply_adds_sizes_and_receptive_field() -> None:
    labels = written(unetkit.draw.svg(made_up()))
    assert labels[:2] == ["made-up", "31,030,658 parameters · 167 GMACs · 1 × 512² → 2 × 512² · receptive field 188²"]
    assert written(unetkit.draw.svg(made_up(), title="My net"))[0] == "My net"


def test_the_legend_names_the_kinds_of_arrow_that_occur() -> None:
    labels = written(unetkit.draw.svg(made_up()))
    assert {"block", "down", "up", "skip", "head", "some down: max pool 2×2", "some skip: concat"} <= set(labels)
    assert "skip" not in written(unetkit.draw.svg(made_up(Sketch(skip="none"))))


def test_a_variant_in_the_legend_says_where_it_is() -> None:
    plan = made_up()
    plan.steps[0].type = "other"
    legend = written(unetkit.draw.svg(plan))
    assert "other: 2 × conv 3×3 (encoder 0)" in legend
    assert any(text.startswith("some block: 2 × conv 3×3 (encoder 1, bottleneck, ") for text in legend)


def test_a_plan_too_wide_for_every_map_has_one_arrow_per_block() -> None:
    wide = draw_plan(made_up(Sketch(channels=(64,) * 7, maps=9)), "")
    assert wide.width < 2000
    assert len(arrows(wide, "block")) == 13 + 1  # one per block, and the one in the legend


def test_a_block_in_which_signals_meet_is_one_arrow_and_its_operations_stand_in_the_legend() -> None:
    planned = unetkit.plan(unetkit.load("unet-same", ["block=residual", "channels=[8]"]))
    sized = planned.at((64, 64))
    assert len(arrows(draw_plan(sized, ""), "block")) == 1 + 1
    assert "residual: 2 × conv 3×3, conv 1×1, add" in written(unetkit.draw.svg(sized))


@pytest.mark.parametrize(("name", "said"), [("unet-crop", "crop"), ("unet-pad", "pad"), ("unet-same", None)])
def test_the_legend_says_how_sizes_are_made_equal(name: str, said: str | None) -> None:
    labels = written(unetkit.draw.svg(unetkit.plan(unetkit.load(name)).at((576, 576) if not said else (572, 572))))
    assert (f"concat: {said}, concat" if said else "concat") in labels


def test_a_cropped_skip_shows_the_part_that_is_copied() -> None:
    assert 'class="kept"' in unetkit.draw.svg(made_up(Sketch(loss=2)))
    assert 'class="kept"' not in unetkit.draw.svg(made_up())


@given(st.text(max_size=300))
def test_the_svg_is_well_formed_whatever_the_title(title: str) -> None:
    drawing = ElementTree.fromstring(unetkit.draw.svg(made_up(), title=title))
    assert drawing.get("role") == "img"
    assert [child.tag.rpartition("}")[2] for child in drawing][:2] == ["title", "desc"]


@given(SHAPES)
def test_equal_plans_give_equal_bytes(sketch: Sketch) -> None:
    assert unetkit.draw.svg(made_up(sketch)) == unetkit.draw.svg(made_up(sketch))


@pytest.mark.parametrize("bold", [False, True])
def test_text_is_as_wide_as_the_shipped_font_says(bold: bool) -> None:
    font = ImageFont.truetype(FONTS / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"), UNITS)
    assert {c: width(c, UNITS, bold=bold) for c in CHARACTERS} == {c: font.getlength(c) for c in CHARACTERS}


@given(st.text(max_size=40), st.floats(20, 400))
def test_a_fitted_text_has_room(text: str, room: float) -> None:
    assert width(fit(text, room, 11), 11) <= room


def test_a_png_shows_what_the_svg_has(tmp_path: Path) -> None:
    plan = made_up(Sketch(size=(64, 64, 32)))
    unetkit.draw.draw(plan, tmp_path / "u.svg")
    unetkit.draw.draw(plan, tmp_path / "u.PNG")
    assert (tmp_path / "u.svg").read_text(encoding="utf-8") == unetkit.draw.svg(plan)
    unetkit.draw.draw(plan, tmp_path / "again.png")
    data = (tmp_path / "u.PNG").read_bytes()
    assert data == (tmp_path / "again.png").read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    page = draw_plan(plan, "")
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == pytest.approx((2 * page.width, 2 * page.height), abs=2)
        dark = sum(image.convert("L").histogram()[:96])
    assert dark > 1000  # outlines and text, so the fonts were found


@pytest.mark.parametrize("name", ["u.pdf", "u", ".svg"])
def test_another_suffix_is_refused_with_the_known_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileError, match=r"error\[drawing-suffix\](.|\n)*Known: \.png, \.svg\."):
        unetkit.draw.draw(made_up(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_a_file_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(FileError, match="file-unwritable"):
        unetkit.draw.draw(made_up(), tmp_path / "folder.svg")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.svg"]


def test_marked_steps_are_brought_out_and_the_legend_says_so() -> None:
    sized = unetkit.plan(unetkit.load("unet-same")).at((64, 64))
    marked = {"decoder.0.skip", "decoder.1.up", "encoder.2.down", "encoder.1.block"}
    text = unetkit.draw.svg(sized, marked=marked)
    drawing = draw_plan(sized, "", marked)
    kinds = sorted(arrow.kind for arrow in drawing.shapes if isinstance(arrow, Arrow) and arrow.marked)
    assert kinds == ["block", "block", "down", "skip", "up"]
    assert text.count('<path class="stripe"') == 5
    assert text.count('<polygon class="own marked"') == 2 + 1  # the two maps of the block, and the legend
    assert "what differs" in written(text) and "what differs" not in written(unetkit.draw.svg(sized))
    check_legible(drawing)


def test_marks_change_nothing_else() -> None:
    sized = unetkit.plan(unetkit.load("unet-same")).at((64, 64))
    plain, marked = draw_plan(sized, ""), draw_plan(sized, "", {"decoder.0.skip"})
    assert [extent(shape) for shape in plain.shapes] == [extent(shape) for shape in marked.shapes[: len(plain.shapes)]]
