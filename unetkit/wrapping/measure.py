"""Measures a module: sizes, channels, weights and multiply-adds on the meta device, its reach with NaNs.

The meta device takes no memory and little time. Shapes do not show which input samples an output depends on: so a slice
of NaN is put into a random image, and the outputs that become NaN depend on it. A module whose output does not shift
with its input depends on the position (windows, positional encodings): no tile of it is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from unetkit.operations.operation import Axes, wiring_error
from unetkit.wrapping.facts import ModuleFacts

_REFUSALS = (RuntimeError, ValueError, AssertionError, IndexError, TypeError, ZeroDivisionError)
"""Exceptions by which modules refuse a size."""
_PROBED = 72
"""Sizes 1 … PROBED are tried along each axis."""
_FEW = (1, 2, 3, 4, 5, 7, 8, 16, 27, 32, 48, 64, 65, 71)
"""Sizes that show whether an axis is like another."""
_IMAGE = 96
"""Samples along the axis in which a reach is measured; a reach of more than half counts as the whole image."""


@dataclass(frozen=True)
class MeasuredModule:
    """Facts per axis, output channels, and number of weights."""

    axes: tuple[ModuleFacts, ...]
    out: int
    weights: int


_Make = Callable[[], Any]


def _output_shape(module: Any, shapes: list[Axes]) -> Axes | None:
    """The output shape of a module on the meta device, without the batch; None if it refuses the input."""
    import torch

    try:
        with torch.no_grad():
            output = module(*(torch.empty(1, *shape, device="meta") for shape in shapes))
        return tuple(output.shape[1:])
    except _REFUSALS:
        return None


def _on_meta(make: _Make) -> Any:
    """The module on the meta device, in evaluation mode."""
    import torch

    with torch.device("meta"):
        return make().eval()


def measure(make: _Make, channels: Axes, dims: int, declared: tuple[ModuleFacts, ...] | None) -> MeasuredModule:
    """Measures a module for inputs of `channels`; raises BlockError if its sizes follow no formula."""
    module = _on_meta(make)
    weights = sum(weight.numel() for weight in module.parameters() if weight.requires_grad)
    base = next((n for n in (32, 24, 28, 48, 56, 64, 224) if _output_shape(module, _square(channels, dims, n))), None)
    if base is None:
        raise wiring_error(f"{_name_of(module)} takes no image of {channels} channels in {dims}D", "Try it by hand.")
    shape = _output_shape(module, _square(channels, dims, base))
    if shape is None or len(shape) != dims + 1:
        raise wiring_error(
            f"{_name_of(module)} gives {shape}, no map of {dims} axes", "Return one tensor (N, C, *spatial)."
        )
    if declared:
        for axis, facts in enumerate(declared):
            _check_reach(make, channels, dims, axis, facts)
    axes = declared or _measured_axes(make, module, channels, dims, base)
    return MeasuredModule(axes, shape[0], weights)


def _name_of(module: Any) -> str:
    """The name of a module's class."""
    return type(module).__name__


def _square(channels: Axes, dims: int, size: int, axis: int = 0, along: int = 0) -> list[Axes]:
    """The shapes of inputs with equal axes; one axis has `along` samples if given."""
    spatial = [size] * dims
    if along:
        spatial[axis] = along
    return [(count, *spatial) for count in channels]


def _measured_axes(make: _Make, module: Any, channels: Axes, dims: int, base: int) -> tuple[ModuleFacts, ...]:
    """The facts along each axis. Few sizes are tried along an axis that is like the one before."""
    found: list[ModuleFacts] = []
    sizes: ModuleFacts | None = None
    for axis in range(dims):

        def tried(numbers: Iterable[int], axis: int = axis) -> dict[int, int]:
            shapes = {n: _output_shape(module, _square(channels, dims, base, axis, n)) for n in numbers}
            return {n: shape[axis + 1] for n, shape in shapes.items() if shape is not None and min(shape) > 0}

        if sizes is None or tried(_FEW) != {n: sizes.size(n) for n in _FEW if sizes.accepts(n)}:
            sizes = _formula(tried(range(1, _PROBED + 1)), _name_of(module))
        found.append(reach(make, channels, dims, axis, sizes))
    return tuple(found)


