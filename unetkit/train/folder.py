"""A run in a folder: it begins, goes on where it was broken off, or is done already. Nothing here needs torch."""

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
from unetkit.train.errors import TrainError
from unetkit.train.options import Machine
from unetkit.train.result import RunResult, read_result
from unetkit.train.runspec import RunSpec
from unetkit.writing import remove, write_whole, writing

if TYPE_CHECKING:
    from unetkit.data import Splits

LOCK = ".lock"
DATA = "data.json"
"""What a run's folder keeps of its data: a digest of each image and mask."""
CHECKPOINT = "checkpoints/last.ckpt"
WORK = ("result.json", "best.safetensors", "last.safetensors", CHECKPOINT)
"""What makes a folder one that is taken."""
FREE = ("data.workers", "data.cache")
"""Settings that have no say in the result, and may differ when a run goes on."""
SHOWN = 5  # of the settings that differ
WRITTEN = ("run.yaml", "best.safetensors", "last.safetensors", "result.json", "scores.csv", "log.csv", "timing.json",
           DATA, "checkpoints", "tensorboard", "mlruns", "mlflow.txt")  # fmt: skip
"""What a run writes into its folder."""
READ_AGAIN = ("result.json", "best.safetensors", "checkpoints", "mlflow.txt")
"""What a run that goes on reads of it."""


def train_run(run: RunSpec, folder: Path, *, machine: Machine | None = None, progress: bool = True) -> RunResult:
    """Trains a run in a folder and returns its result, which lies there too; the same run again does what is missing.

    After it was broken off at any moment, also by `kill -9`, a run goes on from its last checkpoint; on the CPU, with
    as many threads, its weights are then those that it would have had, bit for bit. Raises TrainError where the folder
    holds the work of another run or of other data, or is trained in by another process, and where images, network and
    training do not go together. What a start left that failed before its first step is no work.
    """
    with alone(folder):
        known = read_result(folder)
        begun = known is not None or holds_work(folder)
        if begun:
            check_same(run, folder)
        from unetkit.data import open_data  # numpy takes a tenth of a second, and a fault of the folder needs none
        from unetkit.data.preprocessing.data_record import DataRecord

        if known is None:
            from unetkit.train.room import check_room  # torch takes seconds

            check_room(run, machine or Machine())
        splits = open_data(run.data)
        if begun:
            check_data(splits, folder)
        if known is not None:
            if known.values.get("data") != splits.fingerprint:
                raise data_changed(folder)
            return known
        from unetkit.train.loop.running import Trainer  # torch and Lightning take seconds

        running = Trainer(run, folder, machine or Machine(), splits, progress=progress)
        if not beside():
            write_whole(folder / "run.yaml", run.text().encode())
            write_whole(folder / DATA, DataRecord.of(splits).to_json().encode())
        return running.result()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keeps other processes from training in a folder; the system lets go of it when this one ends, however it does."""
    if beside():
        yield
        return
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(exclusive_lock(folder / LOCK))
        except Locked as error:
            fault = Fault("folder-busy", f"another process trains in {folder}", cure="Wait for it, or choose another.")
            raise TrainError(fault) from error
        except OSError as error:
            reason = error.strerror or str(error)
            fault = Fault("file-unwritable", f"{folder} cannot be written to: {reason}", cure="Choose another folder.")
            raise FileError(fault) from error
        yield


def check_folder(folder: Path, *, inputs: Iterable[Path] = (), overwrite: bool = False) -> None:
    """Raises FileError where a run would replace files of a folder that no run has made; `inputs` it never replaces.

    Whether the run of a folder is this one, `train_run` tells. Where the run may `overwrite`, what it would take for
    its own results is removed.
    """
    work = holds_work(folder)
    own = (folder / "run.yaml").exists() and (work or any((folder / name).exists() for name in (LOCK, DATA)))
    if beside() or (own and work):
        return
    check_outputs((folder / name for name in WRITTEN), inputs=inputs, overwrite=overwrite or own)
    for name in () if own else READ_AGAIN:
        with writing(folder / name):
            remove(folder / name)


def beside() -> bool:
    """Whether this process trains beside the first one, which keeps the folder for all."""
    return any(os.environ.get(name, "0") != "0" for name in ("LOCAL_RANK", "NODE_RANK"))


def holds_work(folder: Path) -> bool:
    """Whether a folder holds what a training has made: a checkpoint, or weights."""
    return any((folder / name).exists() for name in WORK)


def check_same(run: RunSpec, folder: Path) -> None:
    """Raises TrainError where a folder holds the work of another run than this one."""
    file = folder / "run.yaml"
    if not file.exists():
        return
    known = parsed(file.read_text("utf-8", "replace"))
    differing = [line for path, line in differences(known, run.resolve()) if path not in FREE]
    if differing:
        more = [f"and {len(differing) - SHOWN} more"] if len(differing) > SHOWN else []
        message = f"{folder} holds another run, which differs in:"
        raise TrainError(Fault("folder-taken", message, cure=other_folder(folder), lines=(*differing[:SHOWN], *more)))


def check_data(splits: Splits, folder: Path) -> None:
    """Raises TrainError where a folder holds the work of a run on other data than these: it says what changed."""
    file = folder / DATA
    if not file.exists():
        return
    from unetkit.data.preprocessing.data_record import DataRecord, changes

    try:
        known = DataRecord.from_json(file.read_bytes())
    except (OSError, ValueError) as error:
        cure = "Remove it: the checkpoint and the result still know whether the data are the same."
        raise TrainError(Fault("data-record", f"{file} cannot be read: {error}", cure=cure)) from error
    if known.fingerprint != splits.fingerprint:
        raise data_changed(folder, changes(known, DataRecord.of(splits)))


def data_changed(folder: Path, lines: tuple[str, ...] = ()) -> TrainError:
    """Returns the error for a folder whose run has learned from other data than there are now."""
    message = f"{folder} holds a run on other data{' than these. What changed:' if lines else ''}"
    cure = f"Put the data back as they were. Or: {other_folder(folder)[0].lower()}{other_folder(folder)[1:]}"
    return TrainError(Fault("data-changed", message, "data", cure, lines=lines))


def other_folder(folder: Path) -> str:
    """Returns the cure for a folder that is taken; training may begin from its weights."""
    weights = next(
        (folder / name for name in ("best.safetensors", "last.safetensors") if (folder / name).exists()), None
    )
    begin = f"; training.weights={weights} begins from its weights" if weights else ""
    return f"Choose another folder with -o, or remove this one{begin}."


def parsed(text: str) -> Any:
    """Returns the values of a run.yaml; what it is where it is none."""
    try:
        return parse(text, "run.yaml").values()
    except UnetkitError:
        return text


def differences(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yields the paths in which two runs differ, each with the value in the folder and the value asked for.

    >>> list(differences({"training": {"steps": 4, "batch": 2}}, {"training": {"steps": 8, "batch": 2}}))
    [('training.steps', 'training.steps is 4 there, here 8')]
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            inner = f"{path}.{key}" if path else str(key)
            yield from differences(old.get(key), new.get(key), inner)
    elif as_lists(old) != as_lists(new):
        yield path, f"{path} is {written(old)} there, here {written(new)}" if path else "its run.yaml is no run"


def written(value: Any) -> str:
    """Returns a value on one line; "not given" where there is none."""
    return "not given" if value is None else str(value)
