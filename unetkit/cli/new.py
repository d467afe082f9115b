"""unetkit new."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from unetkit.cli.arguments import complete_spec

STARTER = """\
# Check it: unetkit validate {file}      Look at it: unetkit show {file}
unetkit: 1                                # version of the spec language
{name}
dims: {dims}                                   # axes of the images: 1, 2 or 3
in_channels: 1                            # of the images: 1 grey, 3 colour
out_channels: 2                           # classes
channels: [32, 64, 128, 256]              # one number per level, the first is full resolution

block: double_conv                        # what a level does; unetkit blocks lists what there is
norm: batch                               # for all blocks: batch, instance, group, layer or none
act: relu
down: max_pool                            # the way to the next level, half the size
up: transposed_conv                       # the way back
skip: {{type: concat, align: same}}         # how encoder and decoder meet; align: crop or pad takes any size
head: conv

# Whatever stands above can be overridden for a part of the network:
# bottleneck:
#   block: {{dropout: 0.2}}
# levels:
#   0: {{block: {{kernel: 5}}}}
"""

CHANGED = """\
# Check it: unetkit validate {file}      See what changed: unetkit diff {base} {file}
{extends}
{name}

# Write only what differs; unetkit resolve {base} shows everything that can be changed. For example:
# block: {{kernel: 5}}
# skip: {{align: pad}}
"""


def new(
    file: Annotated[Path, typer.Argument(help="The YAML file to write.", show_default=False)],
    dims: Annotated[int, typer.Option(min=1, max=3, help="Axes of the images.")] = 2,
    base: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="SPEC",
            help="Begin with this spec and change it.",
            show_default=False,
            autocompletion=complete_spec,
        ),
    ] = None,
) -> None:
    """Write a commented spec to begin with."""
    from unetkit.errors import Fault, FileError
    from unetkit.writing import write_whole

    if file.suffix not in (".yaml", ".yml"):
        raise typer.BadParameter(f"{file} is no YAML file: call it {file}.yaml.")
    if base is not None and dims != 2:
        raise typer.BadParameter("--from takes the axes of its spec: leave --dims out.")
    text = starter(file, dims) if base is None else changed(file, base)
    if file.exists():
        raise FileError(Fault("file-exists", f"{file} is there already", cure="Choose another name, or remove it."))
    write_whole(file, text.encode())
    print(file)


def starter(file: Path, dims: int) -> str:
    """Returns a small U-Net, each line with what it says."""
    return STARTER.format(file=file, name=entry("name", file.stem), dims=dims)


def changed(file: Path, base: str) -> str:
    """Returns a spec that extends another; raises SpecError where that one is not valid."""
    from unetkit.planning import plan
    from unetkit.spec import find_spec, load, shipped

    plan(load(base))
    found = find_spec(base)
    reference = base if base in shipped() else Path(os.path.relpath(found, file.parent)).as_posix()
    return CHANGED.format(file=file, base=base, extends=entry("extends", reference), name=entry("name", file.stem))


def entry(key: str, value: str) -> str:
    """Returns one line of YAML, the value quoted where it must be.

    >>> entry("name", "mine"), entry("name", "12")
    ('name: mine', "name: '12'")
    """
    import yaml  # its writer

    return str(yaml.safe_dump({key: value}, allow_unicode=True, width=1000)).rstrip()
