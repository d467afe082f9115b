"""unetkit bench."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unetkit.cli.arguments import AsJson, Overrides, Overwrite, SizeText, complete_spec, image_size, plan_of

if TYPE_CHECKING:
    from unetkit.bench import Bench

_Spec = Annotated[
    str,
    typer.Argument(metavar="[SPEC]", help="A YAML file, or the name of a shipped spec.", autocompletion=complete_spec),
]
_Against = Annotated[
    str | None,
    typer.Option(metavar="NAMES", help="Networks of other packages beside it: smp, monai.", show_default=False),
]
_Only = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="What to measure, as in eager,torch,training. [default: all but compile, which takes minutes to prepare]",
        show_default=False,
    ),
]
_Threads = Annotated[int, typer.Option(min=1, metavar="N", help="Threads of the processor.")]
_Rounds = Annotated[int, typer.Option(min=1, metavar="N", help="Calls of each, one of each in a round.")]
_Batch = Annotated[int, typer.Option(min=1, metavar="N", help="Images at once.")]
_Plot = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE", help="Draw a roofline: .svg, .png or .pdf.", show_default=False),
]


def bench(  # noqa: PLR0913 - one parameter per option
    spec: _Spec = "unet-small",
    size: SizeText = None,
    against: _Against = None,
    only: _Only = None,
    threads: _Threads = 1,
    rounds: _Rounds = 5,
    batch: _Batch = 1,
    plot: _Plot = None,
    overwrite: Overwrite = False,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Measure a network on this CPU: time, memory, and the share of the machine's peaks.

    Inference by each backend, in tiles and in strips, and a training step, one call of each in turn.
    """
    from unetkit.bench import BenchOptions
    from unetkit.bench import bench as measure
    from unetkit.cli.output import print_json, say
    from unetkit.overwriting import check_outputs

    if plot is not None:
        from unetkit.bench.roofline import check_plot

        check_outputs([plot], overwrite=overwrite)
        check_plot(plot)
    plan = plan_of(spec, overrides)
    options = BenchOptions(image_size(plan, size), batch, rounds, threads, _names(only), _names(against))
    found = measure(plan, options, lambda text: say(text, to_errors=True))
    if plot is not None:
        from unetkit.bench import draw_roofline

        draw_roofline(found, plot)
    if as_json:
        print_json(found.json())
    else:
        _print(found)


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip()) if text else ()


def _print(found: Bench) -> None:
    from unetkit.bench.measurement import COLUMNS
    from unetkit.cli.output import facts, print_rich, size_text, table

    options, peaks = found.options, found.peaks
    best = {"direct": peaks.direct, "Winograd": peaks.winograd, "matrix product": peaks.matmul, "bf16": peaks.bf16}
    rates = ", ".join(f"{name} {rate:.0f}" for name, rate in best.items() if rate)
    lines = [(f"{found.name}", f"{size_text(options.size)}, batch {options.batch}, {options.rounds} rounds")]
    lines += [*found.machine.items(), ("peaks", f"{rates} GFLOP/s; memory {peaks.bandwidth:.0f} GB/s")]
    rows = table(*COLUMNS, right=COLUMNS[1:])
    for row in found.rows:
        rows.add_row(*row.cells(peaks))
    print_rich(facts(lines), "", rows)
