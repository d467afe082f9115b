"""Plans as plain values: what `show` and `sizes` print as JSON, and the facts of a header."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from unetkit.geometry import SizeSet
from unetkit.language.headers import Facts, Port
from unetkit.planning.choice import natural_size
from unetkit.planning.memory import needed_memory
from unetkit.planning.refusal import fits
from unetkit.planning.sized import SizedPlan, Step
from unetkit.planning.spatial_graph import Size
from unetkit.topology import MAP_SLOTS, Output

if TYPE_CHECKING:
    from unetkit.planning.planned import Plan


def describe(plan: Plan, size: Size | None = None) -> dict[str, Any]:
    """Describes a network at an input size, by default its natural size. Raises SizeError if the size does not fit.

    >>> from unetkit.language import load
    >>> from unetkit.planning import plan
    >>> values = describe(plan(load("unet-2015")), (572, 572))
    >>> values["parameters"], values["output_size"], values["levels"][4]["channels"]
    (31030658, [388, 388], 1024)
    """
    sized = plan.at(natural_size(plan) if size is None else size)
    return {
        "name": plan.spec.name,
        "digest": plan.digest,
        "dims": plan.dims,
        "in_channels": plan.spec.in_channels,
        "out_channels": plan.spec.out_channels,
        "parameters": plan.parameters,
        "inference_parameters": plan.for_inference().parameters,
        "macs": sized.macs,
        "receptive_field": list(plan.receptive_field),
        "receptive_field_range": [widths and list(widths) for widths in plan.receptive_fields],
        "measured": list(plan.measured),
        "input_size": list(sized.input_size),
        "output_size": list(sized.output_size),
        "output_grid": _grids(plan, sized.input_size),
        "outputs": {output.name: _output(plan, output, sized.input_size) for output in plan.spec.outputs},
        "memory": needed_memory(plan, sized.input_size).json(),
        "sizes": _size_sets(plan),
        "levels": list(describe_levels(sized)),
        "head": next(step.json() for step in sized.steps if step.name == plan.spec.outputs[0].scope),
        "blocks": [step.json() for step in sized.steps],
    }


def facts(plan: Plan, size: Size | None = None) -> Facts:
    """The facts of a network that the header of a shipped spec states, at its natural size unless another is given."""
    size = natural_size(plan) if size is None else size
    vectors = (Port(name, plan.nodes[node].channels) for name, node in plan.inputs.items() if node)
    inference = plan.for_inference()
    names = len(inference.outputs) > 1
    outputs = inference.output_sizes(size).items()
    return Facts(
        inputs=(Port("", plan.spec.in_channels, size), *vectors),
        outputs=tuple(Port(name * names, inference.output_channels[name], one) for name, one in outputs),
        parameters=plan.parameters,
        inference_parameters=inference.parameters,
        macs=plan.macs(size),
        receptive_field=plan.receptive_field,
    )


def describe_sizes(plan: Plan, near: Size | None = None) -> dict[str, Any]:
    """Describes the accepted and the aligned sizes, and in detail those nearest to a size, by default the natural size.

    `margin` is the difference between input size and output size; `grid` locates the output samples, in input pixels.
    """
    return {
        "name": plan.spec.name,
        "sizes": _size_sets(plan),
        "near": [_fit(plan, size) for size in _neighbours(plan, natural_size(plan) if near is None else near)],
    }


def describe_levels(sized: SizedPlan) -> Iterator[dict[str, Any]]:
    """Yields the levels at a size, full resolution first. Down and up count towards their coarser and finer level.

    `encoder` is the first block of a level and `decoder` the last one; `blocks` counts those between them too.
    """
    inner = [step for step in sized.steps if step.side not in ("input", "head")]
    for level in sorted({step.level for step in inner}):
        steps = [step for step in inner if step.level == level]
        blocks = [step for step in steps if step.slot in MAP_SLOTS]
        first, *others = blocks or steps
        has_map = level not in sized.plan.spec.levels_without_map
        ends = others if has_map else [first, *others]
        yield {
            "level": level,
            "channels": first.channels,
            "encoder": _block(first) if has_map else None,
            "decoder": _block(ends[-1]) if ends else None,
            "blocks": len(blocks),
            "parameters": sum({step.name: step.parameters for step in steps}.values()),
            "macs": sum(step.macs for step in steps),
        }


def _output(plan: Plan, output: Output, size: Size) -> dict[str, Any]:
    """Describes an output at an input size."""
    return {
        "channels": output.channels,
        "size": list(plan.output_sizes(size)[output.name]),
        "grid": _grids(plan, size, output.name),
        "receptive_field": [widths and widths[1] for widths in plan.receptive_fields_of(output.name)],
        "when": output.when,
    }


def _block(step: Step) -> dict[str, Any]:
    return {
        "channels": step.channels,
        "input_size": list(step.input_size),
        "output_size": list(step.output_size),
    }


def _size_sets(plan: Plan) -> dict[str, Any]:
    return {"accepted": _per_axis(plan.accepted), "aligned": _per_axis(plan.aligned)}


def _per_axis(sets: tuple[SizeSet, ...]) -> dict[str, Any]:
    """Lists with an entry per axis.

    Sizes from `from` upwards are in the set if their remainder modulo `period` is in `remainders`; `also` lists the
    smaller ones.
    """
    return {
        "minimum": [sizes.minimum for sizes in sets],
        "period": [sizes.period for sizes in sets],
        "remainders": [list(sizes.remainders) for sizes in sets],
        "from": [sizes.above(sizes.start) for sizes in sets],
        "also": [list(sizes.few) for sizes in sets],
    }


def _fit(plan: Plan, size: Size) -> dict[str, Any]:
    output, alignment = plan.output_size(size), plan.alignment(size)
    return {
        "input_size": list(size),
        "output_size": list(output),
        "margin": [n - m for n, m in zip(size, output, strict=True)],
        "aligned": all(axis.aligned for axis in alignment),
        "axes": [axis.json() | {"grid": grid} for axis, grid in zip(alignment, _grids(plan, size), strict=True)],
    }


def _grids(plan: Plan, size: Size, output: str | None = None) -> list[dict[str, float]]:
    return [{"start": float(grid.start), "step": float(grid.step)} for grid in plan.output_grid(size, output)]


def _neighbours(plan: Plan, size: Size) -> list[Size]:
    """The two nearest accepted and aligned sizes on each side, along all axes at once."""
    rows: set[Size] = set()
    for sets in (plan.accepted, plan.aligned):
        columns = [_around(sizes, n) for sizes, n in zip(sets, size, strict=True)]
        rows |= {tuple(n for n in row if n is not None) for row in zip(*columns, strict=True) if None not in row}
    return sorted(row for row in rows if fits(plan, row))


def _around(sizes: SizeSet, n: int) -> Iterator[int | None]:
    """Yields the two sizes up to `n` and the two from `n` on; None where the set has none."""
    below, above = sizes.below(n), sizes.above(n)
    yield None if below is None else sizes.below(below - 1)
    yield below
    yield above
    yield None if above is None else sizes.above(above + 1)
