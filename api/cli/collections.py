"""`pincite collections`: list, instruct, share, rebuild and remove collections."""

from typing import Annotated

import typer

from api.cli.options import Home, Json, settings_for
from ingest.library.names import normalize_name

app = typer.Typer()
collections = typer.Typer(help="List, instruct, share, rebuild and remove collections.", no_args_is_help=True)
app.add_typer(collections, name="collections")


@collections.command("ls")
def collections_ls(json: Json = False, home: Home = None) -> None:
    """List collections."""
    settings = settings_for(home)
    from api.commands import collections as commands

    raise typer.Exit(commands.list_collections(settings, as_json=json))


@collections.command("rules")
def collections_rules(
    name: Annotated[str, typer.Argument(parser=normalize_name, metavar="NAME", help="Name or id.")],
    text: Annotated[str | None, typer.Argument(help="Instructions for the model; empty restores the default.")] = None,
    json: Json = False,
    home: Home = None,
) -> None:
    """Show or replace the instructions that models get for a collection."""
    settings = settings_for(home)
    from api.commands import collections as commands

    raise typer.Exit(commands.collection_rules(settings, name, text, as_json=json))


@collections.command("rm")
def collections_rm(
    name: Annotated[str, typer.Argument(parser=normalize_name, metavar="NAME", help="Name or id.")],
    json: Json = False,
    home: Home = None,
) -> None:
    """Remove a collection with its documents."""
    settings = settings_for(home)
    from api.commands import collections as commands

    raise typer.Exit(commands.remove_collection(settings, name, as_json=json))


@collections.command("share")
def collections_share(
    name: Annotated[str, typer.Argument(parser=normalize_name, metavar="NAME", help="Name or id.")],
    principal: Annotated[
        str | None, typer.Argument(metavar="WHO", help="Whose key it is; without it, show who may use it.")
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Let them also add, change and remove documents.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Share it with them no more.")] = False,
    json: Json = False,
    home: Home = None,
) -> None:
    """Share a collection with the holder of a key, to be searched and read."""
    settings = settings_for(home)
    from api.commands import collections as commands

    raise typer.Exit(commands.share_collection(settings, name, principal, write=write, stop=stop, as_json=json))


@collections.command("rebuild")
def collections_rebuild(
    name: Annotated[str, typer.Argument(parser=normalize_name, metavar="NAME", help="Name or id.")],
    force: Annotated[bool, typer.Option("--force", help="Continue without documents that cannot be read now.")] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="Cancel a rebuild that was started.")] = False,
    json: Json = False,
    home: Home = None,
) -> None:
    """Read a collection again with the current embedder and parsers; the old one answers meanwhile."""
    settings = settings_for(home)
    from api.commands import maintenance as commands

    raise typer.Exit(commands.rebuild(settings, name, force=force, cancel=cancel, as_json=json))
