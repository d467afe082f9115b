"""The folder of a study: its study file, the frozen plan, and a folder for each run."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from unetkit.errors import Fault
from unetkit.host import Locked, exclusive_lock, is_locked
from unetkit.overwriting import check_outputs, same_file
from unetkit.study.results.exit_status import state_of
from unetkit.study.results.links import SHARED, leading_out, refuse_links
from unetkit.study.results.records import PlanRecord, content_of, read_record
from unetkit.study.results.results import StudyError
from unetkit.study.runs.task import PRIVATE
from unetkit.study.study import Study
from unetkit.writing import PREFIX, write_whole, writing

_COPYING = ".copying-"
"""Prefix of runs that are being copied."""
_LOOK = 0.2
"""Seconds to wait for the lock, which `study status` holds for a moment."""


class PlanChange(NamedTuple):
    """The arms and the number of runs that an edit has added to and removed from a study."""

    arms: tuple[str, ...]
    runs: int
    arms_gone: tuple[str, ...]
    runs_gone: int

    def __str__(self) -> str:
        def told(word: str, runs: int, arms: Sequence[str]) -> str:
            return f"{runs:,} runs {word}" + (f" (arms {', '.join(arms[:8])}{', …' * (len(arms) > 8)})" if arms else "")

        parts = [told("are new", self.runs, self.arms)] * bool(self.runs or self.arms)
        if self.runs_gone or self.arms_gone:
            parts.append(f"{told('are no part of it any more', self.runs_gone, self.arms_gone)}; their folders stay")
        return f"the study was edited: {'; '.join(parts)}"


@dataclass(frozen=True)
class StudyFolder:
    """A study's folder, by default studies/NAME."""

    path: Path

    @property
    def runs(self) -> Path:
        """The folder of the run folders."""
        return self.path / "runs"

    @property
    def plan(self) -> PlanRecord | None:
        """The frozen plan; None where no study has run here. Raises StudyError where it is unreadable."""
        return read_record(PlanRecord, self.path / "plan.json")

    def run(self, name: str) -> Path:
        """The folder of a run."""
        return self.runs / name

    @property
    def busy(self) -> bool:
        """Whether a process is running a study here."""
        try:
            return is_locked(self.path / ".lock")
        except OSError:
            return False

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Locks the folder for this process, also against crashes; raises StudyError where another process holds it."""
        with ExitStack() as stack:
            try:
                with writing(self.path):
                    self.path.mkdir(parents=True, exist_ok=True)
                    refuse_links(self.path)
                    stack.enter_context(exclusive_lock(self.path / ".lock", timeout=_LOOK))
            except Locked as error:
                cure = "Wait for it: `unetkit study status` says how far it is. Or choose another folder with -o."
                fault = Fault("study-busy", f"another process runs a study in {self.path}", cure=cure)
                raise StudyError(fault) from error
            for path in self.path.glob(f"{PREFIX}*"):  # what another was writing when it was killed
                path.unlink()
            yield

    def share(self, runs: Path) -> None:
        """Keeps the runs in a folder shared with other studies; raises StudyError where they are already elsewhere."""
        runs.mkdir(parents=True, exist_ok=True)
        (runs / SHARED).touch()
        if not self.runs.exists():
            self.runs.symlink_to(os.path.relpath(runs, self.path.resolve()), target_is_directory=True)
        if self.runs.resolve() != runs.resolve():
            cure = "Leave --runs out, or choose another folder with -o."
            raise StudyError(
                Fault("runs-elsewhere", f"the runs of {self.path} lie in {self.runs.resolve()}", cure=cure)
            )

    def borrow(self, wanted: Sequence[str]) -> dict[str, list[str]]:
        """Copies finished runs from studies in neighbouring folders; returns their ids by folder name.

        A copy appears complete or not at all. Runs that exist here are not replaced, and a shared folder gets no
        copies.
        """
        found: dict[str, list[str]] = {}
        if self.runs.is_symlink():
            return found
        here = self.path.resolve()
        for left in self.runs.glob(f"{_COPYING}*"):
            shutil.rmtree(left)
        others = [one for one in sorted(here.parent.iterdir()) if one != here and (one / "plan.json").is_file()]
        for name in [one for one in wanted if not self.run(one).exists()] if others else []:
            whole = (one for one in others if state_of(one / "runs" / name) == "done")
            other = next((one for one in whole if not any(leading_out(one / "runs" / name))), None)
            if other is not None:
                copy = self.runs / f"{_COPYING}{name}"
                with writing(self.run(name)):
                    shutil.copytree(other / "runs" / name, copy, True, shutil.ignore_patterns(*PRIVATE))
                    copy.rename(self.run(name))
                found.setdefault(other.name, []).append(name)
        return found

    def check(self, study: Study) -> None:
        """Raises StudyError where the folder belongs to a study of another name, or of other looks."""
        plan = self.plan
        if plan is not None and plan.name != study.name:
            message = f"{self.path} has the study {plan.name}, not {study.name}"
            raise StudyError(Fault("study-taken", message, cure="Choose another folder with -o."))
        same = plan is None or (plan.looks, plan.error) == (study.looks, study.error)
        if plan is not None and not same and any(state_of(self.run(run.id)) == "done" for run in plan.runs):
            before = f"looks at {', '.join(map(str, plan.looks))} seeds" if plan.looks else "a fixed number of seeds"
            message = f"{self.path} has runs of a study with {before}, and looks must be fixed before the first run"
            cure = "Put seeds: back as they were, or choose another folder with -o."
            raise StudyError(Fault("looks-changed", message, "seeds", cure))

    def check_free(self, study: Study, *, overwrite: bool = False) -> None:
        """Raises FileError where the study would overwrite files that no study has written."""
        if self.plan is None:
            own = [self.path / name for name in ("plan.json", "report")]
            copy = self.path / "study.yaml"
            read = [study.path, *(study.document.files() if study.document else ())] if study.path else []
            own += [] if study.path and same_file(copy, study.path) else [copy]
            check_outputs(own, inputs=read, overwrite=overwrite)

    def freeze(self, study: Study) -> PlanChange | None:
        """Writes the study file and the plan; returns the changes from an earlier plan, if any."""
        old, new = self.plan, json.dumps(study.json(), indent=1, ensure_ascii=False).encode()
        same = content_of(self.path / "plan.json") == new
        if not same:  # the plan first: it makes the folder the study's own
            write_whole(self.path / "plan.json", new)
        copy = self.path / "study.yaml"
        if study.path is not None and not same_file(copy, study.path):
            notes = "".join(f"# with --set {one}\n" for one in study.overrides)
            write_whole(copy, notes.encode() + study.path.read_bytes())
        return None if old is None or same else change(old, PlanRecord.model_validate_json(new))


def change(old: PlanRecord, new: PlanRecord) -> PlanChange | None:
    """The difference between an old and a new plan; None where they have the same arms and runs."""

    def only(one: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
        known = set(other)
        return tuple(each for each in one if each not in known)

    ids, old_ids = ([run.id for run in plan.runs] for plan in (new, old))
    names, old_names = ([arm.name for arm in plan.arms] for plan in (new, old))
    runs, gone = only(ids, old_ids), only(old_ids, ids)
    arms, arms_gone = only(names, old_names), only(old_names, names)
    return PlanChange(arms, len(runs), arms_gone, len(gone)) if runs or gone or arms or arms_gone else None
