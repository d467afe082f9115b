"""A run of unetkit beside a Lightning script by hand, with a network by hand: the same images, steps and scores.

Both read the images, train on random patches with flips, log, keep a checkpoint, and measure Dice on whole images.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torchmetrics.classification import MulticlassF1Score

import unetkit
from benchmarks.comparison import FOLDER, Comparison, interleave, report, timed
from benchmarks.memory import peak
from tests.model import reference
from unetkit.train import Machine, load_run, train_run
from unetkit.train.loop.loggers import quiet

ROUNDS = 5
STEPS, BATCH, PATCH, SIZE = 100, 4, 128, 256  # half a minute; a run takes many
IMAGES, TESTED = 12, 2
CHANNELS = (16, 32, 64, 128)


def write_images(folder: Path) -> None:
    """Writes bright discs in noise, and their masks."""
    random = np.random.default_rng(0)
    rows, columns = np.indices((SIZE, SIZE))
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for number in range(IMAGES):
        mask = np.zeros((SIZE, SIZE), np.uint8)
        for y, x, radius in random.integers((0, 0, 8), (SIZE, SIZE, 24), (12, 3)):
            mask |= ((rows - y) ** 2 + (columns - x) ** 2 < radius**2).astype(np.uint8)
        image = (90 + 60 * mask + random.normal(0, 25, mask.shape)).clip(0, 255).astype(np.uint8)
        Image.fromarray(image).save(folder / "images" / f"{number:02}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{number:02}.png")


# --- unetkit --------------------------------------------------------------------------------------------------------


def ours(images: Path, folder: Path, steps: int) -> None:
    """Trains a run."""
    run = {
        "unetkit": 1,
        "spec": {"extends": "unet-same", "channels": list(CHANNELS)},
        "data": {
            "unetkit": 1,
            "dataset": {"type": "folders", "images": str(images / "images"), "masks": str(images / "masks")},
            "classes": ["outside", "disc"],
            "split": {"type": "block", "test": TESTED},
        },
        "training": {"steps": steps, "batch": BATCH, "patch": PATCH, "augmentation": ["flip"]},
    }
    threads = torch.get_num_threads()
    train_run(load_run(run), folder, machine=Machine("cpu", threads=threads), progress=False)


# --- by hand --------------------------------------------------------------------------------------------------------


def network() -> nn.Module:
    """Returns the same network by hand."""

    def block(channels: int, out: int) -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(channels, out, 3, padding=1),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
            nn.Conv2d(out, out, 3, padding=1),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
        )

    encoder, decoder = [block(1, CHANNELS[0])], []
    for fine, coarse in zip(CHANNELS, CHANNELS[1:], strict=False):
        encoder += [nn.MaxPool2d(2), block(fine, coarse)]
        decoder += [block(coarse, fine), nn.ConvTranspose2d(coarse, fine, 2, stride=2)]
    return reference.UShape(encoder, decoder[::-1], nn.Conv2d(CHANNELS[0], 2, 1), reference.join)


class Crops(Dataset[tuple[Tensor, Tensor]]):
    """Random patches, flipped at random."""

    def __init__(self, images: list[Tensor], masks: list[Tensor], count: int) -> None:
        self.images = images
        self.masks = masks
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        number = int(torch.randint(len(self.images), ()))
        y, x = torch.randint(SIZE - PATCH + 1, (2,)).tolist()
        window = (..., slice(y, y + PATCH), slice(x, x + PATCH))
        axes = [axis for axis in (-2, -1) if torch.rand(()) < 0.5]
        return self.images[number][window].flip(axes), self.masks[number][window].flip(axes)


class Script(lightning.LightningModule):
    """The network with cross entropy plus Dice, AdamW, and one cycle of the learning rate."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.network = network()
        self.steps = steps

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Returns the loss."""
        images, masks = batch
        logits = self.network(images)
        shares, truth = logits.softmax(1), F.one_hot(masks, 2).movedim(-1, 1).float()
        overlap, total = (shares * truth).sum((0, 2, 3)), (shares + truth).sum((0, 2, 3))
        loss: Tensor = F.cross_entropy(logits, masks) + 1 - ((2 * overlap + 1) / (total + 1)).mean()
        self.log("loss", loss)
        return loss

    def configure_optimizers(self) -> Any:
        """Returns the optimizer and its schedule."""
        optimizer = torch.optim.AdamW(self.parameters(), 3e-3, weight_decay=1e-2)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=self.steps, pct_start=0.1)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def read(images: Path) -> tuple[list[Tensor], list[Tensor]]:
    """Returns all images, with mean 0 and deviation 1, and all masks."""
    pixels, masks = (
        [np.asarray(Image.open(file)) for file in sorted((images / name).iterdir())] for name in ("images", "masks")
    )
    levels = np.stack(pixels).astype(np.float32)
    known = levels[:-TESTED]
    scaled = (levels - known.mean()) / known.std()
    return [torch.from_numpy(one[None]) for one in scaled], [torch.from_numpy(one.astype(np.int64)) for one in masks]


def theirs(images: Path, folder: Path, steps: int) -> None:
    """Trains the script."""
    pixels, masks = read(images)
    torch.manual_seed(0)
    script = Script(steps)
    crops = Crops(pixels[:-TESTED], masks[:-TESTED], steps * BATCH)
    with quiet():
        trainer = lightning.Trainer(
            accelerator="cpu",
            max_steps=steps,
            gradient_clip_val=1.0,
            log_every_n_steps=min(10, steps),
            logger=TensorBoardLogger(folder, name="", version="tensorboard"),
            callbacks=[ModelCheckpoint(folder / "checkpoints", every_n_train_steps=200, save_last=True)],
            enable_model_summary=False,
            enable_progress_bar=False,
        )
        trainer.fit(script, DataLoader(crops, BATCH))
    script.eval()
    score = MulticlassF1Score(2, average=None)
    with torch.no_grad():
        for image, mask in zip(pixels[-TESTED:], masks[-TESTED:], strict=True):
            score.update(script.network(image[None]).argmax(1), mask[None])
    torch.save(script.network.state_dict(), folder / "last.pt")
    (folder / "scores.txt").write_text(str(score.compute().tolist()))


# --- side by side ---------------------------------------------------------------------------------------------------


def fresh(train: Callable[[Path, Path, int], None], images: Path, home: Path, steps: int) -> Callable[[], None]:
    """Returns a call that trains in a new folder each time."""
    return lambda: train(images, Path(tempfile.mkdtemp(dir=home)), steps)


def main(*, small: bool = False, folder: Path = FOLDER) -> None:
    """Compares time and peak memory."""
    same = unetkit.build(unetkit.load("unet-same", [f"channels={list(CHANNELS)}"]))
    reference.copy_weights(network(), same)  # raises where they differ
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        write_images(home / "discs")
        steps, rounds = (1, 0) if small else (STEPS, ROUNDS)
        calls = [fresh(one, home / "discs", home, steps) for one in (ours, theirs)]
        times = interleave(*(timed(call, clock=time.process_time) for call in calls), rounds=rounds)
        mine, other = ([float(peak(fresh(one, home / "discs", home, 3)))] for one in (ours, theirs))
    rows = [
        Comparison(f"{steps} steps, {BATCH} × {PATCH}², 1 thread: time", *times, wanted=1.03),
        Comparison("the same: peak memory", mine, other, wanted=1.03, unit="B"),
    ]
    report("run / Lightning script by hand", rows, folder)


if __name__ == "__main__":
    main()
