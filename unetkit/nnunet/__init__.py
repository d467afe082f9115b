"""Plans of nnU-Net: a plans file is read as data, by keys and rules, and written as spec, data file and run.

Nothing that it names is imported. A new key of such a file is a field in `keys.py`, a new network a branch in
`network.py`.
"""

from __future__ import annotations

from unetkit.nnunet.files import PlanFiles, plan_files, write_plan_files
from unetkit.nnunet.plans import DatasetLabels, NnunetPlan, read_dataset, read_plan

__all__ = [
    "DatasetLabels",
    "NnunetPlan",
    "PlanFiles",
    "plan_files",
    "read_dataset",
    "read_plan",
    "write_plan_files",
]
