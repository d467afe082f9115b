"""The checks of the battery: each runs the block in a small network and raises Failed with a cure."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

from unetkit.errors import SizeError, SpecError
from unetkit.language import load, resolve
from unetkit.testing.report import Failed, NotHere
from unetkit.testing.subject import Subject, Values

_SIZES = (1, 2, 3, 8, 15, 17)
"""Sizes along each axis; the last axis also has one sample more."""
_REFUSED = (RuntimeError, ValueError, AssertionError, IndexError)


def sizes(dims: int) -> Iterator[tuple[int, ...]]:
    """Yields sizes to try: one pixel, odd ones, unequal axes."""
    for size, more in product(_SIZES, (0, 1)):
        yield (*(size,) * (dims - 1), size + more)


def built(subject: Subject, dims: int, values: Values | None = None, seed: int = 0) -> Any:
    """The network with the block, in evaluation mode."""
    from unetkit.model import build

    return build(subject.spec(dims, values or subject.needed), seed=seed).eval()


def image(subject: Subject, dims: int, batch: int = 2) -> Any:
    """A batch of random images of an accepted size."""
    import torch

    planned = subject.plan(dims)
    size = tuple((sizes.above(8) or sizes.minimum or 8) for sizes in planned.preferred_sizes)
    return torch.rand(batch, 4, *size, generator=torch.Generator().manual_seed(0))


def fed(network: Any, images: Any) -> tuple[Any, ...]:
    """The inputs of a network with these images: the vectors that it takes are the same for all."""
    import torch

    vectors = []
    for count in network.plan.vectors.values():
        values = torch.linspace(-0.5, 0.5, count, dtype=images.dtype, device=images.device)
        vectors.append(values.reshape(1, count, *(1,) * network.plan.dims).repeat_interleave(len(images), 0))
    return images, *vectors


def _round_trip(subject: Subject) -> None:
    """Parameters survive a round trip through YAML; wrong ones are refused."""
    for dims in subject.dims:
        for values in subject.bases(dims):
            form = resolve(load(subject.spec(dims, values)))
            if resolve(load(form)) != form:
                raise Failed(f"{values} changes in a round trip through YAML. Use plain values for parameters.")
    for field in [*subject.block.model_fields, "no_such_parameter"]:
        try:
            load(subject.spec(subject.dims[0], subject.needed | {field: {"no": {"such": "value"}}}))
        except SpecError:
            continue
        raise Failed(f"{field} accepts a map that is no valid value. Give it a precise type.")


def _predicted(subject: Subject) -> None:
    """Sizes, channels, parameters and multiply-adds match the plan, and plan and torch refuse the same sizes."""
    for dims in subject.dims:
        for values in [subject.needed, *(other for _, _, other in subject.parameters(dims))][:8]:
            compare(subject, dims, values)


def compare(subject: Subject, dims: int, values: Values) -> None:
    """Compares plan and torch for one choice of parameters."""
    import torch

    from unetkit.model.network import assemble
    from unetkit.wrapping.flops import MacCounter

    planned = subject.plan(dims, values)
    network = assemble(planned).eval()
    network._forward_pre_hooks.clear()
    weights = sum(weight.numel() for weight in network.parameters() if weight.requires_grad)
    if weights != planned.parameters:
        raise Failed(
            f"{values}: the plan says {planned.parameters} parameters, torch has {weights}. Correct the facts."
        )
    for size in sizes(dims):
        try:
            sized = planned.at(size)
        except SizeError:
            sized = None
        try:
            with torch.no_grad(), MacCounter() as counter:
                shape = tuple(network(*fed(network, torch.zeros(1, 4, *size))).shape)
        except _REFUSED as error:
            if sized is not None:
                raise Failed(
                    f"{values}: the plan accepts {size}, torch refuses it: {error}. State the limit."
                ) from error
            continue
        expected = None if sized is None else (1, 4, *sized.output_size)
        if shape != expected:
            raise Failed(
                f"{values}: for {size} the plan says {expected}, torch gives {shape}. Correct size or channels."
            )
        if sized is not None and sized.macs != counter.macs:
            raise Failed(
                f"{values}: for {size} the plan says {sized.macs} MACs, torch does {counter.macs}. Correct macs."
            )


def reach(subject: Subject) -> None:
    """No output depends on an input outside its planned interval: a NaN spreads no further."""
    import torch

    for dims in subject.dims:
        network = built(subject, dims)
        network._forward_pre_hooks.clear()
        with torch.no_grad():
            for weight in network.parameters():
                weight.copy_(0.5 + torch.rand(weight.shape, generator=torch.Generator().manual_seed(0)))
        for axis in range(dims):
            _probe(network, dims, axis)


def _probe(network: Any, dims: int, axis: int) -> None:
    """Puts NaN into a slice in the middle of an image, and compares the outputs that become NaN with the plan."""
    import torch

    planned = network.plan
    size = [(sizes.above(6) or sizes.minimum or 6) for sizes in planned.preferred_sizes]
    size[axis] = planned.preferred_sizes[axis].above(40) or size[axis]
    for spoilt in range(size[axis] // 2, size[axis] // 2 + 2):
        images = torch.rand(1, 4, *size, generator=torch.Generator().manual_seed(0))
        images.narrow(axis + 2, spoilt, 1).fill_(torch.nan)
        with torch.no_grad():
            hit = (
                network(*fed(network, images))
                .isnan()
                .movedim(axis + 2, 0)
                .flatten(1)
                .any(1)
                .nonzero()
                .flatten()
                .tolist()
            )
        for place in hit:
            seen = planned.receptive_interval(axis, place, size[axis])
            if seen is None or not seen.low <= spoilt <= seen.high:
                interval = "nothing" if seen is None else f"{seen.low} to {seen.high}"
                raise Failed(
                    f"in {dims}D, of {size[axis]} samples along axis {axis}, output {place} depends on input {spoilt}; "
                    f"the plan says {interval}. Correct the reach: tiles would be wrong."
                )


def _effective(subject: Subject) -> None:
    """Each parameter has an effect."""
    dims = subject.dims[-1] if len(subject.dims) < 2 else 2
    seen: dict[str, bool] = {}
    for field, base, other in subject.parameters(dims):
        seen[field] = seen.get(field, False) or _behaviour(subject, dims, base) != _behaviour(subject, dims, other)
    idle = [field for field, works in seen.items() if not works]
    if idle:
        raise Failed(
            f"the parameter {idle[0]!r} has no effect. Use it, remove it, or declare when it has none by idle()."
        )


def _behaviour(subject: Subject, dims: int, values: Values) -> Any:
    """The observable behaviour of a network: shapes of weights, outputs in evaluation and training, buffers."""
    import torch

    network = built(subject, dims, values)
    planned = network.plan
    size = tuple((sizes.above(9) or sizes.minimum or 9) for sizes in planned.accepted)
    images = torch.rand(2, 4, *size, generator=torch.Generator().manual_seed(0)) - 0.5
    seen = [repr(sorted((name, tuple(one.shape)) for name, one in network.state_dict().items()))]
    with torch.no_grad(), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seen.append(repr(network(*fed(network, images)).tolist()))
        torch.manual_seed(0)
        try:
            seen.append(repr(network.train()(*fed(network, images)).tolist()))
        except ValueError:  # a norm over one sample
            seen.append("refused")
    return [*seen, repr([buffer.tolist() for buffer in network.buffers()])]


def gradients(subject: Subject) -> None:
    """Gradients reach every parameter."""
    import torch

    for dims in subject.dims:
        network = built(subject, dims).train()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            network(*fed(network, image(subject, dims))).square().sum().backward()
        for name, weight in network.named_parameters():
            if weight.grad is None or not (weight.grad.any() or _normalized(network, name)):
                raise Failed(f"no gradient reaches {name} in {dims}D. Use it in forward, or remove it.")


def _normalized(network: Any, name: str) -> bool:
    """Whether a weight is a bias in a network with norms, which may make its gradient 0."""
    return name.endswith("bias") and any("Norm" in type(part).__name__ for part in network.modules())


def _stable_keys(subject: Subject) -> None:
    """The keys of the weights have the same names and order in each network and process."""
    first, second = (list(built(subject, subject.dims[0]).state_dict()) for _ in range(2))
    if first != second:
        raise Failed(
            f"two networks have different keys: {first[:3]} and {second[:3]}. Name layers by their place alone."
        )
    if subject.block.__module__.startswith("unetkit."):
        return
    outputs = {" ".join(first)} | {_keys_elsewhere(subject, seed) for seed in ("1", "2")}
    if len(outputs) > 1:
        cure = "Do not make layers from a set: its order differs from process to process. Use a list."
        raise Failed(f"the order of the keys differs between processes. {cure}")


_ELSEWHERE = """
import importlib, sys
from unetkit.testing.battery import known
from unetkit.testing.checks import built
from unetkit.testing.subject import Subject
block = getattr(importlib.import_module(sys.argv[1]), sys.argv[2])
with known(block):
    subject = Subject(block)
    print(*built(subject, int(sys.argv[3])).state_dict())
