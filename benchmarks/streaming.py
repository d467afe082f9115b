"""Images in strips of rows beside MONAI's sliding_window_inference: multiply-adds, time, memory, exactness.

Each measurement is a process of its own, with one thread; the image is made row by row, and the map of classes goes to
a file. Without arguments images are small, and all takes minutes. `--only` chooses among heights, monai, exact, norm
and volume: `--only monai --monai 8192` takes ten minutes, `--only volume --volume 64 512 512` two.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import unetkit
from benchmarks.comparison import FOLDER, Comparison, amount, report
from benchmarks.tiling import window_macs
from unetkit.fast import PASSES, optimized_network
from unetkit.host.allocator import kept_memory
from unetkit.language import Spec
from unetkit.tiling import plan_tiles, ready, stream
from unetkit.wording import size_text

MEMORY = 1_000_000_000
PAGE = 4096
"""Bytes that a measurement tells at least: a small one may find its memory in the process."""
WINDOW, OVERLAP = 512, 0.25
PERIOD = 512
"""Rows after which the image repeats itself, so that it takes no memory and no time."""


def spec_of(base: int, *further: str, dims: int = 2) -> Spec:
    """A padded U-Net of five levels."""
    channels = [base * 2**level for level in range(5)]
    return unetkit.load("unet-same", overrides=[f"dims={dims}", f"channels={channels}", "norm=batch", *further])


def built(base: int, *further: str, dims: int = 2) -> nn.Module:
    """The network with random weights, for inference."""
    return unetkit.build(spec_of(base, *further, dims=dims), seed=0).eval()


def image(size: tuple[int, ...]) -> Any:
    """What reads parts (1, *part) of an image."""
    noise = np.random.default_rng(0).random((1, min(PERIOD, size[0]), *size[1:]), np.float32)

    def read(part: tuple[slice, ...]) -> Any:
        rows = np.arange(part[0].start, part[0].stop) % noise.shape[1]
        return noise[(slice(None), slice(None), *part[1:])][:, rows]

    return read


# ---- what is measured, each in a process of its own


def status(key: str) -> int:
    """Bytes of main memory: VmRSS of now, or VmHWM, the most so far."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(key))


def measured(call: Callable[[], Any]) -> dict[str, Any]:
    """CPU seconds of a call, and the most memory above what was used before it."""
    before = status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", "utf-8")  # the most so far begins anew
    start, wall = time.process_time(), time.perf_counter()
    found = call()
    seconds = time.process_time() - start
    return {
        "seconds": seconds,
        "wall": time.perf_counter() - wall,
        "bytes": max(PAGE, status("VmHWM") - before),
        "found": found,
    }


def strips(size: tuple[int, ...], base: int, *further: str) -> dict[str, Any]:
    """Streams an image to a map of classes in a file."""
    network = optimized_network(built(base, *further, dims=len(size)), tuple(min(n, WINDOW) for n in size))
    read = image(size)

    def call() -> dict[str, Any]:
        with ready(network) as runner, tempfile.TemporaryFile() as file:
            cut = plan_tiles(runner, size, "stream", MEMORY)
            for _, block in stream(runner, cut, read):
                file.write(block.max(0).indices.to(torch.uint8).numpy().tobytes())
            return {"strips": str(cut), "predicted": cut.bytes, "macs": cut.macs / cut.whole_macs}

    return measured(call)


WAYS: dict[str, tuple[str, ...] | None] = {
    "shipped": None,
    "tuned": ("fold_norms", "drop_dropout"),
    "optimised": tuple(PASSES),
}
"""Passes over the network in MONAI's windows: as shipped, in torch's default memory format, without kept memory; tuned,
with norms folded, channels last; or the whole optimised network."""


def windows(size: tuple[int, ...], base: int, way: str) -> dict[str, Any]:
    """MONAI's windows, and the class of each pixel."""
    from monai.inferers.utils import sliding_window_inference

    network, passes = built(base), WAYS[way]
    if passes is not None:
        network = optimized_network(network, (WINDOW, WINDOW), passes)
    fitting = torch.contiguous_format if passes is None else torch.channels_last
    whole = torch.from_numpy(image(size)(tuple(slice(0, n) for n in size)))[None].contiguous(memory_format=fitting)

    def call() -> None:
        with torch.inference_mode(), nullcontext() if passes is None else kept_memory():
            found: Any = sliding_window_inference(whole, (WINDOW, WINDOW), 1, network, overlap=OVERLAP)
            found.max(1).indices.to(torch.uint8)

    return measured(call)


def error(size: tuple[int, ...], base: int, *further: str) -> dict[str, Any]:
    """The largest difference of strips from the whole image, by the network as it was built, of the range."""
    model = built(base, *further, dims=len(size))
    read = image(size)
    with torch.inference_mode(), kept_memory():
        whole = torch.from_numpy(read(tuple(slice(0, n) for n in size)))[None]
        wanted: Tensor = model(whole)[0]
    worst, fast = 0.0, optimized_network(model, tuple(min(n, WINDOW) for n in size))
    with ready(fast) as runner:
        cut = plan_tiles(runner, size, "stream", MEMORY)
        for part, block in stream(runner, cut, read):
            worst = max(worst, float((block - wanted[(slice(None), *part)]).abs().max()))
    return {"error": worst / float(wanted.max() - wanted.min()), "strips": str(cut)}


Measured = Callable[..., dict[str, Any]]
MEASURES: dict[str, Measured] = {"strips": strips, "windows": windows, "error": error}


