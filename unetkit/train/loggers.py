"""Where a log goes beside log.csv: TensorBoard's files, and MLflow."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unetkit.errors import Fault
from unetkit.train.errors import TrainError

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger

PACKAGES = {"tensorboard": ("tensorboard", "train"), "mlflow": ("mlflow-skinny", "mlflow")}
"""By logger, the package that it needs, and the extra that has it."""


def loggers(names: tuple[str, ...], experiment: str, folder: Path) -> list[Logger]:
    """Returns Lightning's loggers; MLflow's goes to the server of MLFLOW_TRACKING_URI, or into the folder.

    Raises TrainError where a package is not installed.
    """
    return [logger(name, experiment, folder) for name in names]


def logger(name: str, experiment: str, folder: Path) -> Logger:
    """Returns one logger."""
    try:
        if name == "mlflow":
            return mlflow(experiment, folder)
        from lightning.pytorch.loggers import TensorBoardLogger

        return TensorBoardLogger(folder, name="", version="tensorboard")
    except ImportError as error:
        package, extra = PACKAGES[name]
        message = f"the log for {name} needs {package}, which is not installed"
        cure = f"pip install 'unetkit[{extra}]', or take {name} out of training.logger."
        raise TrainError(Fault("no-logger", message, "training.logger", cure)) from error


def mlflow(experiment: str, folder: Path) -> Logger:
    """Returns MLflow's logger; the folder of a run names the run."""
    from lightning.pytorch.loggers import MLFlowLogger
    from mlflow.exceptions import MlflowException

    server: Any = os.environ.get("MLFLOW_TRACKING_URI")
    if server is None:
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # it asks so before it writes files, not a database
        server = (folder.absolute() / "mlruns").as_uri()
    try:
        made: Logger = MLFlowLogger(experiment, run_name=folder.name, tracking_uri=server)
        made.log_hyperparams({})  # a server that does not answer is told before the first step
    except MlflowException as error:
        reason = str(error).partition("\n")[0]
        message = f"MLflow at {server} takes no log: {reason}"
        cure = "Set MLFLOW_TRACKING_URI, or take mlflow out of training.logger."
        raise TrainError(Fault("no-logger", message, "training.logger", cure)) from error
    return made
