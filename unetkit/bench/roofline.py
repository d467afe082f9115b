"""A roofline plot (Williams et al., 2009): the rate of each way under the limits of arithmetic and memory."""

from __future__ import annotations

from importlib.util import find_spec
from math import atan, degrees
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unetkit.errors import Fault, UnetkitError

if TYPE_CHECKING:
    from unetkit.bench.measurement import Bench

_INK, _FAINT = "#767676", "#9a9a9a"
"""Greys with a contrast of at least 2.8 to white and to black, so that the plot reads on both."""
_COLOURS = {"direct": "#1f83d0", "winograd": "#2a9d5c", "matmul": "#b5770d", "bf16": "#d04a6a"}
_LABELS = {"direct": "direct convolution", "winograd": "Winograd", "matmul": "matrix product", "bf16": "bf16"}
_SUFFIXES = (".svg", ".png", ".pdf")


def check_plot(path: Path) -> None:
    """Raises UnetkitError where a plot cannot be written: the suffix is of no format, or matplotlib is missing."""
    if path.suffix not in _SUFFIXES:
        raise UnetkitError(Fault("plot", f"{path} is no {', '.join(_SUFFIXES)} file", cure="Change its name."))
    if find_spec("matplotlib") is None:
        raise UnetkitError(Fault("plot", "matplotlib is not installed", cure="pip install 'unetkit[bench]'"))


def draw_roofline(found: Bench, path: Path) -> None:
    """Writes the plot as SVG, PNG or PDF, without a background; raises UnetkitError where it cannot be written."""
    check_plot(path)
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(
        {"svg.hashsalt": "unetkit", "svg.fonttype": "none", "font.size": 9, "font.family": "sans-serif"}
    ):
        figure = Figure(figsize=(7.2, 4.4), layout="constrained")
        axes = figure.add_subplot()
        _roofs(axes, found)
        _points(axes, found)
        _style(axes, found)
        figure.savefig(path, transparent=True, dpi=160, metadata={"Date": None} if path.suffix == ".svg" else None)


def _drawn(found: Bench) -> list[Any]:
    return [row for row in found.rows if row.rate is not None and row.intensity is not None]


def _span(found: Bench) -> tuple[float, float]:
    """The intensities from the left to the right of the plot."""
    intensities = [row.intensity for row in _drawn(found)]
    knees = [best / found.peaks.bandwidth for best in _roof_rates(found).values()]
    return min([*intensities, *knees]) / 2, max([*intensities, *knees]) * 3


def _roof_rates(found: Bench) -> dict[str, float]:
    return {name: best for name in _LABELS if (best := getattr(found.peaks, name))}


def _roofs(axes: Any, found: Bench) -> None:
    left, right = _span(found)
    band, rates = found.peaks.bandwidth, _roof_rates(found)
    axes.plot([left, max(rates.values()) / band], [left * band, max(rates.values())], color=_INK, lw=1.2)
    axes.text(
        1.1 * left, 1.2 * left * band, f"memory {band:.0f} GB/s", color=_INK, rotation=degrees(atan(1.2 / 1.1 * band)),
        rotation_mode="anchor", transform_rotates_text=True,
    )  # fmt: skip
    for name, best in rates.items():
        label = f"{_LABELS[name]}: peak {best:.0f} GFLOP/s"
        axes.plot([best / band, right], [best, best], color=_COLOURS[name], lw=1.2, label=label)


def _points(axes: Any, found: Bench) -> None:
    """The ways, numbered as in the list beside the plot: they lie close together."""
    for number, row in enumerate(_drawn(found), 1):
        colour = _COLOURS["bf16" if row.dtype == "bf16" else "direct"]
        label = f"{number}  {row.name}: {row.rate:.0f} GFLOP/s"
        axes.plot([row.intensity], [row.rate], "o", color=colour, ms=5, label=label)
        axes.annotate(
            str(number), (row.intensity, row.rate), (5 if number % 2 else -5, 0), textcoords="offset points",
            color=colour, va="center", ha="left" if number % 2 else "right",
        )  # fmt: skip


def _style(axes: Any, found: Bench) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(*_span(found))
    axes.set_ylim(top=1.6 * max(_roof_rates(found).values()))
    axes.set_xlabel("operations per byte that the network's operations read and write", color=_INK)
    axes.set_ylabel("GFLOP/s", color=_INK)
    size = "×".join(map(str, found.options.size))
    threads = f"{found.options.threads} thread{'s' * (found.options.threads != 1)}"
    axes.set_title(f"{found.name}, {size}, {threads}\n{found.machine['processor']}", color=_INK, fontsize=9, loc="left")
    axes.tick_params(colors=_INK, which="both")
    axes.grid(color=_FAINT, alpha=0.35, lw=0.5)
    for spine in axes.spines.values():
        spine.set_color(_INK)
    legend = axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, handlelength=1)
    for text in legend.get_texts():
        text.set_color(_INK)
