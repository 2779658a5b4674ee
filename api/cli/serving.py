"""Serving, and how this machine does it: `serve`, `ui`, `up`, `doctor`, `bench`."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Addresses, Home, Host, Json, Port, UiPort, settings_for

app = typer.Typer()


@app.command()
def serve(host: Host = None, port: Port = None, json: Addresses = False, home: Home = None) -> None:
    """Serve the API."""
    settings = settings_for(home, host=host, port=port)
    from api.commands import serve as commands

    raise typer.Exit(commands.serve(settings, as_json=json))


@app.command()
def ui(host: Host = None, port: UiPort = None, json: Addresses = False, home: Home = None) -> None:
    """Serve the chat page, for an API that runs already."""
    settings = settings_for(home, ui_host=host, ui_port=port)
    from api.commands import serve as commands

    raise typer.Exit(commands.ui(settings, as_json=json))


@app.command()
def up(
    host: Host = None, port: Port = None, ui_port: UiPort = None, json: Addresses = False, home: Home = None
) -> None:
    """Serve the API and the chat page."""
    settings = settings_for(home, host=host, port=port, ui_port=ui_port)
    from api.commands import serve as commands

    raise typer.Exit(commands.up(settings, as_json=json))


@app.command()
def doctor(json: Json = False, home: Home = None) -> None:
    """Check that everything works on this machine."""
    settings = settings_for(home)
    from api.commands import doctor as commands

    raise typer.Exit(commands.run(settings, as_json=json))


@app.command()
def bench(
    folder: Annotated[
        Path | None, typer.Argument(help="Documents to measure with.  [default: the samples]", show_default=False)
    ] = None,
    json: Json = False,
    home: Home = None,
) -> None:
    """Measure this machine, in a library of its own that is deleted afterwards."""
    settings = settings_for(home)
    from api.commands import bench as commands

    raise typer.Exit(commands.run(settings, folder, as_json=json))
