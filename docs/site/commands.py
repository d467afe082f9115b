"""The reference of the command line, from the commands themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer

from unetkit.cli.app import app


def page(application: typer.Typer = app) -> str:
    """All commands, in the order of the help: usage, what they do, arguments, options."""
    group: Any = typer.main.get_command(application)
    lines = ["# Command line", "", *_text(group.help), ""]
    for name in group.list_commands(None):
        lines += _command(f"unetkit {name}", group.commands[name], 2)
    return "\n".join(lines) + "\n"


def _command(name: str, command: Any, depth: int) -> Iterator[str]:
    yield from (f"{'#' * depth} {name}", "", *_text(command.help), "")
    inner = getattr(command, "commands", None)
    if inner:
        for each in inner:
            yield from _command(f"{name} {each}", inner[each], depth + 1)
        return
    context = command.make_context(name, [], resilient_parsing=True)
    usage = " ".join(command.collect_usage_pieces(context)).replace("{", "").replace("}", "")
    yield from ("```text", f"{name} {usage}", "```", "")
    rows = [_row(each, context) for each in command.params if not getattr(each, "hidden", False)]
    if rows:
        yield from ("| argument or option | meaning |", "|---|---|", *rows, "")


def _row(parameter: Any, context: Any) -> str:
    names, told = parameter.get_help_record(context) or ("", "")
    if parameter.param_type_name == "argument":
        names = names.partition(" <")[0]  # without the type
    cells = f"`{names}`", " ".join(_plain(told).split())
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _text(text: str | None) -> list[str]:
    return _plain(text or "").splitlines()


def _plain(text: str) -> str:
    """Text without a meaning in Markdown beside its backticks."""
    return re.sub(r"([*_{}\[\]<>#$])", r"\\\1", text)
