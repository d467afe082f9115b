"""The part of a card that runs the network on images of its reader, in the browser and without a server.

The card holds the network as ONNX, onnxruntime for browsers (`make runtime` bundles it), and a table of exact tiles.
"""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from unetkit.data.labels.classes import COLOURS
from unetkit.data.pairs import Colour
from unetkit.errors import Fault, FileError
from unetkit.export import export
from unetkit.export.sizes import restricted
from unetkit.model import plan_of
from unetkit.page import Markup, element, join
from unetkit.trained.card.embedded.tile_table import tiles_of_all_sizes
from unetkit.trained.export import input_scaling
from unetkit.trained.modelfile import Trained
from unetkit.trained.result_map import result_maps

HERE = Path(__file__).parent
_POLICY = (
    "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; worker-src blob:; "
    "script-src 'unsafe-inline' 'wasm-unsafe-eval' blob:"
)
"""The content security policy of a card with a network: nothing may be fetched or sent."""
_PROGRAM = "runtime.js", "tiles.js", "worker.js"
_CHANNELS = 1, 3


@dataclass(frozen=True)
class EmbeddedNetwork:
    """A network as a page runs it: its ONNX file, and what the page has to know of it."""

    onnx: bytes
    facts: dict[str, Any]
    title: ClassVar[str] = "Try it"
    lead: ClassVar[str] = (
        "The network runs in this page, on your machine: no image leaves it, and nothing is loaded from elsewhere. "
        "Images of any size are cut into tiles, as unetkit predict does."
    )
    policy: ClassVar[str] = _POLICY

    def content(self) -> Markup:
        """The elements of its section."""
        classes = zip(self.facts["classes"], self.facts["colours"], strict=True)
        legend = [_legend(number, name, colour) for number, (name, colour) in enumerate(classes)]
        choose = element("input", type="file", accept="image/*", id="try-file")
        opacity = element("input", type="range", id="try-opacity", min="0", max="100", value="50")
        return element(
            "div",
            element("p", element("label", "Drop an image here, or choose one: ", choose)),
            element("p", "", id="try-state", role="status"),
            element(
                "div",
                element(
                    "div",
                    element("canvas", id="try-image", role="img", aria_label="The image"),
                    element("canvas", id="try-labels", role="img", aria_label="Its classes"),
                    id="try-stack",
                ),
                element("p", *legend, class_="note"),
                element(
                    "p",
                    element("label", "Opacity of the classes ", opacity),
                    element("button", "Save the label map", id="try-save", type="button", disabled=True),
                ),
                id="try-result",
                hidden=True,
            ),
            self._scripts(),
            id="try",
        )

    def _scripts(self) -> Markup:
        program = b"\n".join((HERE / name).read_bytes() for name in _PROGRAM)
        facts = Markup(json.dumps(self.facts, separators=(",", ":")).replace("<", "\\u003c"))
        packed = {
            "try-program": gzip.compress(program, mtime=0),
            "try-network": gzip.compress(self.onnx, mtime=0),
            "try-runtime": (HERE / "runtime.wasm.gz").read_bytes(),
        }
        return join(
            [
                element("style", Markup((HERE / "view.css").read_text("utf-8"))),
                element("script", facts, type="application/json", id="try-card"),
                *(
                    element("script", Markup(b64encode(content).decode()), type="application/octet-stream", id=name)
                    for name, content in packed.items()
                ),
                element("script", Markup((HERE / "view.js").read_text("utf-8"))),
            ]
        )


def _legend(number: int, name: str, colour: Colour) -> Markup:
    red, green, blue = colour
    swatch = element("span", class_="swatch", style=f"background:rgb({red},{green},{blue})")
    return join([swatch, name, element("span", "", id=f"try-share-{number}"), " "])


def check_runtime() -> None:
    """Raises FileError where the runtime for browsers was not built."""
    if not all((HERE / name).is_file() for name in ("runtime.js", "runtime.wasm.gz")):
        message = "this installation lacks the runtime that a card embeds"
        cure = "Run `make runtime` in a checkout of unetkit (it needs Node), or install a wheel that has it."
        raise FileError(Fault("no-runtime", message, cure=cure))


def embed(trained: Trained) -> EmbeddedNetwork:
    """The network of a model file for its card.

    Raises FileError where the runtime was not built or a browser cannot open such images, and ExportError where the
    network cannot be exported to ONNX.
    """
    check_runtime()
    reasons = [*_reasons(trained)]
    if reasons:
        cure = "Write the card without --embed."
        message = f"a browser cannot run this network: {reasons[0]}"
        raise FileError(Fault("card-embed", message, cure=cure))
    with TemporaryDirectory() as folder:
        file = Path(folder) / "network.onnx"
        exported = export(trained.model, file, "onnx", levels=input_scaling(trained.normalization))
        content = file.read_bytes()
    plan = plan_of(trained.model).for_inference()
    (shown,) = result_maps(plan, trained.signature, probabilities=False)
    signature, normalization = trained.signature, trained.normalization
    names, colours = trained.classes, trained.colours or COLOURS
    background: Sequence[float] = exported.levels.mean if exported.levels else (0.0,) * plan.spec.in_channels
    facts = {
        "input": next(iter(plan.inputs)),
        "output": next(iter(plan.outputs)),
        "threshold": shown.threshold,
        "channels": signature.channels,
        "take": [*signature.used_channels],
        "normalization": {"type": normalization.type, "low": normalization.low, "high": normalization.high},
        "background": [*background],
        "classes": [*names],
        "colours": [colours[index % len(colours)] for index in range(len(names))],
        "geometry": tiles_of_all_sizes(restricted(plan, exported.sizes)),
    }
    return EmbeddedNetwork(content, facts)


def _reasons(trained: Trained) -> Iterator[str]:
    """Why a browser cannot run a network on its images."""
    plan, signature = plan_of(trained.model).for_inference(), trained.signature
    if plan.dims != 2:
        yield f"it takes images in {plan.dims}D"
    if signature.channels not in _CHANNELS or signature.modalities:
        yield "its images are neither grey nor in RGB"
    if len(plan.inputs) > 1:
        yield "it takes more than an image"
    if len(plan.outputs) > 1 or any(output.kind != "classes" for output in signature.outputs):
        yield "it predicts more than a class for each pixel"
    if signature.spacing:
        yield "its images are resampled to a spacing, which images of a browser lack"
