"""The application: its table of commands, each imported when it is asked for, and what happens to errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from importlib import import_module
from inspect import Parameter, signature
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from unetkit.cli.output import print_faults, say
from unetkit.cli.system import fault_of
from unetkit.errors import UnetkitError
from unetkit.quoting import visible

COMMANDS = (
    "validate",
    "show",
    "sizes",
    "draw",
    "diff",
    "resolve",
    "specs",
    "blocks",
    "plugins",
    "plugin",
    "schema",
    "code",
    "new",
    "data",
    "train",
    "predict",
    "evaluate",
    "card",
    "push",
    "export",
    "import-weights",
    "study",
)
"""The commands in the order of the help. Each is the function of its name in the module of its name (`_` for `-`)."""

SETTINGS = {"help_option_names": ["-h", "--help"]}


class Commands(Mapping[str, Any]):
    """The commands by name. One that runs does not pay for the imports of the others."""

    def __init__(self) -> None:
        self.known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in COMMANDS:
            raise KeyError(name)
        if name not in self.known:
            self.known[name] = command(name)
        return self.known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


def command(name: str) -> Any:
    """Returns a command, imported: the function of its name, or a group of the functions in the table COMMANDS."""
    word = name.replace("-", "_")
    module = import_module(f"unetkit.cli.{word}")
    made = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    inner: dict[str, Callable[..., None]] | None = getattr(module, "COMMANDS", None)
    if inner is None:
        made.command(name, context_settings=SETTINGS)(guarded(getattr(module, word)))
        return typer.main.get_command(made)
    for inner_name, function in inner.items():
        made.command(inner_name, context_settings=SETTINGS)(guarded(function))
    # A callback makes a group of it, also where it has one command.
    made.callback(context_settings=SETTINGS, no_args_is_help=True, help=module.__doc__)(lambda: None)
    group = typer.main.get_command(made)
    group.name = name  # the help lists it by that
    return group


Plugins = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin",
        metavar="FILE|MODULE",
        help="Use the blocks of this Python file or module too. Can be repeated.",
        show_default=False,
    ),
]


def guarded(function: Callable[..., None]) -> Callable[..., None]:
    """Returns a command that takes plugins, tells the faults of its input on standard error, and ends with 1 then."""

    @wraps(function)
    def run(*, plugin_files: list[str] | None = None, **arguments: Any) -> None:
        try:
            load_plugins(plugin_files or ())
            function(**arguments)
        except UnetkitError as error:
            print_faults(error.faults, as_json=arguments.get("as_json", False))
            raise typer.Exit(1) from None
        except typer.BadParameter as error:
            error.message = visible(error.message)
            raise
        except KeyboardInterrupt:
            say("stopped by SIGINT", to_errors=True)
            raise typer.Exit(130) from None
        except (OSError, MemoryError, RuntimeError, ImportError) as error:
            fault = None if isinstance(error, BrokenPipeError) else fault_of(error)
            if fault is None:
                raise
            print_faults([fault], as_json=arguments.get("as_json", False))
            raise typer.Exit(1) from None

    own = signature(function, eval_str=True)
    option = Parameter("plugin_files", Parameter.KEYWORD_ONLY, default=None, annotation=Plugins)
    run.__signature__ = own.replace(parameters=[*own.parameters.values(), option])  # type: ignore[attr-defined]
    return run


def load_plugins(references: Iterable[str]) -> None:
    """Registers the blocks of files and modules that were named."""
    if references:
        from unetkit import registry  # its import costs a tenth of a second

        for reference in references:
            registry.load_plugin(reference)


class CommandGroup(TyperGroup):
    """The group of all commands."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands: Any = Commands()

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)


app = typer.Typer(
    cls=CommandGroup,
    context_settings=SETTINGS,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def print_version(wanted: bool) -> None:
    """Prints the version and ends."""
    if wanted:
        from unetkit import __version__

        say(f"unetkit {__version__}")
        raise typer.Exit


@app.callback()
def unetkit(
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """A YAML file is a U-Net: checked, planned, drawn, built and trained.

    SPEC is a YAML file or the name of a shipped spec; `unetkit specs` lists those.
    Exit codes: 0 all is well, 1 the input is at fault, 2 wrong usage.
    """
