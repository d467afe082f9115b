"""The statistics of a study: `analyse` computes every number of a report from the score table alone.

Runs are paired by seed. The main interval of a difference is Student's t over the seeds, of the mean over the test
images: it generalises to new seeds on these images. The crossed bootstrap generalises to new images too.
"""

from __future__ import annotations

from unetkit.study.statistics.analysis import Analysis, ArmScores, analyse, compare_arms
from unetkit.study.statistics.comparison import Comparison
from unetkit.study.statistics.settings import AnalysisSettings
from unetkit.study.statistics.spread import Spread

__all__ = ["Analysis", "ArmScores", "Comparison", "AnalysisSettings", "Spread", "analyse", "compare_arms"]
