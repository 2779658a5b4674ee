"""`pincite keys`: keys for the people who share a server."""

from typing import Annotated

import typer

from api.cli.options import Home, Json, settings_for
from ingest.principals import KeyForm, check_principal_name

app = typer.Typer()
keys = typer.Typer(help="Keys for the people who share a server.", no_args_is_help=True)
app.add_typer(keys, name="keys")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Whose key it is.")]
NewName = Annotated[
    str,
    typer.Argument(
        parser=check_principal_name, metavar="NAME", help="Whose key it is: lower-case letters, digits, . _ @ and -"
    ),
]


@keys.command("create")
def keys_create(
    name: NewName,
    admin: Annotated[bool, typer.Option("--admin", help="The key also manages models, queue and metrics.")] = False,
    lmstudio: Annotated[
        bool, typer.Option("--lmstudio", help="In the form of LM Studio's API tokens, which its SDKs can send.")
    ] = False,
    json: Json = False,
    home: Home = None,
) -> None:
    """Make a key and print it, once: only its digest is kept. From the first one on, the server asks for keys."""
    settings = settings_for(home)
    from api.commands import keys as commands

    form: KeyForm = "lmstudio" if lmstudio else "pincite"
    raise typer.Exit(commands.create_key(settings, name, is_admin=admin, as_json=json, form=form))


@keys.command("ls")
def keys_ls(json: Json = False, home: Home = None) -> None:
    """List whose keys there are."""
    settings = settings_for(home)
    from api.commands import keys as commands

    raise typer.Exit(commands.list_keys(settings, as_json=json))


@keys.command("revoke")
def keys_revoke(name: Name, json: Json = False, home: Home = None) -> None:
    """Revoke a key at once; documents and conversations stay, and open with a new key of the same name."""
    settings = settings_for(home)
    from api.commands import keys as commands

    raise typer.Exit(commands.revoke_key(settings, name, as_json=json))


@keys.command("delete")
def keys_delete(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
    home: Home = None,
) -> None:
    """Revoke a key and delete everything that its holder owns: collections, files and conversations."""
    settings = settings_for(home)
    from api.commands import keys as commands

    raise typer.Exit(commands.delete_key(settings, name, yes=yes, as_json=json))