def _formula(found: dict[int, int], name: str) -> ModuleFacts:
    """The closed form of input and output sizes; raises BlockError if there is none."""
    least = min(found)
    multiple = next(m for m in range(1, _PROBED) if all(n % m == 0 for n in found) and m >= _gap(found))
    every = [n for n in range(least, _PROBED + 1) if n % multiple == 0]
    if every == sorted(found):
        for stride in range(1, _PROBED // 2):
            steps = {found[n + stride] - found[n] for n in found if n + stride in found}
            if len(steps) != 1:
                continue
            scale = steps.pop()
            for offset in range(stride):
                rest = {size - scale * ((n + offset) // stride) for n, size in found.items()}
                if len(rest) == 1 and scale > 0:
                    return ModuleFacts(stride, scale, offset, rest.pop(), least=least, multiple=multiple)
    some = ", ".join(f"{n} → {size}" for n, size in list(found.items())[:6])
    raise wiring_error(f"the sizes of {name} follow no formula: {some}", "Declare its facts: unetkit.wrap(…, facts=…).")


def _gap(found: dict[int, int]) -> int:
    """The least distance between two accepted sizes."""
    known = sorted(found)
    return min((b - a for a, b in zip(known, known[1:], strict=False)), default=1)


@contextmanager
def _with_random_weights(make: _Make) -> Iterator[Any]:
    """The module with random weights: zeros would hide what an output depends on, and large ones would overflow."""
    import torch

    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        module = make().eval()
        for weight in module.parameters():
            weight.copy_((0.5 + torch.rand_like(weight)) / max(1, weight[0].numel() if weight.dim() > 1 else 1))
        yield module


def reach(make: _Make, channels: Axes, dims: int, axis: int, sizes: ModuleFacts) -> ModuleFacts:
    """The facts of sizes completed by the reach: how far an output sees before and after its own position."""
    import torch

    other = max(sizes.least, 4)
    other += -other % sizes.multiple
    whole = _IMAGE + -_IMAGE % (sizes.multiple * sizes.stride)
    facts = vars(sizes) | {"is_global": True}
    with _with_random_weights(make) as module:
        image = [torch.rand(shape) for shape in _square(channels, dims, other, axis, whole + sizes.stride)]

        def run(start: int, spoilt: int | None = None) -> Any:
            inputs = [one.narrow(axis + 1, start, whole).clone()[None] for one in image]
            if spoilt is not None:
                for one in inputs:
                    one.narrow(axis + 2, spoilt, 1).fill_(torch.nan)
            return module(*inputs)[0].movedim(axis + 1, 0).flatten(1)

        try:
            before, after = spread(run, whole // 2, sizes)
            first, second = run(0), run(sizes.stride)
        except _REFUSALS:
            return ModuleFacts(**facts)
    if max(before, after) * 2 + 2 >= whole or min(before + after, 0) < 0:
        return ModuleFacts(**facts)
    margin = (max(before, after) + 2) * sizes.scale // sizes.stride + sizes.scale + 1
    inner, moved = first[margin + sizes.scale : -margin], second[margin : -margin - sizes.scale]
    alike = len(inner) > 0 and torch.allclose(inner, moved, rtol=1e-3, atol=1e-4 * float(first.abs().max()))
    return ModuleFacts(**(facts | {"before": before, "after": after, "is_global": not alike}))


def _check_reach(make: _Make, channels: Axes, dims: int, axis: int, declared: ModuleFacts) -> None:
    """Raises BlockError if a module sees farther than declared, or depends on the position: its tiles would be wrong.

    A reach declared too wide only costs time. A module that refuses the image of the probe has wrong sizes, which
    another check reports.
    """
    if declared.is_global:
        return
    seen = reach(make, channels, dims, axis, declared)
    declared_reach = f"declared are {declared.before} samples before and {declared.after} after along axis {axis}"
    name, cure = _name_of(_on_meta(make)), "Correct before and after, or declare is_global=True."
    if seen.is_global:
        raise wiring_error(f"{name} looks at the whole image or depends on the position, {declared_reach}", cure)
    if seen.before > declared.before or seen.after > declared.after:
        raise wiring_error(f"{name} sees {seen.before} samples before and {seen.after} after, {declared_reach}", cure)


def spread(run: Callable[..., Any], middle: int, sizes: ModuleFacts) -> tuple[int, int]:
    """How far an output sample sees before and after its own position."""
    offsets: list[int] = []
    for spoilt in range(middle, middle + sizes.stride):
        hit = run(0, spoilt).isnan().any(1).nonzero().flatten().tolist()
        offsets += [spoilt - j * sizes.stride // sizes.scale for j in hit]
    if not offsets:
        return 1 << 20, 1 << 20  # no output became NaN
    return max(0, -min(offsets)), max(0, *offsets)


def count_macs(make: _Make, shapes: list[Axes]) -> int:
    """The multiply-adds for one image, as torch counts them."""
    from unetkit.wrapping.flops import MacCounter

    module = _on_meta(make)
    with MacCounter() as counter:
        _output_shape(module, shapes)
    return int(counter.macs)
