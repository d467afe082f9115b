"""The class of the network: its modules, and a forward that calls them one after the other or loops over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from string import ascii_lowercase
from typing import NamedTuple

from unetkit.codegen.layout import INDENT, Expression, Item, ItemGroup, call, in_tuple, lay_out, literal
from unetkit.codegen.loops import Loop, loops
from unetkit.codegen.stages import Form, Stage, node_class, stages
from unetkit.codegen.structure import Body
from unetkit.codegen.text import docstring, unused
from unetkit.module_tree import Tree, module_tree
from unetkit.planning import Plan, SizedPlan
from unetkit.planning.wiring import Call

_INNER = INDENT * 2
_Make = Callable[[Body], Expression]
"""Maps a block to the call that creates it."""


class _Forward(NamedTuple):
    """The statements of a forward, and the expression of each output."""

    lines: list[str]
    outputs: list[str]


class NetworkClass:
    """The class UNet. `make` maps a block to its call; `sized` has the sizes in the comments beside the modules."""

    def __init__(
        self, plan: Plan, blocks: dict[str, Body], make: _Make, sized: SizedPlan | None, taken: frozenset[str]
    ) -> None:
        self.plan = plan
        self.blocks = blocks
        self.make = make
        self.taken = taken
        self.shapes = {step.name: (step.channels, *step.output_size) for step in sized.steps} if sized else {}
        merges = any(not block.passes for block in blocks.values() if block.slot == "skip")
        used = [one for one in plan.calls if not plan.is_input(one)]
        self.calls = [one for one in used if merges or one.slot != "skip"]
        self.tree = module_tree({one.scope: one for one in self.calls})
        self.stages = stages(self.calls, list(plan.outputs.values()))
        self.loops = loops(self.stages, plan.output) if len(plan.outputs) == 1 else None
        self.held = {stage.path: stage for stage in self.stages if stage.names}
        forms = dict.fromkeys(stage.form for stage in self.held.values() if self.loops is None and not stage.is_chain)
        self.names: dict[Form, str] = {}
        for form in forms:
            self.names[form] = unused("Node", taken.union(self.names.values()))

    @property
    def slots(self) -> set[str]:
        """The slots of the blocks that the network calls."""
        return {one.slot for one in self.calls}

    def node_classes(self) -> Iterator[str]:
        """Yields the source of the classes of stages with several inputs."""
        for form, name in self.names.items():
            varies = any(len(stage.inputs) > 2 for stage in self.held.values() if stage.form == form)
            yield "\n".join(node_class(name, form, varies=varies))

    def source(self, *, fills: bool) -> Iterator[str]:
        """Yields the lines of the class; with `fills` its weights are initialized by the function `initialize`."""
        spec = self.plan.spec
        levels = f"{spec.depth} levels" if spec.depth > 1 else "one level"
        summary = (
            f"A {spec.dims}D {spec.topology.name} of {levels}, from {spec.in_channels} to {spec.out_channels} channels."
        )
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

    # ---- the modules

    def init(self) -> Iterator[str]:
        """Yields the lines that create the modules, in the order in which torch lists them."""
        for name, held in self.tree.items():
            comment = self.shape(held) if isinstance(held, Call) or (name,) in self.held else ""
            yield from lay_out(f"self.{name} = ", self.created((name,), held), _INNER, comment=comment)

    def created(self, path: tuple[str, ...], held: Call | Tree[Call]) -> Expression:
        """The call that creates a module."""
        if isinstance(held, Call):
            return self.make(self.blocks[held.scope])
        parts = {key: self.created((*path, key), value) for key, value in held.items()}
        stage = self.held.get(path)
        if stage is not None and stage.is_chain:
            return call("nn.Sequential", call("OrderedDict", **parts))
        if stage is not None and stage.form in self.names:
            return call(self.names[stage.form], **parts)
        comments = {key: "" if stage else self.shape(held[key]) for key in held}
        if self.is_list(held):
            items = tuple(Item(value, comment=comments[key]) for key, value in parts.items())
            return call("nn.ModuleList", ItemGroup("[", items, "]"))
        items = tuple(Item(value, f'"{key}": ', comments[key]) for key, value in parts.items())
        return call("nn.ModuleDict", ItemGroup("{", items, "}"))

    @staticmethod
    def is_list(held: Iterable[str]) -> bool:
        """Whether modules are numbered from 0."""
        return [*held] == [str(number) for number, _ in enumerate(held)]

    def shape(self, held: Call | Tree[Call]) -> str:
        """Channels and size of the output of a block or a stage, for a comment; empty for other modules."""
        if not isinstance(held, Call):
            *_, held = held.values()
        return " × ".join(map(str, self.shapes.get(held.scope, ()))) if isinstance(held, Call) else ""

    # ---- the forward

    def forward(self) -> Iterator[str]:
        """Yields the lines of the forward."""
        found = self.straight() if self.loops is None else self.looped(self.loops)
        inputs = ["x", *(name for name, node in self.plan.inputs.items() if node)]
        arguments = ", ".join(f"{name}: Tensor" for name in inputs)
        result = " | ".join(dict.fromkeys(name or "Tensor" for name in self.result_classes))
        yield f"{INDENT}def forward(self, {arguments}) -> {result}:"
        if self.plan.pads:
            yield f"{_INNER}image = x"
            yield from lay_out("x = padded = ", self.padding(), _INNER)
        yield from (_INNER + line for line in found.lines)
        values = {
            name: f"cut_padding({value}, padded, image)" if self.plan.pads and self.plan.is_full(name) else value
            for name, value in zip(self.plan.outputs, found.outputs, strict=True)
        }
        for name, outputs in self.result_classes.items():
            is_last = outputs == self.in_inference
            if not is_last:
                yield f"{_INNER}if self.training:"
            own = {output: values[output] for output in outputs}
            value = call(name, **own) if name else values[outputs[0]]
            yield from lay_out("return ", value, _INNER if is_last else _INNER + INDENT)

    @property
    def in_inference(self) -> tuple[str, ...]:
        """The names of the outputs that exist in inference too."""
        return tuple(name for name in self.plan.outputs if name not in self.plan.training_outputs)

    @property
    def result_classes(self) -> dict[str, tuple[str, ...]]:
        """The outputs by the class that holds them, in training first; a single one has none."""
        everywhere, always = tuple(self.plan.outputs), self.in_inference
        own = {"Outputs" if len(always) > 1 else "": always}
        return own if always == everywhere else {"TrainingOutputs": everywhere} | own

    def output_classes(self) -> Iterator[str]:
        """Yields the source of the classes of outputs."""
        shapes = {one.output: self.shape(one) for one in self.calls}
        for name, outputs in self.result_classes.items():
            if name:
                when = "in training" if name == "TrainingOutputs" else "of the network"
                lines = [f"{each}: Tensor  # {shapes[self.plan.outputs[each]]}".rstrip(" #") for each in outputs]
                head = [f"class {name}(NamedTuple):", f'{INDENT}"""The outputs {when}."""', ""]
                yield "\n".join([*head, *(INDENT + line for line in lines)])

    def padding(self) -> Expression:
        """The call that pads the image; the sizes of each axis are start, period and remainders."""
        sets = [
            in_tuple(literal(start), literal(period), in_tuple(*map(literal, remainders)))
            for start, period, remainders in self.plan.padding_rule
        ]
        return call("pad_image", "image", in_tuple(*sets), mode=literal(self.plan.spec.odd_sizes.padding))

    def looped(self, found: list[Loop]) -> _Forward:
        """The forward of a network of loops."""
        lines = ["skips = []"] * any(loop.pushes for loop in found)
        *loops, last = found
        for loop in loops:
            lines += self.loop(loop) if loop.repeats else [f"x = self.{loop.name}(x)"]
        if last.repeats:
            return _Forward([*lines, *self.loop(last)], ["x"])
        return _Forward(lines, [f"self.{last.name}(x)"])

    def loop(self, loop: Loop) -> Iterator[str]:
        """Yields the statements of one loop."""
        levels = [stage.calls[-1].level for stage in loop.stages]
        note = "  # the deepest first" * all(a > b for a, b in pairwise(levels))
        is_list = self.is_list([stage.path[1] for stage in loop.stages])
        yield f"for level in self.{loop.name}:" if is_list else f"for level in self.{loop.name}.values():{note}"
        if not loop.pops:
            yield f"{INDENT}x = level(x)"
        else:
            for name, given in loop.stages[0].form:
                yield f'{INDENT}x = level["{name}"](x{", skips.pop()" * bool(given)})'
        yield from [f"{INDENT}skips.append(x)"] * loop.pushes

    def straight(self) -> _Forward:
        """The forward with a statement per stage; a result that only the next stage reads is `x`."""
        lines, outputs = list[str](), self.plan.outputs.values()
        variables = {node: name if node else "x" for name, node in self.plan.inputs.items()}
        heads = [stage for stage in self.stages if stage.output in outputs and not self.is_read(stage.output)]
        ends = {node for stage in heads for node in stage.inputs}
        body = [stage for stage in self.stages if stage not in heads]
        for index, stage in enumerate(body):
            value, node = self.applied(stage, variables), stage.output
            following = [each.inputs for each in body[index + 1 :]]
            if len(heads) == 1:
                following.append(heads[0].inputs)
            needed = {*outputs, *ends}.union(*following)
            variables = {known: name for known, name in variables.items() if known in needed}
            taken = {*variables.values(), *self.taken, "image", "padded"}
            soon = [node in inputs for inputs in following] == [True] + [False] * (len(following) - 1)
            brief = soon and "x" not in taken and node not in outputs and (len(heads) == 1 or node not in ends)
            name = "x" if brief else "_".join(stage.path)
            letters = ["", *ascii_lowercase[1:]]  # where a module is called again
            variables[node] = next(name + letter for letter in letters if name + letter not in taken)
            lines.append(f"{variables[node]} = {value}")
        variables |= {stage.output: self.applied(stage, variables) for stage in heads}
        return _Forward(lines, [variables[node] for node in outputs])

    def is_read(self, node: int) -> bool:
        """Whether a block reads a signal."""
        return any(node in one.inputs for one in self.calls)

    def applied(self, stage: Stage, variables: dict[int, str]) -> str:
        """The expression for the output of a stage."""
        return f"{self.address(stage.path)}({', '.join(variables[node] for node in stage.inputs)})"

    def address(self, path: tuple[str, ...]) -> str:
        """The expression for a module."""
        first, *rest = path
        held, text = self.tree[first], f"self.{first}"
        for key in rest:
            assert isinstance(held, dict), "what has a path within it"
            text += f"[{key}]" if self.is_list(held) else f'["{key}"]'
            held = held[key]
        return text
