"""Patterns of names with wildcards, and regular expressions of users, both matched in linear time.

A regular expression of Python may take exponential time; RE2 never does, and rejects what would need it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(r"\{(?P<key>[a-z]+)\}|\[(?P<set>(?![*?]+\])!?[^\]/]+)\]|\*+|\?")
"""A wildcard of a pattern: {name}, [LR], * or ?; in [*], with which names of stacks end, only the *."""


def pattern_expression(pattern: str, keys: Mapping[str, str]) -> str:
    r"""The regular expression of a pattern with the wildcards `*`, `?` and `[LR]`, which stop at a `/`.

    `keys` are the expressions of the words in braces. Each becomes a group of its name, numbered from the second
    occurrence on.

    >>> pattern_expression("a?_{name}.[jp]ng", {"name": "[^/]+"})
    '(?s)a[^/]_(?P<name>[^/]+)\\.[jp]ng'
    """
    result, end, occurrences = "(?s)", 0, dict.fromkeys(keys, 0)
    for token in _TOKEN.finditer(pattern):
        key, characters = token["key"], token["set"]
        if key is not None and key not in keys:
            continue
        result += re.escape(pattern[end : token.start()])
        end = token.end()
        if key is not None:
            group = key + (str(occurrences[key]) if occurrences[key] else "")
            occurrences[key] += 1
            result += f"(?P<{group}>{keys[key]})"
        elif characters is not None:
            inverted = characters.startswith("!")
            escaped = re.sub(r"([\\\[\]^])", r"\\\1", characters.removeprefix("!"))
            result += f"[{'^/' * inverted}{escaped}]"
        else:
            result += "[^/]" + "*" * (token[0] != "?")
    return result + re.escape(pattern[end:])


def is_wild(pattern: str) -> bool:
    """Whether a part of a path has wildcards."""
    return _TOKEN.search(pattern) is not None


def compile_linear(expression: str) -> Any:
    """A compiled regular expression; raises ValueError where it is invalid, or not linear in time."""
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(expression, options)
    except re2.error as error:
        reason = error.args[0] if error.args else "it is invalid"
        raise ValueError(reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)) from error
