"""Patterns of names with wildcards, and regular expressions of users, both matched in linear time.

A regular expression of Python may take exponential time; RE2 never does, and refuses what would need it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

TOKEN = re.compile(r"\{(?P<key>[a-z]+)\}|\[(?P<set>(?![*?]+\])!?[^\]/]+)\]|\*+|\?")
"""What stands for something else in a pattern: {name}, [LR], * or ?; of [*], with which names of stacks end, the *."""


def expression(pattern: str, keys: Mapping[str, str]) -> str:
    r"""Returns the regular expression of a pattern in which `*`, `?` and `[LR]` are wildcards that stop at a `/`.

    `keys` are the expressions of the words in braces. Each becomes a group of its name, with a number from the second
    time on.

    >>> expression("a?_{name}.[jp]ng", {"name": "[^/]+"})
    '(?s)a[^/]_(?P<name>[^/]+)\\.[jp]ng'
    """
    made, at, seen = "(?s)", 0, dict.fromkeys(keys, 0)
    for token in TOKEN.finditer(pattern):
        key, chosen = token["key"], token["set"]
        if key is not None and key not in keys:
            continue
        made += re.escape(pattern[at : token.start()])
        at = token.end()
        if key is not None:
            group = key + (str(seen[key]) if seen[key] else "")
            seen[key] += 1
            made += f"(?P<{group}>{keys[key]})"
        elif chosen is not None:
            inverted = chosen.startswith("!")
            inside = re.sub(r"([\\\[\]^])", r"\\\1", chosen.removeprefix("!"))
            made += f"[{'^/' * inverted}{inside}]"
        else:
            made += "[^/]" + "*" * (token[0] != "?")
    return made + re.escape(pattern[at:])


def is_wild(pattern: str) -> bool:
    """Whether a part of a path stands for several names."""
    return TOKEN.search(pattern) is not None


def compiled(expression: str) -> Any:
    """Returns a compiled regular expression; raises ValueError where it is none, or is not linear in time."""
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(expression, options)
    except re2.error as error:
        reason = error.args[0] if error.args else "it is wrong"
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(text) from error
