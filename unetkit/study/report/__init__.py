"""The report of a study: one self-contained page, and the tables from which it can be reproduced."""

from __future__ import annotations

from unetkit.study.report.summary import sentences
from unetkit.study.report.view import View
from unetkit.study.report.writing import settings_for, write_report

__all__ = ["View", "sentences", "settings_for", "write_report"]
