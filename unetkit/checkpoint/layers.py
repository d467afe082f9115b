"""State dicts as lists of layers; a layer is all tensors whose names differ only in the last part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from torch import Tensor

COUNTER = "num_batches_tracked"
"""Batch norm's counter of training steps: it has no effect on outputs, and old files lack it."""


class _Shaped(Protocol):
    """A tensor, or the record of one."""

    @property
    def shape(self) -> Sequence[int]: ...


_Shapes = tuple[tuple[str, tuple[int, ...]], ...]


class ForeignLayer(NamedTuple):
    """A layer of a state dict: its name, and the shapes of its tensors by the last part of their names."""

    name: str
    shapes: _Shapes

    def __str__(self) -> str:
        return f"{self.name} ({', '.join(f'{leaf} {list(shape)}' for leaf, shape in self.shapes)})"

    @property
    def form(self) -> _Shapes:
        """Its shapes, where a 1×1 convolution is a linear layer."""
        return tuple((leaf, shape[:2] if set(shape[2:]) == {1} else shape) for leaf, shape in self.shapes)

    def is_head(self, other: ForeignLayer) -> bool:
        """Whether this could be a further head: a 1×1 convolution to as many channels."""
        mine, theirs = dict(self.shapes), dict(other.shapes)
        weight, main = mine.get("weight", ()), theirs.get("weight", ())
        return (
            mine.keys() == theirs.keys()
            and len(weight) == len(main) > 2
            and weight[0] == main[0]
            and weight[2:] == main[2:] == (1,) * (len(main) - 2)
        )


def layers(tensors: Mapping[str, _Shaped]) -> tuple[ForeignLayer, ...]:
    """The layers of a state dict in its order.

    >>> import torch
    >>> layers({"a.weight": torch.zeros(2, 1), "a.bias": torch.zeros(2)})
    (ForeignLayer(name='a', shapes=(('bias', (2,)), ('weight', (2, 1)))),)
    """
    found: dict[str, list[tuple[str, tuple[int, ...]]]] = {}
    for name, tensor in tensors.items():
        layer, _, leaf = name.rpartition(".")
        shapes = found.setdefault(layer, [])
        if leaf != COUNTER:
            shapes.append((leaf, tuple(tensor.shape)))
    return tuple(ForeignLayer(name, tuple(sorted(shapes))) for name, shapes in found.items() if shapes)


_THREE = (("to_q", "to_k", "to_v"), ("query", "key", "value"), ("q_proj", "k_proj", "v_proj"))
"""The names of layers that compute queries, keys and values apart."""


def _group(name: str, shapes: Mapping[str, object], leaf: str = "") -> tuple[str, tuple[str, ...]]:
    """The layer that stands for several, of which `name` is one, and their names; no names where it stands alone.

    Those are queries, keys and values of equal shapes; or keys and values alone, where queries are of another signal.
    """
    outer, _, last = name.rpartition(".")
    for three in _THREE:
        for group in (three, three[1:]):
            names = tuple([f"{outer}.{one}".lstrip(".") for one in group])
            found = {shapes.get(f"{one}{leaf}") for one in names}
            if last in group and len(found) == 1 and None not in found:
                return f"{outer}.{'+'.join(group)}".lstrip("."), names
    return name, ()


def joined(found: Sequence[ForeignLayer]) -> tuple[ForeignLayer, ...]:
    """The layers, in which one computes queries, keys and values where three of equal shapes did.

    >>> joined([ForeignLayer(f"attn.to_{one}", (("weight", (2, 4)),)) for one in "qkv"])
    (ForeignLayer(name='attn.to_q+to_k+to_v', shapes=(('weight', (6, 4)),)),)
    """
    by_name = {layer.name: layer.shapes for layer in found}
    made = list[ForeignLayer]()
    done = set[str]()
    for layer in found:
        whole, parts = _group(layer.name, by_name)
        if not parts:
            made.append(layer)
        elif layer.name not in done:
            done.update(parts)
            shapes = tuple((leaf, (len(parts) * shape[0], *shape[1:])) for leaf, shape in layer.shapes)
            made.append(ForeignLayer(whole, shapes))
    return tuple(made)


_INDEX = "relative_position_index"
"""Offsets between the samples of a window, which follow from its size."""


def arranged(tensors: Mapping[str, Tensor], dims: int) -> dict[str, Tensor]:
    """A state dict with attention as in networks of unetkit.

    One layer computes queries, keys and values. Position biases of windows are a layer of their own with a row per
    head, and positions one with the shape of the map, which has the same size along each axis.

    >>> import torch
    >>> list(arranged({f"attn.to_{one}.weight": torch.zeros(2, 2) for one in "qkv"}, 2))
    ['attn.to_q+to_k+to_v.weight']
    >>> made = arranged({"embed.position_embeddings": torch.zeros(1, 9, 4)}, 2)
    >>> [(name, *tensor.shape) for name, tensor in made.items()]
    [('embed.position_embeddings.weight', 4, 3, 3)]
    """
    import torch

    made: dict[str, Tensor] = {}
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    for name, tensor in tensors.items():
        last = name.rpartition(".")[2]
        if last == _INDEX:
            continue
        if last == "relative_position_bias_table" and tensor.dim() == 2:
            made[f"{name}.position_bias"] = tensor.T
            continue
        if last == "position_embeddings" and tensor.dim() == 3 and tensor.shape[0] == 1:
            side = round(tensor.shape[1] ** (1 / dims))
            if side**dims == tensor.shape[1]:
                made[f"{name}.weight"] = tensor[0].T.reshape(-1, *(side,) * dims)
                continue
        parent, _, leaf = name.rpartition(".")
        whole, parts = _group(parent, shapes, f".{leaf}")
        if not parts:
            made[name] = tensor
        elif f"{whole}.{leaf}" not in made:
            made[f"{whole}.{leaf}"] = torch.cat([tensors[f"{part}.{leaf}"] for part in parts])
    return made


def copies(tensors: Mapping[str, Tensor], found: Sequence[ForeignLayer]) -> dict[str, str]:
    """The duplicate layers of a state dict, with the name of the original.

    Duplicates share memory, or hold equal numbers that vary: the constant weights of an untrained norm prove nothing.
    Every tensor is read once, however many layers have equal shapes.
    """
    twice: dict[str, str] = {}
    shared: dict[Any, str] = {}
    equal: dict[Any, str] = {}
    often = Counter(layer.shapes for layer in found)
    for layer in found:
        if often[layer.shapes] < 2:
            continue
        own = [tensors[f"{layer.name}.{leaf}".lstrip(".")] for leaf, _ in layer.shapes]
        place = (
            (layer.shapes, *((one.data_ptr(), one.stride()) for one in own))
            if all(one.numel() for one in own)
            else None
        )
        numbers = (layer.shapes, _digest(own)) if any(map(_varies, own)) else None
        first = shared.get(place) or equal.get(numbers)
        if first is not None:
            twice[layer.name] = first
            continue
        if place is not None:
            shared[place] = layer.name
        if numbers is not None:
            equal[numbers] = layer.name
    return twice


def _varies(tensor: Tensor) -> bool:
    """Whether a tensor has different numbers."""
    return tensor.numel() > 1 and bool((tensor != tensor.flatten()[0]).any())


def _digest(own: Sequence[Tensor]) -> bytes:
    """A hash of the numbers of a layer and their types."""
    import torch

    digest = blake2b(digest_size=16)
    for tensor in own:
        digest.update(f"{tensor.dtype} ".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.digest()
