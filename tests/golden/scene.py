"""The files in a folder that the golden command lines read, and the lines themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.golden.shapes import shape_of
from tests.support.commandline import answer

TINY = "{extends: unet-same, name: tiny, channels: [4, 8]}"
TEXTS = {
    "tiny.yaml": "unetkit: 1\nextends: unet-same\nname: tiny\nchannels: [4, 8]\n",
    "data.yaml": "unetkit: 1\ndataset: {type: folders, images: photos/images, masks: photos/masks}\n",
    "run.yaml": f"unetkit: 1\nspec: {TINY}\ndata: photos\n"
    "training: {steps: 2, batch: 2, patch: 16, log_every: 1, logger: []}\n",
    "study.yaml": f"unetkit: 1\nname: small\nbase: {TINY}\ndata: photos\ntraining: {{batch: 2, steps: 10}}\n"
    "axes: {channels: [[8, 16]], skip: [none]}\nseeds: 3\nmargin: 0.02\n",
    "bad.yaml": "unetkit: 1\nextends: unet-same\nchannels: [4, x]\nblok: conv\nhead: hed\n",
    "syntax.yaml": "unetkit: [1\n",
    "twice.yaml": "unetkit: 1\nunetkit: 1\n",
    "empty.yaml": "",
    "circle.yaml": "unetkit: 1\nextends: circle.yaml\n",
    "bad-data.yaml": "unetkit: 1\ndataset: {type: folders, images: photos/images, masks: nowhere}\n",
    "bad-run.yaml": f"unetkit: 1\nspec: {TINY}\ndata: photos\ntraining: {{steps: 2, loss: dise, patch: 17}}\n",
    "bad-study.yaml": f"unetkit: 1\nbase: {TINY}\ndata: photos\ntraining: {{steps: 2}}\n"
    "axes: {skip: [ad], skp: [add]}\n",
    "weights.pth": "no weights",
    "plugin.py": "from unetkit.nothing import Block\n",
}
READING: tuple[tuple[str, ...], ...] = (
    ("validate", "unet-2015", "data.yaml", "run.yaml", "study.yaml"),
    ("show", "unet-2015"),
    ("show", "unet-pad", "--size", "572"),
    ("show", "unet-3d", "--size", "132x132x116"),
    ("sizes", "unet-2015"),
    ("sizes", "unet-2015", "--near", "570"),
    ("sizes", "unet-1d", "--near", "570"),
    ("diff", "unet-2015", "--set", "skip.align=pad"),
    ("diff", "unet-2015", "unet-same"),
    ("resolve", "unet-2015"),
    ("resolve", "unet-smp-vgg13"),
    ("resolve", "unet-nnunet"),
    ("explain", "unet-nnunet", "block"),
    ("blocks",),
    ("blocks", "double_conv"),
    ("blocks", "norm/batch"),
    ("blocks", "concat"),
    ("specs",),
    ("plugins",),
    ("data", "photos"),
    ("data", "data.yaml"),
    ("study", "plan", "study.yaml"),
    ("study", "plan", "study.yaml", "--all"),
    ("study", "status", "study"),
    ("study", "report", "study"),
    ("train", "run.yaml", "-o", "run"),
    ("evaluate", "run/best.safetensors", "photos"),
)
"""Commands that read, each with --json."""

ENDINGS: tuple[tuple[str, ...], ...] = (
    ("--version",),
    (),
    ("nothing",),
    ("show",),
    ("show", "unet-2015"),
    ("show", "unet-2015", "--size", "x"),
    ("show", "unet-2015", "--size", "570x570x570"),
    ("show", "unet-same", "--size", "570"),
    ("show", "unet-2015", "--size", "20"),
    ("show", "unet-2016"),
    ("show", "unet-2015", "--set", "skip.align"),
    ("show", "unet-2015", "--set", "skip.align=dad"),
    ("show", "unet-2015", "--plugin", "plugin.py"),
    ("validate", "bad.yaml", "syntax.yaml", "twice.yaml", "empty.yaml", "circle.yaml", "missing.yaml", "."),
    ("validate", "bad-data.yaml"),
    ("validate", "bad-run.yaml"),
    ("validate", "bad-study.yaml"),
    ("data", "bad-data.yaml"),
    ("blocks", "duble_conv"),
    ("blocks", "none"),
    ("draw", "unet-2015", "-o", "u.gif"),
    ("draw", "tiny.yaml", "-o", "tiny.yaml"),
    ("schema", "specs"),
    ("train", "bad-run.yaml"),
    ("predict", "missing.safetensors", "photos/images", "-o", "out"),
    ("predict", "weights.pth", "photos/images", "-o", "out"),
    ("evaluate", "weights.pth", "photos"),
    ("export", "weights.pth", "--to", "onnx", "-o", "x.onnx"),
    ("card", "weights.pth", "-o", "card"),
    ("push", "weights.pth"),
    ("predict", "hf://nothing", "photos/images", "-o", "out"),
    ("import-weights", "weights.pth", "--spec", "tiny.yaml", "-o", "x.safetensors"),
    ("study", "status", "photos"),
    ("study", "report", "study", "--metric", "hd95"),
    ("study", "run", "demos"),
    ("study", "run", "study.yaml", "--engine", "lsf"),
    ("plugin", "check", "nothing"),
)
"""Command lines, of which most are wrong."""


def write() -> None:
    """Writes the scene into the working folder: images with masks, YAML files, and a study that ran."""
    for name, text in TEXTS.items():
        Path(name).write_text(text, "utf-8")
    random = np.random.default_rng(0)
    for index in range(10):
        mask = np.zeros((32, 40), np.uint8)
        mask[8:20, 8 : 16 + index] = 1
        for kind, pixels in {"masks": mask, "images": mask * 200 + random.integers(0, 40, mask.shape)}.items():
            folder = Path("photos", kind)
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{index}.png")
    write_study()


def write_study() -> None:
    """Writes the folder of a study of which all runs but one are done."""
    planned = answer("study", "plan", "study.yaml", "--all")
    folder = Path("study")
    folder.mkdir()
    (folder / "study.yaml").write_text(TEXTS["study.yaml"], "utf-8")
    (folder / "plan.json").write_text(json.dumps({k: v for k, v in planned.items() if k not in ("cost", "warnings")}))
    for number, one in enumerate(planned["runs"][:-1]):
        target = folder / "runs" / one["id"]
        target.mkdir(parents=True)
        images = [
            {"image": f"i{image}", "class": name, "dice": 0.5 + (image + 2 * number) % 5 / 100, "iou": None}
            for image in range(4)
            for name in ("background", "cell")
        ]
        values = {"steps": 10, "loss": [[5, 0.9]], "validation": [[10, 0.6]]}
        (target / "result.json").write_text(json.dumps(values | {"scores": {"split": "test", "images": images}}))
        (target / "timing.json").write_text(json.dumps({"seconds": 3.5, "versions": {"torch": "2.6"}, "threads": 1}))


def files() -> dict[str, Any]:
    """The files that the training of the scene left, and the shapes of those that another version reads again."""
    import torch

    left = sorted(path for path in Path("run").rglob("*") if path.is_file() and "." not in path.parts[1][:1])
    shapes = {f"file {file}": shape_of(json.loads(file.read_text())) for file in left if file.suffix == ".json"}
    checkpoint = torch.load("run/checkpoints/last.ckpt", weights_only=True)
    states = {name: sorted(state) for name, state in checkpoint["callbacks"].items()}
    shapes["file run/checkpoints/last.ckpt"] = {"keys": sorted(checkpoint), "callbacks": states}
    shapes["file run/best.safetensors"] = header(Path("run/best.safetensors"))
    return shapes | {"files": list(map(str, left))}


def header(file: Path) -> dict[str, Any]:
    """What a model file says beside its weights, by key: shapes of JSON, `str` for other texts."""
    content = file.read_bytes()
    texts = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]
    return {key: shape_of(json.loads(text)) if text.startswith(("{", "[")) else "str" for key, text in texts.items()}
