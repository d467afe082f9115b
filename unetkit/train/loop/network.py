"""What a network must be to be trained, and pairs to train it."""

from __future__ import annotations

from collections.abc import Collection

from unetkit.data import UNLABELLED, Pairs
from unetkit.errors import Fault
from unetkit.planning import Plan
from unetkit.train.errors import TrainError


def check_fit(plan: Plan, pairs: Pairs) -> None:
    """Raises TrainError where the output is no logits, or where an image or a label does not fit the channels.

    One output channel separates class 1 from class 0; several are one for each class.
    """
    spec, classes = plan.spec, max(2, plan.spec.out_channels)
    last = plan.nodes[plan.output].operation
    if last is not None and last.activation:
        raise TrainError(
            Fault(
                "no-logits",
                f"the output passes through {last.activation}, and the loss applies its own",
                "head",
                "Set head.activation=none.",
            )
        )
    if not pairs:
        raise TrainError(Fault("no-images", "there are no images to train with"))
    if classes > len(pairs.classes):
        known = ", ".join(pairs.classes)
        message = f"{spec.name} predicts {classes} classes, the data define {len(pairs.classes)}: {known}"
        cure = f"Set out_channels={len(pairs.classes)}, or name all classes in the data file."
        raise TrainError(Fault("classes", message, "out_channels", cure))
    for pair in pairs:
        if len(pair.image) != spec.in_channels:
            message = f"{pair.name} has {len(pair.image)} channels, the network takes {spec.in_channels}"
            raise TrainError(Fault("in-channels", message, "in_channels", f"Set in_channels={len(pair.image)}."))
        wrong = pair.labels[(pair.labels != UNLABELLED) & ((pair.labels < 0) | (pair.labels >= classes))]
        if wrong.size:
            message = f"{pair.name} has class {wrong.max()}, the network predicts classes 0 to {classes - 1}"
            cure = f"Set out_channels={wrong.max() + 1}, or say which class stands for unlabelled pixels."
            raise TrainError(Fault("classes", message, "out_channels", cure))


def recomputed(plan: Plan, levels: Collection[int]) -> tuple[str, ...]:
    """Returns the blocks at some levels, whose activations are computed again in the backward pass.

    >>> from unetkit.planning import plan
    >>> from unetkit.language import load
    >>> recomputed(plan(load("unet-same")), [0, 4])
    ('encoder.0.block', 'bottleneck.block', 'decoder.0.block')
    """
    wanted = {f"{part}.{level}.block" for part in ("encoder", "decoder") for level in levels}
    wanted |= {"bottleneck.block"} if plan.spec.depth - 1 in levels else set()
    return tuple(span.scope for span in plan.spans if span.scope in wanted)
