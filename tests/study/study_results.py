"""A made-up study that looks like a real one: arms that help, hurt and do nothing, a failed run, a skipped arm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import unetkit
from unetkit.study.results.results import ArmFacts, Curve, ExamplePictures, Results, RunFacts, ScoreTable

SIZE = 96
CLASSES = ("background", "membrane", "cell", "nucleus")
COLOURS = {"background": (0, 0, 0), "membrane": (86, 180, 233), "cell": (230, 159, 0), "nucleus": (204, 121, 167)}
LEVEL = (0.97, 0.78, 0.88, 0.71)  # mean Dice of the classes
ARMS = {  # overrides of the base, effect on Dice, seconds
    "same": ((), 0.0, 61.0),
    "block=residual": (("block=residual",), 0.021, 74.0),
    "norm=group": (("norm=group",), 0.0005, 63.0),
    "up=interpolate": (("up=interpolate",), 0.006, 55.0),
    "skip=none": (("skip=none",), -0.034, 52.0),
    "channels=[16, 32, 64]": (("channels=[16,32,64]",), -0.009, 31.0),
    "down=strided_conv": (("down=strided_conv",), -0.003, 66.0),
}
SKIPPED = ArmFacts(
    "align=same, padding=valid",
    differences=(("block.padding", "valid"), ("skip.align", "same")),
    skipped="levels.2.skip: decoder is 71, encoder is 70 (height); input 572 does not fit this network",
)


def results(folder: Path, *, seeds: int = 5, images: int = 12, fractions: tuple[float, ...] = (1.0,)) -> Results:
    """Returns the study; its pictures are written into the folder."""
    arms = [arm_facts(name) for name in ARMS]
    runs, scored = [], []
    rng = np.random.default_rng(0)
    of_image = rng.normal(0, 0.04, (images, len(CLASSES)))
    of_arm = {name: rng.normal(0, 0.03, (images, len(CLASSES))) for name in ARMS}
    for seed in range(seeds):
        for fraction in fractions:
            for name, (_, effect, seconds) in ARMS.items():
                run = f"{abs(hash_of(name, seed, fraction)):016x}"[:16]
                if (name, seed) == ("block=residual", 3):
                    reason = "the loss is not finite at step 412; lower training.optimizer.learning_rate"
                    runs.append(RunFacts(run, name, seed, fraction, "failed", reason, 12.0, 412))
                    continue
                if (name, seed) == ("down=strided_conv", seeds - 1):
                    runs.append(RunFacts(run, name, seed, fraction, "missing"))
                    continue
                shift = effect + rng.normal(0, 0.005) - 0.08 * (1 - fraction)
                dice = LEVEL + of_image + of_arm[name] * (name != "same") + shift
                dice = np.clip(dice + rng.normal(0, 0.008, dice.shape), 0, 1)
                dice[2, 3] = np.nan  # an image without a nucleus
                runs.append(
                    RunFacts(
                        run,
                        name,
                        seed,
                        fraction,
                        "done",
                        "",
                        seconds * float(rng.uniform(0.95, 1.05)) * fraction,
                        1000,
                        *curves(rng, float(np.nanmean(dice[:, 1:]))),
                        pictures(folder, run, name) if seed == 0 else (),
                    )
                )
                scored.append((runs[-1], rows(dice)))
    return Results(
        name="what-makes-a-unet",
        metric="dice",
        base="same",
        arms=(*arms, SKIPPED),
        runs=tuple(runs),
        scores=ScoreTable.gather(scored),
        description="One change at a time to a small U-Net on images of cells (made-up numbers).",
        settings={"Study file": "unetkit: 1\nname: what-makes-a-unet\nbase: unet-same\nseeds: 5\n"},
        versions={"unetkit": "0.1.0", "torch": "2.6.0", "python": "3.12.1", "host": "2 cores, CPU"},
        colours=COLOURS,
    )


def hash_of(*parts: object) -> int:
    from hashlib import sha256

    return int(sha256(repr(parts).encode()).hexdigest()[:16], 16)


def arm_facts(name: str) -> ArmFacts:
    """Returns an arm with what its plan says."""
    overrides = ["channels=[16,32,64,128]", *ARMS[name][0]]
    planned = unetkit.plan(unetkit.load("unet-same", overrides))
    size = (SIZE, SIZE)
    return ArmFacts(
        name,
        also=("baseline",) if name == "same" else (),
        differences=tuple(tuple(part.split("=", 1)) for part in ARMS[name][0]),  # type: ignore[misc]
        spec=planned.spec.resolve,
        input_size=size,
        parameters=planned.parameters,
        macs=planned.at(size).macs,
        receptive_field=planned.receptive_field,
    )


def rows(dice: NDArray[np.float64]) -> list[dict[str, object]]:
    return [
        {"image": f"cells-{image:02}", "class": name, "dice": value, "iou": value / (2 - value)}
        for image, line in enumerate(dice.tolist())
        for name, value in zip(CLASSES, line, strict=True)
    ]


def curves(rng: np.random.Generator, end: float) -> tuple[Curve, Curve]:
    """Returns a falling loss and a rising validation score."""
    steps = np.arange(20, 1001, 20)
    loss = 1.1 * np.exp(-steps / 180) + 0.12 + rng.normal(0, 0.02, len(steps))
    validation = end - 0.5 * np.exp(-steps / 150) + rng.normal(0, 0.006, len(steps))
    return tuple(zip(steps.tolist(), loss.tolist(), strict=True)), tuple(
        zip(steps.tolist(), validation.tolist(), strict=True)
    )


def pictures(folder: Path, run: str, name: str) -> tuple[ExamplePictures, ...]:
    """Returns two examples: cells, and a prediction that errs along their borders."""
    found = []
    for number in (0, 1):
        rng = np.random.default_rng(number)
        y, x = np.mgrid[:SIZE, :SIZE]
        labels = np.ones((SIZE, SIZE), int) * 0
        for _ in range(9):
            cy, cx, radius = rng.uniform(8, SIZE - 8), rng.uniform(8, SIZE - 8), rng.uniform(9, 15)
            distance = np.hypot(y - cy, x - cx)
            labels[distance < radius] = 1
            labels[distance < radius - 2] = 2
            labels[distance < radius / 2.6] = 3
        grey = np.array([40, 190, 110, 70])[labels] + rng.normal(0, 14, labels.shape)
        errs = np.random.default_rng(hash_of(name) % 2**32)
        wrong = np.roll(labels, errs.integers(-2, 3, 2), (0, 1))
        target = folder / run / f"cells-{number:02}"
        target.mkdir(parents=True, exist_ok=True)
        palette = np.array(list(COLOURS.values()), np.uint8)
        Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).save(target / "image.png")
        Image.fromarray(palette[labels]).save(target / "truth.png")
        Image.fromarray(palette[wrong]).save(target / "prediction.png")
        found.append(
            ExamplePictures(target.name, target / "image.png", target / "truth.png", target / "prediction.png")
        )
    return tuple(found)
