"""Questions to the documents: `search`, `ask`, `chat`."""

from typing import Annotated

import typer

from api.cli.options import Home, InCollection, Json, Mode, Model, settings_for

app = typer.Typer()


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    collection: InCollection = "default",
    top_k: Annotated[int, typer.Option(min=1, max=100, help="How many results.")] = 8,
    json: Json = False,
    home: Home = None,
) -> None:
    """Find the places in the documents that fit a query best."""
    settings = settings_for(home)
    from api.commands import ask as commands

    raise typer.Exit(commands.search(settings, query, collection, top_k, as_json=json))


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What to ask the documents.")],
    collection: InCollection = "default",
    mode: Mode = None,
    model: Model = None,
    json: Json = False,
    home: Home = None,
) -> None:
    """Answer a question from the documents, with citations."""
    settings = settings_for(home)
    from api.commands import ask as commands

    options = commands.AskOptions(collection, mode, model)
    raise typer.Exit(commands.ask(settings, question, options, as_json=json))


@app.command()
def chat(
    collection: InCollection = "default",
    mode: Mode = None,
    model: Model = None,
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON for every answer.")] = False,
    home: Home = None,
) -> None:
    """Talk with the documents."""
    settings = settings_for(home)
    from api.commands import ask as commands

    raise typer.Exit(commands.chat(settings, commands.AskOptions(collection, mode, model), as_json=json))
