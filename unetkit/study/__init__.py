"""Studies: planned comparisons of networks, the execution of their runs, statistics of the scores, and reports."""

from unetkit.study.find import find_study, shipped_studies
from unetkit.study.loading import load_study
from unetkit.study.matrix.arm import Arm, StudyRun
from unetkit.study.matrix.network_facts import NetworkFacts
from unetkit.study.study import Study

__all__ = ["Arm", "NetworkFacts", "StudyRun", "Study", "find_study", "load_study", "shipped_studies"]
