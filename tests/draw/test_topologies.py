"""Drawings of networks that are no U: nothing meets anything, and every signal that is read has its arrow."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

import unetkit
from tests.draw.legibility import arrows, check_legible, check_lines, check_whole_texts, extent, overlap
from tests.draw.test_draw import written
from tests.support.constructs import sound_topology
from unetkit import registry
from unetkit.draw.drawing import draw_plan
from unetkit.draw.figure import FigureMap, figure
from unetkit.draw.markup import markup
from unetkit.draw.shapes import Area, Arrow, Drawing, rectangle
from unetkit.planning import SizedPlan

TOPOLOGIES = registry.BUILT_IN["topology"]


def sized(topology: str, depth: int, dims: int = 2, /, **keys: Any) -> SizedPlan:
    """Returns a network at a size."""
    values = {"unetkit": 1, "dims": dims, "in_channels": 2, "out_channels": 2, "block": "double_conv"}
    values |= {"channels": [32 * 2**level for level in range(depth)], "topology": sound_topology(topology)}
    if topology == "siamese":
        values["inputs"] = {"before": {"channels": 1}, "after": {"channels": 1}}
    plan = unetkit.plan(unetkit.load({**values, **keys}))
    return plan.at(tuple(each.above(128) or 1 for each in plan.accepted))


@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize(("depth", "dims"), [*((depth, 2) for depth in range(1, 8)), (4, 1), (4, 3)])
def test_nothing_meets_anything_in_any_topology(topology: str, depth: int, dims: int) -> None:
    drawing = draw_plan(sized(topology, depth, dims), "")
    check_legible(drawing)
    check_lines(drawing)
    assert drawing.width < 2000


@pytest.mark.parametrize("depth", range(3, 8))
def test_networks_in_a_list_are_drawn_one_after_the_other(depth: int) -> None:
    u = {"type": "unet", "channels": [32 * 2**level for level in range(depth)], "block": "double_conv"}
    classes = {"type": "single_conv", "kernel": 1, "channels": 20, "act": "softmax"}
    plan = sized("unet", 1, block=[u, classes, u])
    drawing = draw_plan(plan, "")
    check_legible(drawing)
    check_lines(drawing)
    assert len(arrows(drawing, "down")) == len(arrows(drawing, "up")) == 2 * (depth - 1) + 1  # and in the legend
    rows = {level: [figure(plan).groups[one].column for one in row] for level, row in figure(plan).rows.items()}
    assert list(rows) == list(range(depth))
    assert rows[depth - 1] == [0, depth + 1]  # the second U is right of the first and of what is between them
    assert {"bottleneck.block"} == {name for each in figure(plan).maps for slot, name in each.steps if slot != "head"}


def test_networks_in_the_blocks_of_a_u_are_not_drawn() -> None:
    inner = {"type": "unet", "channels": [8, 8]}
    assert len(figure(sized("unet", 2, block=inner)).rows) == 2


def test_what_an_activation_between_networks_computes_is_a_map_too() -> None:
    u = {"type": "unet", "channels": [8, 8]}
    drawing = draw_plan(sized("unet", 1, block=["relu", u, {"type": "relu"}, [u]]), "")
    check_legible(drawing)
    check_lines(drawing)
    assert len(arrows(drawing, "down")) == 2 + 1


@pytest.mark.parametrize("depth", [6, 7])
def test_all_rows_begin_at_the_left_where_a_u_would_be_too_wide(depth: int) -> None:
    drawing = draw_plan(sized("skip_per_block", depth), "")
    assert drawing.width < 900
    stepped = [arrow for arrow in drawing.shapes if isinstance(arrow, Arrow) and arrow.kind == "down" and arrow.steps]
    assert [len(arrow.via) for arrow in stepped] == [2] * (depth - 1)
    assert len({arrow.end[0] for arrow in stepped}) == 1


@pytest.mark.parametrize("weights", ["shared", "own"])
@pytest.mark.parametrize("bottom", ["merge", "last"])
def test_images_whose_deepest_maps_have_no_block_are_merged_right_of_them(weights: str, bottom: str) -> None:
    topology = {"type": "siamese", "weights": weights, "bottom": bottom}
    drawing = draw_plan(sized("siamese", 2, topology=topology, bottleneck={"block": []}), "")
    check_legible(drawing)
    check_lines(drawing)


def test_a_line_leads_over_an_image_in_its_way() -> None:
    """The encoder's first map is that of level 2."""
    images = {"before": {"channels": 1}, "after": {"channels": 1}}
    values = {"unetkit": 1, "in_channels": 2, "out_channels": 2, "inputs": images, "topology": "siamese"}
    encoder = {"encoder": {"type": "swin_t", "levels": 3}, "decoder": {"channels": [8, 8]}}
    drawing = draw_plan(unetkit.plan(unetkit.load(values | encoder)).at((64, 64)), "")
    check_legible(drawing)
    check_lines(drawing)