def apart(name: str, size: tuple[int, ...], base: int, *further: str) -> dict[str, Any]:
    """One measurement in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.streaming", "--measure", json.dumps([name, size, base, *further])]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(f"{' '.join([name, size_text(size), *further])}: {told(found)}", flush=True)
    return found


def here(name: str, size: tuple[int, ...], base: int, *further: str) -> dict[str, Any]:
    """One measurement in this process, which is quick, and counts memory that others have left."""
    return MEASURES[name](size, base, *further)


def told(found: dict[str, Any]) -> str:
    """A measurement in words."""
    words = [amount(found[key], unit) for key, unit in (("seconds", "s"), ("bytes", "B")) if key in found]
    words += [f"error {found['error']:.1e} of the range"] if "error" in found else []
    cut = (found.get("found") or found).get("strips")
    return ", ".join([*words, cut] if cut else words)


# ---- the figures


def heights(measure: Measured, rows: list[int], width: int, base: int) -> list[Comparison]:
    """Multiply-adds, and memory at each height beside that of the least."""
    found = [measure("strips", (height, width), base) for height in rows]
    peaks = [float(one["bytes"]) for one in found]
    macs = [
        Comparison(f"{height}×{width}: multiply-adds, whole image", [one["found"]["macs"]], [1.0], 1.02, "")
        for height, one in zip(rows, found, strict=True)
    ]
    bound = [
        Comparison(f"{height}×{width}: memory, 1 GB", [one], [float(MEMORY)], 1.0, "B")
        for height, one in zip(rows, peaks, strict=True)
    ]
    return [*macs, *bound, Comparison(f"memory at {rows[-1]} rows, at {rows[0]}", peaks[-1:], peaks[:1], 1.05, "B")]


def beside_monai(measure: Measured, size: tuple[int, ...], base: int, rounds: int) -> list[Comparison]:
    """CPU time beside MONAI's, in turn."""
    ours, theirs = [], {way: list[float]() for way in WAYS}
    for _ in range(rounds):
        ours.append(measure("strips", size, base)["seconds"])
        for way, seconds in theirs.items():
            seconds.append(measure("windows", size, base, way)["seconds"])
    name = "×".join(map(str, size))
    print(
        f"{name}: MONAI's multiply-adds are {window_macs(unetkit.plan(spec_of(base)), size[0]):.2f} × the whole image's"
    )
    return [
        Comparison(f"{name}: MONAI as shipped", ours, theirs["shipped"], 1 / 3),
        Comparison(f"{name}: MONAI, norms folded, channels last, memory kept", ours, theirs["tuned"], 1 / 1.9),
        Comparison(f"{name}: MONAI with the same optimised network", ours, theirs["optimised"], 1 / 1.9),
    ]


def whole(measure: Measured, size: tuple[int, ...], base: int, *further: str) -> list[Comparison]:
    """Exactness, multiply-adds and memory."""
    name = "×".join(map(str, (*size, *further)))
    found = measure("strips", size, base, *further)
    differs = measure("error", size, base, *further)["error"]
    return [
        Comparison(f"{name}: error, 1e-5 of the range", [differs], [1e-5], 1.0, ""),
        Comparison(f"{name}: multiply-adds, whole image", [found["found"]["macs"]], [1.0], 1.02, ""),
        Comparison(f"{name}: memory, 1 GB", [float(found["bytes"])], [float(MEMORY)], 1.0, "B"),
    ]


SMALL = "--rows 32 64 --width 32 --base 2 --monai 32 --exact 736 --norm 32 --volume 16 32 32 --here"


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[4096, 8192], help="heights of the image")
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--base", type=int, default=16, help="channels of the first level")
    parser.add_argument("--monai", type=int, default=2048, help="rows and columns for the comparison with MONAI")
    parser.add_argument("--rounds", type=int, default=1, help="of the comparison with MONAI")
    parser.add_argument("--exact", type=int, default=1024, help="rows and columns that are compared with the whole")
    parser.add_argument("--norm", type=int, default=1024, help="rows and columns for a network with instance norm")
    parser.add_argument("--volume", type=int, nargs=3, default=[16, 256, 256])
    parser.add_argument("--only", nargs="+", default=["heights", "monai", "exact", "norm", "volume"])
    parser.add_argument("--here", action="store_true", help="measure in this process")
    parser.add_argument("--measure", type=json.loads, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] = (), *, small: bool = False, folder: Path = FOLDER) -> None:
    """Measures all, or what `--only` names."""
    given = options(SMALL.split() if small else arguments)
    torch.set_num_threads(1)
    if given.measure:
        name, size, *further = given.measure
        warnings.simplefilter("ignore")
        print(json.dumps(MEASURES[name](tuple(size), *further)))
        return
    measure = here if given.here else apart
    parts: dict[str, Callable[[], list[Comparison]]] = {
        "heights": partial(heights, measure, given.rows, given.width, given.base),
        "monai": partial(beside_monai, measure, (given.monai, given.monai), given.base, given.rounds),
        "exact": partial(whole, measure, (given.exact, given.exact), given.base),
        "norm": partial(whole, measure, (given.norm, given.norm), given.base, "norm=instance"),
        "volume": partial(whole, measure, tuple(given.volume), given.base),
    }
    for name in given.only:
        report(f"strips of rows: {name}", parts[name](), folder)


if __name__ == "__main__":
    main(sys.argv[1:])
