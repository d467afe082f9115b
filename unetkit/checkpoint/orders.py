"""The order in which modules of well-known programs run, where they register their children in another one.

A new program is a new line of `ORDERS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from unetkit.checkpoint.layers import ForeignLayer

ORDERS = (
    "conv1 norm1 conv2 norm2 conv3 norm3",  # MONAI: blocks of DynUNet, UNETR, SwinUNETR
    "norm1 conv1 norm2 conv2",  # MONAI: blocks of SegResNet
    "submodule upconv attention merge",  # MONAI: levels of AttentionUnet
    "norm1 attn norm2 mlp",  # MONAI: blocks of ViT
    "patch_embeddings position_embeddings",  # MONAI: its patches
    "qkv out_proj",  # MONAI: its attention
    "qkv relative_position_bias_table proj",  # MONAI: attention of SwinTransformer
    "norm reduction",  # MONAI: its patch merging
    "x_3_3 x_2_2 x_1_1 x_0_0 x_2_3 x_1_2 x_0_1 x_1_3 x_0_2 x_0_3 x_0_4",  # smp: UnetPlusPlus
    "norm1 conv1 time_emb_proj norm2 conv2 conv_shortcut",  # diffusers: ResnetBlock2D
    "time_embedding conv_in down_blocks mid_block up_blocks conv_norm_out conv_out",  # diffusers: UNet2DModel
    "group_norm to_q+to_k+to_v to_out",  # diffusers: Attention
    "resnets|attentions downsamplers upsamplers",  # diffusers: levels of UNet2DModel
)
"""Children of one module in the order in which they run.

A line is about the modules all of whose children it names. Where several lines are, the first is tried in all modules,
then the last. Lists that are joined by | take turns, item by item.
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


def _ordered(tree: _Tree, orders: Sequence[str]) -> Iterator[ForeignLayer]:
    """Yields the layers of a tree in execution order."""
    for child in _children(tree, orders):
        if isinstance(child, dict):
            yield from _ordered(child, orders)
        else:
            yield child


def _children(tree: _Tree, orders: Sequence[str]) -> list[_Tree | ForeignLayer]:
    """The children of a module in execution order.

    >>> _children({"conv1": {"": 1}, "conv2": {"": 2}, "norm1": {"": 3}, "norm2": {"": 4}}, ORDERS)
    [{'': 1}, {'': 3}, {'': 2}, {'': 4}]
    """
    for order in orders:
        if len(tree) > 1 and tree.keys() <= set(order.replace("|", " ").split()):
            groups = [[tree[name] for name in words.split("|") if name in tree] for words in order.split()]
            return [child for group in groups for child in (group if len(group) < 2 else _in_turns(group))]
    return list(tree.values())


def _in_turns(lists: Sequence[_Tree | ForeignLayer]) -> Iterator[_Tree | ForeignLayer]:
    """Yields the first items of all lists, then the second ones, and so on."""
    items = [list(one.values()) if isinstance(one, dict) else [one] for one in lists]
    for turn in zip_longest(*items):
        yield from (item for item in turn if item is not None)
