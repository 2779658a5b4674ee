"""The command line: what can be typed. What the commands do is in `api.commands`, imported when one runs."""

import logging
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ingest.names import as_stored

if TYPE_CHECKING:
    from api.settings import AllSettings

app = typer.Typer(
    name="pincite",
    help="Chat with your own documents, offline: every sentence pinned to the place it came from.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
documents = typer.Typer(help="Look at documents, and remove them.", no_args_is_help=True)
collections = typer.Typer(help="Look at collections, and remove them.", no_args_is_help=True)
jobs = typer.Typer(help="See what waits to be read; pause, resume, cancel, retry.", no_args_is_help=True)
models = typer.Typer(help="See which models there are.", no_args_is_help=True)
app.add_typer(documents, name="documents")
app.add_typer(collections, name="collections")
app.add_typer(models, name="models")
app.add_typer(jobs, name="jobs")

Home = Annotated[Path | None, typer.Option(help="Folder that holds everything Pincite stores.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Addresses = Annotated[bool, typer.Option("--json", help="Print the addresses as JSON.")]
Host = Annotated[str | None, typer.Option(help="Address to listen on.  [default: 127.0.0.1]", show_default=False)]
Port = Annotated[int | None, typer.Option(help="Port of the API.  [default: 1234]", show_default=False)]
UiPort = Annotated[int | None, typer.Option(help="Port of the chat page.  [default: 8501]", show_default=False)]
InCollection = Annotated[
    str,
    typer.Option("--collection", "-c", parser=as_stored, metavar="NAME", help="Documents that are searched together."),
]
AnyCollection = Annotated[
    str | None,
    typer.Option(
        "--collection", "-c", parser=as_stored, metavar="NAME", help="Only this collection.", show_default=False
    ),
]
Model = Annotated[
    str | None, typer.Option(help="Model that answers; `pincite models ls` lists them.", show_default=False)
]
Password = Annotated[
    str | None,
    typer.Option(envvar="PINCITE_PASSWORD", help="Opens files that are encrypted.", show_default=False),
]
Ids = Annotated[list[str], typer.Argument(help="Ids of files; `pincite jobs ls` shows them.")]
MaybeIds = Annotated[list[str] | None, typer.Argument(help="Ids of files.", show_default=False)]
Mode = Annotated[
    Literal["auto", "whole", "retrieval"] | None,
    typer.Option(help="Show the model whole documents, or the passages that fit.", show_default=False),
]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 1 for a failure, 2 for misuse, 130 for Ctrl-C."""
    try:
        app(args=None if argv is None else list(argv), prog_name="pincite")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 (whatever it is, a user gets words, not a traceback)
        return _explain(error)
    return 0


def _explain(error: Exception) -> int:
    """Tell the user what went wrong, without a traceback; return the exit status."""
    from ingest.errors import IngestError
    from rag.errors import RagError

    if hasattr(error, "exit_code") or isinstance(error, IngestError | RagError):
        print(f"pincite: {error}", file=sys.stderr)
    elif isinstance(error, OSError):
        print(f"pincite: {error.filename or 'the system'}: {error.strerror}", file=sys.stderr)
    else:
        logging.getLogger(__name__).debug("unexpected", exc_info=error)
        print(f"pincite: unexpected {type(error).__name__}: {error}", file=sys.stderr)
        print("PINCITE_LOG_LEVEL=debug shows where it happened", file=sys.stderr)
    return int(getattr(error, "exit_code", 1))


def _settings(home: Path | None, **flags: object) -> "AllSettings":
    from api.cli_output import configure_logging
    from api.settings import load_settings

    settings = load_settings(home=home, **flags)
    configure_logging("debug" if settings.api.log_level == "debug" else "warning")
    return settings


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        print(f"pincite {metadata.version('pincite')}")
        raise typer.Exit


@app.command()
def serve(host: Host = None, port: Port = None, json: Addresses = False, home: Home = None) -> None:
    """Serve the API."""
    settings = _settings(home, host=host, port=port)
    from api.commands import serve as commands

    raise typer.Exit(commands.serve(settings, as_json=json))


@app.command()
def ui(host: Host = None, port: UiPort = None, json: Addresses = False, home: Home = None) -> None:
    """Serve the chat page, for an API that runs already."""
    settings = _settings(home, ui_host=host, ui_port=port)
    from api.commands import serve as commands

    raise typer.Exit(commands.ui(settings, as_json=json))


@app.command()
def up(
    host: Host = None, port: Port = None, ui_port: UiPort = None, json: Addresses = False, home: Home = None
) -> None:
    """Serve the API and the chat page."""
    settings = _settings(home, host=host, port=port, ui_port=ui_port)
    from api.commands import serve as commands

    raise typer.Exit(commands.up(settings, as_json=json))


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
    settings = _settings(home)
    from api.commands import ingest as commands
    from ingest.hub_datasets import ColumnMapping

    columns = ColumnMapping(tuple(text_column or ()), title_column, id_column)
    options = commands.IngestOptions(
        sync=sync,
        watch=watch,
        ignored=tuple(ignore or ()),
        password=password,
        again=retry,
        columns=columns,
        rows_per_document=rows_per_document,
    )
    raise typer.Exit(commands.run(settings, paths, collection, options, as_json=json))


@jobs.command("ls")
def jobs_ls(json: Json = False, home: Home = None) -> None:
    """List documents that wait, are read, were stopped or have failed."""
    settings = _settings(home)
    from api.commands import jobs as commands

    raise typer.Exit(commands.list_jobs(settings, as_json=json))


@jobs.command("pause")
def jobs_pause(ids: MaybeIds = None, json: Json = False, home: Home = None) -> None:
    """Pause documents, or the whole queue where none is named."""
    settings = _settings(home)
    from api.commands import jobs as commands

    raise typer.Exit(commands.pause(settings, ids or [], as_json=json))


@jobs.command("resume")
def jobs_resume(ids: MaybeIds = None, json: Json = False, home: Home = None) -> None:
    """Go on with documents that were paused, or with the whole queue where none is named."""
    settings = _settings(home)
    from api.commands import jobs as commands

    raise typer.Exit(commands.resume(settings, ids or [], as_json=json))


@jobs.command("cancel")
def jobs_cancel(ids: Ids, json: Json = False, home: Home = None) -> None:
    """Give up documents that wait or are read; they stay listed."""
    settings = _settings(home)
    from api.commands import jobs as commands

    raise typer.Exit(commands.cancel(settings, ids, as_json=json))


@jobs.command("retry")
def jobs_retry(ids: Ids, password: Password = None, json: Json = False, home: Home = None) -> None:
    """Queue documents that failed or were cancelled once more."""
    settings = _settings(home)
    from api.commands import jobs as commands

    raise typer.Exit(commands.retry(settings, ids, password, as_json=json))


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    collection: InCollection = "default",
    top_k: Annotated[int, typer.Option(min=1, max=100, help="How many results.")] = 8,
    json: Json = False,
    home: Home = None,
) -> None:
    """Find the places in the documents that fit a query best."""
    settings = _settings(home)
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
    settings = _settings(home)
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
    settings = _settings(home)
    from api.commands import ask as commands

    raise typer.Exit(commands.chat(settings, commands.AskOptions(collection, mode, model), as_json=json))


@app.command()
def check(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended.")] = False,
    json: Json = False,
    home: Home = None,
) -> None:
    """Say what is wrong in the home. Exit status 1 says that something is."""
    settings = _settings(home)
    from api.commands import maintenance as commands

    raise typer.Exit(commands.check(settings, repair=repair, as_json=json))


@app.command()
def purge(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False, json: Json = False, home: Home = None
) -> None:
    """Leave no trace of what was deleted."""
    settings = _settings(home)
    from api.commands import maintenance as commands

    raise typer.Exit(commands.purge(settings, yes=yes, as_json=json))


@app.command()
def backup(
    destination: Annotated[
        Path | None,
        typer.Argument(metavar="DEST", help="Folder to write it to.  [default: here]", show_default=False),
    ] = None,
    verify: Annotated[
        Path | None, typer.Option(metavar="BACKUP", help="Check this backup instead.", show_default=False)
    ] = None,
    json: Json = False,
    home: Home = None,
) -> None:
    """Write a copy of the library, or check one."""
    settings = _settings(home)
    from api.commands import maintenance as commands

    raise typer.Exit(commands.backup(settings, destination, verify_path=verify, as_json=json))


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(metavar="BACKUP", help="What `pincite backup` wrote.")],
    force: Annotated[bool, typer.Option("--force", help="Move a library that is there aside.")] = False,
    json: Json = False,
    home: Home = None,
) -> None:
    """Bring a backup back into an empty home."""
    settings = _settings(home)
    from api.commands import maintenance as commands

    raise typer.Exit(commands.restore(settings, source, force=force, as_json=json))


@collections.command("rebuild")
def collections_rebuild(
    name: Annotated[str, typer.Argument(parser=as_stored, metavar="NAME", help="Name or id.")],
    force: Annotated[bool, typer.Option("--force", help="Go on without documents that cannot be read now.")] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="Give up a rebuild that was begun.")] = False,
    json: Json = False,
    home: Home = None,
) -> None:
    """Read a collection anew with the embedder of today, while the old one keeps answering."""
    settings = _settings(home)
    from api.commands import maintenance as commands

    raise typer.Exit(commands.rebuild(settings, name, force=force, cancel=cancel, as_json=json))


@documents.command("ls")
def documents_ls(collection: AnyCollection = None, json: Json = False, home: Home = None) -> None:
    """List documents."""
    settings = _settings(home)
    from api.commands import library as commands

    raise typer.Exit(commands.list_documents(settings, collection, as_json=json))


@documents.command("show")
def documents_show(
    document: Annotated[str, typer.Argument(metavar="ID")],
    collection: AnyCollection = None,
    json: Json = False,
    home: Home = None,
) -> None:
    """Show what was read from a document, page by page."""
    settings = _settings(home)
    from api.commands import library as commands

    raise typer.Exit(commands.show_document(settings, document, collection, as_json=json))


@documents.command("rm")
def documents_rm(
    ids: Annotated[list[str], typer.Argument(metavar="ID…")],
    collection: AnyCollection = None,
    json: Json = False,
    home: Home = None,
) -> None:
    """Remove documents, from every collection unless one is named."""
    settings = _settings(home)
    from api.commands import library as commands

    raise typer.Exit(commands.remove_documents(settings, ids, collection, as_json=json))


@collections.command("ls")
def collections_ls(json: Json = False, home: Home = None) -> None:
    """List collections."""
    settings = _settings(home)
    from api.commands import library as commands

    raise typer.Exit(commands.list_collections(settings, as_json=json))


@collections.command("rm")
def collections_rm(
    name: Annotated[str, typer.Argument(parser=as_stored, metavar="NAME", help="Name or id.")],
    json: Json = False,
    home: Home = None,
) -> None:
    """Remove a collection with its documents."""
    settings = _settings(home)
    from api.commands import library as commands

    raise typer.Exit(commands.remove_collection(settings, name, as_json=json))


@models.command("ls")
def models_ls(json: Json = False, home: Home = None) -> None:
    """List the models that can answer, the default one first, and the embedder."""
    settings = _settings(home)
    from api.commands import library as commands

    raise typer.Exit(commands.list_models(settings, as_json=json))


@app.command()
def doctor(json: Json = False, home: Home = None) -> None:
    """Check that everything works on this machine."""
    settings = _settings(home)
    from api.commands import doctor as commands

    raise typer.Exit(commands.run(settings, as_json=json))


@app.command()
def bench(
    folder: Annotated[
        Path | None, typer.Argument(help="Documents to measure with.  [default: the samples]", show_default=False)
    ] = None,
    json: Json = False,
    home: Home = None,
) -> None:
    """Measure this machine, in a library of its own that is deleted afterwards."""
    settings = _settings(home)
    from api.commands import bench as commands

    raise typer.Exit(commands.run(settings, folder, as_json=json))


if __name__ == "__main__":
    sys.exit(main())
