"""`pincite doctor`: check that everything works on this machine."""

import typer

from api.cli.options import Home, Json, settings_for

app = typer.Typer()


@app.command()
def doctor(json: Json = False, home: Home = None) -> None:
    """Check that everything works on this machine."""
    settings = settings_for(home)
    from api.commands import doctor as commands

    raise typer.Exit(commands.run(settings, as_json=json))
