"""`pincite bench`: measure this machine."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Home, Json, settings_for

app = typer.Typer()


@app.command()
def bench(
    folder: Annotated[
        Path | None, typer.Argument(help="Documents to measure with.  [default: the samples]", show_default=False)
    ] = None,
    json: Json = False,
    home: Home = None,
) -> None:
    """Measure this machine in a temporary library."""
    settings = settings_for(home)
    from api.commands import bench as commands

    raise typer.Exit(commands.run(settings, folder, as_json=json))
