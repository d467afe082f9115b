"""The battery of checks for blocks, topologies and encoders, built-in and third-party."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from unetkit import registry
from unetkit.block import BASES, Component
from unetkit.errors import BlockError, Fault, UnetkitError
from unetkit.plugins import project, rules
from unetkit.plugins.distributions import namespace
from unetkit.testing.checks import CHECKS
from unetkit.testing.network_checks import NETWORK_CHECKS
from unetkit.testing.report import LEAST, Failed, NotHere, Report
from unetkit.testing.subject import NAME, Subject

_CHECKED = (*BASES, "topology", "encoder")
"""The slots whose components are checked."""


def check_block(
    block: type[Component], *, expected: Mapping[str, str] | None = None, only: Iterable[str] | None = None
) -> Report:
    """Runs the battery on the class of a block, a topology or an encoder; `report.passed` says whether all checks pass.

    `expected` maps checks that should fail to the reason: it is a failure if one of them passes. `only` selects checks;
    by default all run. Raises BlockError for a class of another slot.
    """
    only = tuple(only or ()) or None
    rules.check_class(block, block.__name__, registry.SLOTS)
    checks = CHECKS | (NETWORK_CHECKS if block.slot == "topology" else {})
    unknown = [name for name in (*(expected or ()), *(only or ())) if name not in checks]
    if unknown or block.slot not in _CHECKED:
        message = f"there is no check {unknown[0]!r}" if unknown else f"a {block.slot} is no block of a network"
        raise BlockError(Fault("unknown-check", message, cure=f"Known: {', '.join(checks)}."))
    least = LEAST if only is None else 1
    report = Report(f"{block.slot} {block.__name__}", expected=dict(expected or {}), least=least)
    with known(block):
        subject = Subject(block)
        if not subject.dims:
            report.outcomes["usable"] = f"no network can use it: {subject.refusals[0]}"
            return report
        for name in checks if only is None else only:
            check(subject, name, checks[name], report)
    return report


def plugin_blocks(reference: str | None = None) -> list[type[Component]]:
    """The blocks, topologies and encoders of a distribution or a Python file, by default of all distributions.

    Raises BlockError if there are none, or if one cannot be imported.
    """
    if reference is not None and reference.endswith(".py"):
        registry.load_plugin(reference)
        return [block for _, block in project.own_blocks(project.load(reference)) if block.slot in _CHECKED]
    entries = [
        entry
        for slot in _CHECKED
        for entry in registry.offers(slot)
        if reference is None or namespace(entry.distribution) == namespace(reference)
    ]
    if not entries:
        message = "no installed distribution offers blocks"
        if reference is not None:
            message = f"no installed distribution {reference} offers blocks"
        raise BlockError(Fault("plugin-unknown", message, cure="See: unetkit plugins. Or give a .py file."))
    return [registry.find(entry.slot, entry.full_name) for entry in entries]


def check(subject: Subject, name: str, run: Callable[[Subject], None], report: Report) -> None:
    """Runs one check and adds its outcome to the report."""
    try:
        run(subject)
    except Failed as failure:
        report.outcomes[name] = str(failure)
    except NotHere as reason:
        report.skipped[name] = str(reason)
    except UnetkitError as error:
        report.outcomes[name] = "; ".join(f"{fault.message}. {fault.cure}" for fault in error.faults)
    except Exception as error:  # noqa: BLE001 - any exception of a third-party block is its failure
        report.outcomes[name] = f"{type(error).__name__}: {error}. It must work for each size that the plan accepts."
    else:
        report.outcomes[name] = ""


@contextmanager
def known(block: type[Component]) -> Iterator[None]:
    """Registers a block while it is tested."""
    registry._registered[block.slot, NAME] = block
    registry.find.cache_clear()
    try:
        yield
    finally:
        del registry._registered[block.slot, NAME]
        registry.find.cache_clear()
