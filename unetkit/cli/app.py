"""The application: the table of commands, which are imported lazily, and the handling of their errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from importlib import import_module
from inspect import Parameter, signature
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from unetkit.cli.output import print_faults, say
from unetkit.cli.stopping import report_stopped
from unetkit.cli.system import fault_of
from unetkit.errors import UnetkitError
from unetkit.quoting import visible
from unetkit.stopping import Stopped, stoppable

COMMANDS = {
    "validate": "spec.validate",
    "show": "spec.show",
    "sizes": "spec.sizes",
    "draw": "spec.draw",
    "diff": "spec.diff",
    "resolve": "spec.resolve",
    "explain": "spec.explain",
    "specs": "spec.specs",
    "blocks": "components.blocks",
    "plugins": "components.plugins",
    "plugin": "components.plugin",
    "schema": "components.schema",
    "code": "spec.code",
    "play": "spec.play",
    "new": "spec.new",
    "data": "model.data",
    "train": "model.train",
    "predict": "model.predict",
    "evaluate": "model.evaluate",
    "bench": "model.bench",
    "card": "model.card",
    "push": "model.push",
    "export": "model.export",
    "import-weights": "model.import_weights",
    "guess": "model.guess",
    "import-nnunet": "model.import_nnunet",
    "search": "study.search",
    "study": "study",
}
"""The modules of the commands, in the order of the help. A module has the function of its own name, or, for a group of
commands, a table COMMANDS."""

_SETTINGS = {"help_option_names": ["-h", "--help"]}


class _LazyCommands(Mapping[str, Any]):
    """The commands by name, each imported at its first use."""

    def __init__(self) -> None:
        self._imported: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._imported:
            self._imported[name] = _import_command(name, COMMANDS[name])
        return self._imported[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


def _import_command(name: str, path: str) -> Any:
    module = import_module(f"unetkit.cli.{path}")
    commands = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    group: dict[str, Callable[..., None]] | None = getattr(module, "COMMANDS", None)
    if group is None:
        function = getattr(module, path.rpartition(".")[2])
        commands.command(name, context_settings=_SETTINGS)(guarded(function))
        return typer.main.get_command(commands)
    for inner_name, function in group.items():
        commands.command(inner_name, context_settings=_SETTINGS)(guarded(function))
    # The callback makes it a group even if it has one command only.
    commands.callback(context_settings=_SETTINGS, no_args_is_help=True, help=module.__doc__)(lambda: None)
    command = typer.main.get_command(commands)
    command.name = name  # shown in the list of commands
    return command


_Plugins = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin",
        metavar="FILE|MODULE",
        help="Also load blocks from this Python file or module. Can be repeated.",
        show_default=False,
    ),
]


def guarded(function: Callable[..., None]) -> Callable[..., None]:
    """Adds the option `--plugin` to a command. Errors of its input go to standard error, with exit code 1."""

    @wraps(function)
    def guarded_function(*, plugin_files: list[str] | None = None, **arguments: Any) -> None:
        try:
            with stoppable():
                _load_plugins(plugin_files or ())
                function(**arguments)
        except UnetkitError as error:
            print_faults(error.faults, as_json=arguments.get("as_json", False))
            raise typer.Exit(1) from None
        except typer.BadParameter as error:
            error.message = visible(error.message)
            raise
        except Stopped as stopped:
            raise typer.Exit(report_stopped(stopped)) from None
        except (OSError, MemoryError, RuntimeError, ImportError) as error:
            fault = None if isinstance(error, BrokenPipeError) else fault_of(error)
            if fault is None:
                raise
            print_faults([fault], as_json=arguments.get("as_json", False))
            raise typer.Exit(1) from None

    own = signature(function, eval_str=True)
    option = Parameter("plugin_files", Parameter.KEYWORD_ONLY, default=None, annotation=_Plugins)
    guarded_function.__signature__ = own.replace(parameters=[*own.parameters.values(), option])  # type: ignore[attr-defined]
    return guarded_function


def _load_plugins(references: Iterable[str]) -> None:
    if references:
        from unetkit import registry  # its import takes 0.1 s

        for reference in references:
            registry.load_plugin(reference)


class _CommandGroup(TyperGroup):
    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands: Any = _LazyCommands()

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)


app = typer.Typer(
    cls=_CommandGroup,
    context_settings=_SETTINGS,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _print_version(requested: bool) -> None:
    if requested:
        from unetkit import __version__

        say(f"unetkit {__version__}")
        raise typer.Exit


@app.callback()
def unetkit(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Define U-Nets in YAML; check, plan, draw, build and train them.

    SPEC is a YAML file or the name of a shipped spec; `unetkit specs` lists the shipped specs.
    Exit codes: 0 success, 1 invalid input, 2 wrong usage.
    """
