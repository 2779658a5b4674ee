"""Keeping a home sound and safe: `check`, `purge`, `backup`, `restore`."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Home, Json, settings_for

app = typer.Typer()


@app.command()
def check(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended.")] = False,
    json: Json = False,
    home: Home = None,
) -> None:
    """Say what is wrong in the home. Exit status 1 says that something is."""
    settings = settings_for(home)
    from api.commands import maintenance as commands

    raise typer.Exit(commands.check(settings, repair=repair, as_json=json))


@app.command()
def purge(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False, json: Json = False, home: Home = None
) -> None:
    """Leave no trace of what was deleted."""
    settings = settings_for(home)
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
    settings = settings_for(home)
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
    settings = settings_for(home)
    from api.commands import maintenance as commands

    raise typer.Exit(commands.restore(settings, source, force=force, as_json=json))
