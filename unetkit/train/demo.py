"""`make demo`: three small U-Nets, each a YAML file, learn to tell fluid, grey and white matter in the human head."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from unetkit.data import Splits, cover, load_data, open_data
from unetkit.data.head import ABOUT, NOISE, SLICE
from unetkit.draw import draw
from unetkit.errors import UnetkitError
from unetkit.planning import plan
from unetkit.spec import load
from unetkit.train.folder import train_run
from unetkit.train.options import Machine
from unetkit.train.result import RunResult, read_result
from unetkit.train.runspec import load_run
from unetkit.writing import write_whole

if TYPE_CHECKING:
    from unetkit.planning import Plan

SHOWN = ("z040", "z112")  # the test slices in the pictures
TISSUE = slice(1, None)  # the classes that are reported: background is easy


@dataclass(frozen=True)
class Network:
    """One network of the demo: what its YAML file changes in `unet-small`, and how it is trained."""

    name: str
    changes: str
    training: dict[str, Any] = field(hash=False)

    @property
    def text(self) -> str:
        """The YAML file."""
        head = f"# Written by `make demo`.\nunetkit: 1\nextends: unet-small\nname: {self.name}\n"
        return f"{head}channels: {{base: 8}}\n{self.changes}"


def training(patch: int, batch: int, steps: int) -> dict[str, Any]:
    """Returns how a network is trained: with patches whose output is at least `patch` pixels wide and high."""
    return {
        "steps": steps,
        "batch": batch,
        "patch": patch,
        "augmentation": [{"type": "flip", "axes": [1]}],  # left and right
        "optimizer": {"type": "adamw", "learning_rate": 1e-2},
    }


# A valid network spends most of its work on the border that it loses, so it gets larger patches and fewer of them.
NETWORKS = (
    Network("small-crop", "block: {padding: valid}\nskip: {align: crop}\n", training(116, batch=4, steps=360)),
    Network("small-pad", "block: {padding: valid}\nskip: {align: pad}\n", training(100, batch=8, steps=450)),
    Network("small-same", "", training(64, batch=8, steps=1000)),
)


class Demo:
    """The programme, with the folder that it writes and the terminal that it talks to."""

    def __init__(
        self, folder: Path, console: Console, networks: tuple[Network, ...] = NETWORKS, data: str = "mni"
    ) -> None:
        self.folder = folder
        self.console = console
        self.networks = networks
        self.data = data

    @cached_property
    def splits(self) -> Splits:
        """The images."""
        return open_data(load_data(self.data))

    def run(self) -> None:
        """Checks, shows and draws the networks, trains those that have no result yet, and says what came out."""
        begun = time.monotonic()
        self.console.print("\n[bold]unetkit demo[/]: three small U-Nets learn to tell tissue in the human head.")
        images = f"Images: {ABOUT} (σ = {NOISE:.0f} grey levels), {SLICE[0]}×{SLICE[1]} mm."
        self.console.print(images, style="dim", highlight=False)
        plans = [self.check(network) for network in self.networks]
        self.show(plans)
        self.console.print("\n[bold]Training[/]")
        earlier = [read_result(self.folder / network.name) is not None for network in self.networks]
        results = [self.result(network) for network in self.networks]
        self.report(results)
        self.suggest(results, all(earlier), time.monotonic() - begun)

    def check(self, network: Network) -> Plan:
        """Returns the plan of a network after writing, reading and drawing its YAML file."""
        write_whole(self.file(network, ".yaml"), network.text.encode())
        planned = plan(load(self.file(network, ".yaml")))
        sized = planned.at(cover(planned, SLICE).input_size)
        for suffix in ("-drawing.svg", "-drawing.png"):
            draw(sized, self.file(network, suffix))
        return planned

    def show(self, plans: list[Plan]) -> None:
        """Prints what the networks are."""
        table = headed("\nChecked and drawn", "network", "padding", "align")
        for heading in ("parameters", "field", "input", "output"):
            table.add_column(heading, justify="right")
        for planned in plans:
            sized = planned.at(cover(planned, SLICE).input_size)
            values = planned.spec.resolve()
            table.add_row(
                planned.spec.name,
                values["block"]["padding"],
                values["skip"]["align"],
                f"{planned.parameters:,}",
                "×".join("all" if size is None else str(size) for size in planned.receptive_field),
                "×".join(map(str, sized.input_size)),
                "×".join(map(str, sized.output_size)),
            )
        self.console.print(table)

    def result(self, network: Network) -> RunResult:
        """Returns the result of a network, trained now or earlier; draws what it says of some slices."""
        asked = load_run(
            {
                "unetkit": 1,
                "spec": str(self.file(network, ".yaml").resolve()),
                "data": str(Path(self.data).resolve()) if self.data != "mni" else self.data,
                "training": network.training,
            }
        )
        known = read_result(self.folder / network.name)
        # One thread: twice the speed at most is lost; two threads wait for each other where cores are busy.
        result = train_run(asked, self.folder / network.name, machine=Machine("cpu", threads=1))
        if known is not None and self.file(network, ".png").exists():
            self.console.print(f"  {network.name}: trained earlier")
        else:
            self.picture(network, result)
        return result

    def picture(self, network: Network, result: RunResult) -> None:
        """Draws what a network says of some test slices, and writes all of them as images."""
        from unetkit.data.images import write_image, write_levels
        from unetkit.scoring import label
        from unetkit.scoring.figure import Example, figure
        from unetkit.train.modelfile import Trained

        trained, pairs = Trained.load(result.folder / "best.safetensors"), self.splits.test
        for pair in pairs:
            write_levels(pair.image[0], self.folder / "slices" / f"{pair.name}.png")
        shown = [pair for pair in pairs if pair.name in SHOWN]
        rows = [Example.of(pair, labels) for pair, labels in label(trained.model, shown, trained.normalization)]
        dice = ", ".join(f"{name} {value:.3f}" for name, value in [*result.means().items()][TISSUE])
        subtitle = f"{ABOUT} (σ = {NOISE:.0f}); test slices; Dice: {dice}"
        write_image(figure(rows, pairs.classes, network.name, subtitle), self.file(network, ".png"))

    def report(self, results: list[RunResult]) -> None:
        """Prints Dice per class beside the baseline."""
        from unetkit.scoring import grey_level_baseline

        baseline = grey_level_baseline(self.splits.train, self.splits.test)
        means = [float(known.mean()) for known in baseline.known("dice")][TISSUE]
        table = headed("\nDice on test slices that no network has seen", "")
        for heading in (*baseline.classes[TISSUE], "steps"):
            table.add_column(heading, justify="right")
        table.add_row("best class per grey level", *(f"{value:.3f}" for value in means), "", style="dim")
        for network, result in zip(self.networks, results, strict=True):
            cells = [
                Text(f"{value:.3f}", "bold green" if value > beaten else "red")
                for value, beaten in zip([*result.means().values()][TISSUE], means, strict=True)
            ]
            table.add_row(network.name, *cells, f"{result.steps:,}")
        self.console.print(table)
        self.console.print("[dim]Green beats the first row. Dice is 1 where prediction and truth agree.[/]")

    def suggest(self, results: list[RunResult], earlier: bool, seconds: float) -> None:
        """Prints what was made and what to try next."""
        folder, names = self.folder, [network.name for network in self.networks]
        means = [sum([*one.means().values()][TISSUE]) for one in results]
        best = max(zip(means, names, strict=True))[1]
        made = Table.grid(padding=(0, 3))
        for suffix, what in MADE.items():
            made.add_row(f"  {folder}/*{suffix}", f"[dim]{what}[/]")
        made.add_row(f"  {folder}/slices/", "[dim]the test slices as images[/]")
        self.console.print(f"\n[bold]Made[/] in {seconds:.0f} s")
        self.console.print(made)
        if earlier:
            self.console.print(f"  [dim]These results are from an earlier run; to train again: rm -r {folder}[/]")
        self.console.print("\n[bold]Try next[/]")
        for command in (
            f"unetkit show {folder}/{best}.yaml",
            f"unetkit predict {folder}/{best}/best.safetensors {folder}/slices -o {folder}/maps",
            f"unetkit card {folder}/{best}/best.safetensors --run {folder}/{best} -o {folder}/card",
            f"unetkit train {folder}/{best}.yaml mni --minutes 3 --set up=interpolate -o {folder}/mine",
        ):
            self.console.print(f"  {command}", highlight=False, soft_wrap=True)
        self.console.print()

    def file(self, network: Network, suffix: str) -> Path:
        """Returns the path of one of a network's files."""
        return self.folder / f"{network.name}{suffix}"


def headed(title: str, *columns: str) -> Table:
    """Returns an empty table with its title on the left."""
    return Table(*columns, title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)


MADE = {
    ".yaml": "the networks; change them",
    "-drawing.svg, -drawing.png": "their drawings",
    ".png": "image | truth | prediction",
    "/": "the runs: models, logs, results",
}


def main() -> int:
    """Runs the demo in the folder `demo` and returns the exit code."""
    try:
        Demo(Path("demo"), Console(width=None if sys.stdout.isatty() else 110)).run()
    except UnetkitError as error:
        Console(stderr=True, highlight=False).print(str(error), markup=False, soft_wrap=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
