"""The class of the network: a table of levels, and a forward that loops over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from unetkit.codegen.layout import INDENT, Expression, Item, ItemGroup, call, in_tuple, lay_out, literal
from unetkit.codegen.structure import Body
from unetkit.codegen.text import docstring
from unetkit.planning import Plan, SizedPlan

_INNER = INDENT * 2
_Make = Callable[[Body], Expression]
"""Maps a block to the call that creates it."""


class NetworkClass:
    """The class UNet. `make` maps a block to its call; `sized` has the sizes in the comments beside the levels."""

    def __init__(self, plan: Plan, blocks: dict[str, Body], make: _Make, sized: SizedPlan | None) -> None:
        self.plan = plan
        self.blocks = blocks
        self.make = make
        self.depth = plan.spec.depth
        self.merges = any(not block.passes for block in blocks.values() if block.slot == "skip")
        self.shapes = {step.name: (step.channels, *step.output_size) for step in sized.steps} if sized else {}

    def source(self, *, fills: bool) -> Iterator[str]:
        """Yields the lines of the class; with `fills` its weights are initialized by the function `initialize`."""
        spec = self.plan.spec
        levels = f"{self.depth} levels" if self.depth > 1 else "one level"
        summary = f"A {spec.dims}D U-Net of {levels}, from {spec.in_channels} to {spec.out_channels} channels."
        further = ["Images are padded to the next size that fits, and the output is cut to match."] * self.plan.pads
        yield "class UNet(nn.Module):"
        yield from docstring(summary, further, INDENT)
        yield ""
        yield f"{INDENT}def __init__(self) -> None:"
        yield f"{_INNER}super().__init__()"
        yield from self.init()
        if fills:
            yield f"{_INNER}self.apply(initialize)"
        yield ""
        yield from self.forward()

    def init(self) -> Iterator[str]:
        """Yields the lines that create the levels, in execution order."""
        last = self.depth - 1
        if last:
            levels = [Item(self.ordered(f"encoder.{n}"), comment=self.shape(f"encoder.{n}.block")) for n in range(last)]
            yield from lay_out("self.encoder = ", call("nn.ModuleList", ItemGroup("[", tuple(levels), "]")), _INNER)
        comment = self.shape("bottleneck.block")
        yield from lay_out("self.bottleneck = ", self.ordered("bottleneck"), _INNER, comment=comment)
        if last:
            levels = [
                Item(self.keyed(f"decoder.{n}"), f'"{n}": ', self.shape(f"decoder.{n}.block"))
                for n in reversed(range(last))
            ]
            yield from lay_out("self.decoder = ", call("nn.ModuleDict", ItemGroup("{", tuple(levels), "}")), _INNER)
        yield from lay_out("self.head = ", self.make(self.blocks["head"]), _INNER, comment=self.shape("head"))

    def parts(self, level: str) -> dict[str, Expression]:
        """The calls that create the blocks of a level, by slot."""
        slots = ("down", "block") if not level.startswith("decoder") else ("up", "skip", "block")
        found = {slot: self.blocks[f"{level}.{slot}"] for slot in slots if f"{level}.{slot}" in self.blocks}
        return {slot: self.make(block) for slot, block in found.items() if slot != "skip" or self.merges}

    def ordered(self, level: str) -> Expression:
        """The call that creates a level as a sequence of blocks."""
        return call("nn.Sequential", call("OrderedDict", **self.parts(level)))

    def keyed(self, level: str) -> Expression:
        """The call that creates a level whose forward calls each block itself."""
        items = tuple(Item(value, f'"{slot}": ') for slot, value in self.parts(level).items())
        return call("nn.ModuleDict", ItemGroup("{", items, "}"))

    def shape(self, scope: str) -> str:
        """Channels and size of a block's output, for a comment."""
        return " × ".join(map(str, self.shapes.get(scope, ())))

    def forward(self) -> Iterator[str]:
        """Yields the lines of the forward."""
        yield f"{INDENT}def forward(self, x: Tensor) -> Tensor:"
        if self.plan.pads:
            yield f"{_INNER}image = x"
            yield from lay_out("x = padded = ", self.padding(), _INNER)
        yield from (_INNER + line for line in self.levels())
        yield _INNER + ("return cut_padding(self.head(x), padded, image)" if self.plan.pads else "return self.head(x)")

    def padding(self) -> Expression:
        """The call that pads the image; the sizes of each axis are start, period and remainders."""
        sets = [
            in_tuple(literal(sizes.start), literal(sizes.period), in_tuple(*map(literal, sizes.remainders)))
            for sizes in self.plan.preferred_sizes
        ]
        return call("pad_image", "image", in_tuple(*sets), mode=literal(self.plan.spec.odd_sizes.padding))

    def levels(self) -> Iterator[str]:
        """Yields the statements of encoder, bottleneck and decoder."""
        if self.depth > 1:
            yield from ["skips = []"] * self.merges
            yield from ("for level in self.encoder:", f"{INDENT}x = level(x)")
            yield from [f"{INDENT}skips.append(x)"] * self.merges
        yield "x = self.bottleneck(x)"
        if self.depth > 1:
            yield "for level in self.decoder.values():  # the deepest first"
            yield f'{INDENT}x = level["up"](x)'
            yield from [f'{INDENT}x = level["skip"](x, skips.pop())'] * self.merges
            yield f'{INDENT}x = level["block"](x)'
