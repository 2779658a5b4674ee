"""`pincite serve`, `ui` and `up`: the API, the chat page, or both."""

import typer

from api.cli.options import Addresses, Home, Host, Port, UiPort, settings_for

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
