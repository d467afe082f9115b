"""The whole file: docstring, imports, borrowed definitions, a class per structure, the network, and an example."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import wrap

from unetkit.codegen.blockclass import BlockClass, construction
from unetkit.codegen.functions import borrowed, definitions, initialize
from unetkit.codegen.layout import WIDTH, Expression
from unetkit.codegen.network import NetworkClass
from unetkit.codegen.structure import Body, Key, bodies, flattened, grouped
from unetkit.codegen.text import RESERVED, class_names, safe
from unetkit.errors import SizeError
from unetkit.planning import Plan, SizedPlan, natural_size
from unetkit.wording import size_text


def code(plan: Plan) -> str:
    """Python source of the network that needs only torch. Its class is `UNet`.

    It computes what `unetkit.build` computes and has the same state_dict keys, so that weights are exchangeable. The
    same seed gives both the same initial weights.

    >>> import unetkit
    >>> source = code(unetkit.plan(unetkit.load("unet-2015")))
    >>> print(*[line for line in source.splitlines() if line.startswith("class")], sep=chr(10))
    class DoubleConv(nn.Module):
    class TransposedConv(nn.Module):
    class Concat(nn.Module):
    class Head(nn.Module):
    class UNet(nn.Module):
    """
    sized = shown(plan)
    blocks = bodies(plan)
    within = {one.slot for block in blocks.values() for one in flattened([block]) if one is not block}
    layers = [line.layer for block in flattened(blocks.values()) for line in block.lines]
    others = {layer.name: layer.home for layer in layers if layer.home}
    taken = frozenset({*RESERVED, *definitions(), *others})
    classes, blocks = _block_classes(blocks, taken)

    def make(block: Body) -> Expression:
        return construction(block.plain) if block.plain is not None else classes[block.key].instance(block)

    network = NetworkClass(plan, blocks, make, sized, taken.union(each.name for each in classes.values()))
    fills = list(initialize(plan))
    used = {layer.name.removeprefix("functional.") for layer in layers if layer.name.startswith("functional.")}
    used |= {"pad_image", "cut_padding"} if plan.pads else set()
    slots = {*network.slots, *within}
    needed = [each for each in classes.values() if each.group[0].slot in slots or each.group[0].slot != "skip"]
    sections = list(borrowed(used).values())
    sections += ["\n".join(each.source(sized, taken)) for each in needed]
    sections += network.node_classes()
    sections += network.output_classes()
    sections += ["\n".join(fills)] * bool(fills)
    sections.append("\n".join(network.source(fills=bool(fills))))
    if sized is not None:
        sections.append("\n".join(example(plan, sized)))
    body = "\n\n\n".join(sections)
    head = "\n".join([*header(plan, sized), "", *imports(body), *_third_party_imports(others)])
    return f"{head}\n\n\n{body}\n"


def shown(plan: Plan) -> SizedPlan | None:
    """The plan at the size in the comments; None if no size fits, or the sizes cannot be listed."""
    try:
        return plan.at(natural_size(plan))
    except SizeError:
        return None


def _block_classes(blocks: dict[str, Body], taken: frozenset[str]) -> tuple[dict[Key, BlockClass], dict[str, Body]]:
    """The classes by structure, and the blocks, in which each component within a block is a layer of its class."""
    classes: dict[Key, BlockClass] = {}
    for height in range(1 + max(block.height for block in blocks.values())):
        level = [one for one in flattened(blocks.values()) if one.height == height]
        groups = grouped(level)
        names = class_names(groups, {*(taken - RESERVED), *(each.name for each in classes.values())})
        kinds = [(group[0].slot, group[0].kind) for group in groups]
        classes |= {
            group[0].key: BlockClass(name, group, only=kinds.count(kind) == 1)
            for group, name, kind in zip(groups, names, kinds, strict=True)
        }
        blocks = {name: _layered(block, height, classes) for name, block in blocks.items()}
    return classes, blocks


def _layered(block: Body, height: int, classes: dict[Key, BlockClass]) -> Body:
    """The block with layers for all components of one height within it."""
    lines = []
    for line in block.lines:
        if line.body is not None and line.body.height == height:
            line = line._replace(layer=line.body.plain or classes[line.body.key].layer(line.body))
        elif line.body is not None:
            line = line._replace(body=_layered(line.body, height, classes))
        lines.append(line)
    return block._replace(lines=tuple(lines))


def header(plan: Plan, sized: SizedPlan | None) -> Iterator[str]:
    """Yields the docstring of the file."""
    spec = plan.spec
    name, description = safe(spec.name) or "U-Net", safe(spec.keys.description)
    levels = ", ".join(map(str, spec.channels))
    facts = {"Paper": safe(spec.keys.paper), "Channels": f"{spec.in_channels} -> {levels} -> {spec.out_channels}"}
    if sized is not None:
        facts["Sizes"] = f"{size_text(sized.input_size)} -> {size_text(sized.output_size)}"
    facts |= {"Parameters": f"{plan.parameters:,}", "Digest": plan.digest}
    first, *rest = wrap(f"{name}: {description}." if description else f"{name}.", WIDTH - 4)
    yield from (f'"""{first}', *rest, "")
    for key, value in facts.items():
        lines = wrap(value, WIDTH - 12)
        yield from (f"{key + ':':12}{line}" if n == 0 else f"{'':12}{line}" for n, line in enumerate(lines))
    needs = " and ".join(["torch", *(f"{owner} {version}" for owner, version in sorted(spec.plugins.items()))])
    yield from ("", f"Written by unetkit; needs only {needs}.", '"""')


def imports(body: str) -> Iterator[str]:
    """Yields the imports that the rest of the file needs."""
    standard = ["import math"] if re.search(r"(?<![\w.])math\.", body) else []
    standard += ["from collections import OrderedDict"] if "OrderedDict(" in body else []
    standard += ["from typing import NamedTuple"] if "(NamedTuple)" in body else []
    yield from [*standard, ""] if standard else []
    if re.search(r"(?<![\w.])torch\.", body):
        yield "import torch"
    yield "from torch import Tensor, nn"
    if re.search(r"(?<![\w.])functional\.", body):
        yield "from torch.nn import functional"


def _third_party_imports(homes: dict[str, str]) -> Iterator[str]:
    """Yields the imports of third-party layers."""
    if homes:
        yield ""
    for name, home in sorted(homes.items(), key=lambda item: item[1]):
        yield f"from {home} import {name}"


def example(plan: Plan, sized: SizedPlan) -> Iterator[str]:
    """Yields the code that runs when the file is run as a program."""
    shape = ", ".join(map(str, (1, plan.spec.in_channels, *sized.input_size)))
    given = ", ".join(["image", *plan.vectors])
    expected = ", ".join(map(str, (1, plan.spec.out_channels, *sized.output_size)))
    printed = f"tuple(network({given}).shape))  # ({expected})"
    if len(plan.for_inference().outputs) > 1:
        printed = f"[tuple(output.shape) for output in network({given})])"
    yield 'if __name__ == "__main__":'
    yield "    network = UNet().eval()"
    yield f"    image = torch.zeros({shape})"
    for name, channels in plan.vectors.items():
        yield f"    {name} = torch.zeros({', '.join(map(str, (1, channels, *(1,) * plan.dims)))})"
    yield "    with torch.inference_mode():"
    yield f"        print({printed}"
