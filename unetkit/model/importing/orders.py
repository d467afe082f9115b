"""The order in which modules of well-known programs run, where they register their children in another one.

A new program is a new line of `ORDERS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from unetkit.model.importing.layers import ForeignLayer

ORDERS: tuple[tuple[str, ...], ...] = tuple(
    tuple(line.split())
    for line in (
        "conv1 norm1 conv2 norm2 conv3 norm3",  # MONAI: blocks of DynUNet, UNETR, SwinUNETR
        "norm1 conv1 norm2 conv2",  # MONAI: blocks of SegResNet
        "submodule upconv attention merge",  # MONAI: levels of AttentionUnet
        "norm1 attn norm2 mlp",  # MONAI: blocks of ViT
        "qkv out_proj",  # MONAI: its attention
        "norm1 conv1 time_emb_proj norm2 conv2 conv_shortcut",  # diffusers: ResnetBlock2D
    )
)
"""Children of one module in the order in which they run.

A line is about the modules all of whose children it names. Where several lines are, the first is tried in all modules,
then the last.
"""
_Tree = dict[str, "_Tree | ForeignLayer"]


def arrangements(found: Sequence[ForeignLayer]) -> Iterator[tuple[ForeignLayer, ...]]:
    """Yields orders in which the layers of a file may run: those of `ORDERS`, then that of the file."""
    tree = _tree(found)
    yield from dict.fromkeys([*(tuple(_ordered(tree, lines)) for lines in (ORDERS, ORDERS[::-1])), tuple(found)])


def _tree(found: Sequence[ForeignLayer]) -> _Tree:
    """The layers by the parts of their names; a layer that has children too stands first among them."""
    root: _Tree = {}
    for layer in found:
        at = root
        for part in layer.name.split("."):
            child = at.setdefault(part, {})
            assert isinstance(child, dict), "layers stand under the empty name"
            at = child
        at[""] = layer
    return root


def _ordered(tree: _Tree, orders: Sequence[tuple[str, ...]]) -> Iterator[ForeignLayer]:
    """Yields the layers of a tree in execution order."""
    for name in _names(tree, orders):
        child = tree[name]
        if isinstance(child, dict):
            yield from _ordered(child, orders)
        else:
            yield child


def _names(tree: Mapping[str, object], orders: Sequence[tuple[str, ...]]) -> list[str]:
    """The children of a module in execution order.

    >>> _names({"conv1": 0, "conv2": 0, "norm1": 0, "norm2": 0}, ORDERS)
    ['conv1', 'norm1', 'conv2', 'norm2']
    """
    for order in orders:
        if len(tree) > 1 and tree.keys() <= set(order):
            return sorted(tree, key=order.index)
    return list(tree)
