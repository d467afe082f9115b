"""Cuts a model of timm into the stages between its feature maps, and measures each."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from functools import partial
from math import prod
from typing import Any, NamedTuple

import torch
from torch import nn

from unetkit.encoders.timm.facts import ModelFacts, StageFacts
from unetkit.encoders.timm.stage import TimmStage, features, library, part_of
from unetkit.errors import did_you_mean
from unetkit.operations.operation import Axes, wiring_error
from unetkit.wrapping.facts import ModuleFacts
from unetkit.wrapping.measure import count_macs, measure

_CHECKED = (224, 256, 64, 128, 192, 288, 384, 448)
"""Sizes of the image with which the stages are held against the whole model: the first that it takes."""


class _Cut(NamedTuple):
    """The parts of a stage, and the channels and the stride that timm says of its map."""

    parts: tuple[str, ...]
    channels: int
    stride: int


def measure_model(name: str, in_channels: int) -> ModelFacts:
    """Measures a model. Raises BlockError where timm does not know it, or its maps do not follow one another."""
    timm = library()
    if not timm.is_model(name):
        known = did_you_mean(name, timm.list_models()) or "timm.list_models() lists them."
        raise wiring_error(f"timm has no model {name!r}", known)
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        try:
            model = features(name, in_channels).eval()
        except (RuntimeError, TypeError, AssertionError) as error:
            raise wiring_error(f"timm gives no feature maps of {name}: {error}", "Choose another model.") from error
        cuts = list(_cuts(name, model))
        turned = str(getattr(model, "output_fmt", "NCHW")).endswith("NHWC")
        turns = [(turned and number > 0, turned) for number in range(len(cuts))]
        stages = [TimmStage(name, in_channels, cut.parts, turns=turn) for cut, turn in zip(cuts, turns, strict=True)]
        _give_weights(model, stages)
        _check(name, model, stages, in_channels)
        found, taken = [], in_channels
        for cut, turn, stage in zip(cuts, turns, stages, strict=True):
            found.append(_stage_facts(stage, cut, turn, taken))
            taken = cut.channels
    return ModelFacts(stages=tuple(found), weights=_published(name))


def _cuts(name: str, model: Any) -> Iterator[_Cut]:
    """Yields the stages of a model, each up to the last of the maps that have its stride."""
    told = [(one["num_chs"], one["reduction"]) for one in model.feature_info.get_dicts()]
    parts, number = list[str](), 0
    for part, has_map in _steps(name, model):
        parts.append(part)
        if not has_map:
            continue
        channels, stride = told[number]
        number += 1
        if number == len(told) or told[number][1] != stride:
            yield _Cut(tuple(parts), channels, stride)
            parts = []


def _steps(name: str, model: Any) -> Iterator[tuple[str, bool]]:
    """Yields the parts that follow one another, and whether the output of each is one of the maps."""
    if hasattr(model, "return_layers"):
        whole = _names(_whole(name))
        for joined in model:
            yield whole[joined], joined in model.return_layers
    elif hasattr(model, "_stage_out_idx") and getattr(model, "feature_hooks", None) is None:
        yield "conv_stem", False
        yield "bn1", 0 in model._stage_out_idx
        for number in range(len(model.blocks)):
            yield f"blocks.{number}", number + 1 in model._stage_out_idx
    else:
        message = f"{name} does not compute its maps one after the other, as an encoder does"
        raise wiring_error(message, "Choose another model.")


def _whole(name: str) -> nn.Module:
    """The whole model, without memory where it can be made so."""
    try:
        with torch.device("meta"):
            model: nn.Module = library().create_model(name, pretrained=False)
    except NotImplementedError:
        model = library().create_model(name, pretrained=False)
    return model


def _names(model: nn.Module) -> dict[str, str]:
    """The names of a model's parts, by those that they have where timm takes it to pieces."""
    found = {}
    for name, part in model.named_children():
        found[name] = name
        found |= {f"{name}_{inner}": f"{name}.{inner}" for inner, _ in part.named_children()}
    return found


def _give_weights(model: nn.Module, stages: list[TimmStage]) -> None:
    """Gives the stages the weights of the model."""
    for stage in stages:
        stage.eval()
        for part in stage.parts:
            stage.get_submodule(part).load_state_dict(part_of(model, part).state_dict())


def _check(name: str, model: Any, stages: list[TimmStage], in_channels: int) -> None:
    """Raises BlockError where the stages do not give the maps of the model."""
    for size in _CHECKED:
        x = torch.rand(1, in_channels, size, size)
        try:
            maps = model(x)
        except (RuntimeError, AssertionError):  # it takes another size
            continue
        found = []
        for stage in stages:
            x = stage(x)
            found.append(x)
        if stages[-1].turns[1]:
            maps = [one.permute(0, 3, 1, 2) for one in maps]
        by_size = {tuple(one.shape): one for one in maps}  # the last of each size
        if all(tuple(one.shape) in by_size and torch.equal(one, by_size[tuple(one.shape)]) for one in found):
            return
        raise wiring_error(f"the parts of {name} do not give its maps one after the other", "Choose another model.")
    raise wiring_error(f"{name} takes none of the usual sizes of images", "Choose another model.")


def _stage_facts(stage: TimmStage, cut: _Cut, turns: tuple[bool, bool], taken: int) -> StageFacts:
    """Measures a stage for an input of `taken` channels."""
    found = measure(partial(_copied, stage), (taken,), 2, None)
    first, second = found.axes
    return StageFacts(
        parts=cut.parts,
        turns=turns,
        channels=cut.channels,
        stride=cut.stride,
        weights=found.weights,
        axes=(first, second),
        kept=_kept_numbers(stage, taken, found.axes),
    )


def _copied(stage: TimmStage) -> TimmStage:
    """A copy on the device on which tensors are made now."""
    return copy.deepcopy(stage).to(torch.empty(0).device)


def _kept_numbers(stage: TimmStage, taken: int, axes: tuple[ModuleFacts, ...]) -> float:
    """Bytes that training keeps beside input, output and weights, per byte of the output."""
    size = tuple(axis.multiple * -(-max(64, axis.least) // axis.multiple) for axis in axes)
    with torch.device("meta"), torch.enable_grad():
        module = _copied(stage).train()
        x = torch.empty(2, taken, *size, requires_grad=True)
        kept: dict[int, Any] = {}

        def pack(tensor: Any) -> Any:
            kept[tensor.untyped_storage()._cdata] = tensor
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            output = module(x)
    known = {one.untyped_storage()._cdata for one in (x, output, *module.parameters(), *module.buffers())}
    total: int = sum(one.untyped_storage().nbytes() for key, one in kept.items() if key not in known)
    return total / (4 * int(prod(output.shape)))


def count_stage(name: str, in_channels: int, stage: StageFacts, shape: Axes) -> int:
    """The multiply-adds of a stage for an input of a shape."""
    return count_macs(partial(TimmStage, name, in_channels, stage.parts, turns=stage.turns), [shape])


def _published(name: str) -> dict[str, str]:
    """The names on the Hub of the published weights of a model, by tag."""
    timm, found = library(), {}
    for tagged in timm.list_pretrained(f"{name}.*"):
        address = timm.get_pretrained_cfg(tagged).hf_hub_id
        if address:
            found[tagged.partition(".")[2]] = address
    return found
