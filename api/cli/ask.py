"""`pincite search`, `ask` and `chat`: questions to the documents."""

from typing import Annotated

import typer

from api.cli.options import Home, InCollection, InCollections, Json, Local, Mode, Model, Style, settings_for

app = typer.Typer()

Filters = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        metavar="KEY=VALUE",
        help="Only documents with this attribute; also != > >= < <= and ~ for a pattern: 'source~*/contracts/*', "
        "'created_at>=2026-01-01'. Repeated filters must all match.",
        show_default=False,
    ),
]


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    collection: InCollection = "default",
    top_k: Annotated[int, typer.Option(min=1, max=100, help="How many results.")] = 8,
    filters: Filters = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show how each result got its score.")] = False,
    local: Local = False,
    json: Json = False,
    home: Home = None,
) -> None:
    """Find the passages that match a query best."""
    settings = settings_for(home)
    from api.commands import ask as commands
    from api.commands.requests import SearchOptions

    options = SearchOptions(collection, top_k, tuple(filters or ()), explain, local)
    raise typer.Exit(commands.search(settings, query, options, as_json=json))


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What to ask the documents.")],
    collections: InCollections = ("default",),  # type: ignore[assignment]  # typer makes a list of it
    mode: Mode = None,
    style: Style = None,
    model: Model = None,
    filters: Filters = None,
    local: Local = False,
    json: Json = False,
    home: Home = None,
) -> None:
    """Answer a question from the documents, with citations."""
    settings = settings_for(home)
    from api.commands import ask as commands
    from api.commands.requests import AskOptions

    options = AskOptions(tuple(collections), mode, model, tuple(filters or ()), style, local)
    raise typer.Exit(commands.ask(settings, question, options, as_json=json))


@app.command()
def chat(
    collections: InCollections = ("default",),  # type: ignore[assignment]  # typer makes a list of it
    mode: Mode = None,
    style: Style = None,
    model: Model = None,
    filters: Filters = None,
    conversation: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Continue a stored conversation; `pincite conversations ls` lists them.",
            show_default=False,
        ),
    ] = None,
    store: Annotated[bool, typer.Option("--store/--no-store", help="Keep the conversation in the library.")] = True,
    local: Local = False,
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON for every answer.")] = False,
    home: Home = None,
) -> None:
    """Chat with the documents."""
    settings = settings_for(home)
    from api.commands import ask as commands
    from api.commands.requests import AskOptions

    options = AskOptions(tuple(collections), mode, model, tuple(filters or ()), style, local)
    raise typer.Exit(commands.chat(settings, options, conversation=conversation, is_stored=store, as_json=json))
