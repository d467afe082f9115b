"""What the scores of a study can bear: `analyse` gives every number of a report, from the tidy table alone.

Runs are paired by their seed. The headline interval of a difference is Student's t over the seeds, of the mean over the
test images in each: it speaks of these images and of new seeds. The crossed bootstrap speaks of new images too.
"""

from __future__ import annotations

from unetkit.study.statistics.analysis import Analysis, ArmScores, analyse
from unetkit.study.statistics.comparison import Comparison
from unetkit.study.statistics.settings import AnalysisSettings
from unetkit.study.statistics.spread import Spread

__all__ = ["Analysis", "ArmScores", "Comparison", "AnalysisSettings", "Spread", "analyse"]
