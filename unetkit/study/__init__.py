"""Studies: what is compared, planned without torch; the runs that it takes; and what their results can bear."""

from unetkit.study.find import find_study, shipped_studies
from unetkit.study.loading import load_study
from unetkit.study.matrix.arm import Arm, NetworkFacts, StudyRun
from unetkit.study.study import Study

__all__ = ["Arm", "NetworkFacts", "StudyRun", "Study", "find_study", "load_study", "shipped_studies"]
