"""Where a log goes beside log.csv: TensorBoard's files, and MLflow."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unetkit.errors import Fault
from unetkit.train.errors import TrainError
from unetkit.writing import write_whole

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger

PACKAGES = {"tensorboard": ("tensorboard", "train"), "mlflow": ("mlflow-skinny", "mlflow")}
"""By logger, the package that it needs, and the extra that has it."""


MLFLOW_RUN = "mlflow.txt"
"""The file of a run's folder that holds the id of its run in MLflow."""


def loggers(names: tuple[str, ...], experiment: str, folder: Path, done: int = 0) -> list[Logger]:
    """Returns Lightning's loggers; MLflow's goes to the server of MLFLOW_TRACKING_URI, or into the folder.

    A run that goes on after `done` steps goes on with its logs. Raises TrainError where a package is not installed.
    """
    return [logger(name, experiment, folder, done) for name in names]


def logger(name: str, experiment: str, folder: Path, done: int) -> Logger:
    """Returns one logger."""
    try:
        if name == "mlflow":
            return mlflow(experiment, folder, resumed=done > 0)
        from lightning.pytorch.loggers import TensorBoardLogger

        # What was logged after the checkpoint is logged again: TensorBoard is told to forget it.
        return TensorBoardLogger(folder, name="", version="tensorboard", purge_step=done + 1 if done else None)
    except ImportError as error:
        package, extra = PACKAGES[name]
        message = f"the log for {name} needs {package}, which is not installed"
        cure = f"pip install 'unetkit[{extra}]', or take {name} out of training.logger."
        raise TrainError(Fault("no-logger", message, "training.logger", cure)) from error


def mlflow(experiment: str, folder: Path, *, resumed: bool) -> Logger:
    """Returns MLflow's logger; the folder of a run names the run, and keeps its id so that it can go on."""
    from lightning.pytorch.loggers import MLFlowLogger
    from mlflow.exceptions import MlflowException

    server: Any = os.environ.get("MLFLOW_TRACKING_URI")
    if server is None:
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # it asks so before it writes files, not a database
        server = (folder.absolute() / "mlruns").as_uri()
    try:
        own = folder / MLFLOW_RUN
        known = own.read_text("utf-8", "replace").strip() if resumed and own.exists() else None
        made = MLFlowLogger(experiment, run_name=folder.name, tracking_uri=server, run_id=known)
        made.log_hyperparams({})  # a server that does not answer, or has no such run, is told before the first step
        if made.run_id and not known:  # in other processes than the first it has none
            write_whole(own, f"{made.run_id}\n".encode())
    except MlflowException as error:
        reason = str(error).partition("\n")[0]
        message = f"MLflow at {server} takes no log: {reason}"
        cure = "Set MLFLOW_TRACKING_URI, or take mlflow out of training.logger."
        raise TrainError(Fault("no-logger", message, "training.logger", cure)) from error
    return made
