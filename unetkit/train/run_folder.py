"""The folder of a run: its lock, and checks that it is free or holds the same run on the same data."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unetkit.document.document import parse
from unetkit.document.merge import as_lists
from unetkit.errors import Fault, FileError, UnetkitError
from unetkit.host import Locked, exclusive_lock
from unetkit.overwriting import check_outputs
from unetkit.train.machine import TrainError
from unetkit.train.runspec import RunSpec
from unetkit.writing import remove, writing

if TYPE_CHECKING:
    from unetkit.data import Splits

_LOCK = ".lock"
DATA = "data.json"
"""The digests of all images and masks."""
CHECKPOINT = "checkpoints/last.ckpt"
_WEIGHTS = ("best.safetensors", "last.safetensors")
_WORK = ("result.json", *_WEIGHTS, CHECKPOINT)
_WRITTEN = ("run.yaml", *_WEIGHTS, "result.json", "scores.csv", "log.csv", "timing.json",
            DATA, "checkpoints", "tensorboard", "mlruns", "mlflow.txt")  # fmt: skip
_READ = ("result.json", "best.safetensors", "checkpoints", "mlflow.txt")
"""What a resumed run reads."""
_UNRELATED = ("data.workers", "data.cache")
"""Settings that do not affect the result, and may differ when a run is resumed."""
_MOST_SHOWN = 5


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Locks a folder for this process; the operating system releases the lock however the process ends."""
    if not is_main_process():
        yield
        return
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(exclusive_lock(folder / _LOCK))
        except Locked as error:
            message = f"another process is training in {folder}"
            raise TrainError(Fault("folder-busy", message, cure="Wait for it, or choose another folder.")) from error
        except OSError as error:
            message = f"{folder} cannot be written to: {error.strerror or error}"
            raise FileError(Fault("file-unwritable", message, cure="Choose another folder.")) from error
        yield


def check_folder(folder: Path, *, inputs: Iterable[Path] = (), overwrite: bool = False) -> None:
    """Raises FileError where a run would replace files that no run has written; `inputs` are never replaced.

    `train_run` checks whether the folder holds the same run. With `overwrite`, foreign files that the run would read
    as its own are removed.
    """
    work = holds_work(folder)
    own = (folder / "run.yaml").exists() and (work or any((folder / name).exists() for name in (_LOCK, DATA)))
    if not is_main_process() or (own and work):
        return
    check_outputs((folder / name for name in _WRITTEN), inputs=inputs, overwrite=overwrite or own)
    for name in () if own else _READ:
        with writing(folder / name):
            remove(folder / name)


def is_main_process() -> bool:
    """Whether this is the first process of a distributed training, which alone locks and writes the folder."""
    return all(os.environ.get(name, "0") == "0" for name in ("LOCAL_RANK", "NODE_RANK"))


def holds_work(folder: Path) -> bool:
    """Whether a folder holds a checkpoint, weights or a result."""
    return any((folder / name).exists() for name in _WORK)


def check_same_run(run: RunSpec, folder: Path) -> None:
    """Raises TrainError where a folder holds a different run, with the settings that differ."""
    file = folder / "run.yaml"
    if not file.exists():
        return
    text = file.read_text("utf-8", "replace")
    try:
        known = parse(text, "run.yaml").values()
    except UnetkitError:
        known = text
    differing = [line for path, line in _differences(known, run.resolve()) if path not in _UNRELATED]
    if differing:
        more = [f"and {len(differing) - _MOST_SHOWN} more"] if len(differing) > _MOST_SHOWN else []
        lines = (*differing[:_MOST_SHOWN], *more)
        message = f"{folder} holds a different run. Differences:"
        raise TrainError(Fault("folder-taken", message, cure=_other_folder(folder), lines=lines))


def check_same_data(splits: Splits, folder: Path) -> None:
    """Raises TrainError where a folder holds a run on other data, with the images that changed."""
    file = folder / DATA
    if not file.exists():
        return
    from unetkit.data.preprocessing.data_record import DataRecord, changes

    try:
        known = DataRecord.from_json(file.read_bytes())
    except (OSError, ValueError) as error:
        cure = "Remove it: the checkpoint and the result also record which data they belong to."
        raise TrainError(Fault("data-record", f"{file} cannot be read: {error}", cure=cure)) from error
    if known.fingerprint != splits.fingerprint:
        raise data_changed(folder, changes(known, DataRecord.of(splits)))


def data_changed(folder: Path, lines: tuple[str, ...] = ()) -> TrainError:
    """The error for a folder whose run was trained on other data than the present."""
    message = f"{folder} holds a run on different data{'. Changes:' if lines else ''}"
    other = _other_folder(folder)
    cure = f"Restore the data. Or: {other[0].lower()}{other[1:]}"
    return TrainError(Fault("data-changed", message, "data", cure, lines=lines))


def _other_folder(folder: Path) -> str:
    """The cure for a folder that holds other work; a new run can start from its weights."""
    weights = next((folder / name for name in _WEIGHTS if (folder / name).exists()), None)
    reuse = f" To start from its weights: training.weights={weights}." if weights else ""
    return f"Choose another folder with -o, or remove this one.{reuse}"


def _differences(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yields the paths in which two runs differ, each with both values.

    >>> list(_differences({"training": {"steps": 4, "batch": 2}}, {"training": {"steps": 8, "batch": 2}}))
    [('training.steps', 'training.steps: 4 there, 8 here')]
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            yield from _differences(old.get(key), new.get(key), f"{path}.{key}" if path else str(key))
    elif as_lists(old) != as_lists(new):
        there, here = ("not set" if value is None else str(value) for value in (old, new))
        yield path, f"{path}: {there} there, {here} here" if path else "its run.yaml is not a run file"
