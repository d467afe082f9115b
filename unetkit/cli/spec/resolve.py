"""unetkit resolve."""

from __future__ import annotations

from typing import Any

from unetkit.cli.arguments import AsJson, Overrides, SpecName, plan_of


def resolve(spec: SpecName, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Print the canonical form of a spec, with all defaults filled in."""
    from unetkit.cli.output import print_document, print_json

    values = plan_of(spec, overrides).spec.resolve()
    if as_json:
        print_json(values)
    else:
        print_document(_yaml_text(values))


def _yaml_text(values: dict[str, Any]) -> str:
    """YAML text in which control characters are escaped."""
    import yaml

    style: dict[str, Any] = {"sort_keys": False, "width": 120, "default_flow_style": None}
    text: str = yaml.safe_dump(values, allow_unicode=True, **style)
    if text.replace("\n", "").isprintable():
        return text
    escaped: str = yaml.safe_dump(values, allow_unicode=False, **style)
    return escaped
