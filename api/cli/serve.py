"""`pincite serve`, `ui` and `up`: the API, the chat page, or both."""

from typing import TYPE_CHECKING

import typer

from api.cli.options import Addresses, Home, Host, Port, UiPort, settings_for

if TYPE_CHECKING:
    from api.settings import ApiSettings

app = typer.Typer()


@app.command()
def serve(host: Host = None, port: Port = None, json: Addresses = False, home: Home = None) -> None:
    """Serve the API."""
    settings = settings_for(home, host=host, port=port)
    _probe_ports(settings.api, with_api=True)
    from api.commands import serve as commands

    raise typer.Exit(commands.serve(settings, as_json=json))


@app.command()
def ui(host: Host = None, port: UiPort = None, json: Addresses = False, home: Home = None) -> None:
    """Serve the chat page, for an API that runs already."""
    settings = settings_for(home, ui_host=host, ui_port=port)
    _probe_ports(settings.api, with_page=True)
    from api.commands import serve as commands

    raise typer.Exit(commands.ui(settings, as_json=json))


@app.command()
def up(
    host: Host = None, port: Port = None, ui_port: UiPort = None, json: Addresses = False, home: Home = None
) -> None:
    """Serve the API and the chat page."""
    settings = settings_for(home, host=host, port=port, ui_port=ui_port)
    _probe_ports(settings.api, with_api=True, with_page=True)
    from api.commands import serve as commands

    raise typer.Exit(commands.up(settings, as_json=json))


def _probe_ports(settings: "ApiSettings", *, with_api: bool = False, with_page: bool = False) -> None:
    """Say that a port is taken before models are found and loaded; other addresses than loopback need a check first."""
    from api.server import probe_port
    from api.settings import is_loopback

    if with_api and settings.is_loopback:
        probe_port(settings.host, settings.port, option="--port")
    if with_page and is_loopback(settings.ui_host):
        probe_port(settings.ui_host, settings.ui_port, option="--ui-port")
