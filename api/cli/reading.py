"""Documents on their way in: `ingest`, and `jobs` for the queue."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Home, Ids, InCollection, Json, MaybeIds, Password, settings_for

app = typer.Typer()
jobs = typer.Typer(help="See what waits to be read; pause, resume, cancel, retry.", no_args_is_help=True)
app.add_typer(jobs, name="jobs")


@app.command()
def ingest(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Files, folders with everything in them, and datasets as hf:NAME[:split].", metavar="PATH…"
        ),
    ],
    collection: InCollection = "default",
    sync: Annotated[bool, typer.Option("--sync", help="Remove documents that are gone from the folders.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Keep the collection equal to the folders.")] = False,
    ignore: Annotated[
        list[str] | None, typer.Option(help="Leave out what this pattern matches, as in .gitignore.")
    ] = None,
    password: Password = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="Attribute of the documents, to filter searches by; takes the place of those that they have.",
            show_default=False,
        ),
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Read also what failed before.")] = False,
    text_column: Annotated[
        list[str] | None, typer.Option(help="Column of a dataset with text.  [default: all with text]")
    ] = None,
    title_column: Annotated[str, typer.Option(help="Column of a dataset with titles.", show_default=False)] = "",
    id_column: Annotated[str, typer.Option(help="Column of a dataset with ids.", show_default=False)] = "",
    rows_per_document: Annotated[int, typer.Option(min=1, help="Rows of a dataset in one document.")] = 1,
    json: Json = False,
    home: Home = None,
) -> None:
    """Read files into a collection. Exit status 1 says that some of them failed."""
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
        attributes=commands.typed_attributes(attribute),
        columns=columns,
        rows_per_document=rows_per_document,
    )
    raise typer.Exit(commands.run(settings, paths, collection, options, as_json=json))


@jobs.command("ls")
def jobs_ls(json: Json = False, home: Home = None) -> None:
    """List documents that wait, are read, were stopped or have failed."""
    settings = settings_for(home)
    from api.commands import jobs as commands

    raise typer.Exit(commands.list_jobs(settings, as_json=json))


@jobs.command("pause")
def jobs_pause(ids: MaybeIds = None, json: Json = False, home: Home = None) -> None:
    """Pause documents, or the whole queue where none is named."""
    settings = settings_for(home)
    from api.commands import jobs as commands

    raise typer.Exit(commands.pause(settings, ids or [], as_json=json))


@jobs.command("resume")
def jobs_resume(ids: MaybeIds = None, json: Json = False, home: Home = None) -> None:
    """Go on with documents that were paused, or with the whole queue where none is named."""
    settings = settings_for(home)
    from api.commands import jobs as commands

    raise typer.Exit(commands.resume(settings, ids or [], as_json=json))


@jobs.command("cancel")
def jobs_cancel(ids: Ids, json: Json = False, home: Home = None) -> None:
    """Give up documents that wait or are read; they stay listed."""
    settings = settings_for(home)
    from api.commands import jobs as commands

    raise typer.Exit(commands.cancel(settings, ids, as_json=json))


@jobs.command("retry")
def jobs_retry(ids: Ids, password: Password = None, json: Json = False, home: Home = None) -> None:
    """Queue documents that failed or were cancelled once more."""
    settings = settings_for(home)
    from api.commands import jobs as commands

    raise typer.Exit(commands.retry(settings, ids, password, as_json=json))
