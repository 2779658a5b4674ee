"""`pincite ingest`: read files into a collection."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Home, InCollection, Json, Password, settings_for

app = typer.Typer()


@app.command()
def ingest(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Files, folders with everything below them, and datasets as hf:NAME[:split].", metavar="PATH…"
        ),
    ],
    collection: InCollection = "default",
    sync: Annotated[bool, typer.Option("--sync", help="Remove documents that are gone from the folders.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Keep the collection equal to the folders.")] = False,
    ignore: Annotated[
        list[str] | None, typer.Option(help="Skip paths that match this pattern, as in .gitignore.")
    ] = None,
    password: Password = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="Attribute of the documents, for filters; replaces the attributes that they have.",
            show_default=False,
        ),
    ] = None,
    retry: Annotated[
        bool,
        typer.Option(
            "--retry",
            help="Also read files that failed before; `pincite collections rebuild` reads with newer parsers.",
        ),
    ] = False,
    text_column: Annotated[
        list[str] | None, typer.Option(help="Column of a dataset with text.  [default: all with text]")
    ] = None,
    title_column: Annotated[str, typer.Option(help="Column of a dataset with titles.", show_default=False)] = "",
    id_column: Annotated[str, typer.Option(help="Column of a dataset with ids.", show_default=False)] = "",
    rows_per_document: Annotated[int, typer.Option(min=1, help="Rows of a dataset in one document.")] = 1,
    json: Json = False,
    home: Home = None,
) -> None:
    """Read files into a collection. The exit status is 1 if a file failed."""
    settings = settings_for(home)
    from api.commands import ingest as commands
    from ingest.jobs.hub_datasets import ColumnMapping

    columns = ColumnMapping(tuple(text_column or ()), title_column, id_column)
    options = commands.IngestOptions(
        sync=sync,
        watch=watch,
        ignored=tuple(ignore or ()),
        password=password,
        again=retry,
        attributes=commands.parse_attributes(attribute),
        columns=columns,
        rows_per_document=rows_per_document,
    )
    raise typer.Exit(commands.run(settings, paths, collection, options, as_json=json))
