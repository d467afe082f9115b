"""A model as one safetensors file: weights, resolved spec, digest and requirements. Nothing in it is ever executed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import nn

from unetkit.errors import Fault, FileError
from unetkit.model.assembly import assemble
from unetkit.model.init import Uninitialized
from unetkit.planning import Plan, plan
from unetkit.spec import from_text, resolve, to_text
from unetkit.writing import write_whole

FORMAT = "1"


def save(model: nn.Module, file: str | os.PathLike[str], extra: Mapping[str, str] | None = None) -> Path:
    """Writes a model that unetkit built to one safetensors file, whole or not at all, and returns its path.

    `extra` is kept in the metadata of the file under names of your own. Raises FileError where it cannot be written.
    """
    planned = getattr(model, "plan", None)
    if not isinstance(planned, Plan):
        raise FileError(
            Fault("model-foreign", "this module was not built by unetkit", cure="Save what build() returned.")
        )
    path = Path(file)
    metadata = dict(extra or {}) | {
        "unetkit": FORMAT,
        "spec": to_text(resolve(planned.spec)),
        "digest": planned.digest,
        "requirements": json.dumps(requirements()),
    }
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    write_whole(path, to_bytes(weights, metadata=metadata))
    return path


def requirements() -> dict[str, str]:
    """Returns the versions that a model was made with."""
    from unetkit import __version__  # the package imports this module late

    return {"unetkit": __version__, "torch": str(torch.__version__)}


def read_header(file: str | os.PathLike[str]) -> dict[str, str]:
    """Returns the metadata of a model file; raises FileError where it is no such file."""
    try:
        with safe_open(file, framework="pt") as opened:
            metadata: dict[str, str] = opened.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise FileError(
            Fault("model-unreadable", f"{file} cannot be read: {error}", cure="Give a file of `unetkit.save`.")
        ) from error
    if metadata.get("unetkit") != FORMAT or "spec" not in metadata:
        raise FileError(
            Fault("model-foreign", f"{file} was not written by unetkit", cure="Give a file of `unetkit.save`.")
        )
    return metadata


def load_model(file: str | os.PathLike[str]) -> nn.Module:
    """Returns the model in a file, in evaluation mode. Its weights are never initialised, only read.

    Raises FileError where the file is damaged, or where its spec no longer makes the network that was saved.
    """
    metadata = read_header(file)
    planned = plan(from_text(metadata["spec"], f"{file}: spec"))
    if planned.digest != metadata.get("digest"):
        raise FileError(
            Fault(
                "model-digest",
                f"{file}: its spec makes another network here (digest {planned.digest[:12]}) than the one saved "
                f"({metadata.get('digest', '')[:12]}), with {metadata.get('requirements')}",
                cure="Install the versions it was made with.",
            )
        )
    with torch.device("meta"), Uninitialized():
        model = assemble(planned)
    with safe_open(file, framework="pt") as opened:
        weights = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - no mapping
    fill(model, weights, file)
    return model.eval()


def fill(model: nn.Module, weights: dict[str, Any], file: object) -> None:
    """Puts weights into a model made on the meta device; raises FileError where names or shapes differ."""
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    given = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    if wanted != given:
        names = sorted(name for name in wanted.keys() | given.keys() if wanted.get(name) != given.get(name))
        detail = "; ".join(
            f"{name}: {given.get(name)} in the file, {wanted.get(name)} in the network" for name in names[:5]
        )
        raise FileError(Fault("model-weights", f"{file}: {len(names)} weights do not fit: {detail}"))
    model.load_state_dict(weights, assign=True)
