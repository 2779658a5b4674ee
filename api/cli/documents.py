"""`pincite documents`: list, show and remove documents."""

from typing import Annotated

import typer

from api.cli.options import AnyCollection, Home, Json, settings_for

app = typer.Typer()
documents = typer.Typer(help="List, show and remove documents.", no_args_is_help=True)
app.add_typer(documents, name="documents")


@documents.command("ls")
def documents_ls(collection: AnyCollection = None, json: Json = False, home: Home = None) -> None:
    """List documents."""
    settings = settings_for(home)
    from api.commands import documents as commands

    raise typer.Exit(commands.list_documents(settings, collection, as_json=json))


@documents.command("show")
def documents_show(
    document: Annotated[str, typer.Argument(metavar="ID")],
    collection: AnyCollection = None,
    json: Json = False,
    home: Home = None,
) -> None:
    """Show the text of a document, page by page."""
    settings = settings_for(home)
    from api.commands import documents as commands

    raise typer.Exit(commands.show_document(settings, document, collection, as_json=json))


@documents.command("rm")
def documents_rm(
    ids: Annotated[list[str], typer.Argument(metavar="ID…")],
    collection: AnyCollection = None,
    json: Json = False,
    home: Home = None,
) -> None:
    """Remove documents, from every collection unless one is named."""
    settings = settings_for(home)
    from api.commands import documents as commands

    raise typer.Exit(commands.remove_documents(settings, ids, collection, as_json=json))
