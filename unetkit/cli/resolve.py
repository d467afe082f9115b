"""unetkit resolve."""

from __future__ import annotations

from unetkit.cli.arguments import AsJson, Overrides, SpecName


def resolve(spec: SpecName, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Print the canonical form of a spec: every default filled in."""
    import yaml  # its writer

    from unetkit.cli.output import print_json
    from unetkit.planning import plan
    from unetkit.spec import load

    form = plan(load(spec, overrides or ())).spec.resolve()
    if as_json:
        print_json(form)
    else:
        print(yaml.safe_dump(form, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None), end="")
