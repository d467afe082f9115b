"""Writes benchmarks/RESULTS.md: `unetkit bench` of a few networks with a plot, and the tables of all benchmarks."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

import unetkit
from benchmarks.comparison import FOLDER, RESULTS, amount
from unetkit.bench import Bench, BenchOptions, bench, draw_roofline
from unetkit.bench.measurement import COLUMNS
from unetkit.wording import size_text

CASES: tuple[tuple[str, list[str], BenchOptions], ...] = (
    ("unet-small", [], BenchOptions((512, 512), against=("monai", "smp"))),
    ("unet-same", ["channels={base: 32, levels: 5}"], BenchOptions((256, 256))),
)
"""Spec, overrides and options; the first is plotted."""
SMALL = (
    ("unet-small", ["channels=[4, 8]"], BenchOptions((32, 32), rounds=1, only=("eager", "torch", "tiled", "training"))),
)


def main(*, small: bool = False, folder: Path = FOLDER) -> None:
    """Measures the networks of `CASES`, and writes the page with what other benchmarks have left in results.json."""
    found = []
    for name, overrides, options in SMALL if small else CASES:
        found.append(bench(unetkit.plan(unetkit.load(name, overrides)), options, print))
    draw_roofline(found[0], folder / "roofline.svg")
    file = folder / RESULTS
    tables = json.loads(file.read_text("utf-8")) if file.exists() else {}
    (folder / "RESULTS.md").write_text(page(found, tables, "roofline.svg"), "utf-8")
    print(folder / "RESULTS.md")


def page(found: list[Bench], tables: dict[str, Any], plot: str) -> str:
    """The page as Markdown."""
    lines = [
        "# Results of the benchmarks",
        "",
        "Written by `make bench`. Compare times within a table alone.",
        "",
    ]
    lines += [f"- {name}: {value}" for name, value in found[0].machine.items()]
    for one in found:
        lines += ["", *_network(one)]
        if one is found[0]:
            lines += ["", f"![roofline of {one.name}]({plot})"]
    for title, rows in tables.items():
        if isinstance(rows, list):
            lines += ["", *_comparisons(title, rows)]
    return "\n".join([*lines, ""])


def _network(found: Bench) -> list[str]:
    """A network in all ways."""
    options, peaks = found.options, found.peaks
    bf16 = f", bf16 {peaks.bf16:.0f}" if peaks.bf16 else ""
    lines = [
        f"## {found.name}, {size_text(options.size)}, batch {options.batch}",
        "",
        f"Peaks of the machine with {options.threads} thread{'s' * (options.threads != 1)}: direct convolution "
        f"{peaks.direct:.0f}, Winograd {peaks.winograd:.0f}, matrix product {peaks.matmul:.0f}{bf16} GFLOP/s; "
        f"memory {peaks.bandwidth:.0f} GB/s. `relative` is the time as a share of that of eager, or of a "
        "training step in fp32.",
        "",
        f"| {' | '.join(COLUMNS)} |",
        "|---" + "|--:" * (len(COLUMNS) - 1) + "|",
    ]
    lines += [f"| {' | '.join(row.cells(peaks))} |" for row in found.rows]
    return lines


def _comparisons(title: str, rows: list[dict[str, Any]]) -> list[str]:
    """A table of ratios: quantities of unetkit as shares of those of something else."""
    lines = [f"## {title}", "", "| what | unetkit | other | ratio | quartiles | wanted ≤ |"]
    lines.append("|---|--:|--:|--:|--:|--:|")
    for row in rows:
        ours, theirs = (amount(median(row[key]), row["unit"]) for key in ("unetkit", "other"))
        ratio = row["ratio"]
        first, third = ratio["quartiles"]
        cells = [
            row["name"],
            ours,
            theirs,
            f"{ratio['median']:.3g}",
            f"{first:.3g}-{third:.3g}",
            f"{ratio['wanted']:.3g}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    main()
