"""How one size fits a network: where samples sit, how far apart skips and decoder are, and what is dropped."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING

from unetkit.geometry import Grid, fixed
from unetkit.planning import propagate
from unetkit.planning.alignment import Alignment
from unetkit.planning.propagate import Misalignment
from unetkit.planning.refusal import AXES
from unetkit.planning.spatial_graph import Size

if TYPE_CHECKING:
    from unetkit.planning.planned import Plan


def alignment(plan: Plan, size: Size) -> tuple[Alignment, ...]:
    """Per axis how a size fits; raises SizeError where it does not."""
    plan.output_size(size)
    return plan.spatial.along(lambda axis, n: _alignment(plan, axis, n), plan.padded_size(tuple(size)))


def _alignment(plan: Plan, axis: int, n: int) -> Alignment:
    found = propagate.sizes(plan.nodes, axis, n)[0]
    meetings: list[Misalignment] = []
    propagate.grids(plan.nodes, axis, found, plan.main_inputs, meetings)
    offsets: dict[int, float] = {}
    for meeting in meetings:
        call = plan.call_of(meeting.node)
        if call.slot == "skip":
            offsets[call.level] = max(offsets.get(call.level, 0.0), meeting.offset)
    dropped = {}
    for index, node in enumerate(plan.nodes):
        if node.operation is not None and not node.operation.pointwise:
            lost = node.operation.dropped(axis, tuple(found[i] for i in node.inputs))
            if lost:
                dropped[f"{plan.call_of(index).scope}.{node.name}"] = fixed(lost)
    return Alignment(n in plan.aligned[axis], offsets, dropped)


def shift_warning(plan: Plan, size: Size) -> str:
    """What is wrong with a size that is accepted but not aligned; "" where it is aligned."""
    outputs = plan.output_size(size)
    if all(n in sizes for n, sizes in zip(plan.padded_size(tuple(size)), plan.aligned, strict=True)):
        return ""
    parts = []
    for name, n, m, sizes, fit in zip(AXES[plan.dims], size, outputs, plan.aligned, plan.alignment(size), strict=True):
        if fit.aligned:
            continue
        apart = [f"{offset:g} at level {level}" for level, offset in fit.offsets.items() if offset]
        problems = [f"encoder and decoder are {', '.join(apart)} input pixels apart"] if apart else []
        counts = fit.dropped.values()
        lost, made = sum(n for n in counts if n > 0), -sum(n for n in counts if n < 0)
        problems += [f"{lost} samples at the far end are dropped"] if lost else []
        problems += [f"{made} samples are made by resizing"] if made else []
        if m > n:
            problems.append(f"the output has {m} samples, more than the image")
        near = [str(other) for other in (sizes.below(n), sizes.above(n)) if other is not None]
        advice = f"; nearest aligned sizes: {', '.join(near)}" if near else ""
        parts.append(f"{name} {n}: {', and '.join(problems) or 'the grids drift apart'}{advice}")
    return f"{plan.spec.name}: this size runs but is not aligned. {'. '.join(parts)}" if parts else ""


def signal_grid(plan: Plan, index: int, size: Size) -> tuple[tuple[Grid, int], ...]:
    """Per axis where the samples of a signal sit, in input pixels, and how many they are."""
    plan.output_size(size)
    graph, node = plan.spatial, plan.spatial_indices[index]

    def along(axis: int, n: int) -> tuple[Grid, int]:
        found = graph.column(axis, n).sizes
        return propagate.grids(graph.nodes, axis, list(found), graph.main_inputs)[node], found[node]

    return graph.along(along, plan.padded_size(tuple(size)))


def output_grid(plan: Plan, output: str, size: Size) -> tuple[Grid, ...]:
    """Per axis where the samples of an output sit, in input pixels."""
    grids = signal_grid(plan, plan.outputs[output], size)
    if plan.is_full(output):  # it is cut by as many samples as are padded before the image
        return tuple(grid for grid, _ in grids)
    before = [(p - n) // 2 for p, n in zip(plan.padded_size(size), size, strict=True)]
    return tuple(Grid(grid.start - left, grid.step) for (grid, _), left in zip(grids, before, strict=True))


def crop_target(plan: Plan, size: Size, output: str) -> tuple[slice, ...]:
    """The slices that cut a label map of the input's size to an output, by its grid."""
    slices = []
    for n, m, grid in zip(size, plan.output_sizes(size)[output], plan.output_grid(size, output), strict=True):
        if grid.step != 1:
            raise ValueError(f"the output has a sample every {grid.step} pixels: labels cannot be cut to it")
        start = min(max(0, floor(grid.start)), max(0, n - m))
        slices.append(slice(start, start + m))
    return tuple(slices)
