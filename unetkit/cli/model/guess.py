"""unetkit guess."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unetkit.cli.arguments import AsJson, Overwrite
from unetkit.cli.model.import_weights import Key
from unetkit.cli.output import say

_File = Annotated[
    Path,
    typer.Argument(
        metavar="STATE_DICT",
        help="Weights: a file of torch.save with any name, or .safetensors.",
        show_default=False,
    ),
]
_Example = Annotated[
    tuple[Path, Path] | None,
    typer.Option(
        metavar="IN OUT",
        help="An image and what the network computes for it, .npy, to decide between specs with equal shapes.",
        show_default=False,
    ),
]
_Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write the first match as a spec, .yaml.", show_default=False),
]


def guess(
    weights: _File,
    example: _Example = None,
    key: Key = None,
    output: _Output = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Find the spec of weights: the shipped specs that have their shapes, with other channels and levels too.

    Settings that no shape depends on are listed; --example decides between them. Nothing in the file is executed.
    """
    from dataclasses import replace

    from unetkit.checkpoint import open_state_dict
    from unetkit.cli.output import print_json
    from unetkit.guessing import Example, decide, guess
    from unetkit.overwriting import check_outputs
    from unetkit.writing import write_whole

    if output is not None:
        check_outputs([output], inputs=[weights, *(example or ())], overwrite=overwrite)
    state = open_state_dict(weights, key)
    found = guess(state)
    if example is not None:
        decided = decide(state, found.matches, Example(*example))
        found = replace(found, matches=tuple(match for match, _ in decided))
    if output is not None:
        write_whole(output, found.matches[0].yaml().encode())
    if as_json:
        print_json(found.json())
        return
    for match in found.matches:
        say(" ".join([match.spec, *(f"--set '{text}'" for text in match.overrides)]))
    if example is None:
        say("not shown by shapes: " + ", ".join(f"{path} {value}" for path, value in found.open.items()))
    if output is not None:
        say(f"{output}: {found.matches[0].spec}")
