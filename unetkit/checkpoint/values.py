"""What a pickle of torch.save may hold: plain values, records of tensors, and inert stand-ins for everything else.

No class of another program is imported, and nothing is called. The names that mean something are in `_CALLS`.
"""

from __future__ import annotations

import sys
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from unetkit.checkpoint.faults import CONVERT, Refused

ITEM_SIZES = {
    "uint8": 1, "int8": 1, "bool": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4, "int64": 8, "uint64": 8,
    "float8_e4m3fn": 1, "float8_e4m3fnuz": 1, "float8_e5m2": 1, "float8_e5m2fnuz": 1, "float8_e8m0fnu": 1,
    "bfloat16": 2, "float16": 2, "float32": 4, "float64": 8, "complex32": 4, "complex64": 8, "complex128": 16,
}  # fmt: skip
"""The bytes of one number of each data type."""
_STORAGES = {
    "torch.ByteStorage": "uint8", "torch.CharStorage": "int8", "torch.BoolStorage": "bool",
    "torch.ShortStorage": "int16", "torch.IntStorage": "int32", "torch.LongStorage": "int64",
    "torch.HalfStorage": "float16", "torch.BFloat16Storage": "bfloat16", "torch.FloatStorage": "float32",
    "torch.DoubleStorage": "float64", "torch.ComplexFloatStorage": "complex64",
    "torch.ComplexDoubleStorage": "complex128", "torch.storage.UntypedStorage": "uint8",
}  # fmt: skip
"""The data type of the numbers that each class of storages counts in."""
_MOST_AXES = 64
_MOST_BYTES = 2**24
"""The bytes that any tensor may claim; a larger one at most as many as the file has."""
_HARMLESS = {
    "_codecs", "argparse", "array", "builtins", "collections", "copyreg", "dataclasses", "datetime", "decimal", "enum",
    "fractions", "functools", "logging", "numbers", "pathlib", "re", "types", "typing", "uuid", "zoneinfo", "__main__",
}  # fmt: skip
"""Modules of the standard library whose objects occur in settings."""
_BUILTINS = {
    "bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object", "range", "set",
    "slice", "str", "tuple",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Global:
    """The name of a class or function."""

    name: str


@dataclass(frozen=True, slots=True)
class Storage:
    """The numbers of one or more tensors: a member of the archive, the data type it is counted in, and its bytes."""

    member: str
    dtype: str
    size: int


@dataclass(frozen=True, slots=True)
class TensorRecord:
    """A tensor that is not loaded yet. Its strides and offset count elements of its data type."""

    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int
    storage: Storage


@dataclass(frozen=True, slots=True)
class UnsupportedTensor:
    """A tensor that is not read, such as a quantized one."""

    kind: str


class Inert:
    """The stand-in for an object of another program: its attributes, and the items if it is a kind of dict."""

    __slots__ = ("items", "state")

    def __init__(self) -> None:
        self.state: dict[Any, Any] | None = None
        self.items: dict[Any, Any] | None = None


def is_suspicious(name: str) -> bool:
    """Whether a name does not belong in a checkpoint: functions that run programs, open files and so on.

    >>> is_suspicious("subprocess.run"), is_suspicious("builtins.eval"), is_suspicious("numpy.dtype")
    (True, True, False)

    torch writes pickles with the names of Python 2: commands.run is subprocess.run.
    """
    module, _, last = name.rpartition(".")
    module, last = NAME_MAPPING.get((module, last), (IMPORT_MAPPING.get(module, module), last))
    package = module.partition(".")[0]
    if module == "builtins":
        return last not in _BUILTINS
    return package in sys.stdlib_module_names and package not in _HARMLESS


def global_of(module: str, name: str) -> Global:
    """A class or function by its name. Raises Refused for those that run programs."""
    full = f"{module}.{name}"
    if is_suspicious(full):
        reason = f"holds {full}, and reading that with other programs could execute arbitrary code"
        cure = "Where you trust it, load it yourself and save its state dict alone, best as .safetensors."
        raise Refused(reason, cure, "weights-untrusted")
    return Global(full)


def storage_of(identifier: Any, members: dict[str, int], prefix: str) -> Storage:
    """The storage that torch names by a tuple. Raises Refused unless the archive has it in that size."""
    match identifier:
        case ("storage", Global(name), str(key), str(), int(count)):
            dtype, member = _STORAGES.get(name), f"{prefix}data/{key}"
        case _:
            raise Refused("it names a storage in a way that torch.save does not")
    size = members.get(member)
    if size is None:
        raise Refused(f"its numbers are missing: there is no member {member[:100]}")
    if dtype is None:  # of a quantized tensor
        return Storage(member, "", size)
    if count * ITEM_SIZES[dtype] != size:
        raise Refused(f"it claims {count} numbers of {dtype} in the {size} bytes of {member[:100]}")
    return Storage(member, dtype, size)


def call(function: Any, values: Any, file_size: int) -> Any:
    """The result of a call that a pickle asks for; an inert object for all but torch's functions for tensors."""
    if not isinstance(function, Global | Inert) or not isinstance(values, tuple):
        raise Refused("its pickle calls what cannot be called")
    name = function.name if isinstance(function, Global) else ""
    known = _CALLS.get(name)
    if known is not None:
        return known(values, file_size)
    if name.startswith("torch._utils._rebuild_"):
        return UnsupportedTensor(_KINDS.get(name.rpartition(".")[2], "of a special kind"))
    return Inert()


_KINDS = {
    "_rebuild_qtensor": "quantized",
    "_rebuild_sparse_tensor": "sparse",
    "_rebuild_sparse_csr_tensor": "sparse",
    "_rebuild_nested_tensor": "nested",
    "_rebuild_meta_tensor_no_storage": "without numbers, on the device meta",
}
"""The functions for tensors that are not read, and what those are."""


def _tensor(values: tuple[Any, ...], file_size: int) -> TensorRecord | UnsupportedTensor:
    """The tensor of torch's functions _rebuild_tensor, _rebuild_tensor_v2 and _rebuild_tensor_v3."""
    dtype: str | None = None
    match values:
        case (Storage() as storage, int(offset), tuple(shape), tuple(strides)):
            metadata = None
        case (Storage() as storage, int(offset), tuple(shape), tuple(strides), _, _, Global(name), *rest):
            dtype, metadata = name.removeprefix("torch."), rest[0] if rest else None
        case (Storage() as storage, int(offset), tuple(shape), tuple(strides), _, _, *rest):
            metadata = rest[0] if rest else None
        case _:
            raise Refused("it describes a tensor in a way that torch.save does not")
    dtype = dtype or storage.dtype
    if dtype not in ITEM_SIZES:
        return UnsupportedTensor(f"of the data type {dtype or 'of quantized numbers'}")
    if isinstance(metadata, dict) and any(value is True for value in metadata.values()):
        return UnsupportedTensor("a conjugated or negated view")
    _check_bounds(dtype, (offset, *shape, *strides), len(shape), storage, file_size)
    return TensorRecord(dtype, shape, strides, offset, storage)


def _check_bounds(dtype: str, numbers: tuple[Any, ...], axes: int, storage: Storage, file_size: int) -> None:
    """Raises Refused unless all elements of a tensor lie in its storage."""
    shape, strides = numbers[1 : axes + 1], numbers[axes + 1 :]
    if axes > _MOST_AXES or len(strides) != axes or not all(type(one) is int and 0 <= one < 2**63 for one in numbers):
        raise Refused("it describes a tensor whose shape, strides or offset cannot be")
    count, last = 1, numbers[0]
    for length, stride in zip(shape, strides, strict=True):
        count, last = count * length, last + (length - 1) * stride
    size = ITEM_SIZES[dtype]
    if count and (storage.size % size or (last + 1) * size > storage.size):
        raise Refused(f"it has a tensor that reaches beyond the {storage.size} bytes of {storage.member[:100]}")
    if count * size > max(file_size, _MOST_BYTES) or _product(shape) >= 2**63:
        raise Refused(f"it claims a tensor of {count} numbers, which is more than its bytes hold", CONVERT)


def _product(numbers: tuple[int, ...]) -> int:
    """The product of all numbers but zeros."""
    made = 1
    for number in numbers:
        made = min(made * (number or 1), 2**63)
    return made


def _first(values: tuple[Any, ...], file_size: int) -> Any:
    """The tensor of torch's functions for parameters: their first argument."""
    if not values or not isinstance(values[0], TensorRecord | UnsupportedTensor):
        raise Refused("it describes a parameter in a way that torch.save does not")
    return values[0]


def _typed(values: tuple[Any, ...], file_size: int) -> Any:
    """The tensor in one of a class of its own, or with attributes: both are left out."""
    match values:
        case (function, _, tuple(inner), _):
            made = call(function, inner, file_size)
            return made if isinstance(made, TensorRecord) else UnsupportedTensor("of a class of its own")
    raise Refused("it describes a tensor in a way that torch.save does not")


def _ordered_dict(values: tuple[Any, ...], file_size: int) -> dict[Any, Any]:
    """An ordered dict, which gets its items later."""
    return {}


_CALLS: dict[str, Callable[[tuple[Any, ...], int], Any]] = {
    "collections.OrderedDict": _ordered_dict,
    "torch._tensor._rebuild_from_type_v2": _typed,
    "torch._utils._rebuild_parameter": _first,
    "torch._utils._rebuild_parameter_with_state": _first,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor,
}
"""The calls of a pickle that make something."""
