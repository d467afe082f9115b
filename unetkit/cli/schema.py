"""unetkit schema."""

from __future__ import annotations


def schema() -> None:
    """Print the JSON Schema of specs, for editors, with all blocks that are installed."""
    from unetkit.cli.output import print_json
    from unetkit.spec.schema import schema as schema_of_specs

    print_json(schema_of_specs())