"""


def _attribute_of(block: type) -> str:
    """The name of a block in its module."""
    module = sys.modules.get(block.__module__)
    name = next((name for name, value in vars(module).items() if value is block), "") if module else ""
    if not name or block.__module__ == "__main__":
        raise NotHere(f"{block.__module__}:{block.__qualname__} cannot be imported by another process")
    return name


def _elsewhere(code: str, *arguments: str, **environment: str) -> str:
    """The output of Python code in another process."""
    path = os.pathsep.join(word or os.getcwd() for word in sys.path)
    command = [sys.executable, "-W", "ignore", "-c", code, *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path, **environment}
    )
    if done.returncode:
        raise Failed(f"it fails in another process: {done.stderr.strip().splitlines()[-1:]}. Import all that it needs.")
    return done.stdout.strip()


def _keys_elsewhere(subject: Subject, seed: str) -> str:
    """The keys of the weights in another process with this hash seed, which orders sets."""
    block = subject.block
    return _elsewhere(_ELSEWHERE, block.__module__, _attribute_of(block), str(subject.dims[0]), PYTHONHASHSEED=seed)


def _deterministic(subject: Subject) -> None:
    """The same seed gives the same weights; evaluation repeats its output and changes no buffer."""
    import torch

    network, other = (built(subject, subject.dims[0]) for _ in range(2))
    pairs = zip(network.state_dict().values(), other.state_dict().values(), strict=True)
    if not all(torch.equal(one, two) for one, two in pairs):
        raise Failed("the same seed gives other weights. Draw them from torch's generator alone.")
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    images = image(subject, subject.dims[0])
    with torch.no_grad():
        if not torch.equal(network(*fed(network, images)), network(*fed(network, images))):
            raise Failed("evaluation gives another output each time. Ask self.training before dropping values.")
    changed = [name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])]
    if changed:
        raise Failed(f"evaluation changes {changed[0]}. Ask self.training before updating it.")


def alone(subject: Subject) -> None:
    """In evaluation the output for an image does not depend on the rest of its batch."""
    import torch

    for dims in subject.dims:
        network, images = built(subject, dims), image(subject, dims)
        with torch.no_grad():
            if not torch.allclose(
                network(*fed(network, images))[:1], network(*fed(network, images[:1])), rtol=1e-4, atol=1e-5
            ):
                raise Failed(
                    f"in {dims}D an image depends on its batch. Use running values in evaluation, as BatchNorm."
                )


def _number_types(subject: Subject) -> None:
    """Outputs have the number type of the input: float32 or bfloat16."""
    import torch

    dims = subject.dims[0]
    for kind in (torch.float32, torch.bfloat16):
        with torch.no_grad():
            network = built(subject, dims).to(kind)
            output = network(*fed(network, image(subject, dims).to(kind)))
        if output.dtype != kind or not output.isfinite().all():
            raise Failed(f"{kind} in, {output.dtype} out. Make tensors with dtype=x.dtype.")


def _on_gpu(subject: Subject) -> None:
    """The GPU gives the same output as the CPU."""
    import torch

    if not torch.cuda.is_available():
        raise NotHere("no GPU")
    dims = subject.dims[0]
    network, images = built(subject, dims), image(subject, dims)
    with torch.no_grad():
        here = network(*fed(network, images))
        there = network.cuda()(*fed(network, images.cuda())).cpu()
    if not torch.allclose(here, there, rtol=1e-2, atol=1e-3):
        raise Failed("the GPU gives another output. Make tensors with device=x.device.")


def _exportable(subject: Subject) -> None:
    """torch.export exports the network, and the result computes the same."""
    _same_after(subject, lambda network, images: _torch_export(network, images), "torch.export")


def _torch_export(network: Any, images: Any) -> Any:
    """The network after torch.export."""
    import torch

    return torch.export.export(network, fed(network, images)).module()


def _compilable(subject: Subject) -> None:
    """torch.compile compiles the network as one graph."""
    import torch

    torch._dynamo.reset()
    compile_: Any = torch.compile
    _same_after(subject, lambda network, images: compile_(network, backend="eager", fullgraph=True), "torch.compile")


def _any_layout(subject: Subject) -> None:
    """Channels last, the memory format of training and prediction, gives the same output."""
    import torch

    from unetkit.model.interface import CHANNELS_LAST

    for dims in (dims for dims in subject.dims if dims in CHANNELS_LAST):
        network, images, layout = built(subject, dims), image(subject, dims), CHANNELS_LAST[dims]
        with torch.no_grad():
            here = network(*fed(network, images))
            for weight in network.parameters():
                weight.data = weight.contiguous(memory_format=layout) if weight.dim() == dims + 2 else weight
            try:
                there = network(*fed(network, images.contiguous(memory_format=layout)))
            except RuntimeError as error:
                reason = str(error).strip().partition("\n")[0]
                raise Failed(f"with channels last in memory it fails: {reason} Use reshape, not view.") from error
        if not torch.allclose(here, there, rtol=1e-4, atol=1e-5):
            raise Failed("with channels last in memory it gives another output. Use reshape, not strides.")


def _same_after(subject: Subject, change: Callable[[Any, Any], Any], what: str) -> None:
    """Compares the network with its changed form."""
    import torch

    dims = subject.dims[0]
    network, images = built(subject, dims), image(subject, dims)
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            other = change(network, images)(*fed(network, images))
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        raise Failed(f"{what} fails: {reason}. Decide by shapes and arguments only, not by values.") from error
    with torch.no_grad():
        if not torch.allclose(other, network(*fed(network, images)), rtol=1e-4, atol=1e-5):
            raise Failed(f"{what} gives another output. Keep no state outside parameters and buffers.")


def kept(subject: Subject) -> None:
    """A loaded network computes the same as before it was saved."""
    import torch

    from unetkit.model import load_model, save

    dims = subject.dims[0]
    network, images = built(subject, dims), image(subject, dims)
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        again = load_model(save(network, Path(folder, "model.safetensors")))
        if not torch.equal(again(*fed(again, images)), network(*fed(network, images))):
            raise Failed("it gives another output after it was saved and loaded. Register buffers as persistent.")


def _light(subject: Subject) -> None:
    """A block that is wired can be imported without torch."""
    if hasattr(subject.block, "module"):
        raise NotHere("it wraps a torch module")
    block = subject.block
    _attribute_of(block)
    code = "import importlib, sys; importlib.import_module(sys.argv[1]); print('torch' in sys.modules)"
    if _elsewhere(code, block.__module__) == "True":
        raise Failed("its import imports torch. Keep modules of torch in another file than what is wired.")


CHECKS: dict[str, Callable[[Subject], None]] = {
    "parameters-round-trip": _round_trip,
    "predicted": _predicted,
    "reach": reach,
    "parameters-effective": _effective,
    "gradients": gradients,
    "keys-stable": _stable_keys,
    "deterministic": _deterministic,
    "batch-independent": alone,
    "number-types": _number_types,
    "memory-format": _any_layout,
    "gpu": _on_gpu,
    "compile": _compilable,
    "export": _exportable,
    "saved": kept,
    "light-import": _light,
}
"""The checks by name, in order."""
