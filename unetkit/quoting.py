"""Text of others, as it may go into a message or to a terminal: names, keys, values, what a library said."""

from __future__ import annotations

LONGEST = 2_000
"""Characters of one message; a longer one is cut in its middle."""


def visible(text: str) -> str:
    r"""Returns a text on one line, each character that a terminal would obey or not show written as an escape.

    Those are line breaks and other controls, marks that turn the direction of writing, and bytes that are no text.

    >>> print(visible("conv\x1b[2J\n\u202e\x9b"))
    conv\x1b[2J\n\u202e\x9b
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def one_line(text: str) -> str:
    """Returns a visible text of at most LONGEST characters, more or less: the middle of a longer one is left out.

    >>> one_line("a" * 2000 + "b") == "a" * 1500 + " … (2,001 characters) … " + "a" * 299 + "b"
    True
    """
    if len(text) > LONGEST:
        text = f"{text[: LONGEST * 3 // 4]} … ({len(text):,} characters) … {text[-LONGEST * 3 // 20 :]}"
    return visible(text)
