"""`pincite check`, `purge`, `backup` and `restore`: maintenance of a home."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Home, Json, settings_for

app = typer.Typer()


@app.command()
def check(
    repair: Annotated[bool, typer.Option("--repair", help="Repair what can be repaired.")] = False,
    json: Json = False,
    home: Home = None,
) -> None:
    """Check the integrity of a home. The exit status is 1 if something is wrong."""
    settings = settings_for(home)
    from api.commands import maintenance as commands

    raise typer.Exit(commands.check(settings, repair=repair, as_json=json))


@app.command()
def purge(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False, json: Json = False, home: Home = None
) -> None:
    """Erase deleted data from disk."""
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
        Path | None, typer.Option(metavar="BACKUP", help="Verify this backup instead.", show_default=False)
    ] = None,
    json: Json = False,
    home: Home = None,
) -> None:
    """Back up the library, or verify a backup."""
    settings = settings_for(home)
    from api.commands import maintenance as commands

    raise typer.Exit(commands.backup(settings, destination, verify_path=verify, as_json=json))


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(metavar="BACKUP", help="Folder that `pincite backup` wrote.")],
    force: Annotated[bool, typer.Option("--force", help="Move an existing library aside.")] = False,
    json: Json = False,
    home: Home = None,
) -> None:
    """Restore a backup into an empty home."""
    settings = settings_for(home)
    from api.commands import maintenance as commands

    raise typer.Exit(commands.restore(settings, source, force=force, as_json=json))
