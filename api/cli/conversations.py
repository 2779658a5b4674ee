"""`pincite conversations`: stored conversations."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from api.cli.options import Home, Json, settings_for

app = typer.Typer()
conversations = typer.Typer(help="List, show, export, replay and delete stored conversations.", no_args_is_help=True)
app.add_typer(conversations, name="conversations")

Id = Annotated[str, typer.Argument(metavar="ID", help="Id of a conversation; `pincite conversations ls` shows them.")]
Leaf = Annotated[
    str | None, typer.Option(metavar="TURN", help="Show the branch that ends at this turn.", show_default=False)
]


@conversations.command("ls")
def conversations_ls(json: Json = False, home: Home = None) -> None:
    """List conversations, most recently used first."""
    settings = settings_for(home)
    from api.commands import conversations as commands

    raise typer.Exit(commands.list_conversations(settings, "", as_json=json))


@conversations.command("search")
def conversations_search(
    query: Annotated[str, typer.Argument(help="Words that its title, questions and answers must contain.")],
    json: Json = False,
    home: Home = None,
) -> None:
    """List the conversations that contain all words of a query."""
    settings = settings_for(home)
    from api.commands import conversations as commands

    raise typer.Exit(commands.list_conversations(settings, query, as_json=json))


@conversations.command("show")
def conversations_show(conversation: Id, leaf: Leaf = None, json: Json = False, home: Home = None) -> None:
    """Show a conversation with its citations and the state of their sources."""
    settings = settings_for(home)
    from api.commands import conversations as commands

    raise typer.Exit(commands.show_conversation(settings, conversation, leaf, as_json=json))


@conversations.command("rename")
def conversations_rename(
    conversation: Id,
    title: Annotated[str, typer.Argument(help="The new title.")],
    json: Json = False,
    home: Home = None,
) -> None:
    """Give a conversation another title."""
    settings = settings_for(home)
    from api.commands import conversations as commands

    raise typer.Exit(commands.rename_conversation(settings, conversation, title, as_json=json))


@conversations.command("rm")
def conversations_rm(
    ids: Annotated[list[str], typer.Argument(metavar="ID…")], json: Json = False, home: Home = None
) -> None:
    """Delete conversations."""
    settings = settings_for(home)
    from api.commands import conversations as commands

    raise typer.Exit(commands.remove_conversations(settings, ids, as_json=json))


@conversations.command("export")
def conversations_export(
    conversation: Id,
    form: Annotated[
        Literal["markdown", "json"],
        typer.Option("--format", help="The current branch as Markdown, or all branches as JSON."),
    ] = "markdown",
    output: Annotated[Path | None, typer.Option(help="File to write; it must not exist.", show_default=False)] = None,
    json: Json = False,
    home: Home = None,
) -> None:
    """Write a conversation with its citations."""
    settings = settings_for(home)
    from api.commands import conversations as commands

    chosen = "json" if json else form
    raise typer.Exit(commands.export_conversation(settings, conversation, chosen, output))


@conversations.command("replay")
def conversations_replay(
    conversation: Id,
    turn: Annotated[
        str | None, typer.Argument(metavar="TURN", help="Id of an answer.  [default: the last one]", show_default=False)
    ] = None,
    json: Json = False,
    home: Home = None,
) -> None:
    """Ask a question again under the same conditions. The exit status is 1 if the answer differs."""
    settings = settings_for(home)
    from api.commands import conversations as commands

    raise typer.Exit(commands.replay_turn(settings, conversation, turn, as_json=json))
