"""A model as one safetensors file: weights, resolved spec, digest and versions. Loading executes no code from it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import nn

from unetkit.errors import Fault, FileError, UnetkitError
from unetkit.language import from_text, resolve, to_text
from unetkit.model.checksum import KEY as CHECKSUM
from unetkit.model.checksum import sealed, verify
from unetkit.model.hub import local
from unetkit.model.interface import plan_of
from unetkit.model.network import check_third_party, empty, for_inference
from unetkit.model.pretrained import WeightsOrigin
from unetkit.model.structure import structural_differences
from unetkit.model.weights import misfits
from unetkit.planning import Plan, plan
from unetkit.writing import write_whole

FORMAT = "1"
_ALIGNMENT = 64  # bytes, of torch's allocator on the CPU
KEYS = ("spec", "digest", "structure", "requirements")
"""The metadata of each model file, beside its format."""
_ORIGIN = "encoder_weights"
"""The key of the metadata that says where the weights came from with which the encoder began."""
_SHOWN = 5  # of the weights or operations that do not fit


def save(
    model: nn.Module,
    file: str | os.PathLike[str],
    extra: Mapping[str, str] | None = None,
    *,
    training_outputs: bool = False,
) -> Path:
    """Writes a model that unetkit built to one safetensors file, whole or not at all, and returns its path.

    Outputs that exist in training only are left out, unless `training_outputs`. `extra` is added to the metadata under
    names of your own. Raises FileError if the file cannot be written.
    """
    if not training_outputs:
        model = for_inference(model)
    planned = plan_of(model)
    path = Path(file)
    metadata = dict(extra or {}) | description(planned)
    origin: WeightsOrigin | None = getattr(model, "origin", None)
    if origin is not None:
        metadata[_ORIGIN] = json.dumps(origin._asdict())
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    write_whole(path, _on_boundary(sealed(to_bytes(weights, metadata=metadata))))
    return path


def description(planned: Plan) -> dict[str, str]:
    """The metadata of a file about its network; `described` reads it."""
    return {
        "unetkit": FORMAT,
        "spec": to_text(resolve(planned.spec)),
        "digest": planned.digest,
        "structure": "\n".join(planned.listing()),
        "requirements": json.dumps(requirements() | planned.spec.plugins),
    }


def requirements() -> dict[str, str]:
    """The versions of unetkit and torch."""
    from unetkit import __version__  # the package imports this module late

    return {"unetkit": __version__, "torch": str(torch.__version__)}


def read_header(file: str | os.PathLike[str]) -> dict[str, str]:
    """The metadata of a model file; raises FileError for other files."""
    try:
        with safe_open(local(file), framework="pt") as opened:
            metadata: dict[str, str] = opened.metadata() or {}
    except FileNotFoundError as error:
        raise FileError(Fault("model-unreadable", f"{file} does not exist", cure="Check the path.")) from error
    except (OSError, SafetensorError) as error:
        raise FileError(
            Fault("model-unreadable", f"{file} cannot be read: {error}", cure="Give a file of `unetkit.save`.")
        ) from error
    if metadata.get("unetkit") != FORMAT or not all(key in metadata for key in (*KEYS, CHECKSUM)):
        raise FileError(
            Fault("model-foreign", f"{file} was not written by unetkit", cure="Give a file of `unetkit.save`.")
        )
    return metadata


def load_model(file: str | os.PathLike[str]) -> nn.Module:
    """The model in a file, in evaluation mode. Its weights are read, never initialized.

    `hf://owner/name` is model.safetensors on the Hugging Face Hub; another file name may follow.

    Raises FileError if the file is damaged, or if its spec no longer makes the network that was saved, with the
    operations that differ. No code in the file is executed, and its spec cannot refer to other files.
    """
    file = local(file)
    planned = read_plan(file)
    model = empty(planned)
    with safe_open(file, framework="pt") as opened:
        weights = {name: aligned(opened.get_tensor(name)) for name in opened.keys()}  # noqa: SIM118 - no mapping
        model.origin = _origin(opened.metadata() or {}, file)
    assign(model, weights, file)
    verify(file)
    check_third_party(planned)
    return model.eval()


def _origin(metadata: Mapping[str, str], file: object) -> WeightsOrigin | None:
    """Where the weights came from with which the encoder of a saved network began; None where it had none."""
    if _ORIGIN not in metadata:
        return None
    try:
        return WeightsOrigin(**{name: str(value) for name, value in json.loads(metadata[_ORIGIN]).items()})
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        message = f"{file} is damaged: its {_ORIGIN} is invalid"
        raise FileError(Fault("model-damaged", message, cure="Get the file again.")) from error


def _on_boundary(content: bytes) -> bytes:
    """A safetensors file whose weights begin at a multiple of ALIGNMENT, so that most are read without a copy.

    Its header may end in spaces: https://github.com/huggingface/safetensors#format
    """
    length = int.from_bytes(content[:8], "little")
    spaces = b" " * (-(8 + length) % _ALIGNMENT)
    return b"".join(
        ((length + len(spaces)).to_bytes(8, "little"), content[8 : 8 + length], spaces, content[8 + length :])
    )


def aligned(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor at an address aligned as torch's own: at others, torch's kernels round differently."""
    return tensor.clone() if tensor.data_ptr() % _ALIGNMENT else tensor


def read_plan(file: str | os.PathLike[str]) -> Plan:
    """The plan of the network in a model file; raises FileError if it is not the one that was saved."""
    return described(read_header(file), file)


def described(metadata: Mapping[str, str], file: object) -> Plan:
    """The plan of the network in the metadata of a file; raises FileError if its digest differs."""

    def refuse(name: str, base: Path | None) -> NoReturn:
        message = f"{file}: its spec extends another file, {name}"
        raise FileError(Fault("model-extends", message, cure="A model file holds its spec whole."))

    try:
        planned = plan(from_text(metadata["spec"], f"{file}: spec", find=refuse))
    except FileError:
        raise
    except UnetkitError as error:
        raise FileError(*error.faults) from error
    if planned.digest != metadata["digest"]:
        raise _another_network(file, metadata, planned)
    return planned


def _another_network(file: object, metadata: Mapping[str, str], planned: Plan) -> FileError:
    """The error for a file whose spec no longer makes the network that was saved."""
    saved = metadata["structure"]
    if sha256(saved.encode()).hexdigest() != metadata["digest"]:
        message = f"{file} is damaged: its digest does not match the network that it describes"
        return FileError(Fault("model-damaged", message, cure="Get the file again."))
    found = structural_differences(saved.splitlines(), planned.listing())
    message = f"{file}: its spec makes another network here than the one that was saved. What differs:"
    more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    cure = f"Install the versions it was made with: {metadata['requirements']}"
    return FileError(Fault("model-digest", message, cure=cure, lines=(*found[:_SHOWN], *more)))


def assign(model: nn.Module, weights: dict[str, Any], file: object) -> None:
    """Assigns weights to a model on the meta device; raises FileError if names, shapes or types differ."""
    found = misfits(model, weights)
    if found:
        detail = "; ".join(str(one) for one in found[:_SHOWN])
        raise FileError(
            Fault("model-weights", f"{file}: {len(found)} weights do not fit: {detail}", cure="Get the file again.")
        )
    model.load_state_dict(weights, assign=True)
