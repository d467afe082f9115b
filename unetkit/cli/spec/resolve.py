"""unetkit resolve."""

from __future__ import annotations

from typing import Any

from unetkit.cli.arguments import AsJson, Overrides, SpecName


def resolve(spec: SpecName, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Print the canonical form of a spec: every default filled in."""
    from unetkit.cli.output import print_document, print_json
    from unetkit.language import load
    from unetkit.planning import plan

    form = plan(load(spec, overrides or ())).spec.resolve()
    if as_json:
        print_json(form)
    else:
        print_document(yaml_text(form))


def yaml_text(form: dict[str, Any]) -> str:
    """Returns plain values as YAML; what a terminal would obey is written as an escape."""
    import yaml  # its writer

    style: dict[str, Any] = {"sort_keys": False, "width": 120, "default_flow_style": None}
    text: str = yaml.safe_dump(form, allow_unicode=True, **style)
    if text.replace("\n", "").isprintable():
        return text
    escaped: str = yaml.safe_dump(form, allow_unicode=False, **style)
    return escaped
