"""Several U-Nets, one after the other."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from unetkit.topologies.paths import decode, encode
from unetkit.topology import Net, Topology


class Cascade(Topology):
    """U-Nets one after the other, each with weights of its own: every stage refines what the one before computed.

    A head may also read an earlier stage: `stage_1`, `stage_2`, ….
    """

    source = "Xia & Kulis, 2017, arXiv:1711.08506 (W-Net); Jha et al., 2020, arXiv:2006.04868 (DoubleU-Net)"
    stages: Annotated[int, Field(ge=2, le=16)] = 2
    """How many U-Nets."""
    between: Literal["features", "merge"] = "features"
    """What a later stage reads: the last features before it, or those merged with the image by the skip of level 0."""
    skips: Literal["own", "all"] = "own"
    """Whether a decoder reads the encoder of its stage alone, or those of earlier stages too, as in DoubleU-Net."""

    def wire(self, net: Net, image: int) -> dict[int | str, int]:
        outputs: dict[int | str, int] = {}
        encoders: list[tuple[int, ...]] = []
        x = image
        for stage in range(1, self.stages + 1):
            prefix, first = f"stage{stage}.", (stage - 1) * (net.last + 1)
            if stage > 1 and self.between == "merge":
                x = net.place(f"{prefix}merge", "skip", 0, "decoder", x, image, column=first)
            encoders.append(encode(net, x, prefix, first))
            x = outputs[net.last] = encoders[-1][-1]
            for level in reversed(range(net.last)):
                skips = [own[level] for own in reversed(encoders[-1:] if self.skips == "own" else encoders)]
                scope, column = f"{prefix}decoder.{level}", first + net.last - level
                x = outputs[level] = decode(net, scope, level, x, *skips, column=column)
            outputs[f"stage_{stage}"] = x
        return outputs
