"""Mutated images and checkpoints, through `predict`, `data` and `import-weights`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from tests.fuzz.command import Answer, answer
from tests.fuzz.findings import within
from tests.fuzz.kind import Kind
from tests.fuzz.mutation import bytes_changed

SHAPE = (24, 20)


class Images(Kind):
    """A file of each kind with other bytes, most of them in its head; and arrays of other types and shapes."""

    def prepare(self) -> None:
        import nibabel
        import tifffile
        import torch

        import unetkit
        from tests.imagefiles.test_imagefiles import trained

        pixels = np.random.default_rng(0).integers(0, 255, SHAPE, np.uint8)
        trained(classes=2).save(self.folder / "m.safetensors")
        self.seeds: dict[str, bytes] = {}
        writers: dict[str, Callable[[Path], object]] = {
            "i.png": lambda path: Image.fromarray(pixels).save(path),
            "i.jpg": lambda path: Image.fromarray(pixels).save(path),
            "i.bmp": lambda path: Image.fromarray(pixels).save(path),
            "i.tif": lambda path: tifffile.imwrite(path, pixels),
            "j.tif": lambda path: tifffile.imwrite(path, np.stack([pixels] * 3), imagej=True),
            "k.tif": lambda path: tifffile.imwrite(path, pixels, compression="zlib", ome=True),
            "i.npy": lambda path: np.save(path, pixels),
            "i.nii": lambda path: nibabel.save(nibabel.Nifti1Image(pixels, np.eye(4)), path),  # type: ignore[no-untyped-call]
            "i.nii.gz": lambda path: nibabel.save(nibabel.Nifti1Image(pixels, np.eye(4)), path),  # type: ignore[no-untyped-call]
            "w.pt": lambda path: torch.save(model.state_dict(), path),
            "w.safetensors": lambda path: unetkit.save(model, path),
        }
        model = unetkit.build({"unetkit": 1, "in_channels": 1, "out_channels": 2, "channels": [4, 8]}, seed=0)
        spec = "unetkit: 1\nin_channels: 1\nout_channels: 2\nchannels: [4, 8]\n"
        (self.folder / "tiny.yaml").write_text(spec)
        for name, write in writers.items():
            write(self.folder / name)
            self.seeds[name] = (self.folder / name).read_bytes()
            (self.folder / name).unlink()
        for folder in ("images", "masks"):
            (self.folder / "set" / folder).mkdir(parents=True)
        for number in range(2):
            Image.fromarray((pixels > 100).astype(np.uint8)).save(self.folder / "set" / "masks" / f"{number}.png")
        with within(self.folder):  # imports are no part of an answer
            answer("predict", "m.safetensors", "set/masks/0.png", "-o", "out")
            answer("import-weights", "set/masks/0.png", "--spec", "tiny.yaml", "-o", "out/m.safetensors")

    def case(self, random: Random) -> Iterator[Answer]:
        for name in ("out", *self.seeds):  # of the last case, which stay until here so that they can be kept
            self.fresh(name)
        for path in (self.folder / "set" / "images").iterdir():
            path.unlink()
        name = random.choice(tuple(self.seeds))
        content = self.changed(name, random)
        if name.startswith("w"):
            (self.folder / name).write_bytes(content)
            yield answer("import-weights", name, "--spec", "tiny.yaml", "-o", "out/m.safetensors")
            return
        (self.folder / name).write_bytes(content)
        yield answer("predict", "m.safetensors", name, "-o", "out")
        if random.random() < 0.4:
            ending = name.partition(".")[2]
            for number, one in enumerate((content, self.seeds[name])):
                (self.folder / "set" / "images" / f"{number}.{ending}").write_bytes(one)
            yield answer("data", "set")

    def changed(self, name: str, random: Random) -> bytes:
        """Returns another file."""
        content = self.seeds[name]
        if name == "i.npy" and random.random() < 0.5:
            return array_bytes(random, self.folder)
        if random.random() < 0.6:
            head = min(len(content), random.choice((64, 128, 400)))
            return bytes_changed(content[:head], random, 3) + content[head:]
        return bytes_changed(content, random)


def array_bytes(random: Random, folder: Path) -> bytes:
    """Returns a NumPy file of an array that is no usual image."""
    shape = random.choice(((24, 20), (3, 24, 20), (), (0, 5), (24,), (1, 1, 1), (2, 3, 24, 20, 1), (24, 20, 3), (1, 1)))
    array = np.random.default_rng(random.randrange(9)).random(shape)
    kind = random.choice(
        ("c16", "U3", "S2", "M8[s]", "f2", "f8", "i8", "u8", "?", "V4", "O", "nan", "inf", ">u2", "huge")
    )
    if kind in ("nan", "inf", "huge"):
        array = np.full(shape, {"nan": np.nan, "inf": np.inf, "huge": 1e300}[kind])
    elif kind == "V4":
        array = np.zeros(shape, [("a", "u2"), ("b", "u2")])
    else:
        array = np.asarray((array * 9).astype(int) if kind[0] in "M" else array, dtype=None).astype(kind)
    file = folder / "array.npy"
    np.save(file, array, allow_pickle=True)
    content = file.read_bytes()
    file.unlink()
    return content
