"""unetkit play."""

from __future__ import annotations

from typing import Annotated

import typer

from unetkit.cli.arguments import complete_spec

_Spec = Annotated[
    str | None,
    typer.Argument(
        metavar="[SPEC]",
        help="A YAML file, which the page can save, or the name of a shipped spec.",
        show_default=False,
        autocompletion=complete_spec,
    ),
]


def play(
    spec: _Spec = None,
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="The port; 0 is any free one.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Write a spec in the browser and see the network at once: its drawing, sizes, costs and faults.

    The page is served on 127.0.0.1, at an address that nobody else knows, until Ctrl-C. It writes the one file that it
    is given, which need not exist yet.
    """
    import webbrowser
    from threading import Event, Thread

    from unetkit.cli.output import say
    from unetkit.play import desk_of
    from unetkit.play.server import serving
    from unetkit.stopping import Stopped

    desk = desk_of(spec)
    try:
        with serving(desk, port) as server:
            say(server.address)
            Thread(target=server.prepare, daemon=True).start()
            if browser:
                webbrowser.open(server.address)
            Event().wait()
    except Stopped as stopped:
        if stopped.signal != "SIGINT":  # Ctrl-C is how one ends it
            raise
