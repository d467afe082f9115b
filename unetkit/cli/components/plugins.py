"""unetkit plugins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unetkit.cli.arguments import AsJson
from unetkit.cli.output import say

if TYPE_CHECKING:
    from unetkit.plugins.distributions import Distribution


def plugins(
    imports: Annotated[
        bool, typer.Option("--import/--no-import", help="Import each block to see whether it works.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """List the distributions that offer blocks, and what is wrong with them."""
    from unetkit.cli.output import print_json, print_rich, table
    from unetkit.plugins.distributions import distributions

    found = [row for one in distributions() for row in rows(one, imports=imports)]
    if as_json:
        print_json(found)
        return
    made = table("distribution", "version", "block", "state", "", wrap=[""])
    for row in found:
        made.add_row(row["distribution"], row["version"], row["block"] or "-", row["state"], row["reason"])
    print_rich(made) if found else say("No installed distribution offers blocks.")


def rows(distribution: Distribution, *, imports: bool) -> Iterator[dict[str, Any]]:
    """Yields the state of each block of a distribution: ok, unused (not looked at), or broken, and why."""
    from unetkit import registry
    from unetkit.plugins.distributions import stray

    known = {"distribution": distribution.name, "version": distribution.version}
    if distribution.disabled:
        yield {**known, "slot": "", "block": "", "state": "unused", "reason": "UNETKIT_DISABLE_PLUGINS leaves it out"}
        return
    for fault in stray(distribution, registry.SLOTS):
        yield {**known, "slot": "", "block": "", "state": "broken", "reason": told(fault.message, fault.cure)}
    for slot in registry.SLOTS:
        for entry in registry.offers(slot):
            if (entry.distribution, entry.version) == distribution[:2]:
                faults = registry.entry_faults(entry, imports=imports)
                state = "broken" if faults else "ok" if imports else "unused"
                reason = " ".join(told(fault.message, fault.cure) for fault in faults)
                yield {**known, "slot": slot, "block": entry.full_name, "state": state, "reason": reason}


def told(message: str, cure: str) -> str:
    """Returns a fault as sentences."""
    return f"{message}. {cure}"
