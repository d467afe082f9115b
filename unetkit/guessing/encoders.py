"""The encoders whose layers a file has, in place of that of a spec."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic.fields import FieldInfo

from unetkit import registry
from unetkit.block import Component
from unetkit.checkpoint.layers import ForeignLayer
from unetkit.encoder import Encoder
from unetkit.errors import UnetkitError
from unetkit.guessing.layers import planned_layers, weight
from unetkit.language import Spec, load
from unetkit.planning import plan

_AROUND_FULL: tuple[dict[str, Any], ...] = (
    {},
    {"bottleneck.block": "double_conv", "levels.0.skip": "none"},  # its Unet
    {"levels.0.skip": "none"},  # its other networks
)
"""What networks of smp have around encoders with a map at full resolution."""


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
    for written in (one for name in registry.BUILT_IN["encoder"] for one in _writings(name, spec.encoder)):
        known = _layers(written, spec.dims, weight(first.shapes)[1])
        if known and not known.forms - have:
            fitting.append((known.forms.total(), written, known))
    for _, written, known in sorted(fitting, key=lambda one: -one[0]):
        for around in _AROUND_FULL if known.starts_full else ({},):
            yield {"encoder": written} | around


def _writings(name: str, instead_of: Encoder) -> Iterator[str]:
    """Yields how an encoder can be written with the parameters of another that it has too, and any choice of others.

    There is none where it is the other, or needs parameters.
    """
    model = registry.find("encoder", name)
    fields = {name: field for name, field in model.model_fields.items() if name not in Encoder.model_fields}
    if model is type(instead_of) or any(field.is_required() for field in fields.values()):
        return
    own = _own_values(instead_of)
    values = [(own[name],) if name in own else _choices(field) for name, field in fields.items()]
    for chosen in product(*values):
        given = zip(fields.items(), chosen, strict=True)
        kept = [f"{name}: {value}" for (name, field), value in given if value != field.default]
        yield f"{{{', '.join([f'type: {name}', *kept])}}}" if kept else name


def _choices(field: FieldInfo) -> tuple[Any, ...]:
    """The values that a parameter may have where it names them; else its default."""
    return get_args(field.annotation) if get_origin(field.annotation) is Literal else (field.default,)


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
