"""`make demo`: three small U-Nets, each a YAML file, learn to tell fluid, grey and white matter in the human head."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from unetkit import __version__
from unetkit.data import Splits, cover, mni
from unetkit.data.head import ABOUT, CLASSES, NOISE, SLICE
from unetkit.draw import draw
from unetkit.errors import UnetkitError
from unetkit.planning import plan
from unetkit.spec import load
from unetkit.train.settings import Settings
from unetkit.writing import write_whole

if TYPE_CHECKING:
    from unetkit.planning import Plan

SHOWN = ("z040", "z112")  # the test slices in the pictures
TISSUE = slice(1, None)  # the classes that are reported: background is easy
LEFT_RIGHT = 1


@dataclass(frozen=True)
class Network:
    """One network of the demo: what its YAML file changes in `unet-small`, and how it is trained."""

    name: str
    changes: str
    settings: Settings

    @property
    def text(self) -> str:
        """The YAML file."""
        head = f"# Written by `make demo`.\nunetkit: 1\nextends: unet-small\nname: {self.name}\n"
        return f"{head}channels: {{base: 8}}\n{self.changes}"


def settings(patch: int, batch: int, steps: int) -> Settings:
    """Returns how a network is trained: with patches whose output is at least `patch` pixels wide and high."""
    return Settings(
        steps=steps,
        minutes=3,  # counts only where the machine is slow or busy
        batch=batch,
        patch=(patch, patch),
        flips=(LEFT_RIGHT,),
        learning_rate=1e-2,
        accelerator="cpu",
    )


# A valid network spends most of its work on the border that it loses, so it gets larger patches and fewer of them.
NETWORKS = (
    Network("small-crop", "block: {padding: valid}\nskip: {align: crop}\n", settings(116, batch=4, steps=360)),
    Network("small-pad", "block: {padding: valid}\nskip: {align: pad}\n", settings(100, batch=8, steps=450)),
    Network("small-same", "", settings(64, batch=8, steps=1000)),
)


class Demo:
    """The programme, with the folder that it writes and the terminal that it talks to."""

    def __init__(
        self, folder: Path, console: Console, networks: tuple[Network, ...] = NETWORKS, data: Callable[[], Splits] = mni
    ) -> None:
        self.folder = folder
        self.console = console
        self.networks = networks
        self.data = cache(data)

    def run(self) -> None:
        """Checks, shows and draws the networks, trains those that have no result yet, and says what came out."""
        begun = time.monotonic()
        self.console.print("\n[bold]unetkit demo[/]: three small U-Nets learn to tell tissue in the human head.")
        images = f"Images: {ABOUT} (σ = {NOISE:.0f} grey levels), {SLICE[0]}×{SLICE[1]} mm."
        self.console.print(images, style="dim", highlight=False)
        plans = [self.check(network) for network in self.networks]
        self.show(plans)
        self.console.print("\n[bold]Training[/]")
        results = [self.result(network, plan) for network, plan in zip(self.networks, plans, strict=True)]
        self.report(results)
        self.suggest(results, time.monotonic() - begun)

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

    def result(self, network: Network, planned: Plan) -> dict[str, Any]:
        """Returns the result of a network: that of an earlier run, where its files are all there, or a new one."""
        file = self.file(network, ".json")
        key = sha256(repr((__version__, planned.digest, network.settings, ABOUT, NOISE)).encode()).hexdigest()
        if file.exists() and self.file(network, ".safetensors").exists() and self.file(network, ".png").exists():
            known: dict[str, Any] = json.loads(file.read_text("utf-8"))
            if known.get("key") == key:
                self.console.print(f"  {network.name}: trained earlier, in {known['seconds']:.0f} s")
                return known | {"earlier": True}
        fresh = {"key": key} | self.train(network, planned)
        write_whole(file, json.dumps(fresh, indent=1).encode())
        return fresh | {"earlier": False}

    def train(self, network: Network, planned: Plan) -> dict[str, Any]:
        """Trains a network, writes its model file and its picture, and returns the result."""
        with self.console.status("  loading PyTorch and Lightning"):  # seconds, and needed for training only
            import torch

            from unetkit.data.images import write_image, write_levels
            from unetkit.model import build
            from unetkit.scoring import classify, evaluate, grey_level_baseline
            from unetkit.scoring.figure import Example, figure
            from unetkit.train.modelfile import Trained
            from unetkit.train.prediction import predict
            from unetkit.train.training import fit

            splits = self.data()
        torch.set_num_threads(
            1
        )  # twice the speed at most is lost; two threads wait for each other where cores are busy
        model = build(planned.spec, seed=network.settings.seed)
        training = fit(model, splits.train, network.settings)
        scores, baseline = (
            evaluate(model, splits.test, training.normalization),
            grey_level_baseline(splits.train, splits.test),
        )
        Trained(model, training.normalization, splits.test.classes).save(self.file(network, ".safetensors"))
        for pair in splits.test:
            write_levels(pair.image[0], self.folder / "slices" / f"{pair.name}.png")
        shown = [pair for pair in splits.test if pair.name in SHOWN]
        rows = [Example.of(pair, classify(predict(model, training.normalization.apply(pair.image)))) for pair in shown]
        dice = ", ".join(
            f"{name} {value:.3f}" for name, value in zip(CLASSES[TISSUE], scores.pooled("dice")[TISSUE], strict=True)
        )
        subtitle = f"{ABOUT} (σ = {NOISE:.0f}); test slices; Dice: {dice}"
        write_image(figure(rows, CLASSES, network.name, subtitle), self.file(network, ".png"))
        return {
            "network": network.name,
            "dice": scores.pooled("dice"),
            "baseline": baseline.pooled("dice"),
            "steps": training.steps,
            "seconds": training.seconds,
        }

    def report(self, results: list[dict[str, Any]]) -> None:
        """Prints Dice per class beside the baseline."""
        table = headed("\nDice on test slices that no network has seen", "")
        for heading in (*CLASSES[TISSUE], "steps", "seconds"):
            table.add_column(heading, justify="right")
        baseline = results[0]["baseline"][TISSUE]
        table.add_row("best class per grey level", *(f"{value:.3f}" for value in baseline), "", "", style="dim")
        for result in results:
            cells = [
                Text(f"{value:.3f}", "bold green" if value > beaten else "red")
                for value, beaten in zip(result["dice"][TISSUE], baseline, strict=True)
            ]
            table.add_row(result["network"], *cells, f"{result['steps']:,}", f"{result['seconds']:.0f}")
        self.console.print(table)
        self.console.print("[dim]Green beats the first row. Dice is 1 where prediction and truth agree.[/]")

    def suggest(self, results: list[dict[str, Any]], seconds: float) -> None:
        """Prints what was made and what to try next."""
        folder, best = self.folder, max(results, key=lambda result: sum(result["dice"][TISSUE]))["network"]
        made = Table.grid(padding=(0, 3))
        for suffix, what in MADE.items():
            made.add_row(f"  {folder}/*{suffix}", f"[dim]{what}[/]")
        made.add_row(f"  {folder}/slices/", "[dim]the test slices as images[/]")
        self.console.print(f"\n[bold]Made[/] in {seconds:.0f} s")
        self.console.print(made)
        if all(result["earlier"] for result in results):
            self.console.print(f"  [dim]These results are from an earlier run; to train again: rm -r {folder}[/]")
        self.console.print("\n[bold]Try next[/]")
        for command in (
            f"unetkit show {folder}/{best}.yaml",
            f"unetkit predict {folder}/{best}.safetensors {folder}/slices -o {folder}/maps",
            f"unetkit train {folder}/{best}.yaml mni --minutes 3 --set up=interpolate -o {folder}/mine.safetensors",
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
    ".safetensors": "the trained models",
    ".json": "their results",
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
