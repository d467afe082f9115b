"""Loggers beside log.csv (TensorBoard, MLflow), and a filter for Lightning's own messages."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unetkit.errors import Fault
from unetkit.train.machine import TrainError
from unetkit.writing import write_whole

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger

PACKAGES = {"tensorboard": ("tensorboard", "train"), "mlflow": ("mlflow-skinny", "mlflow")}
"""The package that each logger needs, and the extra that installs it."""
_MLFLOW_RUN = "mlflow.txt"
"""The file in a run's folder with the id of its MLflow run."""


def loggers(names: tuple[str, ...], experiment: str, folder: Path, done: int = 0) -> list[Logger]:
    """Lightning's loggers. MLflow logs to the server in MLFLOW_TRACKING_URI, by default into the folder.

    A run resumed after `done` steps continues its logs. Raises TrainError where a package is not installed.
    """
    return [_logger(name, experiment, folder, done) for name in names]


def _logger(name: str, experiment: str, folder: Path, done: int) -> Logger:
    """One logger."""
    try:
        if name == "mlflow":
            return mlflow(experiment, folder, resumed=done > 0)
        from lightning.pytorch.loggers import TensorBoardLogger

        # Steps after the checkpoint are logged again: TensorBoard discards the old ones.
        return TensorBoardLogger(folder, name="", version="tensorboard", purge_step=done + 1 if done else None)
    except ImportError as error:
        package, extra = PACKAGES[name]
        message = f"the {name} logger needs {package}, which is not installed"
        cure = f"pip install 'unetkit[{extra}]', or remove {name} from training.logger."
        raise TrainError(Fault("no-logger", message, "training.logger", cure)) from error


def mlflow(experiment: str, folder: Path, *, resumed: bool) -> Logger:
    """MLflow's logger. The run is named after its folder, which keeps the MLflow id for resuming."""
    from lightning.pytorch.loggers import MLFlowLogger
    from mlflow.exceptions import MlflowException

    server: Any = os.environ.get("MLFLOW_TRACKING_URI")
    if server is None:
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # required for files in place of a database
        server = (folder.absolute() / "mlruns").as_uri()
    try:
        file = folder / _MLFLOW_RUN
        run_id = file.read_text("utf-8", "replace").strip() if resumed and file.exists() else None
        logger = MLFlowLogger(experiment, run_name=folder.name, tracking_uri=server, run_id=run_id)
        logger.log_hyperparams({})  # fails before the first step if the server or the run does not exist
        if logger.run_id and not run_id:  # processes other than the first have no id
            write_whole(file, f"{logger.run_id}\n".encode())
    except MlflowException as error:
        reason = str(error).partition("\n")[0]
        cure = "Set MLFLOW_TRACKING_URI, or remove mlflow from training.logger."
        message = f"MLflow at {server} does not accept logs: {reason}"
        raise TrainError(Fault("no-logger", message, "training.logger", cure)) from error
    return logger


_NOISY = (
    "lightning.pytorch.trainer.connectors.signal_connector",
    "lightning.pytorch.utilities.rank_zero",
    "lightning.fabric.utilities.distributed",
    "lightning.fabric.utilities.rank_zero",
    "lightning.fabric.utilities.seed",
)
_IGNORED = (
    ".*in eval mode at the start of training",  # frozen levels stay in it
    ".*your dataloader is not resumable",  # unetkit's starts where the last step ended
    ".*does not have many workers",  # a patch is drawn in less than a millisecond
    ".*GPU available but not used",  # the caller chose so
    ".*isinstance.treespec, LeafSpec.* is deprecated",  # Lightning's own use of torch
    ".*CUDA reports that you have .* available devices",  # torch.random.fork_rng saves the state of each
)


@contextmanager
def quiet() -> Iterator[None]:
    """Suppresses Lightning's announcements, tips, and warnings that a user of unetkit cannot act on."""
    before = {name: logging.getLogger(name).level for name in _NOISY}
    try:
        for name in _NOISY:
            logging.getLogger(name).setLevel(logging.ERROR)
        with warnings.catch_warnings():
            for message in _IGNORED:
                warnings.filterwarnings("ignore", message=message)
            yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
