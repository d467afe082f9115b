"""The encoders whose layers a file has, in place of that of a spec."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from unetkit import registry
from unetkit.block import Component
from unetkit.checkpoint.layers import ForeignLayer
from unetkit.encoder import Encoder
from unetkit.errors import UnetkitError
from unetkit.guessing.layers import planned_layers, weight
from unetkit.language import Spec, load
from unetkit.planning import plan

_NO_SKIP_AT_THE_TOP = {"bottleneck.block": "double_conv", "levels.0.skip": "none"}
"""What smp's Unet has around encoders with a map at full resolution."""


class _Layers(NamedTuple):
    """The layers of an encoder by their shapes, and whether it has a map at full resolution."""

    forms: Counter[Any]
    starts_full: bool


def other_encoders(spec: Spec, found: Sequence[ForeignLayer]) -> Iterator[dict[str, Any]]:
    """Yields the changes with which a spec has another encoder, all of whose layers a file has; the largest first."""
    first = next((layer for layer in found if weight(layer.shapes)), None)
    if spec.encoder is None or first is None:
        return
    have, fitting = Counter(layer.form for layer in found), list[tuple[int, str, _Layers]]()
    for name in registry.BUILT_IN["encoder"]:
        written = _written(name, spec.encoder)
        known = _layers(written, spec.dims, weight(first.shapes)[1]) if written else None
        if known and not known.forms - have:
            fitting.append((known.forms.total(), written, known))
    for _, written, known in sorted(fitting, key=lambda one: -one[0]):
        yield {"encoder": written}
        if known.starts_full:
            yield {"encoder": written, **_NO_SKIP_AT_THE_TOP}


def _written(name: str, instead_of: Encoder) -> str:
    """An encoder with the parameters of another that it has too; empty where it is the other, or needs parameters."""
    model = registry.find("encoder", name)
    if model is type(instead_of) or any(field.is_required() for field in model.model_fields.values()):
        return ""
    own = _own_values(instead_of)
    kept = [f"{field}: {own[field]}" for field in model.model_fields if field in own]
    return f"{{{', '.join([f'type: {name}', *kept])}}}" if kept else name


def _own_values(encoder: Encoder) -> dict[str, Any]:
    """The parameters that not all encoders have, where they are not the defaults."""
    fields: dict[str, Any] = dict(type(encoder).model_fields)
    return {
        name: value
        for name, field in fields.items()
        if name not in Encoder.model_fields and (value := getattr(encoder, name)) != field.default
    }


@lru_cache(256)
def _layers(written: str, dims: int, channels: int) -> _Layers | None:
    """The layers of an encoder that reads so many channels; None where there is no such encoder."""
    values: dict[str, Any] = {"unetkit": 1, "dims": dims, "in_channels": channels, "out_channels": 1}
    try:
        planned = plan(load(values, [f"encoder={written}"]))
    except UnetkitError:
        return None
    forms = Counter(layer.form for layer in planned_layers(planned) if layer.slot == "encoder" and layer.shapes)
    encoder: Component | None = planned.spec.encoder
    assert isinstance(encoder, Encoder), "the spec has one"
    return _Layers(forms, bool(encoder.used_levels[0].channels))
