"""The weights that an encoder begins with: a published file, one on the Hugging Face Hub, or a local one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import file_digest
from http.client import HTTPException
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import NamedTuple
from urllib.request import urlopen

import torch
from torch import Tensor, nn

from unetkit.checkpoint.faults import ImportWeightsError
from unetkit.checkpoint.formats import SAVE_AGAIN
from unetkit.encoder import Encoder
from unetkit.errors import Fault, FileError
from unetkit.model.checkpoint import read_checkpoint
from unetkit.model.hub import PREFIX, hub, parse_address
from unetkit.planning import Plan

_PUBLISHED = "https://download.pytorch.org/models/"
_TIMEOUT = 30  # seconds without a byte
_SHOWN = 5  # of the weights that do not fit


class WeightsOrigin(NamedTuple):
    """Where the weights of an encoder came from: what the spec names, the file's name, and its SHA-256."""

    weights: str
    file: str
    sha256: str


def load_pretrained(model: nn.Module, planned: Plan) -> WeightsOrigin | None:
    """Fills the encoder of a network with the weights that its spec names; None where it names none.

    Raises FileError, with what to do, where the file is missing, is another one, or does not fit.
    """
    encoder = planned.spec.encoder
    if encoder is None or encoder.weights is None or encoder.address is None:
        return None
    file = _weights_file(encoder, encoder.address)
    digest = _digest(file)
    wanted = encoder.sha256 or _published_hash(encoder.published.get(encoder.weights, ""))
    if not digest.startswith(wanted):
        message = f"{file} is another file than expected: its SHA-256 is {digest[:12]}…, not {wanted[:12]}…"
        raise FileError(Fault("weights-changed", message, cure="Remove it, and get it again."))
    _fill(model, planned, encoder, _tensors(file), file)
    return WeightsOrigin(encoder.weights, file.name, digest)


def _tensors(file: Path) -> Mapping[str, Tensor]:
    """The tensors of a file; the error for an older format also says what to do with the file saved again."""
    try:
        return read_checkpoint(file).tensors
    except ImportWeightsError as error:
        (first,) = error.faults
        if first.cure != SAVE_AGAIN:
            raise
        cure = f"{first.cure} Then name that file in encoder.weights, as in weights: ./weights.pth."
        raise ImportWeightsError(replace(first, cure=cure)) from error


def _published_hash(name: str) -> str:
    """The part of a hash that the name of a published file ends with.

    >>> _published_hash("resnet34-b627a593.pth")
    'b627a593'
    """
    return name.rpartition("-")[2].removesuffix(".pth") if name else ""


def _digest(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        message = f"{file}: {error.strerror or error}"
        raise FileError(Fault("file-missing", message, cure="Check encoder.weights.")) from error


def _weights_file(encoder: Encoder, weights: str) -> Path:
    """The file of the weights, which is downloaded where it is not on this machine."""
    if weights.startswith(PREFIX):
        address = parse_address(weights)
        with hub(weights) as api:
            return Path(api.hf_hub_download(address.repo, address.file, revision=address.revision))
    name = encoder.published.get(weights)
    if name is None:
        return Path(weights)
    file = Path(torch.hub.get_dir()) / "checkpoints" / name
    if not file.exists():
        _download(_PUBLISHED + name, file)
    return file


def _download(address: str, file: Path) -> None:
    """Downloads a file, whole or not at all. Raises FileError that says where to put it by hand."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with (
            urlopen(address, timeout=_TIMEOUT) as source,
            NamedTemporaryFile(dir=file.parent, prefix=file.name, suffix=".part") as part,
        ):
            shutil.copyfileobj(source, part)
            part.flush()
            os.link(part.name, file)
    except FileExistsError:  # another process was faster
        return
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        message = f"{file.name} is not on this machine and cannot be downloaded: {reason}"
        cure = f"Download {address} elsewhere, and put it at {file}. Or name a local file in encoder.weights."
        raise FileError(Fault("weights-missing", message, cure=cure)) from error


def _fill(model: nn.Module, planned: Plan, encoder: Encoder, given: Mapping[str, Tensor], file: Path) -> None:
    """Copies weights into the levels of the encoder. Raises FileError with all that do not fit."""
    state, misfits, used = model.state_dict(), list[str](), set[str]()
    given = {known: tensor for name, tensor in given.items() if (known := encoder.level_name(name))}
    with torch.no_grad():
        for own, name in _own_weights(planned, encoder, state):
            source = encoder.published_name(name)
            used.add(source)
            if source not in given:
                if not source.endswith("num_batches_tracked"):  # which older files lack
                    misfits.append(f"{source} is missing")
                continue
            found = _fitting(encoder, encoder.arranged(name, given[source]), state[own].shape)
            if found is None:
                misfits.append(f"{source} has the shape {tuple(given[source].shape)}, not {tuple(state[own].shape)}")
            elif found.numel():
                state[own].copy_(found)
    if encoder.levels is None:
        misfits += [f"{name} has no place" for name in given if name not in used]
    if misfits:
        kind = planned.spec.type_of(encoder)
        message = f"{len(misfits)} weights of {file} do not fit {kind}:"
        lines = (*misfits[:_SHOWN], *["…"] * (len(misfits) > _SHOWN))
        raise FileError(Fault("weights-shape", message, cure=f"Give weights of {kind}.", lines=lines))


def _own_weights(planned: Plan, encoder: Encoder, state: Mapping[str, Tensor]) -> Iterator[tuple[str, str]]:
    """Yields the weights of the encoder: the full name, and the name below its level."""
    for call in planned.calls:
        if planned.spec.parts[call.scope] is encoder:
            start = f"{call.scope}."
            yield from ((name, name[len(start) :]) for name in state if name[: len(start)] == start)


def _fitting(encoder: Encoder, given: Tensor, shape: torch.Size) -> Tensor | None:
    """The weights in the shape of the network; empty where they are drawn anew; None where they do not fit."""
    if given.shape == shape:
        return given
    if [n for n in given.shape if n > 1] == [n for n in shape if n > 1]:  # as of a linear layer
        return given.reshape(shape)
    if given.dim() != len(shape) or len(shape) < 3 or given.shape[1] != 3:
        return None
    if (given.shape[0], *given.shape[2:]) != (shape[0], *shape[2:]):
        return None
    return _adapted(encoder.adapt, given, shape[1])


def _adapted(how: str, given: Tensor, channels: int) -> Tensor:
    """The weights of a first convolution for another number of channels than that of a photo."""
    if how == "new":
        return given.new_empty(0)
    if how == "sum" or (how == "auto" and channels == 1):
        return given.sum(1, keepdim=True).expand(-1, channels, *given.shape[2:]) / channels
    turns = [channel % 3 for channel in range(channels)]
    return given[:, turns] * (3 / channels)
