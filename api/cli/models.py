"""`pincite models`: list the models."""

import typer

from api.cli.options import Home, Json, settings_for

app = typer.Typer()
models = typer.Typer(help="List the models.", no_args_is_help=True)
app.add_typer(models, name="models")


@models.command("ls")
def models_ls(json: Json = False, home: Home = None) -> None:
    """List the language models, default first, and the embedder."""
    settings = settings_for(home)
    from api.commands import models as commands

    raise typer.Exit(commands.list_models(settings, as_json=json))