@pytest.mark.parametrize("depth", [3, 5])
def test_each_level_of_full_scale_skips_reads_all_scales(depth: int) -> None:
    shown = figure(sized("unet_3_plus", depth))
    for level in range(depth - 1):
        (target,) = (index for index, one in enumerate(shown.groups) if one.level == level and one.column)
        sources = [shown.groups[each.source].level for each in shown.connections if each.target == target]
        assert sorted(sources) == list(range(depth))


def test_a_node_of_a_grid_reads_all_nodes_to_its_left_and_the_one_below() -> None:
    shown = figure(sized("unet_plus_plus", 4))
    (last,) = (index for index, one in enumerate(shown.groups) if (one.level, one.column) == (0, 3))
    read = {
        (shown.groups[one.source].level, shown.groups[one.source].column)
        for one in shown.connections
        if one.target == last
    }
    assert read == {(0, 0), (0, 1), (0, 2), (1, 2)}
    assert shown.groups[last].maps[0].borrowed == 3 * 32


def test_outputs_and_images_have_their_names() -> None:
    heads = {"mask": {}, "distance": {"channels": 1}, "level_1": {"at": 1}}
    labels = written(unetkit.draw.svg(sized("unet", 3, heads=heads)))
    assert {"input", "mask", "distance", "level_1"} <= set(labels) and "output" not in labels
    assert {"before", "after"} <= set(written(unetkit.draw.svg(sized("siamese", 3))))


def test_a_vector_is_not_drawn_as_a_map() -> None:
    time = {"time": {"channels": 1, "vector": True, "embed": "sinusoidal", "width": 16}}
    changed: dict[str, Any] = {"channels": [8, 8], "bottleneck": {"block": {"type": "film", "condition": "time"}}}
    plan = sized("unet", 2, inputs=time, **changed)
    assert len(figure(plan).groups) == len(figure(sized("unet", 2)).groups)
    check_legible(draw_plan(plan, ""))


def test_the_words_for_screen_readers_name_the_topology_and_its_levels() -> None:
    text = draw_plan(sized("unet_plus_plus", 3), "").description
    assert text.startswith("U-Net++ with 3 levels.") and "level 0: 32 channels at 128² in 3 places" in text


def test_a_marked_line_has_all_its_corners() -> None:
    drawing = draw_plan(sized("unet_plus_plus", 3), "", {"decoder.0.2.skip"})
    marked = [shape for shape in drawing.shapes if isinstance(shape, Arrow) and shape.marked]
    assert sorted(len(arrow.via) for arrow in marked) == [0, 4]


def test_no_two_maps_overlap_in_a_deep_grid() -> None:
    drawing = draw_plan(sized("unet_plus_plus", 7), "")
    boxes = [extent(shape) for shape in drawing.shapes if isinstance(shape, Area) and shape.kind == "own"]
    assert not [pair for pair in combinations(boxes, 2) if overlap(*pair)]


def test_a_line_to_a_head_is_not_that_to_a_skip() -> None:
    heads = {f"early_{column}": {"at": f"column_{column}"} for column in (1, 2, 3)}
    drawing = draw_plan(sized("unet_plus_plus", 4, heads=heads), "")
    check_legible(drawing)
    bent = [shape for shape in drawing.shapes if isinstance(shape, Arrow) and shape.via]
    heights = {kind: {arrow.via[1][1] for arrow in bent if arrow.kind == kind} for kind in ("skip", "head")}
    assert heights["skip"] and heights["head"] and not heights["skip"] & heights["head"]


def test_a_long_entry_of_the_legend_is_broken_after_commas() -> None:
    drawing = draw_plan(sized("unet_3_plus", 4, dims=3, block="residual"), "")
    labels = written(markup(drawing))
    assert any(label.endswith(",") for label in labels)
    check_whole_texts(drawing)
    check_legible(drawing)


def test_lines_of_two_kinds_that_run_together_would_be_found() -> None:
    box = rectangle(0, 0, 10, 20, "own", shown=FigureMap(1, (1,)))
    lines = [Arrow((14, 10), (50, 10), kind, steps=("one",)) for kind in ("skip", "head")]
    boxes = (box, rectangle(54, 0, 60, 20, "own", shown=FigureMap(1, (1,))))
    legend = [Arrow((0, y), (20, y), kind) for y, kind in ((60, "skip"), (80, "head"))]
    check_lines(Drawing(100, 100, "", "", (*boxes, *legend, lines[0])))
    with pytest.raises(AssertionError, match="head"):
        check_lines(Drawing(100, 100, "", "", (*boxes, *legend, *lines)))


def test_maps_finer_than_the_image_stand_above_it() -> None:
    shown = figure(sized("kiu_net", 3))
    assert list(shown.rows) == [-2, -1, 0, 1, 2]
    assert all(one.size == (512, 512) for index in shown.rows[-2] for one in shown.groups[index].maps)
    assert {"2× finer", "4× finer"} <= set(written(unetkit.draw.svg(sized("kiu_net", 3))))
