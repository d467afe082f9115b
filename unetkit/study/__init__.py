"""Studies: planned comparisons of networks, the execution of their runs, statistics of the scores, and reports."""

from typing import TYPE_CHECKING

from unetkit.lazy import lazy_names
from unetkit.study.find import find_study, shipped_studies
from unetkit.study.loading import load_study
from unetkit.study.matrix.arm import Arm, StudyRun
from unetkit.study.matrix.network_facts import NetworkFacts
from unetkit.study.study import Study

if TYPE_CHECKING:
    from unetkit.study.execution import RunOptions, StudyExecution, run_study
    from unetkit.study.report.writing import StudyReport, write_study_report
    from unetkit.study.runs.coordinator import StudyListener
    from unetkit.study.status import study_status

__all__ = [
    "Arm",
    "NetworkFacts",
    "RunOptions",
    "Study",
    "StudyExecution",
    "StudyListener",
    "StudyReport",
    "StudyRun",
    "find_study",
    "load_study",
    "run_study",
    "shipped_studies",
    "study_status",
    "write_study_report",
]

__getattr__ = lazy_names(  # what a plan does not need
    __name__,
    {
        "execution": ("RunOptions", "StudyExecution", "run_study"),
        "report.writing": ("StudyReport", "write_study_report"),
        "runs.coordinator": ("StudyListener",),
        "status": ("study_status",),
    },
)
