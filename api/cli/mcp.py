"""`pincite mcp`: the library as tools of an assistant or an editor."""

import typer

from api.cli.options import Home, Local, Model, settings_for

app = typer.Typer()


@app.command()
def mcp(local: Local = False, model: Model = None, home: Home = None) -> None:
    """Serve the library to an assistant over MCP, on standard input and output."""
    from api.commands.mcp import serve_streams

    raise typer.Exit(serve_streams(settings_for(home, model=model), is_local=local))
